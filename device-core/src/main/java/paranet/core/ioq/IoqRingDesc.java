package paranet.core.ioq;

/** struct ioq_ring_desc (ioq.h). Offsets in bytes from the start of the descriptor. */
public final class IoqRingDesc {
    public static final int COOKIE = 0; // le64, the north's own
    public static final int PTR = 8; // le64, guest physical or an offset into a pool
    public static final int LEN = 16; // le64
    public static final int VALID = 24; // u8, the north's own: 1 while it tracks a buffer here
    public static final int SOWN = 25; // u8: 1 owned by the south, 0 by the north

    public static final int BYTES = 32;

    private IoqRingDesc() {}
}
