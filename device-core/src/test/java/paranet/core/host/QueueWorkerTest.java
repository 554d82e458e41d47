package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.Mapping;
import paranet.core.linux.Memfd;
import paranet.core.linux.SharedFlags;
import paranet.core.memory.SharedMemory;
import paranet.core.mitigation.MitigationPolicy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Commands between duty cycles, and what a front end can do to the thread that serves it. */
class QueueWorkerTest {
    @Test
    void answersCommandsOnItsOwnThread() {
        try (QueueWorker worker = QueueWorker.start("worker-test", bug -> {})) {
            assertEquals("worker-test", worker.call(() -> Thread.currentThread().getName()));
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            worker.call(
                                    () -> {
                                        throw new IllegalArgumentException("ours");
                                    }));
            assertEquals(1, worker.call(() -> 1), "a failed command ends nothing");
        }
    }

    @Test
    void endsAlsoWhenItWasAboutToWaitForEvents() throws Exception {
        CountDownLatch served = new CountDownLatch(1);
        QueueWorker worker = QueueWorker.start("worker-test", bug -> {});
        Thread closer = Thread.ofPlatform().unstarted(worker::close);
        worker.later(() -> worker.add(new ServedWhileClosed(closer, served)));
        served.await();
        closer.start();
        closer.join();
        assertTrue(worker.loop().isTerminated());
    }

    /** Lets a cycle last until somebody waits for the worker's end; then nothing is due. */
    private static final class ServedWhileClosed implements Duty {
        private final Thread closer;
        private final CountDownLatch served;
        private boolean active = true;

        ServedWhileClosed(Thread closer, CountDownLatch served) {
            this.closer = closer;
            this.served = served;
        }

        @Override
        public boolean isActive() {
            return active;
        }

        @Override
        public boolean isIdle() {
            return true;
        }

        @Override
        public long dueNanos() {
            return MitigationPolicy.NOTHING;
        }

        @Override
        public void serve(long nowNanos, boolean mayPoll) {
            served.countDown();
            while (closer.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            active = false;
        }

        @Override
        public boolean breakDown(InternalError cause) {
            return false;
        }
    }

    @Test
    void survivesACallDescriptorThatItsFrontEndMadeBlockingAndFull() throws Exception {
        try (QueueWorker worker = QueueWorker.start("worker-test", bug -> {});
                EventFd frontend = EventFd.open();
                EventFd call = EventFd.adopt(frontend.fd().duplicate())) {
            SharedFlags.blocking(frontend.fd());
            FullEventFd.fill(frontend);
            assertSame(EventFd.Signal.SENT, worker.call(() -> worker.signal(call)));
        }
    }

    @Test
    void breaksOnlyTheLaneWhoseMemoryVanishes() throws Exception {
        for (int round = 0; round < 20; round++) { // the JVM compiles it meanwhile, in turns
            breaksOnlyTheLaneWhoseMemoryVanishes(1_000 << (round / 2));
        }
    }

    private static void breaksOnlyTheLaneWhoseMemoryVanishes(int steps) throws Exception {
        AtomicReference<Throwable> bug = new AtomicReference<>();
        try (QueueWorker worker = QueueWorker.start("worker-test", bug::set);
                Fd file = Memfd.create("truncated", 4096);
                Mapping mapping = Mapping.map(file, 4096)) {
            PollingLane victim = new PollingLane(() -> SharedMemory.le64(mapping.address()));
            PollingLane neighbour = new PollingLane(() -> 0L);
            worker.call(
                    () -> {
                        victim.start(worker, "victim");
                        neighbour.start(worker, "neighbour");
                        return null;
                    });
            victim.awaitSteps(steps);
            Memfd.resize(file, 0);
            victim.awaitBroken();
            long before = neighbour.steps();
            neighbour.awaitSteps(before + 1_000);
            assertFalse(worker.call(victim::isActive));
            assertTrue(worker.call(neighbour::isActive));
            assertEquals(0, worker.call(neighbour::sum));
            assertEquals(null, bug.get());
        }
    }

    @Test
    void tellsLoudlyOfABugOfOurs() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        try (QueueWorker worker = QueueWorker.start("worker-test", _ -> told.countDown())) {
            PollingLane buggy =
                    new PollingLane(
                            () -> {
                                throw new IllegalStateException("on purpose");
                            });
            worker.loop()
                    .execute(
                            () -> {
                                buggy.start(worker, "buggy");
                            });
            assertTrue(told.await(10, TimeUnit.SECONDS));
        }
    }
}
