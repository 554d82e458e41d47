package paranet.core.vhostuser;

import paranet.core.linux.Fd;
import paranet.core.virtqueue.RingFeature;
import paranet.core.virtqueue.RingLayout;

/**
 * What a session knows of one ring (vhost-user, Ring states).
 *
 * <p>Threading: confined to the control thread.
 */
final class Vring {
    /** Alignment of the three parts in bytes (virtio 1.3, 2.7 and 2.8). */
    private static final int DESC_ALIGN = 16;

    private static final int SPLIT_AVAIL_ALIGN = 2;
    private static final int SPLIT_USED_ALIGN = 4;
    private static final int PACKED_EVENT_ALIGN = 4;

    private static final int SPLIT_BASE_MAX = 0xffff;

    private int size; // 0: not set
    private boolean addressed;
    private long desc;
    private long avail;
    private long used;
    private int base;

    boolean started;
    boolean enabled;
    boolean hasCall;
    boolean hasErr;

    static void requireSize(int size, long features) throws RequestRefused {
        if (Integer.compareUnsigned(size - 1, RingLayout.SIZE_MAX) >= 0) {
            throw new RequestRefused(
                    "size %s is not in 1..%d"
                            .formatted(Integer.toUnsignedString(size), RingLayout.SIZE_MAX));
        }
        if (!RingFeature.isPacked(features) && Integer.bitCount(size) != 1) {
            throw new RequestRefused(
                    "size %d of a split ring is not a power of two".formatted(size));
        }
    }

    static void requireAligned(long desc, long avail, long used, long features)
            throws RequestRefused {
        boolean packed = RingFeature.isPacked(features);
        requireAligned("descriptor", desc, DESC_ALIGN);
        requireAligned("available", avail, packed ? PACKED_EVENT_ALIGN : SPLIT_AVAIL_ALIGN);
        requireAligned("used", used, packed ? PACKED_EVENT_ALIGN : SPLIT_USED_ALIGN);
    }

    private static void requireAligned(String what, long address, int align) throws RequestRefused {
        if ((address & (align - 1)) != 0) {
            throw new RequestRefused(
                    "%s address 0x%x is not a multiple of %d".formatted(what, address, align));
        }
    }

    static void requireBase(int base, long features) throws RequestRefused {
        if (!RingFeature.isPacked(features) && Integer.compareUnsigned(base, SPLIT_BASE_MAX) > 0) {
            throw new RequestRefused(
                    "base 0x%x of a split ring is over 0x%x".formatted(base, SPLIT_BASE_MAX));
        }
    }

    void size(int size) {
        this.size = size;
    }

    void addresses(long desc, long avail, long used) {
        this.desc = desc;
        this.avail = avail;
        this.used = used;
        addressed = true;
    }

    boolean liesAt(long desc, long avail, long used) {
        return addressed && this.desc == desc && this.avail == avail && this.used == used;
    }

    int base() {
        return base;
    }

    void base(int base) {
        this.base = base;
    }

    /** All that starting takes; checked again, because the ring format may have changed since. */
    VringSetup setup(long features, Fd kick) throws RequestRefused {
        if (size == 0) {
            throw new RequestRefused("no size was set");
        }
        if (!addressed) {
            throw new RequestRefused("no addresses were set");
        }
        requireSize(size, features);
        requireAligned(desc, avail, used, features);
        requireBase(base, features);
        return new VringSetup(size, desc, avail, used, base, features, kick);
    }

    /** Back to a ring of which nothing was said, but for its descriptors. */
    void forget() {
        size = 0;
        addressed = false;
        desc = 0;
        avail = 0;
        used = 0;
        base = 0;
    }
}
