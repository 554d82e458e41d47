package paranet.core.virtqueue;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;

/**
 * Device side of a split virtqueue (virtio 1.3, 2.7).
 *
 * <p>Indices are free-running 16 bits, kept in ints.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class SplitDeviceVirtqueue extends DeviceVirtqueue {
    private static final int INDEX_MASK = 0xffff;

    /** Where Linux leaves the event index while it polls, so that it says nothing there. */
    private static final int EVENT_PARKED = 0;

    private final int mask;
    private long desc;
    private long avail;
    private long used;

    private int availIndex; // next to take
    private int availSeen; // the driver's index when last read: up to there the ring may be read
    private int usedIndex; // next to write
    private int usedPublished; // what the driver sees
    private int unpublished; // chains taken, not put back and not published
    private long signalled; // published() up to which the driver needs no notification
    private int availEventWritten; // or -1
    private long consumed;
    private int eventSeen = -1;

    SplitDeviceVirtqueue(RingLayout layout, long features, RingPosition start) {
        super(layout, features);
        this.mask = size - 1;
        this.availIndex = requireIndex(start.availIndex());
        this.availSeen = availIndex;
        this.usedIndex = requireIndex(start.usedIndex());
        this.usedPublished = usedIndex;
        moveTo(layout);
    }

    private static int requireIndex(int index) {
        if (index != (index & INDEX_MASK)) {
            throw new IllegalArgumentException("ring index %d has over 16 bits".formatted(index));
        }
        return index;
    }

    @Override
    void moveTo(RingLayout layout) {
        desc = layout.desc();
        avail = layout.driver();
        used = layout.device();
        availEventWritten = -1;
    }

    @Override
    public boolean next(DescriptorChain chain) {
        if (isBroken() || (availIndex == availSeen && !readAvailIndex())) {
            return false;
        }
        int head = SharedMemory.le16(avail + VirtqAvail.slot(availIndex & mask));
        chain.begin();
        if (!walk(chain, head)) {
            chain.abandon();
            return false;
        }
        chain.id = head;
        took(chain);
        unpublished++;
        availIndex = (availIndex + 1) & INDEX_MASK;
        return true;
    }

    /** Whether the driver added something; one read serves the whole batch it added. */
    private boolean readAvailIndex() {
        int index = SharedMemory.acquireLe16(avail + VirtqAvail.IDX);
        int ahead = (index - availIndex) & INDEX_MASK;
        if (ahead > size) {
            return breakRing(RingFault.AVAIL_JUMP, index);
        }
        availSeen = index;
        return ahead != 0;
    }

    /** Adds each buffer of the chain; each descriptor is read once, checked, then used. */
    private boolean walk(DescriptorChain chain, int head) {
        long table = desc;
        int entries = size;
        boolean inTable = false; // not "table != desc": a guest may name the ring as its table
        int left = size;
        int inRing = 1;
        int index = head;
        RingFault outside = RingFault.HEAD_OUT_OF_RANGE;
        while (index < entries) {
            long at = table + (long) index * VirtqDesc.BYTES;
            long address = SharedMemory.le64(at + VirtqDesc.ADDR);
            long tail = SharedMemory.le64(at + VirtqDesc.LEN);
            long length = VirtqDesc.length(tail);
            int flags = VirtqDesc.flags(tail);
            boolean continued = (flags & VirtqDesc.F_NEXT) != 0;
            if ((flags & VirtqDesc.F_INDIRECT) != 0) {
                if (inTable) {
                    return breakRing(RingFault.INDIRECT_NESTED, index);
                }
                // F_WRITE has no meaning here (virtio 1.3, 2.7.5.3.2)
                entries = tableEntries(address, length, continued);
                if (entries == 0) {
                    return false;
                }
                table = table(address, length);
                if (table == GuestMemory.NOT_MAPPED) {
                    return false;
                }
                inTable = true;
                left = entries;
                index = 0;
                continue;
            }
            if ((flags & VirtqDesc.F_WRITE) != 0) {
                chain.addWritable(memory, address, length);
            } else {
                chain.addReadable(memory, address, length);
            }
            if (!continued) {
                chain.descriptors = inRing;
                return true;
            }
            if (--left == 0) {
                return breakRing(RingFault.CHAIN_TOO_LONG, head);
            }
            if (!inTable) {
                inRing++;
            }
            index = VirtqDesc.next(tail);
            outside = RingFault.NEXT_OUT_OF_RANGE;
        }
        return breakRing(outside, index);
    }

    @Override
    public void putBack(DescriptorChain chain) {
        untook(chain);
        unpublished--;
        availIndex = (availIndex - 1) & INDEX_MASK;
    }

    @Override
    public void complete(DescriptorChain chain, long writtenBytes) {
        completed(chain, writtenBytes);
        if (isUnreachable()) {
            return;
        }
        SharedMemory.putLe64(
                used + VirtqUsed.slot(usedIndex & mask), VirtqUsed.element(chain.id, writtenBytes));
        usedIndex = (usedIndex + 1) & INDEX_MASK;
    }

    @Override
    public void flush() {
        int chains = (usedIndex - usedPublished) & INDEX_MASK;
        if (chains == 0 || isUnreachable()) {
            return;
        }
        // The driver may read idx at once, so the elements are written first (virtio 1.3, 2.7.8.2).
        SharedMemory.releaseLe16(used + VirtqUsed.IDX, usedIndex);
        usedPublished = usedIndex;
        unpublished -= chains;
        published(chains);
    }

    @Override
    public boolean hasAvailable() {
        return !isBroken() && availIndex != SharedMemory.acquireLe16(avail + VirtqAvail.IDX);
    }

    @Override
    public boolean needsNotification() {
        long behind = published() - signalled;
        if (isForgotten()) {
            return published() != 0;
        }
        if (behind == 0 || isUnreachable()) {
            return false;
        }
        SharedMemory.fullFence(); // USED-EVENT: pairs with SplitDriverVirtqueue.enableInterrupts
        if (isArmed(behind)) {
            return true;
        }
        signalled = published();
        return false;
    }

    /** Whether the driver's arm state covers one of the last {@code behind} used entries. */
    private boolean isArmed(long behind) {
        if (!eventIdx) {
            int flags = SharedMemory.opaqueLe16(avail + VirtqAvail.FLAGS);
            return (flags & VirtqAvail.F_NO_INTERRUPT) == 0;
        }
        // virtio 1.3, 2.7.7.2, in more than 16 bits: a call held for over 65536 entries is due
        int event = SharedMemory.opaqueLe16(avail + VirtqAvail.usedEvent(size));
        return ((usedPublished - event - 1) & INDEX_MASK) < behind;
    }

    @Override
    public long consumed() {
        if (!eventIdx) {
            return UNKNOWN;
        }
        if (!isUnreachable()) {
            int posted = (availSeen - availIndex) & INDEX_MASK;
            consumed = Math.max(consumed, taken() + posted - size);
            int event = SharedMemory.opaqueLe16(avail + VirtqAvail.usedEvent(size));
            int back = (usedPublished - event) & INDEX_MASK;
            if (event != eventSeen && event != EVENT_PARKED && back < published() - consumed) {
                consumed = published() - back;
            }
            eventSeen = event; // an old one would mean another place once indices wrapped
        }
        return consumed;
    }

    @Override
    public long posted() {
        if (isBroken()) {
            return UNKNOWN;
        }
        int posted = (SharedMemory.acquireLe16(avail + VirtqAvail.IDX) - availIndex) & INDEX_MASK;
        return Math.min(posted, size);
    }

    @Override
    public boolean isDeclined() {
        return !eventIdx
                && !isUnreachable()
                && (SharedMemory.opaqueLe16(avail + VirtqAvail.FLAGS) & VirtqAvail.F_NO_INTERRUPT)
                        != 0;
    }

    @Override
    public void notified() {
        signalled = published();
        remember();
    }

    @Override
    public boolean enableKicks() {
        if (isBroken()) {
            return true;
        }
        if (!eventIdx) {
            SharedMemory.opaquePutLe16(used + VirtqUsed.FLAGS, 0);
        } else if (availEventWritten != availIndex) {
            SharedMemory.opaquePutLe16(used + VirtqUsed.availEvent(size), availIndex);
            availEventWritten = availIndex;
        }
        SharedMemory.fullFence(); // AVAIL-EVENT: pairs with SplitDriverVirtqueue.needsKick
        return !hasAvailable();
    }

    @Override
    public void disableKicks() {
        // With EVENT_IDX flags stay 0 (virtio 1.3, 2.7.10.1) and an event once passed is silent.
        if (!eventIdx && !isUnreachable()) {
            SharedMemory.opaquePutLe16(used + VirtqUsed.FLAGS, VirtqUsed.F_NO_NOTIFY);
        }
    }

    @Override
    public RingPosition position() {
        return new RingPosition(
                (availIndex - unpublished) & INDEX_MASK, false, usedPublished, false);
    }
}
