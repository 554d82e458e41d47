package paranet.core.virtqueue;

/**
 * Feature bits that belong to rings, not to a device type (virtio 1.3, 6), as masks.
 *
 * <p>Threading: immutable.
 */
public final class RingFeature {
    public static final long NOTIFY_ON_EMPTY = 1L << 24; // legacy only (virtio 1.3, 6.3)
    public static final long ANY_LAYOUT = 1L << 27; // legacy only
    public static final long INDIRECT_DESC = 1L << 28;
    public static final long EVENT_IDX = 1L << 29;
    public static final long VERSION_1 = 1L << 32;
    public static final long RING_PACKED = 1L << 34;
    public static final long IN_ORDER = 1L << 35;

    private RingFeature() {}

    public static boolean isPacked(long features) {
        return (features & RING_PACKED) != 0;
    }
}
