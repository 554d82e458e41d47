package paranet.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import java.util.concurrent.TimeUnit;

/** What a frame costs the ring: one chain taken and put back, and one all the way round. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NextChainBenchmark {
    private static final int BATCH = 64;

    @Param({"false", "true"})
    public boolean packed;

    @Param({"ONE_BUFFER", "HEADER_AND_DATA", "INDIRECT"})
    public FrameShape shape;

    private RingFixture waiting;
    private RingFixture moving;

    @Setup
    public void open() {
        waiting = new RingFixture(packed, true, shape);
        waiting.offer(BATCH);
        moving = new RingFixture(packed, true, shape);
    }

    @TearDown
    public void close() {
        waiting.close();
        moving.close();
    }

    /** Device side alone: takes a batch and puts it back. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long takeAndPutBack() {
        long bytes = 0;
        for (int i = 0; i < BATCH; i++) {
            if (!waiting.next(i)) {
                throw new IllegalStateException("nothing is available");
            }
            bytes += waiting.readable.length();
        }
        for (int i = BATCH - 1; i >= 0; i--) {
            waiting.device.putBack(waiting.chains[i]);
        }
        return bytes;
    }

    /** Both sides: offer, take, complete, flush, and take back. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long roundTrip() {
        moving.offer(BATCH);
        long bytes = 0;
        while (moving.next(0)) {
            bytes += moving.readable.length();
            moving.device.complete(moving.chains[0], 0);
        }
        moving.device.flush();
        while (moving.driver.poll()) {
            bytes -= RingFixture.FRAME_BYTES + RingFixture.HEADER_BYTES;
        }
        return bytes;
    }
}
