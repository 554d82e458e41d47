package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.ShmSignalDesc;
import paranet.core.memory.SharedMemory;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.venet.wire.VenetCapability;

import java.util.concurrent.TimeUnit;

/**
 * A guest without one of the fences that the shipped driver lacked: the host's second look finds
 * what it misses (docs/venet.md).
 *
 * <p>A store that no fence orders reaches memory after a later load, at times, and the host looks
 * in between: less than once in a million frames, so nobody can wait for it here (the races
 * themselves are run by ShmSignalLitmusTest). Each round lets the store of a guest come late by
 * hand: the byte holds what was there before, the host publishes and rings nobody, the store
 * arrives. A round in which it came after the host's last look, since other processes had the
 * processor, proves nothing and is made up for.
 */
class VenetFencesEndToEndTest {
    private static final int ROUNDS_MAX = 200;
    private static final long FOUND_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);

    @FunctionalInterface
    private interface Step {
        void run() throws Exception;
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws Exception;
    }

    /** The guest's mailbox of a ring's signal, and one of its bytes, whose store comes late. */
    private record LateStore(long mailbox, int offset, int before) {
        static LateStore of(VenetGuest guest, long ringGuest, int offset, int before) {
            long ring = guest.bus().ram().host(ringGuest, IoqRingHead.RING);
            return new LateStore(
                    ring + IoqRingHead.SIGNAL + ShmSignalDesc.irq(ShmSignalDesc.NORTH),
                    offset,
                    before);
        }

        private int at(int byteOffset) {
            return SharedMemory.opaqueLe8(mailbox + byteOffset);
        }

        boolean isArmed() {
            return at(ShmSignalDesc.IRQ_ENABLED) == 1
                    && at(ShmSignalDesc.IRQ_PENDING) == 0
                    && at(ShmSignalDesc.IRQ_DIRTY) == 0;
        }

        /** The store arrives after the host has marked the signal dirty. */
        void pass(Step publish) throws Exception {
            int after = at(offset);
            assertEquals(1 - before, after);
            SharedMemory.opaquePutLe8(mailbox + offset, before);
            SharedMemory.fullFence();
            publish.run();
            long start = System.nanoTime();
            while (at(ShmSignalDesc.IRQ_DIRTY) == 0) {
                assertTrue(System.nanoTime() - start < SECONDS_30, "nothing was published");
                Thread.onSpinWait();
            }
            SharedMemory.opaquePutLe8(mailbox + offset, after);
        }
    }

    private static boolean comes(VenetGuest guest, long nanosMax, Condition condition)
            throws Exception {
        long start = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - start > nanosMax) {
                return false;
            }
            guest.bus().await(TimeUnit.MILLISECONDS.toNanos(5));
        }
        return true;
    }

    private static void settle(VenetGuest guest, LateStore store) throws Exception {
        long start = System.nanoTime();
        while (!guest.pair(0).arm() || !store.isArmed()) {
            assertTrue(System.nanoTime() - start < SECONDS_30, "it never settled");
            guest.await(TimeUnit.MILLISECONDS.toNanos(1), false);
        }
    }

    private static VenetGuest open(Backend.ServedBus bus, ShmSignal.Fences fences, int events)
            throws Exception {
        VenetGuest guest =
                VenetEchoEndToEndTest.open(
                        bus,
                        BusOptions.usual(440).withFences(fences),
                        VenetDriverOptions.usual(440).withCapabilities(0, events, 0),
                        1);
        Traffic.plain(guest, 440).exchange(500);
        return guest;
    }

    /** P1: a frame comes before {@code enabled} does, and the driver has looked for frames. */
    @Test
    void aFrameThatEnableMissesIsFound() throws Exception {
        GuestFrame out = GuestFrame.of(new byte[60], FrameHdr.NONE);
        GuestFrame in = new GuestFrame(2048);
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(1);
                VenetGuest guest = open(bus, ShmSignal.Fences.NONE_IN_ENABLE, 0)) {
            VenetDriver driver = guest.pair(0);
            LateStore enabled =
                    LateStore.of(
                            guest, driver.receiveSide().ringGuest(), ShmSignalDesc.IRQ_ENABLED, 0);
            boolean found = false;
            for (int round = 0; round < ROUNDS_MAX && !found; round++) {
                settle(guest, enabled);
                enabled.pass(() -> assertTrue(driver.send(out)));
                found = comes(guest, FOUND_NANOS_MAX, () -> driver.receive(in));
                if (!found) {
                    assertTrue(driver.send(out)); // something new is rung for
                    assertTrue(comes(guest, SECONDS_30, () -> driver.receive(in)));
                    assertTrue(comes(guest, SECONDS_30, () -> driver.receive(in)));
                }
            }
            assertTrue(found, "no frame was found by a second look");
            assertTrue(bus.port.snapshot().accounts().relooks() > 0);
        }
    }

    /** P2: an event comes before the acknowledgement does, and the driver has looked for events. */
    @Test
    void anEventThatTheAcknowledgementMissesIsFound() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(1);
                VenetGuest guest =
                        open(
                                bus,
                                ShmSignal.Fences.NONE_IN_ACKNOWLEDGEMENT,
                                VenetDriverOptions.EVENTS_ORIGINAL)) {
            VenetDriver driver = guest.pair(0);
            LateStore pending =
                    LateStore.of(
                            guest, driver.eventSide().ringGuest(), ShmSignalDesc.IRQ_PENDING, 1);
            boolean found = false;
            boolean up = true;
            for (int round = 0; round < ROUNDS_MAX && !found; round++) {
                settle(guest, pending);
                boolean next = !up;
                pending.pass(() -> bus.network(0, next));
                found = comes(guest, FOUND_NANOS_MAX, () -> driver.hasCarrier() == next);
                up = next;
                if (!found) {
                    bus.network(0, !next);
                    up = !next;
                    long events = driver.linkEvents();
                    assertTrue(
                            comes(
                                    guest,
                                    SECONDS_30,
                                    () -> driver.hasCarrier() && driver.linkEvents() >= events));
                }
            }
            assertTrue(found, "no event was found by a second look");
            assertTrue(bus.port.snapshot().accounts().relooks() > 0);
        }
    }

    /** P2 again, one level up: the interrupt for all devices of a bus. */
    @Test
    void anInterruptThatTheAcknowledgementMissesIsMadeUpFor() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(1);
                VenetGuest guest =
                        open(
                                bus,
                                ShmSignal.Fences.NONE_IN_ACKNOWLEDGEMENT,
                                VenetCapability.EVENTQ_LINKSTATE)) {
            LateStore pending =
                    LateStore.of(
                            guest, guest.bus().eventq(0).ringGuest(), ShmSignalDesc.IRQ_PENDING, 1);
            boolean found = false;
            for (int round = 0; round < ROUNDS_MAX && !found; round++) {
                settle(guest, pending);
                long interrupts = guest.calls();
                boolean next = round % 2 == 1;
                pending.pass(() -> bus.network(0, next));
                guest.bus().await(FOUND_NANOS_MAX); // no longer: it looks at memory then
                found = guest.calls() > interrupts;
            }
            assertTrue(found, "no interrupt came by a second look");
        }
    }
}
