package paranet.venet.wire;

/**
 * struct venet_event_header and the events behind it (venet.h): what a device tells its driver.
 * Offsets in bytes from the start of the header.
 *
 * <p>Threading: immutable.
 */
public final class VenetEvent {
    public static final int FLAGS = 0; // u32, zero
    public static final int SIZE = 4; // u32, bytes of the whole event
    public static final int ID = 8; // u32

    public static final int ID_LINKSTATE = 0;
    public static final int ID_TXC = 1;

    public static final int LINKSTATE_STATE = 12; // u8, 0 down, 1 up; then three of padding
    public static final int LINKSTATE_BYTES = 16;

    public static final int TXC_TXQID = 12; // u32, zero: there is one queue
    public static final int TXC_COOKIE = 16; // u64, VenetSg.COOKIE, or the descriptor's without SG
    public static final int TXC_BYTES = 24;

    /** Bytes of a slot of the pool: the largest event. */
    public static final int BYTES_MAX = 24;

    private VenetEvent() {}
}
