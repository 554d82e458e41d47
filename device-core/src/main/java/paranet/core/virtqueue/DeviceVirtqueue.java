package paranet.core.virtqueue;

import paranet.core.memory.GuestMemory;

/**
 * Device side of a virtqueue (virtio 1.3, 2.7 split and 2.8 packed): takes chains, gives them back,
 * and says when the driver wants to hear of it. It knows memory and numbers; it does not notify,
 * wait, log or time.
 *
 * <p>Taking and giving back are independent: chains may be completed in any order, except with
 * VIRTIO_F_IN_ORDER. {@link #complete} stages, {@link #flush} publishes all that was staged at
 * once.
 *
 * <p>A ring that breaks takes nothing any more; what was taken before may still be completed.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public abstract sealed class DeviceVirtqueue permits SplitDeviceVirtqueue, PackedDeviceVirtqueue {
    /**
     * Longest indirect table where the ring itself is shorter. A driver must not exceed the ring's
     * size (virtio 1.3, 2.7.5.3.1), but Linux does on rings shorter than a fragmented frame.
     */
    static final int TABLE_ENTRIES_MIN = 1024;

    /** What a ring does not say. */
    public static final long UNKNOWN = -1;

    final int size;
    final boolean indirectAllowed;
    final boolean eventIdx;
    private final boolean inOrder;

    GuestMemory memory;
    private RingFault fault = RingFault.NONE;
    private long faultValue;
    private boolean unreachable;

    private int taken; // chains, modulo 2^32, less those put back
    private int completed; // chains, modulo 2^32
    private long published; // chains
    private long bytes; // of all chains completed

    /** Nothing is known to be notified: the first answer after a publication is true. */
    private boolean forgotten = true;

    DeviceVirtqueue(RingLayout layout, long features) {
        layout.requireLegal(RingFeature.isPacked(features));
        this.size = layout.size();
        this.memory = layout.memory();
        this.indirectAllowed = (features & RingFeature.INDIRECT_DESC) != 0;
        this.eventIdx = (features & RingFeature.EVENT_IDX) != 0;
        this.inOrder = (features & RingFeature.IN_ORDER) != 0;
    }

    /**
     * The ring in the format that {@code features} say, going on at {@code start}. As nobody knows
     * what its driver was told before, it begins like one that {@link #forgetNotified}.
     *
     * @throws IllegalArgumentException if size, alignment or position is not legal, naming it
     */
    public static DeviceVirtqueue open(RingLayout layout, long features, RingPosition start) {
        return RingFeature.isPacked(features)
                ? new PackedDeviceVirtqueue(layout, features, start)
                : new SplitDeviceVirtqueue(layout, features, start);
    }

    /**
     * Takes the next available chain and appends its buffers to the cursor's lists.
     *
     * <p>A taken chain may still be unusable: see {@link DescriptorChain#fault}. It must be
     * completed all the same, with length 0.
     *
     * @return false when nothing is available or the ring is broken, see {@link #fault}
     */
    public abstract boolean next(DescriptorChain chain);

    /**
     * Un-takes a chain; only the one taken last and not yet put back. The cursor's lists stay as
     * they are.
     */
    public abstract void putBack(DescriptorChain chain);

    /**
     * Stages a taken chain as used; {@code writtenBytes} were written into its writable buffers.
     */
    public abstract void complete(DescriptorChain chain, long writtenBytes);

    /** Makes everything staged visible to the driver. */
    public abstract void flush();

    /** Whether {@link #next} would find something; one load, no side effect. */
    public abstract boolean hasAvailable();

    /**
     * Whether the driver asked to be notified of what was published since the last notification or
     * the last false answer. A full fence precedes the look at the driver's arm state. The answer
     * true repeats until {@link #notified} (so a held call is not lost), or until the driver no
     * longer asks.
     */
    public abstract boolean needsNotification();

    /** Says that the driver was notified of everything published so far. */
    public abstract void notified();

    /**
     * Every {@link #needsNotification} until the next {@link #notified} answers by an unconditional
     * true, once anything was published.
     */
    public final void forgetNotified() {
        forgotten = true;
    }

    /**
     * Asks the driver for kicks and looks once more.
     *
     * @return true when nothing is available and it is safe to wait for a kick
     */
    public abstract boolean enableKicks();

    /** Asks the driver to leave kicks out, where the ring can say so. */
    public abstract void disableKicks();

    /** {@link RingFault#NONE}, or why the ring is stopped for good. */
    public final RingFault fault() {
        return fault;
    }

    /** The descriptor, id, index or length that {@link #fault} is about. */
    public final long faultValue() {
        return faultValue;
    }

    /**
     * Marks the ring broken from outside, for example after its memory vanished. Unlike after a
     * fault of the ring's own finding, its memory is not touched again.
     */
    public final void stop(RingFault fault) {
        unreachable = true;
        breakRing(fault, 0);
    }

    /**
     * Where the ring stands: chains taken and not published count as not taken. Exact when those
     * are the ones taken last and nothing is staged: the ring has no words for gaps, and what is
     * staged has overwritten descriptors of a packed ring.
     */
    public abstract RingPosition position();

    /**
     * The same ring after the guest's memory was mapped anew; the indices stay.
     *
     * @throws IllegalArgumentException if the size is another or an alignment is not legal
     */
    public final void relocate(RingLayout layout) {
        if (layout.size() != size) {
            throw new IllegalArgumentException(
                    "ring of %d entries relocated as one of %d".formatted(size, layout.size()));
        }
        layout.requireLegal(this instanceof PackedDeviceVirtqueue);
        memory = layout.memory();
        moveTo(layout);
    }

    /** Entries. */
    public final int size() {
        return size;
    }

    /** Chains published so far, modulo 2^64: the policy's progress measure. */
    public final long published() {
        return published;
    }

    /** Bytes of all chains completed so far: what the driver gave, and what was written. */
    public final long bytes() {
        return bytes;
    }

    /** Chains taken so far and not put back, modulo 2^64. */
    public final long taken() {
        return published + (taken - (int) published);
    }

    /**
     * A lower bound of the published chains that the driver is done with, as far as the ring shows:
     * it cannot have posted more than it freed, and where it arms it stands. Or {@link #UNKNOWN}
     * for a ring without VIRTIO_F_EVENT_IDX, which does not show that a driver armed anew. An
     * inference from what a driver writes: good for estimates, never a reason not to notify.
     */
    public abstract long consumed();

    /** Chains that the driver has posted and the device not taken, or {@link #UNKNOWN}. */
    public abstract long posted();

    /** Whether the ring says, as far as it can, that the driver wants no notification at all. */
    public abstract boolean isDeclined();

    /** The memory the ring's descriptors point to. */
    public final GuestMemory memory() {
        return memory;
    }

    /** Takes over the addresses of a legal layout of the same size. */
    abstract void moveTo(RingLayout layout);

    final boolean isBroken() {
        return fault != RingFault.NONE;
    }

    /** Whether ring memory must be left alone. */
    final boolean isUnreachable() {
        return unreachable;
    }

    /** Stops the ring; the first fault stays. Answers false, for {@link #next}. */
    final boolean breakRing(RingFault why, long value) {
        if (fault == RingFault.NONE) {
            fault = why;
            faultValue = value;
        }
        return false;
    }

    final void took(DescriptorChain chain) {
        chain.sequence = taken++;
    }

    final void untook(DescriptorChain chain) {
        if (chain.sequence != taken - 1) {
            throw new IllegalStateException(
                    "chain %d is put back after chain %d was taken"
                            .formatted(chain.sequence, taken - 1));
        }
        taken--;
    }

    final void completed(DescriptorChain chain, long writtenBytes) {
        if (inOrder && chain.sequence != completed) {
            throw new IllegalStateException(
                    "chain %d is completed while chain %d is due (VIRTIO_F_IN_ORDER)"
                            .formatted(chain.sequence, completed));
        }
        if (writtenBytes < 0 || writtenBytes > chain.writableBytes()) {
            throw new IllegalStateException(
                    "%d bytes written to a chain of %d"
                            .formatted(writtenBytes, chain.writableBytes()));
        }
        completed++;
        bytes += chain.readableBytes() + writtenBytes;
    }

    final void published(int chains) {
        published += chains;
    }

    final boolean isForgotten() {
        return forgotten;
    }

    final void remember() {
        forgotten = false;
    }

    /** Entries of an indirect table, or 0 with the ring broken. */
    final int tableEntries(long guestAddress, long bytes, boolean continued) {
        if (!indirectAllowed) {
            breakRing(RingFault.INDIRECT_NOT_NEGOTIATED, guestAddress);
        } else if (continued) {
            breakRing(RingFault.INDIRECT_WITH_NEXT, guestAddress);
        } else if (bytes == 0
                || bytes % VirtqDesc.BYTES != 0
                || bytes / VirtqDesc.BYTES > Math.max(size, TABLE_ENTRIES_MIN)) {
            breakRing(RingFault.INDIRECT_LENGTH, bytes);
        } else {
            return (int) (bytes / VirtqDesc.BYTES);
        }
        return 0;
    }

    /** Host address of an indirect table, or NOT_MAPPED with the ring broken. */
    final long table(long guestAddress, long bytes) {
        long table = memory.translate(guestAddress, bytes);
        if (table == GuestMemory.NOT_MAPPED) {
            breakRing(RingFault.INDIRECT_UNMAPPED, guestAddress);
        }
        return table;
    }
}
