package paranet.core.memory;

import java.util.Comparator;
import java.util.List;

/**
 * The guest's memory as a set of regions, and the only door from an address that a guest or a front
 * end wrote to memory of this process.
 *
 * <p>Every address and length from outside passes {@link #translate}, {@link #translateFrontend} or
 * {@link #append}; the check is part of them and cannot be switched off. An address that is not
 * mapped is an ordinary answer.
 *
 * <p>Threading: immutable.
 */
public final class GuestMemory {
    /** The answer for a range that is not, or not wholly, in guest memory. */
    public static final long NOT_MAPPED = -1;

    /** Memory without a region: nothing is mapped. */
    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    private final List<GuestRegion> regions;
    private final long[] guestStarts; // ascending, unsigned
    private final long[] sizes;
    private final long[] hostStarts;
    private final List<GuestRegion> byFrontend;

    private GuestMemory(List<GuestRegion> sorted) {
        this.regions = sorted;
        this.guestStarts = sorted.stream().mapToLong(GuestRegion::guestAddress).toArray();
        this.sizes = sorted.stream().mapToLong(GuestRegion::size).toArray();
        this.hostStarts = sorted.stream().mapToLong(GuestRegion::hostAddress).toArray();
        this.byFrontend =
                sorted.stream()
                        .sorted(
                                Comparator.comparing(
                                        GuestRegion::frontendAddress, Long::compareUnsigned))
                        .toList();
    }

    /**
     * Memory of these regions, in any order.
     *
     * @throws IllegalArgumentException if two overlap, in guest or in front-end addresses, naming
     *     both
     */
    public static GuestMemory of(List<GuestRegion> regions) {
        GuestMemory memory =
                new GuestMemory(
                        regions.stream()
                                .sorted(
                                        Comparator.comparing(
                                                GuestRegion::guestAddress, Long::compareUnsigned))
                                .toList());
        for (int i = 1; i < regions.size(); i++) {
            GuestRegion low = memory.regions.get(i - 1);
            GuestRegion high = memory.regions.get(i);
            if (Long.compareUnsigned(low.guestAddress() + (low.size() - 1), high.guestAddress())
                    >= 0) {
                throw overlap("guest", low, high);
            }
            low = memory.byFrontend.get(i - 1);
            high = memory.byFrontend.get(i);
            if (Long.compareUnsigned(
                            low.frontendAddress() + (low.size() - 1), high.frontendAddress())
                    >= 0) {
                throw overlap("front-end", low, high);
            }
        }
        return memory;
    }

    private static IllegalArgumentException overlap(String what, GuestRegion a, GuestRegion b) {
        return new IllegalArgumentException(
                "regions overlap in %s addresses: 0x%x+0x%x and 0x%x+0x%x"
                        .formatted(
                                what,
                                what.equals("guest") ? a.guestAddress() : a.frontendAddress(),
                                a.size(),
                                what.equals("guest") ? b.guestAddress() : b.frontendAddress(),
                                b.size()));
    }

    /** The regions, by ascending guest address. */
    public List<GuestRegion> regions() {
        return regions;
    }

    /**
     * Host address of {@code length} bytes (0 to 2^63-1) of guest memory that lie in one region, or
     * {@link #NOT_MAPPED}.
     */
    public long translate(long guestAddress, long length) {
        int i = find(guestAddress);
        if (i < 0) {
            return NOT_MAPPED;
        }
        long offset = guestAddress - guestStarts[i];
        if (length < 0 || length > sizes[i] - offset) {
            return NOT_MAPPED;
        }
        return hostStarts[i] + offset;
    }

    /**
     * Host address of {@code length} bytes at an address of the front end's own (vhost-user, Memory
     * region description: "user address"), or {@link #NOT_MAPPED}.
     */
    public long translateFrontend(long frontendAddress, long length) {
        for (GuestRegion region : byFrontend) {
            long offset = frontendAddress - region.frontendAddress();
            if (offset >= 0
                    && offset <= region.size()
                    && length >= 0
                    && length <= region.size() - offset) {
                return region.hostAddress() + offset;
            }
        }
        return NOT_MAPPED;
    }

    /** What {@link #append} answers. */
    public enum Append {
        DONE,
        /** Some byte of the range is in no region; the list may hold the bytes before it. */
        NOT_MAPPED,
        /** The list has no room for another element. */
        NO_ROOM
    }

    /**
     * Appends {@code length} bytes (0 to 2^32-1) of guest memory to {@code vec}; a range that
     * crosses from one region into the next becomes two elements.
     */
    public Append append(IoVec vec, long guestAddress, long length) {
        long at = guestAddress;
        long left = length;
        while (left > 0) {
            int i = find(at);
            if (i < 0) {
                return Append.NOT_MAPPED;
            }
            long offset = at - guestStarts[i];
            long piece = Math.min(left, sizes[i] - offset);
            if (!vec.add(hostStarts[i] + offset, piece)) {
                return Append.NO_ROOM;
            }
            at += piece;
            left -= piece;
            if (left > 0 && at == 0) {
                return Append.NOT_MAPPED; // wrapped around 2^64
            }
        }
        return Append.DONE;
    }

    /** Index of the region that holds the byte at {@code guestAddress}, or -1. */
    private int find(long guestAddress) {
        int low = 0;
        int high = guestStarts.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long offset = guestAddress - guestStarts[middle];
            if (offset >= 0 && offset < sizes[middle]) {
                return middle;
            }
            if (Long.compareUnsigned(guestStarts[middle], guestAddress) < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }
}
