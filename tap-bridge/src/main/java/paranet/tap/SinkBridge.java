package paranet.tap;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.memory.IoVec;

/**
 * A network side that takes every frame from the guest, drops it as {@link DropReason#SINK}, and
 * sends none.
 *
 * <p>Threading: as {@link FrameBridge} says.
 */
public final class SinkBridge implements FrameBridge {
    private final int queuePairs;
    private final FrameSink sink = new DropSink();
    private final FrameSource source = new Silence();
    private volatile int headerBytes = 12;
    private volatile int mtu = 1500;

    /** A sink for this many queue pairs, 1 to 128. */
    public SinkBridge(int queuePairs) {
        this.queuePairs = PairCount.require(queuePairs);
    }

    @Override
    public int queuePairs() {
        return queuePairs;
    }

    @Override
    public FrameSink sink(int pair) {
        return sink;
    }

    @Override
    public FrameSource source(int pair) {
        return source;
    }

    @Override
    public int sinkOffloads() {
        return FrameOffload.ALL;
    }

    @Override
    public int sourceOffloads() {
        return FrameOffload.NONE;
    }

    @Override
    public void format(FrameFormat format) {
        headerBytes = format.headerBytes();
    }

    @Override
    public void usePairs(int pairs) {
        PairCount.requireWithin(pairs, queuePairs);
    }

    @Override
    public int frameBytesMax() {
        return headerBytes + 14 + mtu;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public boolean mtu(int bytes) {
        mtu = bytes;
        return true;
    }

    @Override
    public DropReason announce(byte[] frame) {
        return DropReason.SINK;
    }

    @Override
    public String describe() {
        return "sink, %d pair%s".formatted(queuePairs, queuePairs == 1 ? "" : "s");
    }

    /** Nothing to release. */
    @Override
    public void close() {}

    /** A source that never has a frame. */
    private static final class Silence implements FrameSource {
        @Override
        public int poll(IoVec room) {
            return 0;
        }

        @Override
        public int descriptor() {
            return NO_DESCRIPTOR;
        }

        @Override
        public boolean ready() {
            return false;
        }
    }
}
