package paranet.core.memory;

/**
 * One contiguous piece of guest memory, mapped here.
 *
 * @param guestAddress guest physical address of its first byte
 * @param frontendAddress the same byte's address in the front end's own address space
 * @param size bytes, at least 1
 * @param hostAddress the same byte's address in this process
 *     <p>Threading: immutable.
 */
public record GuestRegion(long guestAddress, long frontendAddress, long size, long hostAddress) {
    public GuestRegion {
        if (size <= 0) {
            throw new IllegalArgumentException("region size %d is not positive".formatted(size));
        }
        requireNoWrap("guest address", guestAddress, size);
        requireNoWrap("front-end address", frontendAddress, size);
        if (hostAddress <= 0 || hostAddress > Long.MAX_VALUE - size) {
            throw new IllegalArgumentException("host address 0x%x".formatted(hostAddress));
        }
    }

    /** The last byte must still be an address: start + size - 1 may not wrap (unsigned). */
    private static void requireNoWrap(String what, long start, long size) {
        if (Long.compareUnsigned(start + (size - 1), start) < 0) {
            throw new IllegalArgumentException(
                    "region %s 0x%x + size 0x%x wraps around 2^64".formatted(what, start, size));
        }
    }
}
