package paranet.core.ioq;

import paranet.core.memory.SharedMemory;

/**
 * One struct ioq_ring_idx in shared memory. Both ends can be written by the other side, so what is
 * read here is good for counts alone, never for an address.
 *
 * <p>Threading: confined to the thread of its side.
 */
final class RingIndex {
    private final int count;
    private long at;

    RingIndex(long at, int count) {
        this.at = at;
        this.count = count;
    }

    void relocate(long address) {
        at = address;
    }

    int head() {
        return clamped(SharedMemory.opaqueLe32(at + IoqRingHead.IDX_HEAD));
    }

    int tail() {
        return clamped(SharedMemory.opaqueLe32(at + IoqRingHead.IDX_TAIL));
    }

    /** A slot of the ring, whatever was written. */
    private int clamped(int slot) {
        return slot >= 0 && slot < count ? slot : 0;
    }

    /** Descriptors between the ends: 0 to the whole ring. */
    int between(int head, int tail) {
        if (head == tail) {
            return SharedMemory.opaqueLe8(at + IoqRingHead.IDX_FULL) != 0 ? count : 0;
        }
        return tail > head ? tail - head : tail + count - head;
    }

    /** Publishes the tail of a push; the slot before it is not handed over yet. */
    void putTail(int next) {
        if (SharedMemory.opaqueLe32(at + IoqRingHead.IDX_HEAD) == next) {
            // The slot being pushed is still ours, so the other side cannot move its head past it.
            SharedMemory.opaquePutLe8(at + IoqRingHead.IDX_FULL, 1);
        }
        SharedMemory.opaquePutLe32(at + IoqRingHead.IDX_TAIL, next);
    }

    /** Publishes the head of a pop; the slot before it is not handed over yet. */
    void putHead(int next) {
        SharedMemory.opaquePutLe32(at + IoqRingHead.IDX_HEAD, next);
        if (SharedMemory.opaqueLe8(at + IoqRingHead.IDX_FULL) != 0) {
            SharedMemory.opaquePutLe8(at + IoqRingHead.IDX_FULL, 0);
        }
    }
}
