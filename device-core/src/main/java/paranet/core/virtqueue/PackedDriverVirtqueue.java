package paranet.core.virtqueue;

import paranet.core.memory.SharedMemory;

/**
 * Driver side of a packed virtqueue (virtio 1.3, 2.8).
 *
 * <p>Threading: confined to one thread at a time.
 */
final class PackedDriverVirtqueue extends DriverVirtqueue {
    private final long ring;
    private final long driverEvent;
    private final long deviceEvent;

    private final int[] freeIds; // a stack
    private int freeIdCount;

    private int availOffset; // next to write
    private boolean availWrap;
    private int usedOffset; // next to read
    private boolean usedWrap;

    // Staged: all is written but the first one's ownership, so the device sees none before all.
    private int staged; // descriptors
    private int firstOffset;
    private long firstTail;

    private long published; // descriptors
    private long kickAsked; // published when needsKick was asked last

    PackedDriverVirtqueue(RingLayout layout, long features, IndirectTables tables) {
        super(layout, features, tables);
        this.ring = layout.desc();
        this.driverEvent = layout.driver();
        this.deviceEvent = layout.device();
        this.freeIds = new int[size];
    }

    @Override
    void layOut(RingPosition start) {
        availOffset = start.availIndex();
        availWrap = start.availWrap();
        usedOffset = start.usedIndex();
        usedWrap = start.usedWrap();
        staged = 0;
        published = 0;
        kickAsked = 0;
        freeIdCount = size;
        boolean fresh = start.equals(FRESH);
        for (int i = 0; i < size; i++) {
            freeIds[i] = size - 1 - i;
            // Used in this lap below the start, in the lap before from there on.
            int used = PackedDesc.used(i < availOffset ? availWrap : !availWrap);
            SharedMemory.putLe64(address(i) + PackedDesc.ADDR, 0);
            SharedMemory.putLe64(
                    address(i) + PackedDesc.LEN, PackedDesc.tail(0, 0, fresh ? 0 : used));
        }
        SharedMemory.putLe32(driverEvent, PackedEvent.event(0, false, PackedEvent.ENABLE));
        SharedMemory.releaseLe32(deviceEvent, PackedEvent.event(0, false, PackedEvent.ENABLE));
    }

    @Override
    int takeId() {
        return freeIds[--freeIdCount];
    }

    @Override
    void writeTableEntry(
            long at, long address, long length, boolean deviceWrites, int index, boolean last) {
        SharedMemory.putLe64(at + PackedDesc.ADDR, address);
        SharedMemory.putLe64(
                at + PackedDesc.LEN,
                PackedDesc.tail(length, 0, deviceWrites ? PackedDesc.F_WRITE : 0));
    }

    @Override
    void stageTable(int id, long address, long bytes) {
        writeDesc(address, bytes, id, PackedDesc.F_INDIRECT);
    }

    @Override
    void stage(int id, long[] addresses, long[] lengths, int readableCount, int buffers) {
        for (int i = 0; i < buffers; i++) {
            boolean last = i == buffers - 1;
            int flags =
                    (i >= readableCount ? PackedDesc.F_WRITE : 0) | (last ? 0 : PackedDesc.F_NEXT);
            writeDesc(addresses[i], lengths[i], last ? id : 0, flags); // id: last one's (2.8.6)
        }
    }

    private void writeDesc(long address, long length, int id, int flags) {
        long at = address(availOffset);
        long tail = PackedDesc.tail(length, id, flags | PackedDesc.available(availWrap));
        SharedMemory.putLe64(at + PackedDesc.ADDR, address);
        if (staged == 0) {
            firstOffset = availOffset;
            firstTail = tail;
        } else {
            SharedMemory.putLe64(at + PackedDesc.LEN, tail);
        }
        staged++;
        if (++availOffset == size) {
            availOffset = 0;
            availWrap = !availWrap;
        }
    }

    @Override
    void free(int id, int count) {
        freeIds[freeIdCount++] = id;
        usedOffset += count;
        if (usedOffset >= size) {
            usedOffset -= size;
            usedWrap = !usedWrap;
        }
    }

    @Override
    public void publish() {
        if (staged > 0) {
            // The device waits at the first: its flags come after all else (virtio 1.3, 2.8.21).
            SharedMemory.releaseLe64(address(firstOffset) + PackedDesc.LEN, firstTail);
            published += staged;
            staged = 0;
        }
    }

    @Override
    public boolean needsKick() {
        SharedMemory.fullFence(); // AVAIL-EVENT: pairs with PackedDeviceVirtqueue.enableKicks
        long fresh = published - kickAsked;
        kickAsked = published;
        int event = SharedMemory.opaqueLe32(deviceEvent);
        int flags = PackedEvent.flags(event);
        if (fresh == 0 || flags == PackedEvent.DISABLE) {
            return false;
        }
        if (flags != PackedEvent.DESC_ONLY || !eventIdx) {
            return true;
        }
        int back =
                lap(availOffset, availWrap)
                        - staged
                        - lap(PackedEvent.offset(event), PackedEvent.wrap(event));
        return Math.floorMod(back - 1, 2 * size) < fresh;
    }

    @Override
    public boolean hasUsed() {
        return inBatch() || (outstanding() > 0 && isUsed(readTail()));
    }

    @Override
    public boolean poll() {
        if (inBatch()) {
            use(0, 0);
            return true;
        }
        long tail = outstanding() > 0 ? readTail() : 0;
        if (outstanding() == 0 || !isUsed(tail)) {
            return false;
        }
        boolean written = (PackedDesc.flags(tail) & PackedDesc.F_WRITE) != 0;
        use(PackedDesc.id(tail), written ? PackedDesc.length(tail) : 0); // else reserved (2.8.4)
        return true;
    }

    private long readTail() {
        return SharedMemory.acquireLe64(address(usedOffset) + PackedDesc.LEN);
    }

    private boolean isUsed(long tail) {
        return PackedDesc.ownership(PackedDesc.flags(tail)) == PackedDesc.used(usedWrap);
    }

    @Override
    public boolean enableInterrupts() {
        int event =
                eventIdx
                        ? PackedEvent.event(usedOffset, usedWrap, PackedEvent.DESC_ONLY)
                        : PackedEvent.event(0, false, PackedEvent.ENABLE);
        SharedMemory.opaquePutLe32(driverEvent, event);
        SharedMemory.fullFence(); // USED-EVENT: pairs with PackedDeviceVirtqueue.needsNotification
        return !hasUsed();
    }

    @Override
    public void disableInterrupts() {
        SharedMemory.opaquePutLe32(driverEvent, PackedEvent.event(0, false, PackedEvent.DISABLE));
    }

    @Override
    public RingPosition position() {
        return new RingPosition(usedOffset, usedWrap, usedOffset, usedWrap);
    }

    private int lap(int offset, boolean wrap) {
        return wrap ? offset : offset + size;
    }

    private long address(int offset) {
        return ring + (long) offset * PackedDesc.BYTES;
    }
}
