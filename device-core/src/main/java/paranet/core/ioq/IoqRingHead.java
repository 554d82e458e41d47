package paranet.core.ioq;

/**
 * struct ioq_ring_head (ioq.h), version 4, with its types aligned to 8. Offsets in bytes from its
 * start, a multiple of 8.
 */
public final class IoqRingHead {
    public static final int MAGIC = 0; // le32
    public static final int VER = 4; // le32
    public static final int SIGNAL = 8; // struct shm_signal_desc
    public static final int VALID = 24; // struct ioq_ring_idx, the north's alone
    public static final int INUSE = 36; // struct ioq_ring_idx, from producer to consumer
    public static final int COUNT = 48; // le32, descriptors
    public static final int RING = 56; // struct ioq_ring_desc[count]

    public static final int ALIGNMENT = 8;

    public static final int MAGIC_VALUE = 0x47FA2FE4;
    public static final int VER_VALUE = 4;

    /** Most descriptors that a host takes; the original's parameter {@code maxcount}. */
    public static final int COUNT_MAX = 2048;

    // struct ioq_ring_idx: offsets in bytes from its start

    public static final int IDX_HEAD = 0; // le32, a slot: advanced by who takes
    public static final int IDX_TAIL = 4; // le32, a slot: advanced by who adds
    public static final int IDX_FULL = 8; // u8: tells full from empty when head is tail

    private IoqRingHead() {}

    public static long desc(int slot) {
        return RING + (long) IoqRingDesc.BYTES * slot;
    }

    /** Size of the whole ring, IOQ_SIZE. */
    public static long bytes(int count) {
        return desc(count);
    }
}
