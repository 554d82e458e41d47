package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.SharedMemory;

import java.util.SplittableRandom;

/**
 * A guest that writes whatever it likes into its ring, between any two steps of the host and during
 * them.
 *
 * <p>Strategy: numbers near every bound, and random ones, written at random places of a buffer that
 * is exactly the ring's. In the bounded build any access outside throws.
 *
 * <p>Invariants: no step throws; the position is a slot, and moves by one a step; counts lie within
 * the ring; a wakeup ends within its budget, and only then asks for another.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}.
 */
class HostileIoqFuzzTest {
    private static final int RUNS = Boolean.getBoolean("paranet.long") ? 200_000 : 2000;
    private static final int STEPS = 300;
    private static final int DURING_RUNS = 100;
    private static final int DURING_STEPS = 3000;

    @Test
    void survivesWhateverIsWrittenBetweenItsSteps() {
        Long replayed = Long.getLong("paranet.seed");
        if (replayed != null) {
            run(replayed);
            return;
        }
        int passed = 0;
        for (long seed = 1; seed <= RUNS; seed++) {
            passed += run(seed);
        }
        assertTrue(passed > RUNS, "descriptors passed on: " + passed);
    }

    private static int run(long seed) {
        try (Guest guest = new Guest(seed)) {
            for (int step = 0; step < STEPS; step++) {
                guest.scribble(guest.random);
                guest.hostStep();
            }
            return guest.passed;
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("replay by -Dparanet.seed=" + seed, e);
        }
    }

    @Test
    void survivesWhateverIsWrittenDuringItsSteps() throws Exception {
        for (long seed = 1; seed <= DURING_RUNS; seed++) {
            try (Guest guest = new Guest(seed)) {
                Thread writer = Thread.ofPlatform().daemon().start(guest::scribbleUntilDone);
                try {
                    for (int step = 0; step < DURING_STEPS; step++) {
                        guest.hostStep();
                    }
                } finally {
                    guest.done = true;
                    writer.join();
                }
            }
        }
    }

    private static final class Guest implements AutoCloseable {
        private static final int BUDGET = 3;

        final SplittableRandom random;
        final SplittableRandom scribbles;
        final IoqRig rig;
        volatile boolean done;
        int passed;

        Guest(long seed) {
            random = new SplittableRandom(seed);
            scribbles = random.split();
            int size = 1 + random.nextInt(12);
            rig = new IoqRig(size, random.nextBoolean() ? IoqRole.PRODUCER : IoqRole.CONSUMER);
            rig.southSide.consumer = this::drain;
        }

        void scribbleUntilDone() {
            while (!done) {
                scribble(scribbles);
            }
        }

        void scribble(SplittableRandom random) {
            long value =
                    switch (random.nextInt(4)) {
                        case 0 -> random.nextInt(3);
                        case 1 -> rig.size + random.nextInt(-1, 2);
                        case 2 -> Integer.MAX_VALUE + (long) random.nextInt(3);
                        default -> random.nextLong();
                    };
            switch (random.nextInt(4)) {
                case 0 -> SharedMemory.putLe8(at(random, 1), (int) value);
                case 1 -> SharedMemory.putLe32(at(random, 4) & -4, (int) value);
                case 2 -> SharedMemory.putLe8(rig.at + 16 + random.nextInt(6), (int) value);
                default -> {
                    int slot = random.nextInt(rig.size);
                    SharedMemory.putLe8(rig.at + 56 + 32L * slot + 25, (int) value & 1);
                }
            }
        }

        private long at(SplittableRandom random, int bytes) {
            return rig.at + random.nextLong(rig.buffer.bytes() - bytes + 1);
        }

        void hostStep() {
            SouthIoq south = rig.south;
            switch (random.nextInt(6)) {
                case 0 -> pass();
                case 1 -> {
                    int most = random.nextInt(2 * rig.size);
                    int owned = south.owned(most);
                    assertTrue(owned >= 0 && owned <= Math.min(most, rig.size));
                }
                case 2 -> {
                    int inuse = south.inuse();
                    assertTrue(inuse >= 0 && inuse <= rig.size, "in use: " + inuse);
                }
                case 3 -> {
                    int asked = rig.southSide.rings + rig.southSide.skips;
                    south.signal().inject();
                    assertEquals(asked + 1, rig.southSide.rings + rig.southSide.skips);
                    south.signal().isMissed();
                }
                case 4 -> {
                    if (random.nextBoolean()) {
                        south.signal().enable();
                    } else {
                        south.signal().disable();
                    }
                }
                default -> wakeUp();
            }
        }

        private void wakeUp() {
            int services = rig.southSide.services;
            int scheduled = rig.southSide.scheduled;
            boolean ended = rig.south.signal().wakeup(BUDGET);
            int served = rig.southSide.services - services;
            assertTrue(served <= BUDGET);
            assertEquals(ended ? 0 : 1, rig.southSide.scheduled - scheduled);
            assertTrue(ended || served == BUDGET);
        }

        /** With the bound that a consumer has to have. */
        private void drain() {
            for (int most = rig.size; most > 0 && pass(); most--) {
                assertTrue(rig.south.signal().isEnabled());
            }
        }

        private boolean pass() {
            SouthIoq south = rig.south;
            int slot = south.slot();
            if (!south.look()) {
                return false;
            }
            if (rig.southRole == IoqRole.PRODUCER) {
                south.putLength(random.nextLong());
                south.push();
            } else {
                south.pop();
            }
            assertEquals((slot + 1) % rig.size, south.slot());
            passed++;
            return true;
        }

        @Override
        public void close() {
            rig.close();
        }
    }
}
