package paranet.core.virtqueue;

/**
 * struct pvirtq_event_suppress (virtio 1.3, 2.8.10 and 2.8.14). Offsets in bytes from its start;
 * aligned to 4, it is read and written as one le32.
 */
public final class PackedEvent {
    public static final int DESC = 0; // le16: offset in 15 bits, wrap counter in the highest
    public static final int FLAGS = 2; // le16: two bits

    public static final int BYTES = 4;
    public static final int ALIGNMENT = 4;

    public static final int ENABLE = 0;
    public static final int DISABLE = 1;
    public static final int DESC_ONLY = 2; // RING_EVENT_FLAGS_DESC, only with VIRTIO_F_EVENT_IDX

    private PackedEvent() {}

    /** Flags in the whole structure; the reserved bits are masked away. */
    static int flags(int event) {
        return event >>> 16 & 3;
    }

    /** Descriptor offset in the whole structure. */
    static int offset(int event) {
        return event & 0x7fff;
    }

    /** Wrap counter in the whole structure. */
    static boolean wrap(int event) {
        return (event & 0x8000) != 0;
    }

    /** The whole structure. */
    static int event(int offset, boolean wrap, int flags) {
        return offset | (wrap ? 0x8000 : 0) | flags << 16;
    }
}
