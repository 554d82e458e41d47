package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A guest's thread against a host's, which both sleep unless a doorbell or a wakeup of their own is
 * due; either masks itself while it works, as drivers do.
 *
 * <p>Each frame carries its number: a read before its time sees an older one. A lost wakeup leaves
 * both asleep, which a bounded wait turns into a failure.
 */
class IoqHammerTest {
    private static final int FRAMES = 100_000;
    private static final int SIZE = 8;
    private static final int BUDGET = 4;

    /** One side: its doorbell is a semaphore, its wakeups a flag. */
    private static final class Side implements SignalConsumer, WakeupQueue {
        final Semaphore bells = new Semaphore(0);
        final SplittableRandom random;
        Side other;
        ShmSignal signal;
        boolean scheduled;

        Side(int seed) {
            random = new SplittableRandom(seed);
        }

        SignalWiring wiring() {
            return new SignalWiring(() -> other.bells.release(), this, this);
        }

        @Override
        public void service() {
            signal.disable();
        }

        @Override
        public void schedule(ShmSignal signal) {
            scheduled = true;
        }

        @Override
        public boolean isServing() {
            return true;
        }

        /** Enables, and sleeps until the consumer was told, which masks it again. */
        void awaitSignal() {
            signal.enable();
            while (signal.isEnabled()) {
                if (!scheduled) {
                    try {
                        assertTrue(bells.tryAcquire(10, TimeUnit.SECONDS), "no doorbell came");
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
                scheduled = false;
                signal.wakeup(BUDGET);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void losesNeitherFramesNorWakeups(IoqRole southRole) throws Exception {
        try (IoqRig rig = new IoqRig(SIZE, southRole);
                NativeBuffer payloads = NativeBuffer.allocate(8 * SIZE);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Side guest = new Side(1);
            Side host = new Side(2);
            guest.other = host;
            host.other = guest;
            NorthIoq north =
                    NorthIoq.layOut(
                            rig.at,
                            SIZE,
                            southRole == IoqRole.PRODUCER ? IoqRole.CONSUMER : IoqRole.PRODUCER,
                            guest.wiring(),
                            ShmSignal.Fences.FULL);
            if (southRole == IoqRole.PRODUCER) {
                NorthIterator tail = north.iterator(IoqIdx.VALID, 0);
                for (int slot = 0; slot < SIZE; slot++) {
                    tail.push();
                }
            }
            SouthIoq south =
                    SouthIoq.attach(
                                    new IoqSegment(rig.memory, IoqRig.GUEST, rig.buffer.bytes(), 8),
                                    southRole,
                                    0,
                                    host.wiring())
                            .ioq();
            guest.signal = north.signal();
            host.signal = south.signal();
            Future<?> driving =
                    threads.submit(() -> drive(north, guest, southRole, payloads.address()));
            Future<?> serving =
                    threads.submit(() -> serve(south, host, southRole, payloads.address()));
            driving.get();
            serving.get();
        }
    }

    private static void drive(NorthIoq north, Side side, IoqRole southRole, long payloads) {
        NorthIterator end = north.iterator(IoqIdx.INUSE, 0);
        for (int frame = 0; frame < FRAMES; ) {
            int slot = end.slot();
            if (north.isSown(slot)) {
                side.signal.inject();
                side.awaitSignal();
                continue;
            }
            if (southRole == IoqRole.CONSUMER) {
                SharedMemory.putLe64(payloads + 8L * slot, frame);
                north.putLength(slot, ~frame);
                assertTrue(end.push());
            } else {
                assertEquals(frame, SharedMemory.le64(payloads + 8L * slot));
                assertEquals(~frame, north.length(slot));
                assertTrue(end.pop());
            }
            frame++;
            if (frame == FRAMES || side.random.nextInt(4) == 0) {
                side.signal.inject();
            }
        }
    }

    private static void serve(SouthIoq south, Side side, IoqRole southRole, long payloads) {
        for (int frame = 0; frame < FRAMES; ) {
            if (!south.look()) {
                side.signal.inject();
                side.awaitSignal();
                continue;
            }
            long payload = payloads + 8L * south.slot();
            if (southRole == IoqRole.CONSUMER) {
                assertEquals(frame, SharedMemory.le64(payload));
                assertEquals(~frame, south.length());
                south.pop();
            } else {
                SharedMemory.putLe64(payload, frame);
                south.putLength(~frame);
                south.push();
            }
            frame++;
            if (frame == FRAMES || side.random.nextInt(4) == 0) {
                side.signal.inject();
            }
        }
    }
}
