package paranet.core.packet;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/** Takes everything, and hands out the same frame as often as it is told to. */
public final class EndlessBridge implements FrameBridge, FrameSink, FrameSource {
    private final NativeBuffer frame;
    private final int offloads;
    public long taken;
    public int left;

    public EndlessBridge(byte[] all, int offloads) {
        frame = NativeBuffer.allocate(all.length);
        SharedMemory.copy(all, 0, frame.address(), all.length);
        this.offloads = offloads;
    }

    @Override
    public DropReason offer(IoVec vec) {
        taken++;
        return DropReason.NONE;
    }

    @Override
    public int poll(IoVec room) {
        if (left == 0) {
            return 0;
        }
        left--;
        room.copyIn(0, frame.address(), frame.bytes());
        return (int) frame.bytes();
    }

    @Override
    public int descriptor() {
        return -1;
    }

    @Override
    public boolean ready() {
        return left > 0;
    }

    @Override
    public int queuePairs() {
        return 1;
    }

    @Override
    public FrameSink sink(int pair) {
        return this;
    }

    @Override
    public FrameSource source(int pair) {
        return this;
    }

    @Override
    public int sinkOffloads() {
        return offloads;
    }

    @Override
    public int sourceOffloads() {
        return offloads;
    }

    @Override
    public void format(FrameFormat format) {}

    @Override
    public void usePairs(int pairs) {}

    @Override
    public int frameBytesMax() {
        return 65556;
    }

    @Override
    public int mtu() {
        return 1500;
    }

    @Override
    public boolean mtu(int bytes) {
        return false;
    }

    @Override
    public DropReason announce(byte[] bytes) {
        return DropReason.NONE;
    }

    @Override
    public String describe() {
        return "loop";
    }

    @Override
    public void close() {
        frame.close();
    }
}
