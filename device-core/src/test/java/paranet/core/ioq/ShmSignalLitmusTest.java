package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The two pairs of a store and a later load that a shm-signal stands on, each as a race of two
 * threads, thousands of times over: the injector stores dirty and loads what the owner stores, the
 * owner stores that and loads dirty. If neither sees the other's store, the wakeup is lost.
 *
 * <p>P1: the owner stores enabled, in enable(). P2: it stores pending, at the end of wakeup(). A
 * third race is that of the payload: the owner clears dirty and loads what the injector stores
 * before it sets dirty.
 *
 * <p>Both run the same code, but for the fence of the guest's side: with it nothing is ever lost,
 * without it something soon is, so the race is one. Two processors are needed for that half.
 */
class ShmSignalLitmusTest {
    private static final boolean LONG = Boolean.getBoolean("paranet.long");
    private static final int TRIALS_MAX = 100_000_000;
    private static final int FENCED_TRIALS_MAX = LONG ? TRIALS_MAX : 10_000_000;

    /** Where cores are scarce, fewer trials; but a long run has time. */
    private static final long FENCED_NANOS_MAX = LONG ? 3_600_000_000_000L : 15_000_000_000L;

    private static final long UNFENCED_NANOS_MAX = 240_000_000_000L;
    private static final int WARM_UP = 50_000;

    /**
     * A while of the scheduler's: who yields at once on a busy machine never runs beside the other.
     */
    private static final int SPINS_MAX = 100_000;

    @Test
    @Timeout(4000)
    void p1LosesNoWakeup() throws Exception {
        assertLosesNothing(new EnableRace(ShmSignal.Fences.FULL));
    }

    @Test
    @Timeout(4000)
    void p2LosesNoWakeup() throws Exception {
        assertLosesNothing(new AcknowledgeRace(ShmSignal.Fences.FULL));
    }

    @Test
    @Timeout(4000)
    void p1LosesAWakeupWithoutTheFence() throws Exception {
        assertLoses(new EnableRace(ShmSignal.Fences.NONE_IN_ENABLE));
    }

    @Test
    @Timeout(4000)
    void p2LosesAWakeupWithoutTheFence() throws Exception {
        assertLoses(new AcknowledgeRace(ShmSignal.Fences.NONE_IN_ACKNOWLEDGEMENT));
    }

    @Test
    @Timeout(4000)
    void aConsumerMissesNothingThatDirtyWasClearedFor() throws Exception {
        assertLosesNothing(new ServiceRace());
    }

    private static void assertLosesNothing(Race race) throws Exception {
        try (race) {
            race.run(FENCED_TRIALS_MAX, FENCED_NANOS_MAX);
            System.out.printf("did: %s: none lost of %d%n", race, race.trials);
            assertEquals(0, race.lost, "lost in trial " + race.trials);
            assertTrue(race.trials >= (LONG ? FENCED_TRIALS_MAX : 1));
        }
    }

    private static void assertLoses(Race race) throws Exception {
        try (race) {
            if (Runtime.getRuntime().availableProcessors() < 2) {
                System.out.println("not run: one processor keeps its own stores in order");
                return;
            }
            race.run(TRIALS_MAX, UNFENCED_NANOS_MAX);
            System.out.printf("did: %s: lost in trial %d%n", race, race.trials);
            assertEquals(1, race.lost, "lost of " + race.trials);
        }
    }

    /** Trials until one is lost or the bound is reached; the owner's thread judges. */
    private abstract static class Race implements AutoCloseable {
        final NativeBuffer buffer = NativeBuffer.allocate(16);

        final long mailbox = buffer.address() + 8;
        final SignalSide ownerSide = new SignalSide();
        final SignalSide injectorSide = new SignalSide();
        final ShmSignal owner;
        final ShmSignal injector;
        int trials;
        int lost;

        private final ShmSignal.Fences fences;
        private final AtomicInteger ownerAt = new AtomicInteger();
        private final AtomicInteger injectorAt = new AtomicInteger();
        private boolean alone;
        private boolean over;
        private volatile boolean cancelled;

        Race(ShmSignal.Fences fences) {
            this.fences = fences;
            ShmSignal.layOut(buffer.address());
            owner = ShmSignal.north(buffer.address(), ownerSide.wiring(), fences);
            injector = ShmSignal.south(buffer.address(), injectorSide.wiring());
        }

        /** Nothing has come. */
        abstract void prepare();

        /** What the owner does, with a {@link #meet} right before the accesses that matter. */
        abstract void own();

        /** What the injector does first. */
        void publish() {}

        /** Whether the owner saw the injection. */
        abstract boolean isSeen();

        final void run(int trialsMax, long nanosMax) throws Exception {
            warmUp();
            try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
                Future<?> injecting = threads.submit(this::injectUntilOver);
                Future<?> owning = threads.submit(() -> ownUntilLast(trialsMax, nanosMax));
                try {
                    owning.get(nanosMax + 30_000_000_000L, TimeUnit.NANOSECONDS);
                    injecting.get(10, TimeUnit.SECONDS);
                } finally {
                    cancelled = true;
                }
            }
        }

        /** Interpreted code is too slow to meet by chance, and fences for reasons of its own. */
        private void warmUp() {
            alone = true;
            for (int i = 0; i < WARM_UP; i++) {
                prepare();
                own();
                publish();
                injector.inject();
            }
            alone = false;
        }

        private void ownUntilLast(int trialsMax, long nanosMax) {
            long start = System.nanoTime();
            boolean late = false;
            while (lost == 0 && trials < trialsMax && !late) {
                trials++;
                injectorSide.rings = 0;
                prepare();
                own();
                meet();
                if (injectorSide.rings == 0 && !isSeen()) {
                    lost++;
                }
                late = trials % 1000 == 0 && System.nanoTime() - start > nanosMax;
            }
            over = true;
            meet();
        }

        private void injectUntilOver() {
            meet(injectorAt, ownerAt);
            while (!over) {
                publish();
                injector.inject();
                meet(injectorAt, ownerAt); // the owner judges
                meet(injectorAt, ownerAt); // the next trial
            }
        }

        final void meet() {
            if (!alone) {
                meet(ownerAt, injectorAt);
            }
        }

        @SuppressWarnings("ThreadPriorityCheck") // both may have one core: let the other have it
        private void meet(AtomicInteger mine, AtomicInteger other) {
            int count = mine.get() + 1;
            mine.setRelease(count);
            for (int spins = 0; other.getAcquire() - count < 0; spins++) {
                if (cancelled) {
                    throw new IllegalStateException("the other side failed");
                }
                if (spins < SPINS_MAX) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }

        @Override
        public void close() {
            buffer.close();
        }

        @Override
        public String toString() {
            return getClass().getSimpleName() + " " + fences;
        }
    }

    /** P1: a masked owner enables while something is injected. */
    private static final class EnableRace extends Race {
        EnableRace(ShmSignal.Fences fences) {
            super(fences);
        }

        @Override
        void prepare() {
            owner.disable();
            SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_PENDING, 0);
            SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_DIRTY, 0);
            owner.wakeup(1); // so that it can be scheduled again
            ownerSide.scheduled = 0;
        }

        @Override
        void own() {
            meet();
            owner.enable();
        }

        @Override
        boolean isSeen() {
            return ownerSide.scheduled != 0;
        }
    }

    /** P2: an owner in service acknowledges while something is injected. */
    private static final class AcknowledgeRace extends Race {
        AcknowledgeRace(ShmSignal.Fences fences) {
            super(fences);
            owner.enable();
            ownerSide.consumer =
                    () -> {
                        if (ownerSide.services == 1) {
                            meet();
                        }
                    };
        }

        @Override
        void prepare() {
            SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_PENDING, 1);
            SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_DIRTY, 0);
            ownerSide.services = 0;
        }

        @Override
        void own() {
            owner.wakeup(10);
        }

        @Override
        boolean isSeen() {
            return ownerSide.services > 1;
        }
    }

    /** The payload: an owner begins its service while something is written and injected. */
    private static final class ServiceRace extends Race {
        private final NativeBuffer payload = NativeBuffer.allocate(1);
        private boolean isTaken;
        private int turn;

        ServiceRace() {
            super(ShmSignal.Fences.FULL);
            owner.enable();
            ownerSide.consumer = () -> isTaken |= SharedMemory.acquireLe8(payload.address()) != 0;
        }

        @Override
        void prepare() {
            SharedMemory.putLe8(payload.address(), 0);
            SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_PENDING, 1);
            SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_DIRTY, 1);
            isTaken = false;
        }

        @Override
        void own() {
            meet();
            owner.wakeup(10);
        }

        @Override
        void publish() {
            for (int spins = turn++ & 3; spins > 0; spins--) {
                Thread.onSpinWait(); // the owner has some way to go before it clears dirty
            }
            SharedMemory.releaseLe8(payload.address(), 1);
        }

        @Override
        boolean isSeen() {
            return isTaken;
        }

        @Override
        public void close() {
            super.close();
            payload.close();
        }
    }
}
