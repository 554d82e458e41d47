package paranet.core.virtqueue;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.IoVec;

/**
 * A reusable cursor over one chain: its buffers as two lists, and what the ring needs to give it
 * back. {@link DeviceVirtqueue#next} fills it.
 *
 * <p>The lists belong to whoever made the cursor and may be shared by several cursors: {@code next}
 * appends, it never clears. So a receive frame that spans chains has one list over all of them. A
 * chain with a {@link #fault} adds nothing.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class DescriptorChain {
    private static final long BYTES_MAX = 0xffff_ffffL;

    private final IoVec readable;
    private final IoVec writable;
    private final boolean tablesReadable;

    // Written by the ring implementations of this package alone.
    int id;
    int descriptors;
    int sequence; // which take of the ring this was

    private ChainFault fault = ChainFault.NONE;
    private long readableBytes;
    private long writableBytes;
    private long readableBefore;
    private long writableBefore;
    private boolean writableSeen;

    public DescriptorChain(IoVec readable, IoVec writable) {
        this(readable, writable, false);
    }

    private DescriptorChain(IoVec readable, IoVec writable, boolean tablesReadable) {
        this.readable = readable;
        this.writable = writable;
        this.tablesReadable = tablesReadable;
    }

    /**
     * A cursor for a queue that the driver only sends on. In indirect tables of packed rings
     * F_WRITE means nothing to it: DPDK's driver leaves it on the header of what it sends.
     */
    public static DescriptorChain ofSender(IoVec readable, IoVec writable) {
        return new DescriptorChain(readable, writable, true);
    }

    /** Device-readable buffers: what the guest sends. */
    public IoVec readable() {
        return readable;
    }

    /** Device-writable buffers: where the guest receives. */
    public IoVec writable() {
        return writable;
    }

    /** Bytes this chain added to {@link #readable}. */
    public long readableBytes() {
        return readableBytes;
    }

    /** Bytes this chain added to {@link #writable}. */
    public long writableBytes() {
        return writableBytes;
    }

    /** {@link ChainFault#NONE}, or why the chain must not be used. */
    public ChainFault fault() {
        return fault;
    }

    /** Descriptors of the ring the chain occupies; an indirect table counts once. */
    public int descriptors() {
        return descriptors;
    }

    boolean tablesReadable() {
        return tablesReadable;
    }

    void begin() {
        fault = ChainFault.NONE;
        readableBytes = 0;
        writableBytes = 0;
        writableSeen = false;
        readableBefore = readable.length();
        writableBefore = writable.length();
    }

    /** Adds one buffer, 0 to 2^32-1 bytes, whose address and length were copied from the ring. */
    void addReadable(GuestMemory memory, long guestAddress, long bytes) {
        if (fault != ChainFault.NONE) {
            return;
        }
        if (writableSeen) {
            fail(ChainFault.READABLE_AFTER_WRITABLE);
        } else if (bytes > BYTES_MAX - readableBytes) {
            fail(ChainFault.TOO_LONG);
        } else if (append(memory, readable, guestAddress, bytes)) {
            readableBytes += bytes;
        }
    }

    /** Likewise for a buffer that the device may write. */
    void addWritable(GuestMemory memory, long guestAddress, long bytes) {
        if (fault != ChainFault.NONE) {
            return;
        }
        writableSeen = true;
        if (bytes > BYTES_MAX - writableBytes) {
            fail(ChainFault.TOO_LONG);
        } else if (append(memory, writable, guestAddress, bytes)) {
            writableBytes += bytes;
        }
    }

    private boolean append(GuestMemory memory, IoVec vec, long guestAddress, long bytes) {
        switch (memory.append(vec, guestAddress, bytes)) {
            case DONE -> {
                return true;
            }
            case NOT_MAPPED -> fail(ChainFault.UNMAPPED);
            case NO_ROOM -> fail(ChainFault.TOO_MANY_PIECES);
        }
        return false;
    }

    private void fail(ChainFault why) {
        fault = why;
        abandon();
    }

    /** Takes back what the chain added to the lists. */
    void abandon() {
        readable.truncate(readableBefore);
        writable.truncate(writableBefore);
        readableBytes = 0;
        writableBytes = 0;
    }
}
