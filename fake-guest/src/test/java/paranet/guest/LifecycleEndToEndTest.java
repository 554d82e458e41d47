package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.vhostuser.BackendRequest;
import paranet.core.vhostuser.ProtocolFeature;
import paranet.guest.frame.GuestFrame;
import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import java.nio.file.Files;
import java.util.concurrent.TimeUnit;

/** Rings, memory and connections that come and go while frames flow. */
class LifecycleEndToEndTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);

    private static FrontendOptions front(long seed, boolean packed) {
        long features = FrontendOptions.USUAL_FEATURES;
        return FrontendOptions.usual(seed)
                .withFeatures(packed ? features | VirtioNetFeature.RING_PACKED : features);
    }

    private static VirtioNetDriver open(Backend.ServedPort port, FrontendOptions options)
            throws Exception {
        return VirtioNetDriver.open(
                FakeFrontend.connect(port.path, options), DriverOptions.plain(options.seed()));
    }

    @Test
    void goesOnWhereAStoppedRingStood() throws Exception {
        for (boolean packed : new boolean[] {false, true}) {
            try (Backend backend = new Backend();
                    Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                    VirtioNetDriver driver = open(port, front(20, packed))) {
                Traffic traffic = Traffic.plain(driver, 20);
                for (int i = 0; i < 10; i++) {
                    traffic.exchange(300);
                    for (GuestRing ring :
                            new GuestRing[] {
                                driver.pair(0).receiveRing(), driver.pair(0).transmitRing()
                            }) {
                        int base = driver.frontend().stop(ring);
                        driver.frontend().start(ring, base);
                        driver.frontend().enable(ring, true);
                    }
                }
                traffic.exchange(300);
            }
        }
    }

    @Test
    void losesNothingWhenStoppedWithFramesInFlight() throws Exception {
        for (boolean packed : new boolean[] {false, true}) {
            try (Backend backend = new Backend();
                    Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                    VirtioNetDriver driver = open(port, front(21, packed))) {
                Traffic traffic = Traffic.plain(driver, 21);
                GuestRing ring = driver.pair(0).transmitRing();
                for (int i = 0; i < 30; i++) {
                    for (int j = 0; j < 20; j++) {
                        assertTrue(traffic.send(0));
                    }
                    driver.pair(0).flush();
                    int base = driver.frontend().stop(ring);
                    driver.frontend().start(ring, base);
                    driver.frontend().enable(ring, true);
                    traffic.exchange(0); // nothing more, but all that was sent
                }
                traffic.exchange(100);
            }
        }
    }

    @Test
    void takesAGuestThatComesBack() throws Exception {
        for (boolean packed : new boolean[] {false, true}) {
            try (Backend backend = new Backend();
                    Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                    VirtioNetDriver driver = open(port, front(22, packed))) {
                Traffic traffic = Traffic.plain(driver, 22);
                for (int i = 0; i < 5; i++) {
                    traffic.exchange(300);
                    for (int j = 0; j < 30; j++) {
                        assertTrue(traffic.send(0)); // some are on their way when it leaves
                    }
                    driver.pair(0).flush();
                    driver.frontend().disconnect();
                    driver.reconnect(port.path);
                    traffic.exchange(0);
                }
                traffic.exchange(300);
                assertEquals(6, port.counters().connections());
            }
        }
    }

    @Test
    void connectsAgainToAGuestThatListensAgain() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.connect(VirtioNetOptions.DEFAULT);
                VirtioNetDriver driver =
                        VirtioNetDriver.open(
                                FakeFrontend.listen(port.path, front(23, false)),
                                DriverOptions.plain(23))) {
            Traffic traffic = Traffic.plain(driver, 23);
            traffic.exchange(300);
            driver.frontend().disconnect();
            Files.delete(port.path);
            driver.listenAgain(port.path);
            traffic.exchange(300);
        }
    }

    @Test
    void servesTheNewerConnectionAndClosesTheOlder() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                VirtioNetDriver older = open(port, front(24, false))) {
            Traffic.plain(older, 24).exchange(300);
            try (VirtioNetDriver newer = open(port, front(25, false))) {
                assertTrue(older.frontend().awaitEnd(SECONDS_30));
                Traffic.plain(newer, 25).exchange(300);
            }
        }
    }

    @Test
    void servesOneGuestAfterTheOther() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT)) {
            for (int i = 0; i < 10; i++) {
                try (VirtioNetDriver driver = open(port, front(30 + i, i % 2 == 1))) {
                    Traffic.plain(driver, 30 + i).exchange(200);
                }
            }
        }
    }

    @Test
    void usesMemoryThatIsPluggedInAndLetsGoOfItAgain() throws Exception {
        for (boolean slots : new boolean[] {false, true}) {
            try (Backend backend = new Backend();
                    Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                    VirtioNetDriver driver =
                            open(port, front(26, slots).withMemory(3, 48L << 20, slots))) {
                Traffic traffic = Traffic.plain(driver, 26);
                traffic.exchange(300);
                driver.frontend().plugMemory(16 << 20);
                driver.pair(0).moveTransmitToNewest();
                traffic.exchange(1000);
                driver.frontend().plugMemory(1 << 20);
                traffic.exchange(300);
                driver.frontend().unplugMemory();
                traffic.exchange(300);
            }
        }
    }

    @Test
    void discardsWhatADisabledRingSendsAndGivesItNothing() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                VirtioNetDriver driver = open(port, front(27, false))) {
            Traffic.plain(driver, 27).exchange(100);
            NetQueuePair pair = driver.pair(0);
            driver.frontend().enable(pair.transmitRing(), false);
            Traffic discarded = Traffic.plain(driver, 28);
            for (int i = 0; i < 50; i++) {
                assertTrue(discarded.send(0));
            }
            pair.flush();
            awaitUsed(driver);
            assertFalse(pair.receive(new GuestFrame(2048)));
            assertEquals(50, port.drops(DropReason.QUEUE_DISABLED));

            driver.frontend().enable(pair.transmitRing(), true);
            driver.frontend().enable(pair.receiveRing(), false);
            Traffic held = Traffic.plain(driver, 29);
            for (int i = 0; i < 50; i++) {
                assertTrue(held.send(0));
            }
            pair.flush();
            awaitUsed(driver);
            assertFalse(pair.receive(new GuestFrame(2048)));

            driver.frontend().enable(pair.receiveRing(), true);
            held.exchange(100);
        }
    }

    private static void awaitUsed(VirtioNetDriver driver) throws Exception {
        long start = System.nanoTime();
        while (driver.pair(0).transmitOutstanding() > 0) {
            assertTrue(System.nanoTime() - start < SECONDS_30, "frames were never taken");
            driver.await(TimeUnit.MILLISECONDS.toNanos(20), true);
        }
    }

    @Test
    void tellsOnTheBackEndChannelThatTheLinkWentDown() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                VirtioNetDriver driver =
                        open(
                                port,
                                front(31, false).withProtocolFeatures(ProtocolFeature.OFFERED))) {
            assertTrue(driver.isLinkUp());
            for (int i = 0; i < 3; i++) {
                port.device.linkUp(false);
                assertEquals(
                        BackendRequest.ConfigChangeMsg.ID,
                        driver.frontend().backendRequest(SECONDS_30));
                assertFalse(driver.isLinkUp());
                port.device.linkUp(true);
                assertEquals(
                        BackendRequest.ConfigChangeMsg.ID,
                        driver.frontend().backendRequest(SECONDS_30));
            }
            Traffic.plain(driver, 31).exchange(100);
        }
    }
}
