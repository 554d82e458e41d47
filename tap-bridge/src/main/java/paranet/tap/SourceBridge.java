package paranet.tap;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * A network side that has a frame for the guest whenever it is asked, and drops what the guest
 * sends as {@link DropReason#SINK}.
 *
 * <p>Each frame is an Ethernet broadcast of the local experimental type 0x88B5 (IEEE 802), from
 * 02:00:00:00:00:PP for pair PP, with a sequence number per pair (8 bytes, network order, from 0)
 * and then bytes that count up.
 *
 * <p>Threading: as {@link FrameBridge} says.
 */
public final class SourceBridge implements FrameBridge {
    /** Bounds of a frame in bytes, without the virtio-net header and the checksum at the end. */
    public static final int FRAME_BYTES_MIN = 60;

    public static final int FRAME_BYTES_MAX = 65535;

    /** Where a frame's sequence number is, in bytes from its start. */
    public static final int SEQUENCE = 14;

    private static final int ETHER_TYPE = 0x88b5;

    private final int frameBytes;
    private final FrameSink sink = new DropSink();
    private final FrameGenerator[] sources;
    private volatile int headerBytes = 12;
    private volatile int mtu;

    /** Endless frames of {@code frameBytes} on this many queue pairs, 1 to 128. */
    public SourceBridge(int queuePairs, int frameBytes) {
        if (frameBytes < FRAME_BYTES_MIN || frameBytes > FRAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "frames of %d bytes are not in %d..%d"
                            .formatted(frameBytes, FRAME_BYTES_MIN, FRAME_BYTES_MAX));
        }
        this.frameBytes = frameBytes;
        this.mtu = Math.max(1500, frameBytes - 14);
        this.sources = new FrameGenerator[PairCount.require(queuePairs)];
        for (int i = 0; i < queuePairs; i++) {
            sources[i] = new FrameGenerator(frameBytes, i);
        }
    }

    @Override
    public int queuePairs() {
        return sources.length;
    }

    @Override
    public FrameSink sink(int pair) {
        return sink;
    }

    @Override
    public FrameSource source(int pair) {
        return sources[pair];
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
        for (FrameGenerator source : sources) {
            source.headerBytes = format.headerBytes();
        }
    }

    @Override
    public void usePairs(int pairs) {
        PairCount.requireWithin(pairs, sources.length);
        for (int i = 0; i < sources.length; i++) {
            sources[i].inUse = i < pairs;
        }
    }

    @Override
    public int frameBytesMax() {
        return headerBytes + frameBytes;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    /** True unless the frames of this source would be longer. */
    @Override
    public boolean mtu(int bytes) {
        if (bytes < frameBytes - 14) {
            return false;
        }
        mtu = bytes;
        return true;
    }

    @Override
    public DropReason announce(byte[] frame) {
        return DropReason.SINK;
    }

    @Override
    public String describe() {
        return "source of %d-byte frames, %d pair%s"
                .formatted(frameBytes, sources.length, sources.length == 1 ? "" : "s");
    }

    /** Frees the frames; no worker may use them any more. */
    @Override
    public void close() {
        for (FrameGenerator source : sources) {
            source.frame.close();
        }
    }

    /**
     * The frames of one pair.
     *
     * <p>Threading: confined to one QueueWorker, but for its volatile fields, which whoever calls
     * the bridge writes.
     */
    private static final class FrameGenerator implements FrameSource {
        private static final int HEADER_BYTES_MAX = 12;

        private final NativeBuffer frame; // a header of zeroes, then the frame
        private final int frameBytes;
        private long sequence;
        private volatile int headerBytes = HEADER_BYTES_MAX;
        private volatile boolean inUse = true;

        FrameGenerator(int frameBytes, int pair) {
            this.frameBytes = frameBytes;
            this.frame = NativeBuffer.allocate(HEADER_BYTES_MAX + frameBytes);
            long at = frame.address() + HEADER_BYTES_MAX;
            SharedMemory.fill(at, 6, 0xff);
            SharedMemory.putLe8(at + 6, 0x02); // locally administered
            SharedMemory.putLe8(at + 11, pair);
            SharedMemory.putLe8(at + 12, ETHER_TYPE >> 8);
            SharedMemory.putLe8(at + 13, ETHER_TYPE & 0xff);
            for (int i = SEQUENCE + 8; i < frameBytes; i++) {
                SharedMemory.putLe8(at + i, i);
            }
        }

        @Override
        public int poll(IoVec room) {
            if (!inUse) {
                return 0;
            }
            int header = headerBytes;
            long at = frame.address() + HEADER_BYTES_MAX;
            SharedMemory.putLe64(at + SEQUENCE, Long.reverseBytes(sequence));
            room.copyIn(0, at - header, header + (long) frameBytes);
            sequence++;
            return header + frameBytes;
        }

        @Override
        public int descriptor() {
            return NO_DESCRIPTOR;
        }

        @Override
        public boolean ready() {
            return inUse;
        }
    }
}
