package paranet.core.virtqueue;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;

/**
 * Device side of a packed virtqueue (virtio 1.3, 2.8).
 *
 * <p>Offset and wrap counter together count modulo twice the size; where that is easier, they are
 * one number (see {@link #lap}).
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class PackedDeviceVirtqueue extends DeviceVirtqueue {
    private long ring;
    private long driverEvent;
    private long deviceEvent;

    private int availOffset; // next to take
    private boolean availWrap;
    private int usedOffset; // next to write
    private boolean usedWrap;

    // Staged: all is written but the first one's ownership, so the driver sees none before all.
    private int stagedChains;
    private int stagedDescriptors;
    private int firstOffset;
    private long firstTail;

    private long unpublished; // descriptors of chains taken, not put back and not published
    private long publishedDescriptors;
    private long signalled; // publishedDescriptors up to which the driver needs no notification
    private long consumed;
    private int eventSeen = -1;

    PackedDeviceVirtqueue(RingLayout layout, long features, RingPosition start) {
        super(layout, features);
        this.availOffset = requireOffset(start.availIndex());
        this.availWrap = start.availWrap();
        this.usedOffset = requireOffset(start.usedIndex());
        this.usedWrap = start.usedWrap();
        moveTo(layout);
    }

    private int requireOffset(int offset) {
        if (offset < 0 || offset >= size) {
            throw new IllegalArgumentException(
                    "ring offset %d is not below the size %d".formatted(offset, size));
        }
        return offset;
    }

    @Override
    void moveTo(RingLayout layout) {
        ring = layout.desc();
        driverEvent = layout.driver();
        deviceEvent = layout.device();
    }

    @Override
    public boolean next(DescriptorChain chain) {
        if (isBroken()) {
            return false;
        }
        int offset = availOffset;
        boolean wrap = availWrap;
        long at = address(offset);
        // Length, id and flags at once; what the driver wrote before its release is visible then.
        long tail = SharedMemory.acquireLe64(at + PackedDesc.LEN);
        if (!isAvailable(tail, wrap)) {
            return false;
        }
        chain.begin();
        int count = 1;
        while (add(chain, SharedMemory.le64(at + PackedDesc.ADDR), tail)) {
            if (++offset == size) {
                offset = 0;
                wrap = !wrap;
            }
            if ((PackedDesc.flags(tail) & PackedDesc.F_NEXT) == 0) {
                int id = PackedDesc.id(tail); // the last descriptor's counts (virtio 1.3, 2.8.6)
                if (id >= size) {
                    breakRing(RingFault.BUFFER_ID_OUT_OF_RANGE, id);
                    break;
                }
                chain.id = id;
                chain.descriptors = count;
                took(chain);
                unpublished += count;
                availOffset = offset;
                availWrap = wrap;
                return true;
            }
            if (count == size) {
                breakRing(RingFault.CHAIN_TOO_LONG, availOffset);
                break;
            }
            count++;
            at = address(offset);
            tail = SharedMemory.le64(at + PackedDesc.LEN);
        }
        chain.abandon();
        return false;
    }

    /** Adds what one descriptor of the ring says; false when that broke the ring. */
    private boolean add(DescriptorChain chain, long address, long tail) {
        int flags = PackedDesc.flags(tail);
        if ((flags & PackedDesc.F_INDIRECT) != 0) {
            boolean continued = (flags & PackedDesc.F_NEXT) != 0;
            return addTable(chain, address, PackedDesc.length(tail), continued);
        }
        addBuffer(chain, address, tail);
        return true;
    }

    private boolean addTable(DescriptorChain chain, long address, long bytes, boolean continued) {
        int entries = tableEntries(address, bytes, continued);
        if (entries == 0) {
            return false;
        }
        long table = table(address, bytes);
        if (table == GuestMemory.NOT_MAPPED) {
            return false;
        }
        for (int i = 0; i < entries; i++) {
            long at = table + (long) i * PackedDesc.BYTES;
            long tail = SharedMemory.le64(at + PackedDesc.LEN);
            // Of the flags only F_WRITE means something here (virtio 1.3, 2.8.7), but a driver
            // must not nest tables (2.8.19).
            if ((PackedDesc.flags(tail) & PackedDesc.F_INDIRECT) != 0) {
                return breakRing(RingFault.INDIRECT_NESTED, i);
            }
            long buffer = SharedMemory.le64(at + PackedDesc.ADDR);
            if (chain.tablesReadable()) {
                chain.addReadable(memory, buffer, PackedDesc.length(tail));
            } else {
                addBuffer(chain, buffer, tail);
            }
        }
        return true;
    }

    private void addBuffer(DescriptorChain chain, long address, long tail) {
        if ((PackedDesc.flags(tail) & PackedDesc.F_WRITE) != 0) {
            chain.addWritable(memory, address, PackedDesc.length(tail));
        } else {
            chain.addReadable(memory, address, PackedDesc.length(tail));
        }
    }

    @Override
    public void putBack(DescriptorChain chain) {
        untook(chain);
        unpublished -= chain.descriptors;
        availOffset -= chain.descriptors;
        if (availOffset < 0) {
            availOffset += size;
            availWrap = !availWrap;
        }
    }

    @Override
    public void complete(DescriptorChain chain, long writtenBytes) {
        completed(chain, writtenBytes);
        if (isUnreachable()) {
            return;
        }
        int flags = PackedDesc.used(usedWrap) | (writtenBytes > 0 ? PackedDesc.F_WRITE : 0);
        long tail = PackedDesc.tail(writtenBytes, chain.id, flags);
        if (stagedChains == 0) {
            firstOffset = usedOffset;
            firstTail = tail;
        } else {
            SharedMemory.putLe64(address(usedOffset) + PackedDesc.LEN, tail);
        }
        stagedChains++;
        stagedDescriptors += chain.descriptors;
        usedOffset += chain.descriptors;
        if (usedOffset >= size) {
            usedOffset -= size;
            usedWrap = !usedWrap;
        }
    }

    @Override
    public void flush() {
        if (stagedChains == 0 || isUnreachable()) {
            return;
        }
        // The driver waits at the first: its flags come after all else (virtio 1.3, 2.8.22).
        SharedMemory.releaseLe64(address(firstOffset) + PackedDesc.LEN, firstTail);
        publishedDescriptors += stagedDescriptors;
        unpublished -= stagedDescriptors;
        published(stagedChains);
        stagedChains = 0;
        stagedDescriptors = 0;
    }

    @Override
    public boolean hasAvailable() {
        return !isBroken()
                && isAvailable(
                        SharedMemory.acquireLe64(address(availOffset) + PackedDesc.LEN), availWrap);
    }

    @Override
    public boolean needsNotification() {
        if (isForgotten()) {
            return published() != 0;
        }
        long behind = publishedDescriptors - signalled;
        if (behind == 0 || isUnreachable()) {
            return false;
        }
        SharedMemory.fullFence(); // USED-EVENT: pairs with PackedDriverVirtqueue.enableInterrupts
        if (isArmed(SharedMemory.opaqueLe32(driverEvent), behind)) {
            return true;
        }
        signalled = publishedDescriptors;
        return false;
    }

    /** Whether the driver's arm state covers one of the last {@code behind} used descriptors. */
    private boolean isArmed(int event, long behind) {
        int flags = PackedEvent.flags(event);
        if (flags == PackedEvent.DISABLE) {
            return false;
        }
        if (flags != PackedEvent.DESC_ONLY || !eventIdx) {
            return true; // the reserved value too: a spurious call is the harmless mistake
        }
        int back = publishedLap() - lap(PackedEvent.offset(event), PackedEvent.wrap(event));
        return Math.floorMod(back - 1, 2 * size) < behind;
    }

    @Override
    public long consumed() {
        if (!eventIdx) {
            return UNKNOWN;
        }
        consumed = Math.max(consumed, taken() - size);
        if (!isUnreachable()) {
            int event = SharedMemory.opaqueLe32(driverEvent);
            int armed = lap(PackedEvent.offset(event), PackedEvent.wrap(event));
            if (event != eventSeen
                    && PackedEvent.flags(event) == PackedEvent.DESC_ONLY
                    && armed == publishedLap()) {
                consumed = published(); // armed for the next: it has all before
            }
            eventSeen = event; // an old one would mean another place once offsets wrapped
        }
        return consumed;
    }

    @Override
    public long posted() {
        return UNKNOWN;
    }

    @Override
    public boolean isDeclined() {
        return !isUnreachable()
                && PackedEvent.flags(SharedMemory.opaqueLe32(driverEvent)) == PackedEvent.DISABLE;
    }

    @Override
    public void notified() {
        signalled = publishedDescriptors;
        remember();
    }

    @Override
    public boolean enableKicks() {
        if (isBroken()) {
            return true;
        }
        int event =
                eventIdx
                        ? PackedEvent.event(availOffset, availWrap, PackedEvent.DESC_ONLY)
                        : PackedEvent.event(0, false, PackedEvent.ENABLE);
        SharedMemory.opaquePutLe32(deviceEvent, event);
        SharedMemory.fullFence(); // AVAIL-EVENT: pairs with PackedDriverVirtqueue.needsKick
        return !hasAvailable();
    }

    @Override
    public void disableKicks() {
        if (!isUnreachable()) {
            SharedMemory.opaquePutLe32(
                    deviceEvent, PackedEvent.event(0, false, PackedEvent.DISABLE));
        }
    }

    @Override
    public RingPosition position() {
        int laps = 2 * size;
        int avail = (int) Math.floorMod(lap(availOffset, availWrap) - unpublished, (long) laps);
        int used = publishedLap();
        return new RingPosition(avail % size, avail < size, used % size, used < size);
    }

    /** Offset and wrap counter as one number, 0 to twice the size: wrap 1 is the first lap. */
    private int lap(int offset, boolean wrap) {
        return wrap ? offset : offset + size;
    }

    private int publishedLap() {
        return Math.floorMod(lap(usedOffset, usedWrap) - stagedDescriptors, 2 * size);
    }

    private long address(int offset) {
        return ring + (long) offset * PackedDesc.BYTES;
    }

    private static boolean isAvailable(long tail, boolean wrap) {
        return PackedDesc.ownership(PackedDesc.flags(tail)) == PackedDesc.available(wrap);
    }
}
