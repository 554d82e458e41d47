package paranet.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import paranet.core.mitigation.CoalesceText;
import paranet.core.mitigation.DeviceCalls;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;

import java.util.concurrent.TimeUnit;

/**
 * What a decision costs on top of the look at the ring ({@link NeedsNotificationBenchmark}): the
 * policy, the accounts and the log. The guest is always armed, which is the dearest: nothing is
 * answered by the ring alone. A million frames a second are published.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecideBenchmark {
    private static final int SIZE = 256;
    private static final long FRAME_NANOS = 1000;

    @Param({"none", "fixed", "throttle", "dim", "vic", "pace"})
    public String policy;

    /** How many a duty cycle publishes. */
    @Param({"1", "32"})
    public int frames;

    private QueueCalls calls;
    private long published;
    private long nowNanos;

    @Setup
    public void open() {
        PolicyOptions options = CoalesceText.parse(policy);
        DeviceCalls device = options.guestCalls().device();
        QueueView.Kind kind = QueueView.Kind.RECEIVE;
        calls =
                new QueueCalls(
                        kind,
                        SIZE,
                        options.policy(kind, SIZE, device),
                        device,
                        null,
                        options.costs());
        published = 0;
        nowNanos = 0;
    }

    /** A duty cycle: what was published, what the ring says, and the decision. */
    @Benchmark
    public long decide() {
        nowNanos += FRAME_NANOS * frames;
        calls.published(FrameClass.NORMAL, frames, 1514L * frames, nowNanos);
        long consumed = published;
        published += frames;
        calls.ring(true, false, consumed, SIZE - frames, QueueView.UNKNOWN, nowNanos);
        return calls.decide(nowNanos);
    }
}
