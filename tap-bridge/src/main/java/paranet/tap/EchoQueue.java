package paranet.tap;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * The buffer of one echoing pair: frames one after the other in a ring of bytes, each in one
 * stretch, so that one which does not fit before the end starts at 0 again.
 *
 * <p>Threading: confined to one QueueWorker, but for headerBytes(int) and inUse(boolean), which
 * whoever calls the bridge calls.
 */
final class EchoQueue implements FrameSink, FrameSource, AutoCloseable {
    /** Room for three frames of the largest size, or thousands of small ones. */
    static final int BYTES = 256 * 1024;

    /** What precedes a frame: its bytes, then the bytes of its header (le32 each). */
    private static final int RECORD = 8;

    private static final int END_OF_RING = -1; // in place of a frame's bytes: go on at 0
    private static final int HEADER_BYTES_MIN = 10;
    private static final int F_NEEDS_CSUM = 1; // of struct virtio_net_hdr (virtio 1.3, 5.1.6)

    private final NativeBuffer buffer = NativeBuffer.allocate(BYTES);
    private final long base = buffer.address();
    private int head; // where the oldest frame is
    private int tail; // where the next one goes
    private int frames;

    private volatile int headerBytes;
    private volatile boolean inUse = true;

    EchoQueue(int headerBytes) {
        this.headerBytes = headerBytes;
    }

    @Override
    public DropReason offer(IoVec frame) {
        if (!inUse) {
            return DropReason.QUEUE_DISABLED;
        }
        int header = headerBytes;
        long bytes = frame.length();
        if (bytes > header + EchoBridge.ETHERNET_FRAME_MAX) {
            return DropReason.ECHO_FULL;
        }
        if (bytes < header) {
            return DropReason.NETWORK_REFUSED;
        }
        int record = recordBytes((int) bytes);
        int at = place(record);
        if (at < 0) {
            return DropReason.SINK_FULL;
        }
        // The copy may fail when the guest's memory vanishes, so the ring moves only afterwards.
        long to = base + at + RECORD;
        frame.copyOut(0, to, bytes);
        SharedMemory.putLe8(to, SharedMemory.le8(to) & F_NEEDS_CSUM);
        SharedMemory.putLe32(base + at, (int) bytes);
        SharedMemory.putLe32(base + at + 4, header);
        if (at < tail && BYTES - tail >= RECORD) {
            SharedMemory.putLe32(base + tail, END_OF_RING);
        }
        tail = at + record;
        frames++;
        return DropReason.NONE;
    }

    /** Where a record can go, or -1. Used bytes are head..tail, or head..end and 0..tail. */
    private int place(int record) {
        if (frames == 0) {
            head = 0;
            tail = 0;
            return 0;
        }
        if (head < tail) {
            if (record <= BYTES - tail) {
                return tail;
            }
            return record <= head ? 0 : -1;
        }
        return record <= head - tail ? tail : -1;
    }

    private static int recordBytes(int frameBytes) {
        return RECORD + (frameBytes + 7) / 8 * 8;
    }

    @Override
    public int poll(IoVec room) {
        if (!inUse || frames == 0) {
            return 0;
        }
        if (BYTES - head < RECORD || SharedMemory.le32(base + head) == END_OF_RING) {
            head = 0;
        }
        int bytes = SharedMemory.le32(base + head);
        int storedHeader = SharedMemory.le32(base + head + 4);
        int header = headerBytes;
        long from = base + head + RECORD;
        int result = header + bytes - storedHeader;
        room.copyIn(0, from, HEADER_BYTES_MIN);
        room.copyIn(header, from + storedHeader, bytes - storedHeader);
        head += recordBytes(bytes);
        frames--;
        return result;
    }

    @Override
    public int descriptor() {
        return -1; // NO_DESCRIPTOR of both: the guest itself makes and takes the frames
    }

    @Override
    public boolean ready() {
        return inUse && frames > 0;
    }

    void headerBytes(int bytes) {
        headerBytes = bytes;
    }

    void inUse(boolean on) {
        inUse = on;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
