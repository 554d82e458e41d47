package paranet.core.ioq;

import paranet.core.memory.SharedMemory;

/**
 * The guest's side of an IOQ: makes the ring, fills its descriptors, and moves its own ends of the
 * two indexes by {@link NorthIterator}s.
 *
 * <p>The ends that the guest moves are kept here and only published, as on the other side: a host
 * that writes into them hurts no one.
 *
 * <p>Threading: confined to one thread at a time; its signal says more.
 */
public final class NorthIoq {
    private final int count;
    private final IoqRole role;
    private final long ring;
    private final ShmSignal signal;
    private final RingIndex valid;
    private final RingIndex inuse;
    private int validHead;
    private int validTail;
    private int inuseEnd; // the end of INUSE that is ours

    private NorthIoq(
            long ring, int count, IoqRole role, SignalWiring wiring, ShmSignal.Fences fences) {
        this.ring = ring;
        this.count = count;
        this.role = role;
        this.signal = ShmSignal.north(ring + IoqRingHead.SIGNAL, wiring, fences);
        this.valid = new RingIndex(ring + IoqRingHead.VALID, count);
        this.inuse = new RingIndex(ring + IoqRingHead.INUSE, count);
    }

    /**
     * Writes an empty ring of {@code count} descriptors, all the guest's own, at a multiple of 8:
     * {@link IoqRingHead#bytes} of memory that a guest owns.
     *
     * @throws IllegalArgumentException if count or address is not legal
     */
    public static NorthIoq layOut(
            long ring, int count, IoqRole role, SignalWiring wiring, ShmSignal.Fences fences) {
        if (count < 1
                || count > IoqRingHead.COUNT_MAX
                || (ring & (IoqRingHead.ALIGNMENT - 1)) != 0) {
            throw new IllegalArgumentException(
                    "ring of %d descriptors at 0x%x is not 1 to %d at a multiple of %d"
                            .formatted(count, ring, IoqRingHead.COUNT_MAX, IoqRingHead.ALIGNMENT));
        }
        SharedMemory.fill(ring, IoqRingHead.bytes(count), 0);
        SharedMemory.putLe32(ring + IoqRingHead.MAGIC, IoqRingHead.MAGIC_VALUE);
        SharedMemory.putLe32(ring + IoqRingHead.VER, IoqRingHead.VER_VALUE);
        SharedMemory.putLe32(ring + IoqRingHead.COUNT, count);
        ShmSignal.layOut(ring + IoqRingHead.SIGNAL);
        return new NorthIoq(ring, count, role, wiring, fences);
    }

    /**
     * An iterator at slot 0.
     *
     * @param iterFlags bits of {@link IoqIterFlag}
     */
    public NorthIterator iterator(IoqIdx idx, int iterFlags) {
        return new NorthIterator(this, idx, iterFlags);
    }

    /** Descriptors of the ring. */
    public int size() {
        return count;
    }

    /** The ring's signal. */
    public ShmSignal signal() {
        return signal;
    }

    /** Descriptors between the ends of an index; BOTH is as VALID. */
    public int count(IoqIdx idx) {
        if (idx != IoqIdx.INUSE) {
            return valid.between(validHead, validTail);
        }
        return role == IoqRole.PRODUCER
                ? inuse.between(inuse.head(), inuseEnd)
                : inuse.between(inuseEnd, inuse.tail());
    }

    /** The rest of the ring. */
    public int remaining(IoqIdx idx) {
        return count - count(idx);
    }

    /** Whether the south owns the descriptor; if not, all it wrote there is seen. */
    public boolean isSown(int slot) {
        return SharedMemory.acquireLe8(desc(slot) + IoqRingDesc.SOWN) != 0;
    }

    /** The guest's own mark, that it tracks a buffer here. */
    public boolean isValid(int slot) {
        return SharedMemory.le8(desc(slot) + IoqRingDesc.VALID) != 0;
    }

    public long cookie(int slot) {
        return SharedMemory.opaqueLe64(desc(slot) + IoqRingDesc.COOKIE);
    }

    public long ptr(int slot) {
        return SharedMemory.opaqueLe64(desc(slot) + IoqRingDesc.PTR);
    }

    public long length(int slot) {
        return SharedMemory.opaqueLe64(desc(slot) + IoqRingDesc.LEN);
    }

    public void putValid(int slot, boolean isValid) {
        SharedMemory.putLe8(desc(slot) + IoqRingDesc.VALID, isValid ? 1 : 0);
    }

    public void putCookie(int slot, long cookie) {
        SharedMemory.putLe64(desc(slot) + IoqRingDesc.COOKIE, cookie);
    }

    public void putPtr(int slot, long ptr) {
        SharedMemory.putLe64(desc(slot) + IoqRingDesc.PTR, ptr);
    }

    public void putLength(int slot, long length) {
        SharedMemory.putLe64(desc(slot) + IoqRingDesc.LEN, length);
    }

    void putSown(int slot) {
        SharedMemory.releaseLe8(desc(slot) + IoqRingDesc.SOWN, 1);
    }

    int head(IoqIdx idx) {
        if (idx != IoqIdx.INUSE) {
            return validHead;
        }
        return role == IoqRole.CONSUMER ? inuseEnd : inuse.head();
    }

    int tail(IoqIdx idx) {
        if (idx != IoqIdx.INUSE) {
            return validTail;
        }
        return role == IoqRole.PRODUCER ? inuseEnd : inuse.tail();
    }

    void advanceTail(IoqIdx idx) {
        if (idx != IoqIdx.INUSE) {
            validTail = after(validTail);
            valid.putTail(validTail);
        }
        if (idx != IoqIdx.VALID) {
            requireRole(IoqRole.PRODUCER);
            inuseEnd = after(inuseEnd);
            inuse.putTail(inuseEnd);
            if (idx == IoqIdx.BOTH && inuseEnd != validTail) {
                throw new IllegalStateException(
                        "INUSE ends at %d, VALID at %d".formatted(inuseEnd, validTail));
            }
        }
    }

    void advanceHead(IoqIdx idx) {
        if (idx == IoqIdx.INUSE) {
            requireRole(IoqRole.CONSUMER);
            inuseEnd = after(inuseEnd);
            inuse.putHead(inuseEnd);
        } else {
            validHead = after(validHead);
            valid.putHead(validHead);
        }
    }

    private void requireRole(IoqRole needed) {
        if (role != needed) {
            throw new IllegalStateException(
                    "a ring of which we are the %s, used as %s".formatted(role, needed));
        }
    }

    int after(int slot) {
        return slot == count - 1 ? 0 : slot + 1;
    }

    private long desc(int slot) {
        return ring + IoqRingHead.desc(slot);
    }
}
