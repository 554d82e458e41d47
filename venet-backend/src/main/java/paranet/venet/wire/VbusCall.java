package paranet.venet.wire;

/**
 * The four calls to the bus and their arguments (vbus_pci.h). Offsets in bytes; an argument has
 * exactly the size given here.
 *
 * <p>Threading: immutable.
 */
public final class VbusCall {
    public static final int DEVOPEN = 0;
    public static final int DEVCLOSE = 1;
    public static final int DEVCALL = 2;
    public static final int DEVSHM = 3;

    public static final int OPEN_DEVID = 0; // u32
    public static final int OPEN_VERSION = 4; // u32
    public static final int OPEN_HANDLE = 8; // u64, out, never zero
    public static final int OPEN_BYTES = 16;

    public static final int CLOSE_DEVH = 0; // u64
    public static final int CLOSE_BYTES = 8;

    public static final int CALL_DEVH = 0; // u64
    public static final int CALL_FUNC = 8; // u32
    public static final int CALL_LEN = 12; // u32
    public static final int CALL_FLAGS = 16; // u32, followed by four bytes of padding
    public static final int CALL_DATAP = 24; // u64, guest address
    public static final int CALL_BYTES = 32;

    public static final int SHM_DEVH = 0; // u64
    public static final int SHM_ID = 8; // u32
    public static final int SHM_LEN = 12; // u32
    public static final int SHM_FLAGS = 16; // u32, followed by four bytes of padding
    public static final int SHM_SIGNAL_OFFSET = 24; // u32, in the shm
    public static final int SHM_SIGNAL_PRIO = 28; // u32, higher is more urgent
    public static final int SHM_SIGNAL_COOKIE = 32; // u64, the guest's own
    public static final int SHM_DATAP = 40; // u64, guest address
    public static final int SHM_BYTES = 48;

    /** In {@link #SHM_SIGNAL_OFFSET}: this shm has no signal. */
    public static final int SHM_NO_SIGNAL = 0xffff_ffff;

    private VbusCall() {}

    /** Bytes of a call's arguments, or -1 when there is no such call. */
    public static int bytes(int vector) {
        return switch (vector) {
            case DEVOPEN -> OPEN_BYTES;
            case DEVCLOSE -> CLOSE_BYTES;
            case DEVCALL -> CALL_BYTES;
            case DEVSHM -> SHM_BYTES;
            default -> -1;
        };
    }
}
