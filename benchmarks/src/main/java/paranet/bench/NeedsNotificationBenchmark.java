package paranet.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import java.util.concurrent.TimeUnit;

/** What it costs to ask whether the driver wants to be notified. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NeedsNotificationBenchmark {
    @Param({"false", "true"})
    public boolean packed;

    @Param({"false", "true"})
    public boolean eventIdx;

    private RingFixture silent;
    private RingFixture held;

    @Setup
    public void open() {
        silent = new RingFixture(packed, eventIdx, FrameShape.ONE_BUFFER);
        silent.device.notified();
        held = new RingFixture(packed, eventIdx, FrameShape.ONE_BUFFER);
        held.device.notified();
        held.driver.enableInterrupts();
        held.offer(1);
        held.next(0);
        held.device.complete(held.chains[0], 0);
        held.device.flush();
        if (!held.device.needsNotification() || silent.device.needsNotification()) {
            throw new IllegalStateException("the rings do not stand where they should");
        }
    }

    @TearDown
    public void close() {
        silent.close();
        held.close();
    }

    /** The driver is armed and the call is held back: the fence, the look and the comparison. */
    @Benchmark
    public boolean held() {
        return held.device.needsNotification();
    }

    /** Nothing was published since it was asked last. */
    @Benchmark
    public boolean nothingNew() {
        return silent.device.needsNotification();
    }
}
