package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.ioq.IoqRingDesc;
import paranet.core.ioq.IoqRingHead;
import paranet.core.memory.SharedMemory;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.venet.wire.VbusCall;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetFunction;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Links, devices, buses and connections that come and go while frames flow. */
class VenetLifecycleEndToEndTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);

    private static VenetGuest open(Backend.ServedBus bus, long seed, int devices) throws Exception {
        return VenetEchoEndToEndTest.open(
                bus,
                BusOptions.usual(seed).withMemory(3, 160L << 20, false),
                VenetDriverOptions.usual(seed).withRings(64),
                devices);
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void awaitThat(VenetGuest guest, Condition condition) throws IOException {
        long start = System.nanoTime();
        while (!condition.holds()) {
            assertTrue(System.nanoTime() - start < SECONDS_30, "it never became so");
            guest.await(TimeUnit.MILLISECONDS.toNanos(20), true);
        }
    }

    @Test
    void theGuestTakesItsLinkDownAndUp() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                VenetGuest guest = open(bus, 300, 2)) {
            Traffic traffic = Traffic.plain(guest, 300);
            for (int i = 0; i < 5; i++) {
                traffic.exchange(200);
                VenetDriver driver = guest.pair(0);
                driver.linkDown();
                assertFalse(driver.hasCarrier());
                assertFalse(traffic.send(0));
                assertEquals(false, bus.ask(0, device -> device.isLinkUp()));
                Traffic.plain(OnePort.of(guest, 1), 301 + i).exchange(200);
                driver.linkUp();
                awaitThat(guest, driver::hasCarrier);
            }
            traffic.exchange(200);
            assertEquals(6, guest.pair(0).linkEvents());
            assertEquals(-17, guest.pair(0).verb(VenetFunction.LINKUP), "EEXIST");
        }
    }

    @Test
    void theNetworkTakesTheLinkDownAndUp() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                VenetGuest guest = open(bus, 310, 2)) {
            Traffic traffic = Traffic.plain(guest, 310);
            VenetDriver driver = guest.pair(1);
            for (int i = 0; i < 5; i++) {
                traffic.exchange(200);
                bus.network(1, false);
                awaitThat(guest, () -> !driver.hasCarrier());
                bus.network(1, true);
                awaitThat(guest, driver::hasCarrier);
            }
            traffic.exchange(200);
        }
    }

    @Test
    void devicesComeAndGoBesideTraffic() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                VenetGuest guest = open(bus, 320, 2)) {
            Traffic steady = Traffic.plain(OnePort.of(guest, 1), 320);
            for (int i = 0; i < 6; i++) {
                steady.exchange(200);
                assertEquals(2, bus.plugIn());
                guest.awaitDevices(3);
                Traffic added = Traffic.plain(OnePort.of(guest, 2), 321 + i);
                added.exchange(200);
                steady.exchange(200);
                for (int j = 0; j < 20; j++) {
                    assertTrue(added.send(0)); // some are on their way when it goes
                }
                bus.pullOut(2);
                guest.awaitDevices(2);
            }
            steady.exchange(200);
            Traffic.plain(OnePort.of(guest, 0), 330).exchange(200);
            assertEquals(0, guest.bus().strayEvents());
        }
    }

    @Test
    void aDeviceIsClosedWithFramesPostedAndOpenedAgain() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                VenetGuest guest = open(bus, 340, 2)) {
            Traffic steady = Traffic.plain(OnePort.of(guest, 1), 340);
            for (int i = 0; i < 10; i++) {
                Traffic posted = Traffic.plain(OnePort.of(guest, 0), 341 + i);
                posted.exchange(100);
                for (int j = 0; j < 40; j++) {
                    assertTrue(posted.send(0));
                }
                guest.restart(0);
                guest.awaitDevices(2);
                steady.exchange(100);
            }
            Traffic.plain(guest, 360).exchange(200);
            assertEquals(0, guest.bus().strayEvents());
        }
    }

    /** V10. A round counts if the close was still waiting when the other channel had its answer. */
    @Test
    void aCloseThatLetsFramesLeaveHoldsUpItsChannelAlone() throws Exception {
        boolean overtaken = false;
        for (int round = 0; round < 20 && !overtaken; round++) {
            try (Backend backend = new Backend();
                    Backend.ServedBus bus = backend.listenBus(2);
                    VenetGuest guest = open(bus, 365, 2)) {
                stuff(guest.pair(0));
                BusFrontend calls = guest.bus();
                SharedMemory.putLe64(calls.argsHost(1), guest.pair(0).proxy().devh());
                SharedMemory.putLe32(calls.argsHost(3), 0); // devid of DEVOPEN
                SharedMemory.putLe32(calls.argsHost(3) + 4, VenetFunction.VERSION);
                SharedMemory.putLe64(calls.argsHost(2), 4711); // nobody's handle
                calls.beginCall(1, VbusCall.DEVCLOSE, VbusCall.CLOSE_BYTES, calls.argsGuest(1));
                calls.beginCall(1, VbusCall.DEVOPEN, VbusCall.OPEN_BYTES, calls.argsGuest(3));
                calls.beginCall(1, 99, 0, 0);
                calls.beginCall(2, VbusCall.DEVCLOSE, VbusCall.CLOSE_BYTES, calls.argsGuest(2));
                assertEquals(-2, calls.endCall(2), "ENOENT");
                overtaken = !calls.hasResult(1);
                assertEquals(0, calls.endCall(1));
                assertEquals(0, calls.endCall(1), "not EBUSY: closed before");
                assertEquals(-22, calls.endCall(1), "EINVAL");
            }
        }
        assertTrue(overtaken, "the other channel always waited too");
    }

    /** Sends until frames wait that cannot leave: what comes back is not taken. */
    private static void stuff(VenetDriver driver) {
        int most = 64 + (256 << 10) / 1514; // in buffers of ours, and in the echo
        long start = System.nanoTime();
        for (int sent = 0; sent < most + 32; ) {
            assertTrue(System.nanoTime() - start < SECONDS_30, "the host takes no more");
            sent += driver.send(GuestFrame.of(new byte[1514], FrameHdr.NONE)) ? 1 : 0;
        }
    }

    @Test
    void negotiatingAgainStartsOver() throws Exception {
        for (BusOptions front :
                new BusOptions[] {
                    BusOptions.usual(370),
                    BusOptions.usual(371).withKicks(KickMode.BITMAP).withFastcall(),
                    BusOptions.usual(372).withKicks(KickMode.MESSAGE).withInBand()
                }) {
            try (Backend backend = new Backend();
                    Backend.ServedBus bus = backend.listenBus(3);
                    VenetGuest guest =
                            VenetEchoEndToEndTest.open(
                                    bus,
                                    front.withMemory(3, 160L << 20, false),
                                    VenetDriverOptions.usual(370).withRings(64),
                                    3)) {
                for (int i = 0; i < 5; i++) {
                    Traffic traffic = Traffic.plain(guest, 373 + i);
                    traffic.exchange(100);
                    for (int j = 0; j < 20; j++) {
                        assertTrue(traffic.send(j % 3));
                    }
                    guest.reset();
                    guest.awaitDevices(3);
                }
                Traffic.plain(guest, 380).exchange(100);
            }
        }
    }

    @Test
    void takesAGuestThatComesBack() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                VenetGuest guest = open(bus, 390, 2)) {
            for (int i = 0; i < 5; i++) {
                Traffic traffic = Traffic.plain(guest, 391 + i);
                traffic.exchange(200);
                for (int j = 0; j < 30; j++) {
                    assertTrue(traffic.send(j % 2)); // some are on their way when it leaves
                }
                guest.bus().disconnect();
                guest.reconnect(bus.path);
                guest.awaitDevices(2);
            }
            Traffic.plain(guest, 399).exchange(200);
            assertEquals(6, bus.port.snapshot().connections());
        }
    }

    @Test
    void servesTheNewerConnectionAndClosesTheOlder() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(1);
                VenetGuest older = open(bus, 400, 1)) {
            Traffic.plain(older, 400).exchange(200);
            try (VenetGuest newer = open(bus, 401, 1)) {
                assertTrue(older.bus().awaitEnd(SECONDS_30));
                Traffic.plain(newer, 401).exchange(200);
            }
        }
    }

    @Test
    void anotherMtuFlushesBuffersAndTrafficGoesOn() throws Exception {
        for (int receive : new int[] {0, VenetDriverOptions.RECEIVE_ORIGINAL}) {
            try (Backend backend = new Backend();
                    Backend.ServedBus bus = backend.listenBus(1);
                    VenetGuest guest =
                            VenetEchoEndToEndTest.open(
                                    bus,
                                    BusOptions.usual(410),
                                    VenetDriverOptions.usual(410)
                                            .withCapabilities(
                                                    VenetDriverOptions.SEND_ORIGINAL, 3, receive)
                                            .withRings(64),
                                    1)) {
                VenetDriver driver = guest.pair(0);
                Traffic large = Traffic.plain(guest, 410);
                Traffic small = new Traffic(guest, 914, false, 411);
                for (int i = 1; i <= 5; i++) {
                    large.exchange(200);
                    driver.changeMtu(900);
                    small.exchange(200);
                    driver.changeMtu(1500);
                }
                large.exchange(200);
                assertTrue(driver.flushed() > 0);
                assertEquals(0, driver.strays());
                driver.linkDown();
                driver.changeMtu(900); // nothing to flush
                assertEquals(-22, driver.verb(VenetFunction.FLUSHRX));
            }
        }
    }

    @Test
    void memoryIsPluggedInBesideTrafficAndTakenAwayAgain() throws Exception {
        for (boolean slots : new boolean[] {false, true}) {
            try (Backend backend = new Backend();
                    Backend.ServedBus bus = backend.listenBus(2);
                    VenetGuest guest =
                            VenetEchoEndToEndTest.open(
                                    bus,
                                    BusOptions.usual(420).withMemory(3, 96L << 20, slots),
                                    VenetDriverOptions.usual(420),
                                    2)) {
                Traffic traffic = Traffic.plain(guest, 420);
                for (int i = 0; i < 4; i++) {
                    traffic.exchange(200);
                    guest.bus().plugMemory(1 << 20);
                    traffic.exchange(200);
                    guest.bus().unplugMemory();
                }
                traffic.exchange(200);
            }
        }
    }

    /** V6: other devices go on, and a driver that closes its device may open it again. */
    @Test
    void aDeviceThatItsDriverBrokeStopsAlone() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                VenetGuest guest = open(bus, 440, 2)) {
            Traffic.plain(guest, 440).exchange(100);
            VenetDriver driver = guest.pair(0);
            long ring =
                    guest.bus()
                            .ram()
                            .host(driver.eventSide().ringGuest(), driver.eventSide().ringBytes());
            for (int slot = 0; slot < 64; slot++) { // outside the pool
                SharedMemory.putLe64(
                        ring + IoqRingHead.desc(slot) + IoqRingDesc.PTR,
                        driver.eventSide().poolBytes());
            }
            assertTrue(driver.send(GuestFrame.of(new byte[60], FrameHdr.NONE)));
            awaitThat(guest, () -> bus.port.snapshot().deviceFaults() == 1);
            assertEquals(-22, driver.verb(VenetFunction.LINKDOWN), "EINVAL");
            Traffic.plain(OnePort.of(guest, 1), 441).exchange(200);
            guest.restart(0);
            guest.awaitDevices(2);
            Traffic.plain(guest, 442).exchange(200);
            assertEquals(1, bus.port.snapshot().deviceFaults());
        }
    }

    /** The host polls no ring of a link that is down, so this one fills up. */
    @Test
    void aRingThatFillsUpTakesNoMoreAndTheShippedDriverStops() throws Exception {
        GuestFrame frame = GuestFrame.of(new byte[60], FrameHdr.NONE);
        for (boolean shipped : new boolean[] {false, true}) {
            VenetDriverOptions options =
                    VenetDriverOptions.usual(430)
                            .withCapabilities(0, VenetCapability.EVENTQ_TXC, 0)
                            .withRings(16);
            try (Backend backend = new Backend();
                    Backend.ServedBus bus = backend.listenBus(1);
                    VenetGuest guest =
                            VenetEchoEndToEndTest.open(
                                    bus,
                                    BusOptions.usual(430),
                                    shipped ? options.withFullByValid() : options,
                                    1)) {
                VenetDriver driver = guest.pair(0);
                assertEquals(0, driver.verb(VenetFunction.LINKDOWN)); // behind the driver's back
                for (int i = 0; i < 16; i++) {
                    assertTrue(driver.send(frame));
                }
                if (shipped) {
                    assertThrows(IllegalStateException.class, () -> driver.send(frame));
                } else {
                    assertFalse(driver.send(frame));
                }
            }
        }
    }
}
