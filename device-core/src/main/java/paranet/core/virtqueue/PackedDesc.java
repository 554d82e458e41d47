package paranet.core.virtqueue;

/** struct pvirtq_desc (virtio 1.3, 2.8.13). Offsets in bytes from the start of the descriptor. */
public final class PackedDesc {
    public static final int ADDR = 0; // le64, guest physical
    public static final int LEN = 8; // le32
    public static final int ID = 12; // le16
    public static final int FLAGS = 14; // le16

    public static final int BYTES = 16;
    public static final int ALIGNMENT = 16;

    public static final int F_NEXT = 1;
    public static final int F_WRITE = 2;
    public static final int F_INDIRECT = 4;
    public static final int F_AVAIL = 1 << 7;
    public static final int F_USED = 1 << 15;

    private PackedDesc() {}

    /** Length in the 8 bytes from {@link #LEN} on: those are read at once, as {@code tail}. */
    static long length(long tail) {
        return tail & 0xffff_ffffL;
    }

    /** Buffer id in the same 8 bytes. */
    static int id(long tail) {
        return (int) (tail >>> 32) & 0xffff;
    }

    /** Flags in the same 8 bytes. */
    static int flags(long tail) {
        return (int) (tail >>> 48);
    }

    /** The 8 bytes from {@link #LEN} on. */
    static long tail(long length, int id, int flags) {
        return length | (long) id << 32 | (long) flags << 48;
    }

    /** Both ownership bits as a driver with this wrap counter sets them (virtio 1.3, 2.8.1). */
    static int available(boolean wrap) {
        return wrap ? F_AVAIL : F_USED;
    }

    /** Both ownership bits as a device with this wrap counter sets them (virtio 1.3, 2.8.1). */
    static int used(boolean wrap) {
        return wrap ? F_AVAIL | F_USED : 0;
    }

    /** The ownership bits among {@code flags}. */
    static int ownership(int flags) {
        return flags & (F_AVAIL | F_USED);
    }
}
