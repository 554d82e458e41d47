package paranet.core.ioq;

/**
 * A position in a ring from which the guest pushes or pops (struct ioq_iterator, ioq.h).
 *
 * <p>Threading: as its ring.
 */
public final class NorthIterator {
    private final NorthIoq ioq;
    private final IoqIdx idx;
    private final boolean autoUpdate;
    private final boolean flipOwner;
    private int slot;

    NorthIterator(NorthIoq ioq, IoqIdx idx, int iterFlags) {
        this.ioq = ioq;
        this.idx = idx;
        this.autoUpdate = (iterFlags & IoqIterFlag.AUTOUPDATE) != 0;
        this.flipOwner = (iterFlags & IoqIterFlag.NOFLIPOWNER) == 0;
    }

    /** Index of the descriptor at this position. */
    public int slot() {
        return slot;
    }

    public void seekHead() {
        slot = ioq.head(idx);
    }

    public void seekTail() {
        slot = ioq.tail(idx);
    }

    public void seekNext() {
        slot = ioq.after(slot);
    }

    /** Goes to a slot of the ring. */
    public void seek(int where) {
        if (where < 0 || where >= ioq.size()) {
            throw new IllegalArgumentException(
                    "slot %d of a ring of %d".formatted(where, ioq.size()));
        }
        slot = where;
    }

    /**
     * Moves the tail past this position, and gives the descriptor to the south.
     *
     * @return false, and nothing is done, unless the tail is here and the descriptor the guest's
     */
    public boolean push() {
        if (slot != ioq.tail(idx) || ioq.isSown(slot)) {
            return false;
        }
        ioq.advanceTail(idx);
        pass();
        return true;
    }

    /**
     * Moves the head past this position, and gives the descriptor to the south.
     *
     * @return false, and nothing is done, unless the head is here and the descriptor the guest's
     */
    public boolean pop() {
        if (slot != ioq.head(idx) || ioq.isSown(slot)) {
            return false;
        }
        ioq.advanceHead(idx);
        pass();
        return true;
    }

    private void pass() {
        if (flipOwner) {
            ioq.putSown(slot); // index before ownership, ownership before the signal
        }
        slot = ioq.after(slot);
        if (autoUpdate) {
            ioq.signal().inject();
        }
    }
}
