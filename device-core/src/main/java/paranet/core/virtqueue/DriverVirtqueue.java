package paranet.core.virtqueue;

import java.util.Arrays;

/**
 * Driver side of a virtqueue (virtio 1.3, 2.7 and 2.8): the mirror of {@link DeviceVirtqueue}, for
 * the fake guest and the property tests.
 *
 * <p>{@link #add} stages, {@link #publish} makes all staged chains available at once. Addresses in
 * descriptors are the caller's: this class writes them and never follows them. A device that gives
 * back what it never got causes an {@link IllegalStateException}.
 *
 * <p>Threading: confined to one thread at a time.
 */
public abstract sealed class DriverVirtqueue permits SplitDriverVirtqueue, PackedDriverVirtqueue {
    /** Where a fresh ring begins: the first entry, in the first lap. */
    public static final RingPosition FRESH = new RingPosition(0, true, 0, true);

    final int size;
    final boolean eventIdx;
    final boolean inOrder;
    private final boolean indirectAllowed;
    private final IndirectTables tables;

    // A chain is known by its id: the head (split) or the buffer id (packed), below the size.
    private final int[] tokens;
    private final int[] descriptors; // 0: the chain is not with the device
    private final long[] writable;
    private final int[] order; // ids as they were added, a ring; only with VIRTIO_F_IN_ORDER
    private int oldest;
    private int outstanding;

    private int freeDescriptors;

    private int token;
    private long writtenBytes;

    // One used entry may stand for a batch of chains, with VIRTIO_F_IN_ORDER (virtio 1.3, 2.7.9).
    private int batchLast = -1; // id of the batch's last chain, while the batch is polled
    private long batchLastBytes;

    DriverVirtqueue(RingLayout layout, long features, IndirectTables tables) {
        layout.requireLegal(RingFeature.isPacked(features));
        this.size = layout.size();
        this.eventIdx = (features & RingFeature.EVENT_IDX) != 0;
        this.inOrder = (features & RingFeature.IN_ORDER) != 0;
        this.indirectAllowed = (features & RingFeature.INDIRECT_DESC) != 0;
        this.tables = tables;
        this.tokens = new int[size];
        this.descriptors = new int[size];
        this.writable = new long[size];
        this.order = new int[size];
    }

    /**
     * Lays a fresh ring out in the memory of {@code layout}, whose own guest memory is not used.
     *
     * @throws IllegalArgumentException if size or alignment is not legal, naming it
     */
    public static DriverVirtqueue open(RingLayout layout, long features, IndirectTables tables) {
        DriverVirtqueue queue =
                RingFeature.isPacked(features)
                        ? new PackedDriverVirtqueue(layout, features, tables)
                        : new SplitDriverVirtqueue(layout, features, tables);
        queue.reset(FRESH);
        return queue;
    }

    /**
     * Forgets everything and lays the ring out anew, as if all before {@code start} had been used;
     * its avail and used positions must be the same. {@link #FRESH} is where a real driver begins.
     */
    public final void reset(RingPosition start) {
        if (start.availIndex() != start.usedIndex() || start.availWrap() != start.usedWrap()) {
            throw new IllegalArgumentException("a driver starts with nothing in flight: " + start);
        }
        Arrays.fill(descriptors, 0);
        oldest = 0;
        outstanding = 0;
        freeDescriptors = size;
        batchLast = -1;
        layOut(start);
    }

    /**
     * Stages one chain: the first {@code readableCount} buffers are for the device to read, the
     * {@code writableCount} after them to write.
     *
     * @param token handed back by {@link #token} when the device has used the chain
     * @param indirect whether the buffers go into an indirect table, so that the chain takes one
     *     descriptor of the ring
     * @return false when too few descriptors are free
     * @throws IllegalArgumentException if there are no buffers, or more than a table or the ring
     *     can ever hold
     */
    public final boolean add(
            long[] guestAddresses,
            long[] lengths,
            int readableCount,
            int writableCount,
            int token,
            boolean indirect) {
        int buffers = readableCount + writableCount;
        if (buffers < 1 || buffers > (indirect ? tables.entries() : size)) {
            throw new IllegalArgumentException(
                    "%d buffers, indirect: %s".formatted(buffers, indirect));
        }
        if (indirect && !indirectAllowed) {
            throw new IllegalArgumentException("VIRTIO_F_INDIRECT_DESC was not negotiated");
        }
        int needed = indirect ? 1 : buffers;
        if (needed > freeDescriptors) {
            return false;
        }
        int id = takeId();
        tokens[id] = token;
        descriptors[id] = needed;
        long room = 0;
        for (int i = readableCount; i < buffers; i++) {
            room += lengths[i];
        }
        writable[id] = room;
        if (inOrder) {
            order[(oldest + outstanding) % size] = id;
        }
        outstanding++;
        freeDescriptors -= needed;
        if (indirect) {
            long table = tables.host(id);
            for (int i = 0; i < buffers; i++) {
                writeTableEntry(
                        table + (long) i * VirtqDesc.BYTES,
                        guestAddresses[i],
                        lengths[i],
                        i >= readableCount,
                        i,
                        i == buffers - 1);
            }
            stageTable(id, tables.guest(id), (long) buffers * VirtqDesc.BYTES);
        } else {
            stage(id, guestAddresses, lengths, readableCount, buffers);
        }
        return true;
    }

    /** Descriptors of the ring that {@link #add} could take now. */
    public final int freeDescriptors() {
        return freeDescriptors;
    }

    /** Chains added and not polled yet. */
    public final int outstanding() {
        return outstanding;
    }

    /** Entries. */
    public final int size() {
        return size;
    }

    /** Makes everything staged available to the device. */
    public abstract void publish();

    /**
     * Whether the device wants a kick for what was published since the last time this was asked. A
     * full fence precedes the look at its arm state.
     */
    public abstract boolean needsKick();

    /** Takes the next chain that the device has used; false when there is none. */
    public abstract boolean poll();

    /** The token of the chain polled last. */
    public final int token() {
        return token;
    }

    /** Bytes that the device says it wrote into the chain polled last. */
    public final long writtenBytes() {
        return writtenBytes;
    }

    /** Whether {@link #poll} would find something. */
    public abstract boolean hasUsed();

    /**
     * Asks the device for an interrupt at the next used chain and looks once more.
     *
     * @return true when nothing is used and it is safe to wait
     */
    public abstract boolean enableInterrupts();

    /** Asks the device to leave interrupts out. */
    public abstract void disableInterrupts();

    /** Where a device that lost everything in flight goes on: the next chain to be used. */
    public abstract RingPosition position();

    /** Writes the ring's memory for this start. */
    abstract void layOut(RingPosition start);

    /** The id of the next chain. */
    abstract int takeId();

    abstract void writeTableEntry(
            long at, long address, long length, boolean deviceWrites, int index, boolean last);

    abstract void stageTable(int id, long address, long bytes);

    abstract void stage(int id, long[] addresses, long[] lengths, int readableCount, int buffers);

    /** The chain's descriptors and its id are free again. */
    abstract void free(int id, int count);

    /** Whether a used entry read before covers the oldest chain too. */
    final boolean inBatch() {
        return batchLast >= 0;
    }

    /**
     * Ends the chain that a used entry names, or with VIRTIO_F_IN_ORDER the oldest of the batch
     * that it ends.
     *
     * @return descriptors of the ring it occupied
     */
    final int use(long id, long bytes) {
        int usedId = inOrder ? useOldest(id, bytes) : requireOutstanding(id);
        if (!inOrder) {
            writtenBytes = bytes;
        }
        int count = descriptors[usedId];
        token = tokens[usedId];
        descriptors[usedId] = 0;
        outstanding--;
        freeDescriptors += count;
        free(usedId, count);
        return count;
    }

    private int useOldest(long id, long bytes) {
        if (!inBatch()) {
            batchLast = requireOutstanding(id);
            batchLastBytes = bytes;
        }
        int first = order[oldest];
        oldest = (oldest + 1) % size;
        if (first == batchLast) {
            writtenBytes = batchLastBytes;
            batchLast = -1;
        } else {
            writtenBytes = writable[first]; // skipped chains count as wholly written (2.7.9)
        }
        return first;
    }

    private int requireOutstanding(long id) {
        if (id < 0 || id >= size || descriptors[(int) id] == 0) {
            throw new IllegalStateException(
                    "device used chain %d, which it does not have".formatted(id));
        }
        return (int) id;
    }
}
