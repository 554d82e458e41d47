package paranet.core.vhostuser;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The regions a front end has described, and the rules for a new one: not empty, no wrap-around, no
 * overlap, neither in guest nor in front-end addresses (vhost-user, Memory region description), and
 * no more of them than leave address space for others.
 *
 * <p>Threading: immutable.
 */
record MemorySlots(List<MemoryRegion> regions) {
    /** Slots of one table; the front end may count on them for as long as the port lives. */
    static final int COUNT_MAX = 509;

    /** What one front end may have mapped: 16 of them leave half of 47 bits of address space. */
    static final long MAPPED_BYTES_MAX = 1L << 42;

    static final MemorySlots EMPTY = new MemorySlots(List.of());

    MemorySlots {
        regions = List.copyOf(regions);
    }

    /** A table of these regions and no others. */
    static MemorySlots of(List<MemoryRegion> regions) throws RequestRefused {
        if (regions.isEmpty()) {
            throw new RequestRefused(
                    "no regions; is the guest's memory shared, as with memory-backend-memfd,share=on?");
        }
        long mapped = 0;
        for (MemoryRegion region : regions) {
            requireSound(region);
            long bytes = region.mmapOffset() + region.size(); // mapped from the file's beginning
            if (bytes > MAPPED_BYTES_MAX - mapped) {
                throw new RequestRefused(
                        "more than 0x%x bytes of files to map, with %s"
                                .formatted(MAPPED_BYTES_MAX, words(region)));
            }
            mapped += bytes;
        }
        requireApart("guest", regions, MemoryRegion::guestAddress);
        requireApart("front-end", regions, MemoryRegion::frontendAddress);
        return new MemorySlots(regions);
    }

    MemorySlots with(MemoryRegion region) throws RequestRefused {
        if (regions.size() >= COUNT_MAX) {
            throw new RequestRefused("all %d memory slots are in use".formatted(COUNT_MAX));
        }
        List<MemoryRegion> more = new ArrayList<>(regions);
        more.add(region);
        return of(more);
    }

    /** The table without the region of the same addresses and size; its mmap offset is ignored. */
    MemorySlots without(MemoryRegion region) throws RequestRefused {
        List<MemoryRegion> fewer = new ArrayList<>(regions);
        if (!fewer.removeIf(each -> isSame(each, region))) {
            throw new RequestRefused("no such region: " + words(region));
        }
        return new MemorySlots(fewer);
    }

    private static boolean isSame(MemoryRegion a, MemoryRegion b) {
        return a.guestAddress() == b.guestAddress()
                && a.frontendAddress() == b.frontendAddress()
                && a.size() == b.size();
    }

    private static void requireSound(MemoryRegion region) throws RequestRefused {
        if (region.size() <= 0) {
            throw new RequestRefused("size is not in 1..2^63-1: " + words(region));
        }
        if (region.mmapOffset() < 0 || region.size() > Long.MAX_VALUE - region.mmapOffset()) {
            throw new RequestRefused("mmap offset and size exceed 2^63-1: " + words(region));
        }
        if (wraps(region.guestAddress(), region.size())
                || wraps(region.frontendAddress(), region.size())) {
            throw new RequestRefused("address and size exceed 2^64: " + words(region));
        }
    }

    /** The last byte must still be an address (unsigned). */
    private static boolean wraps(long start, long size) {
        return Long.compareUnsigned(start + (size - 1), start) < 0;
    }

    private static void requireApart(
            String what, List<MemoryRegion> regions, ToLongFunction<MemoryRegion> start)
            throws RequestRefused {
        List<MemoryRegion> sorted = new ArrayList<>(regions);
        sorted.sort(Comparator.comparing(start::applyAsLong, Long::compareUnsigned));
        for (int i = 1; i < sorted.size(); i++) {
            MemoryRegion low = sorted.get(i - 1);
            MemoryRegion high = sorted.get(i);
            long lowLast = start.applyAsLong(low) + (low.size() - 1);
            if (Long.compareUnsigned(lowLast, start.applyAsLong(high)) >= 0) {
                throw new RequestRefused(
                        "overlap in %s addresses: %s and %s"
                                .formatted(what, words(low), words(high)));
            }
        }
    }

    private static String words(MemoryRegion region) {
        return "guest 0x%x, front end 0x%x, size 0x%x, mmap offset 0x%x"
                .formatted(
                        region.guestAddress(),
                        region.frontendAddress(),
                        region.size(),
                        region.mmapOffset());
    }
}
