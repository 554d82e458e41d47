package paranet.core.virtqueue;

/** struct virtq_desc (virtio 1.3, 2.7.5). Offsets in bytes from the start of the descriptor. */
public final class VirtqDesc {
    public static final int ADDR = 0; // le64, guest physical
    public static final int LEN = 8; // le32
    public static final int FLAGS = 12; // le16
    public static final int NEXT = 14; // le16, only with F_NEXT

    public static final int BYTES = 16;
    public static final int ALIGNMENT = 16; // of the table, not of an indirect one

    public static final int F_NEXT = 1;
    public static final int F_WRITE = 2;
    public static final int F_INDIRECT = 4;

    private VirtqDesc() {}

    /** Length in the 8 bytes from {@link #LEN} on: those are read at once, as {@code tail}. */
    static long length(long tail) {
        return tail & 0xffff_ffffL;
    }

    /** Flags in the same 8 bytes. */
    static int flags(long tail) {
        return (int) (tail >>> 32) & 0xffff;
    }

    /** Next in the same 8 bytes. */
    static int next(long tail) {
        return (int) (tail >>> 48);
    }

    /** The 8 bytes from {@link #LEN} on. */
    static long tail(long length, int flags, int next) {
        return length | (long) flags << 32 | (long) next << 48;
    }
}
