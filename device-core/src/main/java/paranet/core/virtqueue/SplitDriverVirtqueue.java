package paranet.core.virtqueue;

import paranet.core.memory.SharedMemory;

/**
 * Driver side of a split virtqueue (virtio 1.3, 2.7).
 *
 * <p>Threading: confined to one thread at a time.
 */
final class SplitDriverVirtqueue extends DriverVirtqueue {
    private static final int INDEX_MASK = 0xffff;

    private final int mask;
    private final long desc;
    private final long avail;
    private final long used;

    /**
     * The descriptor after each: in the free list, and inside a chain. With VIRTIO_F_IN_ORDER it is
     * always the next in the table, as that feature demands, and comes free in the same order.
     */
    private final int[] after;

    private int firstFree;
    private int availIndex; // next to write
    private int availPublished; // what the device sees
    private int kickAsked; // availPublished when needsKick was asked last
    private int usedIndex; // next to read

    SplitDriverVirtqueue(RingLayout layout, long features, IndirectTables tables) {
        super(layout, features, tables);
        this.mask = size - 1;
        this.desc = layout.desc();
        this.avail = layout.driver();
        this.used = layout.device();
        this.after = new int[size];
    }

    @Override
    void layOut(RingPosition start) {
        SharedMemory.fill(desc, RingLayout.descBytes(size), 0);
        SharedMemory.fill(avail, VirtqAvail.bytes(size), 0);
        SharedMemory.fill(used, VirtqUsed.bytes(size), 0);
        for (int i = 0; i < size; i++) {
            after[i] = (i + 1) & mask;
        }
        firstFree = 0;
        availIndex = start.availIndex();
        availPublished = availIndex;
        kickAsked = availIndex;
        usedIndex = start.usedIndex();
        SharedMemory.putLe16(avail + VirtqAvail.IDX, availIndex);
        SharedMemory.putLe16(avail + VirtqAvail.usedEvent(size), usedIndex);
        SharedMemory.putLe16(used + VirtqUsed.availEvent(size), availIndex);
        SharedMemory.releaseLe16(used + VirtqUsed.IDX, usedIndex);
    }

    @Override
    int takeId() {
        return firstFree;
    }

    @Override
    void writeTableEntry(
            long at, long address, long length, boolean deviceWrites, int index, boolean last) {
        int flags = (deviceWrites ? VirtqDesc.F_WRITE : 0) | (last ? 0 : VirtqDesc.F_NEXT);
        SharedMemory.putLe64(at + VirtqDesc.ADDR, address);
        SharedMemory.putLe64(
                at + VirtqDesc.LEN, VirtqDesc.tail(length, flags, last ? 0 : index + 1));
    }

    @Override
    void stageTable(int id, long address, long bytes) {
        writeDesc(id, address, bytes, VirtqDesc.F_INDIRECT, 0);
        firstFree = after[id];
        offer(id);
    }

    @Override
    void stage(int id, long[] addresses, long[] lengths, int readableCount, int buffers) {
        int index = id;
        for (int i = 0; i < buffers; i++) {
            boolean last = i == buffers - 1;
            int flags =
                    (i >= readableCount ? VirtqDesc.F_WRITE : 0) | (last ? 0 : VirtqDesc.F_NEXT);
            writeDesc(index, addresses[i], lengths[i], flags, last ? 0 : after[index]);
            index = after[index];
        }
        firstFree = index;
        offer(id);
    }

    private void writeDesc(int index, long address, long length, int flags, int next) {
        long at = desc + (long) index * VirtqDesc.BYTES;
        SharedMemory.putLe64(at + VirtqDesc.ADDR, address);
        SharedMemory.putLe64(at + VirtqDesc.LEN, VirtqDesc.tail(length, flags, next));
    }

    private void offer(int head) {
        SharedMemory.putLe16(avail + VirtqAvail.slot(availIndex & mask), head);
        availIndex = (availIndex + 1) & INDEX_MASK;
    }

    @Override
    void free(int id, int count) {
        if (inOrder) {
            return; // the free ones stay a run in the table, this chain is its end
        }
        int last = id;
        for (int i = 1; i < count; i++) {
            last = after[last];
        }
        after[last] = firstFree;
        firstFree = id;
    }

    @Override
    public void publish() {
        // The device may read idx at once, so descriptors and slots come first (2.7.13.3).
        SharedMemory.releaseLe16(avail + VirtqAvail.IDX, availIndex);
        availPublished = availIndex;
    }

    @Override
    public boolean needsKick() {
        SharedMemory.fullFence(); // AVAIL-EVENT: pairs with SplitDeviceVirtqueue.enableKicks
        int added = (availPublished - kickAsked) & INDEX_MASK;
        kickAsked = availPublished;
        if (!eventIdx) {
            int flags = SharedMemory.opaqueLe16(used + VirtqUsed.FLAGS);
            return added != 0 && (flags & VirtqUsed.F_NO_NOTIFY) == 0;
        }
        int event = SharedMemory.opaqueLe16(used + VirtqUsed.availEvent(size));
        return ((availPublished - event - 1) & INDEX_MASK) < added;
    }

    @Override
    public boolean hasUsed() {
        return SharedMemory.acquireLe16(used + VirtqUsed.IDX) != usedIndex;
    }

    @Override
    public boolean poll() {
        if (!hasUsed()) {
            return false;
        }
        long slot = used + VirtqUsed.slot(usedIndex & mask);
        use(
                SharedMemory.le32(slot + VirtqUsed.ELEM_ID) & 0xffff_ffffL,
                SharedMemory.le32(slot + VirtqUsed.ELEM_LEN) & 0xffff_ffffL);
        usedIndex = (usedIndex + 1) & INDEX_MASK;
        return true;
    }

    @Override
    public boolean enableInterrupts() {
        if (eventIdx) {
            SharedMemory.opaquePutLe16(avail + VirtqAvail.usedEvent(size), usedIndex);
        } else {
            SharedMemory.opaquePutLe16(avail + VirtqAvail.FLAGS, 0);
        }
        SharedMemory.fullFence(); // USED-EVENT: pairs with SplitDeviceVirtqueue.needsNotification
        return !hasUsed();
    }

    @Override
    public void disableInterrupts() {
        if (eventIdx) {
            // Flags stay 0 (virtio 1.3, 2.7.7.1); this far ahead no used index comes meanwhile.
            int far = (usedIndex + RingLayout.SIZE_MAX) & INDEX_MASK;
            SharedMemory.opaquePutLe16(avail + VirtqAvail.usedEvent(size), far);
        } else {
            SharedMemory.opaquePutLe16(avail + VirtqAvail.FLAGS, VirtqAvail.F_NO_INTERRUPT);
        }
    }

    @Override
    public RingPosition position() {
        return new RingPosition(usedIndex, false, usedIndex, false);
    }
}
