package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.MacAddress;
import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetCtrl;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Control commands (virtio 1.3, 5.1.6.5) and what they change for frames. */
class ControlQueueEndToEndTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);
    private static final MacAddress OURS = new MacAddress(0x02_11_11_11_11_11L);
    private static final MacAddress SECOND = new MacAddress(0x02_22_22_22_22_22L);
    private static final MacAddress MULTICAST = new MacAddress(0x01_00_5e_00_00_01L);

    @FunctionalInterface
    private interface Body {
        void on(VirtioNetDriver driver) throws Exception;
    }

    private static void with(int pairs, Body body) throws Exception {
        for (boolean packed : new boolean[] {false, true}) {
            long features = FrontendOptions.USUAL_FEATURES;
            FrontendOptions front =
                    FrontendOptions.usual(70)
                            .withFeatures(
                                    packed ? features | VirtioNetFeature.RING_PACKED : features)
                            .withRings(pairs, 64);
            try (Backend backend = new Backend();
                    Backend.ServedPort port =
                            backend.listen(VirtioNetOptions.DEFAULT.withQueuePairs(pairs));
                    VirtioNetDriver driver =
                            VirtioNetDriver.open(
                                    FakeFrontend.connect(port.path, front),
                                    DriverOptions.plain(70))) {
                body.on(driver);
            }
        }
    }

    /** Sends a frame to this address, then one that always passes, and sees which return. */
    private static boolean passes(VirtioNetDriver driver, GuestFrame frame) throws IOException {
        NetQueuePair pair = driver.pair(0);
        assertTrue(pair.send(frame));
        assertTrue(pair.send(to(OURS, 0))); // the end of the trial
        pair.flush();
        GuestFrame in = new GuestFrame(2048);
        boolean passed = false;
        long start = System.nanoTime();
        while (true) {
            assertTrue(System.nanoTime() - start < SECONDS_30, "nothing came");
            if (!pair.receive(in)) {
                pair.flush();
                driver.await(TimeUnit.MILLISECONDS.toNanos(20), false);
            } else if (in.u8(59) == 1) {
                passed = true;
            } else {
                return passed;
            }
        }
    }

    private static GuestFrame to(MacAddress destination, int mark) {
        GuestFrame frame = GuestFrame.of(new byte[60], FrameHdr.NONE);
        destination.copyTo(frame.bytes(), 0);
        Traffic.OTHER.copyTo(frame.bytes(), 6);
        frame.put16(12, 0x88b5);
        frame.put8(59, mark);
        return frame;
    }

    private static boolean passes(VirtioNetDriver driver, MacAddress destination)
            throws IOException {
        return passes(driver, to(destination, 1));
    }

    private static boolean vlanPasses(VirtioNetDriver driver, int id) throws IOException {
        GuestFrame frame = to(OURS, 1);
        frame.put16(12, 0x8100);
        frame.put16(14, id);
        return passes(driver, frame);
    }

    @Test
    void filtersByTheAddressesTheGuestNames() throws Exception {
        with(
                1,
                driver -> {
                    ControlQueue control = driver.control();
                    assertTrue(passes(driver, SECOND)); // promiscuous until told otherwise
                    assertEquals(VirtioNetCtrl.OK, control.macAddress(OURS));
                    assertEquals(
                            VirtioNetCtrl.OK, control.receiveMode(VirtioNetCtrl.RX_PROMISC, false));
                    assertEquals(false, passes(driver, SECOND));
                    assertTrue(passes(driver, MacAddress.BROADCAST));
                    assertEquals(false, passes(driver, MULTICAST));

                    assertEquals(
                            VirtioNetCtrl.OK,
                            control.macTable(List.of(SECOND), List.of(MULTICAST)));
                    assertTrue(passes(driver, SECOND));
                    assertTrue(passes(driver, MULTICAST));
                    assertEquals(VirtioNetCtrl.OK, control.macTable(List.of(), List.of()));
                    assertEquals(false, passes(driver, SECOND));
                    assertEquals(false, passes(driver, MULTICAST));

                    assertEquals(
                            VirtioNetCtrl.OK, control.receiveMode(VirtioNetCtrl.RX_PROMISC, true));
                    assertTrue(passes(driver, SECOND));
                });
    }

    @Test
    void filtersByReceiveModes() throws Exception {
        with(
                1,
                driver -> {
                    ControlQueue control = driver.control();
                    assertEquals(VirtioNetCtrl.OK, control.macAddress(OURS));
                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_PROMISC, false));

                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_ALLMULTI, true));
                    assertTrue(passes(driver, MULTICAST));
                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_ALLMULTI, false));
                    assertEquals(false, passes(driver, MULTICAST));

                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_ALLUNI, true));
                    assertTrue(passes(driver, SECOND));
                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_ALLUNI, false));
                    assertEquals(false, passes(driver, SECOND));

                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_NOBCAST, true));
                    assertEquals(false, passes(driver, MacAddress.BROADCAST));
                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_NOBCAST, false));
                    assertTrue(passes(driver, MacAddress.BROADCAST));
                });
    }

    @Test
    void filtersByVlan() throws Exception {
        with(
                1,
                driver -> {
                    ControlQueue control = driver.control();
                    assertEquals(VirtioNetCtrl.OK, control.macAddress(OURS));
                    assertEquals(0, control.receiveMode(VirtioNetCtrl.RX_PROMISC, false));
                    assertEquals(false, vlanPasses(driver, 100));
                    assertEquals(VirtioNetCtrl.OK, control.vlan(100, true));
                    assertTrue(vlanPasses(driver, 100));
                    assertEquals(false, vlanPasses(driver, 101));
                    assertEquals(VirtioNetCtrl.OK, control.vlan(100, false));
                    assertEquals(false, vlanPasses(driver, 100));
                });
    }

    @Test
    void usesAsManyPairsAsItIsTold() throws Exception {
        for (int pairs : new int[] {2, 8}) {
            with(
                    pairs,
                    driver -> {
                        ControlQueue control = driver.control();
                        Traffic traffic = Traffic.plain(driver, 71);
                        traffic.exchange(100);
                        assertEquals(VirtioNetCtrl.OK, control.queuePairs(1));
                        assertEquals(VirtioNetCtrl.OK, control.queuePairs(pairs));
                        traffic.exchange(100);
                        assertEquals(VirtioNetCtrl.ERR, control.queuePairs(0));
                        assertEquals(VirtioNetCtrl.ERR, control.queuePairs(pairs + 1));
                        traffic.exchange(100);
                    });
        }
    }

    @Test
    void answersWhatItDoesNotKnowWithAnError() throws Exception {
        with(
                1,
                driver -> {
                    ControlQueue control = driver.control();
                    assertEquals(VirtioNetCtrl.ERR, control.command(99, 0, new byte[0]));
                    assertEquals(VirtioNetCtrl.ERR, control.command(99, 7, new byte[100]));
                    assertEquals(
                            VirtioNetCtrl.ERR,
                            control.command(VirtioNetCtrl.RX, 200, new byte[] {1}));
                    assertEquals(
                            VirtioNetCtrl.ERR,
                            control.command(
                                    VirtioNetCtrl.MAC, VirtioNetCtrl.MAC_ADDR_SET, new byte[2]));
                    assertEquals(VirtioNetCtrl.OK, control.macAddress(OURS));
                });
    }
}
