package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.FrameIo;
import paranet.core.linux.Readiness;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.vhostuser.FrontendRequest;
import paranet.guest.frame.GuestFrame;
import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Kick and call descriptors that are missing, come late, are replaced or are never rung. */
class DoorbellEndToEndTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);
    private static final int FRAMES = 50;

    @FunctionalInterface
    private interface Body {
        void on(VirtioNetDriver driver) throws Exception;
    }

    /** Without EVENT_IDX: its guests cannot switch interrupts off altogether. */
    private static void withDriver(Body body) throws Exception {
        for (long ring : new long[] {0, VirtioNetFeature.RING_PACKED}) {
            FrontendOptions options =
                    FrontendOptions.usual(70).withFeatures(VirtioNetFeature.VERSION_1 | ring);
            try (Backend backend = new Backend();
                    Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                    VirtioNetDriver driver =
                            VirtioNetDriver.open(
                                    FakeFrontend.connect(port.path, options),
                                    DriverOptions.plain(70))) {
                body.on(driver);
            }
        }
    }

    /** Stops a ring and starts it where it stood, with these two descriptors, null for none. */
    private static void restart(FakeFrontend frontend, GuestRing ring, Fd kick, Fd call)
            throws IOException {
        int base = frontend.stop(ring);
        frontend.set(new FrontendRequest.SetVringBase(ring.index(), base));
        frontend.set(new FrontendRequest.SetVringCall(ring.index(), call));
        frontend.set(new FrontendRequest.SetVringKick(ring.index(), kick));
    }

    /** A guest that never waits, so that it needs no interrupts. */
    private static Traffic busy(VirtioNetDriver driver) {
        return new Traffic(driver, DriverOptions.FRAME_BYTES_PLAIN, true, 71);
    }

    /** How often a descriptor was signalled since the last look; waits for the first time. */
    private static long awaitSignals(EventFd event) throws IOException {
        try (Readiness readiness = new Readiness(1)) {
            readiness.watch(event.fd());
            assertTrue(
                    readiness.await((int) TimeUnit.NANOSECONDS.toMillis(SECONDS_30)),
                    "never signalled");
        }
        return signals(event);
    }

    private static long signals(EventFd event) {
        try (NativeBuffer counter = NativeBuffer.allocate(8);
                IoVec vec = new IoVec(1)) {
            vec.add(counter.address(), 8);
            return FrameIo.read(event.fd().number(), vec) == 8
                    ? SharedMemory.le64(counter.address())
                    : 0;
        }
    }

    @Test
    void pollsRingsThatHaveNoKickDescriptor() throws Exception {
        withDriver(
                driver -> {
                    NetQueuePair pair = driver.pair(0);
                    for (GuestRing ring : List.of(pair.receiveRing(), pair.transmitRing())) {
                        restart(driver.frontend(), ring, null, ring.callEvent().fd());
                    }
                    Traffic.plain(driver, 71).exchange(FRAMES);
                });
    }

    @Test
    void servesRingsThatHaveNoCallDescriptor() throws Exception {
        withDriver(
                driver -> {
                    NetQueuePair pair = driver.pair(0);
                    for (GuestRing ring : List.of(pair.receiveRing(), pair.transmitRing())) {
                        restart(driver.frontend(), ring, ring.kickEvent().fd(), null);
                    }
                    busy(driver).exchange(FRAMES);
                    assertEquals(0, pair.calls());
                });
    }

    @Test
    void servesRingsThatHaveNeither() throws Exception {
        withDriver(
                driver -> {
                    NetQueuePair pair = driver.pair(0);
                    for (GuestRing ring : List.of(pair.receiveRing(), pair.transmitRing())) {
                        restart(driver.frontend(), ring, null, null);
                    }
                    busy(driver).exchange(FRAMES);
                });
    }

    /** Fact 20: a call may have been lost while the descriptor changed. */
    @Test
    void callsOnceOnADescriptorThatReplacesAnotherAndNeverAgainOnThat() throws Exception {
        withDriver(
                driver -> {
                    GuestRing ring = driver.pair(0).receiveRing();
                    Traffic traffic = busy(driver);
                    traffic.exchange(FRAMES);
                    long before = ring.calls();
                    try (EventFd replacement = EventFd.open()) {
                        driver.frontend()
                                .set(
                                        new FrontendRequest.SetVringCall(
                                                ring.index(), replacement.fd()));
                        assertEquals(1, awaitSignals(replacement));
                        traffic.exchange(FRAMES); // interrupts are off
                        assertEquals(0, signals(replacement));

                        ring.queue().enableInterrupts();
                        assertTrue(traffic.send(0));
                        driver.pair(0).flush();
                        assertEquals(1, awaitSignals(replacement));
                        traffic.exchange(0);
                        assertEquals(before, ring.calls());
                    }
                });
    }

    /** Fact 17: after a restart of the back end no kick may ever come for what waits already. */
    @Test
    void sendsWhatWasAvailableBeforeTheStartWithoutAKick() throws Exception {
        withDriver(
                driver -> {
                    GuestRing ring = driver.pair(0).transmitRing();
                    Traffic traffic = Traffic.plain(driver, 71);
                    traffic.exchange(FRAMES);
                    int base = driver.frontend().stop(ring);
                    long before = ring.kicks();
                    for (int i = 0; i < FRAMES; i++) {
                        assertTrue(traffic.send(0));
                    }
                    ring.queue().publish();
                    ring.kickEvent().drain(); // of earlier kicks that nobody read
                    driver.frontend().start(ring, base);
                    awaitFrames(driver, FRAMES);
                    assertEquals(before, ring.kicks());
                });
    }

    /** Fact 17, for the other direction and for the other way to start. */
    @Test
    void deliversIntoBuffersThatWereAvailableBeforeEnablingWithoutAKick() throws Exception {
        withDriver(
                driver -> {
                    NetQueuePair pair = driver.pair(0);
                    driver.frontend().enable(pair.receiveRing(), false);
                    Traffic traffic = Traffic.plain(driver, 71);
                    for (int i = 0; i < FRAMES; i++) {
                        assertTrue(traffic.send(0));
                    }
                    pair.flush();
                    while (pair.transmitOutstanding() > 0) {
                        driver.await(TimeUnit.MILLISECONDS.toNanos(20), true);
                    }
                    long before = pair.kicks();
                    driver.frontend().enable(pair.receiveRing(), true);
                    awaitFrames(driver, FRAMES);
                    assertEquals(before, pair.kicks());
                });
    }

    /** Takes so many frames without publishing or kicking anything. */
    private static void awaitFrames(VirtioNetDriver driver, int expected) throws IOException {
        GuestFrame in = new GuestFrame(2048);
        int came = 0;
        long start = System.nanoTime();
        while (came < expected) {
            assertTrue(System.nanoTime() - start < SECONDS_30, came + " of " + expected + " came");
            if (driver.pair(0).receive(in)) {
                came++;
            } else {
                driver.await(TimeUnit.MILLISECONDS.toNanos(20), false);
            }
        }
    }
}
