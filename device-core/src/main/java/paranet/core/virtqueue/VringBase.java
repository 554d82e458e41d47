package paranet.core.virtqueue;

import paranet.core.memory.SharedMemory;

/**
 * The number by which SET_VRING_BASE and GET_VRING_BASE tell where a ring stands (vhost-user, Vring
 * descriptor index for split and for packed virtqueues).
 *
 * <p>Split: the next avail index in 16 bits; where the device stands in the used ring is read from
 * that ring. Packed: two halves, avail low and used high, each an offset in 15 bits below a wrap
 * counter.
 *
 * <p>Threading: immutable.
 */
public final class VringBase {
    private static final int HALF = 0xffff;
    private static final int OFFSET = 0x7fff;
    private static final int WRAP = 0x8000;

    private VringBase() {}

    /**
     * The position that {@code base} means.
     *
     * <p>Split, a base that would leave more in flight than the ring holds contradicts the used
     * ring: a front end that outlives its back end may say 0 for a ring that goes on (DPDK's
     * virtio_user as a server). Nothing is taken to be in flight then; what the dead back end had
     * taken and not given back is served once more.
     *
     * <p>Packed, with an upper half of 0, is ambiguous: some front ends know only 16 bits. It is
     * read as "nothing in flight", used like avail. If the lower half is 0 too, and no descriptor
     * was ever marked used, the ring is fresh and both wrap counters are 1, for there are front
     * ends that start a fresh packed ring at 0. One case cannot be told apart from these: a true
     * used position at offset 0 with wrap counter 0 while chains are in flight; those chains are
     * then lost, and their driver waits for them.
     *
     * @throws IllegalArgumentException if an offset is not below the ring's size, naming it
     */
    public static RingPosition decode(int base, RingLayout layout, long features) {
        if (!RingFeature.isPacked(features)) {
            int used = SharedMemory.acquireLe16(layout.device() + VirtqUsed.IDX);
            int inFlight = (base - used) & HALF;
            int avail = inFlight <= layout.size() ? base & HALF : used;
            return new RingPosition(avail, false, used, false);
        }
        int avail = base & HALF;
        int used = base >>> 16;
        if (used == 0) {
            if (avail == 0 && isFresh(layout)) {
                avail = WRAP;
            }
            used = avail;
        }
        requireOffset("avail", avail & OFFSET, layout);
        requireOffset("used", used & OFFSET, layout);
        return new RingPosition(
                avail & OFFSET, (avail & WRAP) != 0, used & OFFSET, (used & WRAP) != 0);
    }

    /** The number for {@code position}, 0 to 2^32-1. */
    public static long encode(RingPosition position, long features) {
        if (!RingFeature.isPacked(features)) {
            return position.availIndex();
        }
        long avail = position.availIndex() | (position.availWrap() ? WRAP : 0);
        long used = position.usedIndex() | (position.usedWrap() ? WRAP : 0);
        return avail | used << 16;
    }

    /**
     * Whether no descriptor carries the used bit: in its first lap a driver writes it as 0, and
     * whatever passes offset 0 later leaves it set somewhere. The first descriptor alone does not
     * tell: as the inner part of a chain that crossed the end it looks available for ever.
     */
    private static boolean isFresh(RingLayout layout) {
        for (int i = 0; i < layout.size(); i++) {
            long at = layout.desc() + (long) i * PackedDesc.BYTES;
            if ((SharedMemory.le16(at + PackedDesc.FLAGS) & PackedDesc.F_USED) != 0) {
                return false;
            }
        }
        return true;
    }

    private static void requireOffset(String what, int offset, RingLayout layout) {
        if (offset >= layout.size()) {
            throw new IllegalArgumentException(
                    "%s offset %d of the ring's base is not below its size %d"
                            .formatted(what, offset, layout.size()));
        }
    }
}
