package paranet.core.packet;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/** A network side in memory: what was sent is listed, what is queued is received. */
public final class MemoryBridge implements FrameBridge {
    public static final int SINK_DESCRIPTOR = 77;
    public static final int SOURCE_DESCRIPTOR = 78;

    public final List<Pair> pairs = new ArrayList<>();
    public final List<FrameFormat> formats = new ArrayList<>();
    public final List<Integer> usedPairs = new ArrayList<>();
    public final List<byte[]> announced = new ArrayList<>();
    public int sinkOffloads = FrameOffload.ALL;
    public int sourceOffloads = FrameOffload.ALL;
    public int frameBytesMax = 12 + 65535 + 8 + 1;
    public int mtu = 1500;
    public boolean mtuFixed;
    public boolean carrier = true;
    public DropReason announceAnswer = DropReason.NONE;

    public MemoryBridge(int queuePairs) {
        for (int i = 0; i < queuePairs; i++) {
            pairs.add(new Pair());
        }
    }

    /** One pair: a sink that can be made full, and a source fed by the test. */
    public static final class Pair implements FrameSink, FrameSource {
        public final List<byte[]> sent = new ArrayList<>();
        public final Deque<byte[]> queued = new ArrayDeque<>();
        public final List<Integer> roomPieces = new ArrayList<>();
        public int accept = Integer.MAX_VALUE;
        public DropReason answer = DropReason.NONE;
        public int sinkDescriptor = SINK_DESCRIPTOR;
        public int sourceDescriptor = SOURCE_DESCRIPTOR;
        public DropReason loss = DropReason.NONE;
        public int polls;
        public Runnable onOffer = () -> {};
        public Runnable onPoll = () -> {};

        @Override
        public DropReason offer(IoVec frame) {
            if (accept == 0) {
                return DropReason.SINK_FULL;
            }
            accept--;
            if (answer == DropReason.NONE) {
                sent.add(bytes(frame, frame.length()));
            }
            onOffer.run();
            return answer;
        }

        @Override
        public int poll(IoVec room) {
            polls++;
            if (loss != DropReason.NONE) {
                queued.poll();
                return LOST;
            }
            byte[] frame = queued.poll();
            if (frame == null) {
                return 0;
            }
            if (frame.length >= room.length()) {
                throw new AssertionError(
                        "frame of %d bytes cut by room of %d"
                                .formatted(frame.length, room.length()));
            }
            roomPieces.add(room.count());
            onPoll.run();
            try (NativeBuffer copy = NativeBuffer.allocate(frame.length)) {
                SharedMemory.copy(frame, 0, copy.address(), frame.length);
                room.copyIn(0, copy.address(), frame.length);
            }
            return frame.length;
        }

        @Override
        public DropReason loss() {
            DropReason last = loss;
            loss = DropReason.NONE;
            return last;
        }

        // Sink and source share a name for their descriptors; the fake answers for both by turns.
        @Override
        public int descriptor() {
            return accept == 0 ? sinkDescriptor : sourceDescriptor;
        }

        @Override
        public boolean ready() {
            return !queued.isEmpty();
        }
    }

    public static byte[] bytes(IoVec vec, long length) {
        try (NativeBuffer copy = NativeBuffer.allocate(Math.max(1, length))) {
            vec.copyOut(0, copy.address(), length);
            byte[] bytes = new byte[(int) length];
            SharedMemory.copy(copy.address(), bytes, 0, bytes.length);
            return bytes;
        }
    }

    @Override
    public int queuePairs() {
        return pairs.size();
    }

    @Override
    public FrameSink sink(int pair) {
        return pairs.get(pair);
    }

    @Override
    public FrameSource source(int pair) {
        return pairs.get(pair);
    }

    @Override
    public int sinkOffloads() {
        return sinkOffloads;
    }

    @Override
    public int sourceOffloads() {
        return sourceOffloads;
    }

    @Override
    public void format(FrameFormat format) {
        formats.add(format);
    }

    public FrameFormat format() {
        return formats.getLast();
    }

    @Override
    public void usePairs(int pairs) {
        usedPairs.add(pairs);
    }

    @Override
    public int frameBytesMax() {
        return frameBytesMax;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public boolean mtu(int bytes) {
        if (mtuFixed) {
            return false;
        }
        mtu = bytes;
        return true;
    }

    @Override
    public DropReason announce(byte[] frame) {
        announced.add(Arrays.copyOf(frame, frame.length));
        return announceAnswer;
    }

    @Override
    public void carrier(boolean on) {
        carrier = on;
    }

    @Override
    public String describe() {
        return "memory";
    }

    @Override
    public void close() {}
}
