package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertTrue;

import paranet.core.mitigation.PolicyOptions;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A lane that always has work: it runs something once each duty cycle, and counts. */
final class PollingLane extends IdleLane {
    private final LongSupplier work;
    private final AtomicLong steps = new AtomicLong();
    private long sum; // so that no work is left out because nobody looks at its result
    private ServedLane served;
    private QueueWorker worker;

    PollingLane(LongSupplier work) {
        this.work = work;
    }

    /** Worker's thread. */
    void start(QueueWorker onto, String name) {
        worker = onto;
        served = onto.lane(name, this, new LaneCalls(new PolicyOptions.None(), 1));
        onto.add(served);
        served.wake();
    }

    @Override
    public int drainTransmit() {
        sum += work.getAsLong();
        steps.incrementAndGet();
        return 1;
    }

    /** Of what the work answered. */
    long sum() {
        return sum;
    }

    long steps() {
        return steps.get();
    }

    boolean isActive() {
        return served.isActive();
    }

    void awaitSteps(long count) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (steps.get() < count) {
            assertTrue(System.nanoTime() < end, "not within 10 s");
            Thread.onSpinWait();
        }
    }

    void awaitBroken() {
        long end = System.nanoTime() + 10_000_000_000L;
        while (worker.call(this::isActive)) {
            assertTrue(System.nanoTime() < end, "not within 10 s");
        }
    }
}
