package paranet.core.ioq;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;

/**
 * The host's side of an IOQ: pops or pushes at the INUSE index, and trusts nothing in the ring.
 *
 * <p>Size and place are those of the registration. The own end of the index is kept here and only
 * published; the other end counts, and never becomes an address. What the ring holds for us is said
 * by the owner of the descriptor at our own position alone, read once a visit, and so is each field
 * of it: {@link #look} reads them, {@link #cookie}, {@link #ptr} and {@link #length} are what it
 * read.
 *
 * <p>Threading: confined to one worker.
 */
public final class SouthIoq {
    private final int count;
    private final IoqRole role;
    private final boolean autoUpdate;
    private final boolean flipOwner;
    private final int signalOffset;
    private final ShmSignal signal;
    private final RingIndex inuse;
    private final boolean[] kept; // by slot: passed and not handed over yet

    private long ring;
    private int position; // of the next push or pop
    private int looked; // descriptors from our position on that were looked at and are ours
    private long cookie;
    private long ptr;
    private long length;

    private SouthIoq(
            long ring,
            int count,
            int signalOffset,
            IoqRole role,
            int iterFlags,
            SignalWiring wiring) {
        this.ring = ring;
        this.count = count;
        this.role = role;
        this.autoUpdate = (iterFlags & IoqIterFlag.AUTOUPDATE) != 0;
        this.flipOwner = (iterFlags & IoqIterFlag.NOFLIPOWNER) == 0;
        this.signalOffset = signalOffset;
        this.signal = ShmSignal.south(ring + signalOffset, wiring);
        this.inuse = new RingIndex(ring + IoqRingHead.INUSE, count);
        this.kept = new boolean[count];
        this.position = role == IoqRole.PRODUCER ? inuse.tail() : inuse.head();
    }

    /**
     * Attaches to a ring in guest memory. The first rule that is broken decides: signal, length,
     * mapping, alignment, header. The ring starts where its header says, with its signal disabled.
     *
     * @param iterFlags bits of {@link IoqIterFlag}
     */
    public static Attachment attach(
            IoqSegment segment, IoqRole role, int iterFlags, SignalWiring wiring) {
        long length = segment.length();
        int count = countOf(length);
        if (count == 0 || !ShmSignal.fits(segment.signalOffset(), length)) {
            return Attachment.refused(Attachment.EINVAL);
        }
        long ring = segment.memory().translate(segment.guestAddress(), length);
        if (ring == GuestMemory.NOT_MAPPED) {
            return Attachment.refused(Attachment.EFAULT);
        }
        int signalOffset = (int) segment.signalOffset();
        if (!isAligned(segment.guestAddress() | ring)
                || SharedMemory.le32(ring + IoqRingHead.MAGIC) != IoqRingHead.MAGIC_VALUE
                || SharedMemory.le32(ring + IoqRingHead.VER) != IoqRingHead.VER_VALUE
                || SharedMemory.le32(ring + IoqRingHead.COUNT) != count
                || !ShmSignal.isLegal(ring + signalOffset)) {
            return Attachment.refused(Attachment.EINVAL);
        }
        return new Attachment(0, new SouthIoq(ring, count, signalOffset, role, iterFlags, wiring));
    }

    /** Descriptors of a ring of exactly {@code length} bytes, or 0 if there is no such ring. */
    private static int countOf(long length) {
        long ring = length - IoqRingHead.RING;
        return ring >= 0
                        && ring % IoqRingDesc.BYTES == 0
                        && ring / IoqRingDesc.BYTES <= IoqRingHead.COUNT_MAX
                ? (int) (ring / IoqRingDesc.BYTES)
                : 0;
    }

    private static boolean isAligned(long address) {
        return (address & (IoqRingHead.ALIGNMENT - 1)) == 0;
    }

    /** Descriptors of the ring, 1 to {@link IoqRingHead#COUNT_MAX}. */
    public int size() {
        return count;
    }

    /** The ring's signal. */
    public ShmSignal signal() {
        return signal;
    }

    /** Index of the descriptor that the next push or pop is about. */
    public int slot() {
        return position;
    }

    /** Whether the descriptor at our position is ours: a frame to pop, or room to push into. */
    public boolean isOwned() {
        return isOwned(position);
    }

    /**
     * How many descriptors from our position on are ours, without a gap; looks at {@code most} (at
     * least 0).
     */
    public int owned(int most) {
        int bound = Math.min(most, count);
        int owned = 0;
        for (int slot = position; owned < bound && isOwned(slot); slot = after(slot)) {
            owned++;
        }
        return owned;
    }

    private boolean isOwned(int slot) {
        return !kept[slot] && SharedMemory.acquireLe8(desc(slot) + IoqRingDesc.SOWN) != 0;
    }

    /**
     * Reads the descriptor at our position.
     *
     * @return false if it is not ours
     */
    public boolean look() {
        looked = 0;
        return look(0);
    }

    /**
     * Reads the descriptor {@code ahead} slots behind our position; those before it were looked at
     * since they were ours. What was looked at can be passed on one by one, though the guest may
     * have taken it back meanwhile.
     *
     * @return false if it is not ours
     */
    public boolean look(int ahead) {
        if (ahead < 0 || ahead > looked) {
            throw new IllegalStateException(
                    "slot %d ahead, and %d looked at".formatted(ahead, looked));
        }
        if (ahead == count) {
            return false; // around the ring
        }
        int slot = (position + ahead) % count;
        if (ahead == looked) {
            if (!isOwned(slot)) {
                return false;
            }
            looked++;
        }
        long at = desc(slot);
        cookie = SharedMemory.opaqueLe64(at + IoqRingDesc.COOKIE);
        ptr = SharedMemory.opaqueLe64(at + IoqRingDesc.PTR);
        length = SharedMemory.opaqueLe64(at + IoqRingDesc.LEN);
        return true;
    }

    /** What the guest knows the descriptor by, as read by the last {@link #look}. */
    public long cookie() {
        return cookie;
    }

    /** Guest address, or offset into a pool, as read by the last {@link #look}. */
    public long ptr() {
        return ptr;
    }

    /** Bytes, in 64 bits without a sign, as read by the last {@link #look}. */
    public long length() {
        return length;
    }

    /** Writes the length that the guest will see of the descriptor looked at. */
    public void putLength(long bytes) {
        requireLooked();
        SharedMemory.putLe64(desc(position) + IoqRingDesc.LEN, bytes);
    }

    /** Hands the descriptor looked at to the guest, filled. */
    public void push() {
        require(IoqRole.PRODUCER);
        requireLooked();
        inuse.putTail(after(position));
        pass();
    }

    /** Hands the descriptor looked at back to the guest, emptied. */
    public void pop() {
        require(IoqRole.CONSUMER);
        requireLooked();
        inuse.putHead(after(position));
        pass();
    }

    private void pass() {
        int passed = position;
        position = after(passed);
        looked--;
        kept[passed] = true;
        if (flipOwner) {
            flip(passed);
        }
        if (autoUpdate) {
            signal.inject();
        }
    }

    /**
     * Hands over a descriptor that was pushed or popped with {@link IoqIterFlag#NOFLIPOWNER}, in
     * any order.
     */
    public void flip(int slot) {
        if (!kept[slot]) {
            throw new IllegalStateException("slot %d is not ours to hand over".formatted(slot));
        }
        kept[slot] = false;
        // The guest may take the descriptor at once: index and payload come first.
        SharedMemory.releaseLe8(desc(slot) + IoqRingDesc.SOWN, 0);
    }

    /** Descriptors in use, by the index: 0 to {@link #size}, and no more than a hint. */
    public int inuse() {
        return role == IoqRole.PRODUCER
                ? inuse.between(inuse.head(), position)
                : inuse.between(position, inuse.tail());
    }

    /** The rest, likewise. */
    public int remaining() {
        return count - inuse();
    }

    /** The same ring after the guest's memory was mapped anew, at this host address. */
    public void relocate(long address) {
        if (!isAligned(address)) {
            throw new IllegalArgumentException(
                    "ring at 0x%x is not aligned to %d".formatted(address, IoqRingHead.ALIGNMENT));
        }
        ring = address;
        inuse.relocate(address + IoqRingHead.INUSE);
        signal.relocate(address + signalOffset);
    }

    private long desc(int slot) {
        return ring + IoqRingHead.desc(slot);
    }

    private int after(int slot) {
        return slot == count - 1 ? 0 : slot + 1;
    }

    private void require(IoqRole needed) {
        if (role != needed) {
            throw new IllegalStateException(
                    "a ring of which we are the %s, used as %s".formatted(role, needed));
        }
    }

    private void requireLooked() {
        if (looked == 0) {
            throw new IllegalStateException(
                    "slot %d is passed on and was not ours when last looked at"
                            .formatted(position));
        }
    }
}
