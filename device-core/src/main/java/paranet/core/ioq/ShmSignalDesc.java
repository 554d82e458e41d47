package paranet.core.ioq;

/**
 * struct shm_signal_desc (shm_signal.h), version 1. Offsets in bytes from its start, a multiple of
 * 4.
 */
public final class ShmSignalDesc {
    public static final int MAGIC = 0; // le32
    public static final int VER = 4; // le32
    public static final int IRQ = 8; // struct shm_signal_irq[2], by locality

    public static final int BYTES = 16;
    public static final int ALIGNMENT = 4;

    public static final int MAGIC_VALUE = 0x58FA39DF;
    public static final int VER_VALUE = 1;

    /** The guest's locality; its mailbox holds what the host tells it. */
    public static final int NORTH = 0;

    /** The host's locality. */
    public static final int SOUTH = 1;

    // struct shm_signal_irq: offsets in bytes from its start; each field is u8, 0 or 1

    public static final int IRQ_ENABLED = 0; // written by the mailbox's owner alone
    public static final int IRQ_PENDING = 1; // set by the other side, cleared by the owner
    public static final int IRQ_DIRTY = 2; // likewise

    public static final int IRQ_BYTES = 3;

    private ShmSignalDesc() {}

    /** The mailbox of one locality. */
    public static long irq(int locality) {
        return IRQ + (long) IRQ_BYTES * locality;
    }
}
