package paranet.core.virtqueue;

import paranet.core.memory.GuestMemory;

/**
 * Where a ring lies in this process and which rules it follows.
 *
 * @param size entries: a power of two up to 32768 (split), 1 to 32768 (packed)
 * @param desc host address of the descriptor table, or of the packed descriptor ring
 * @param driver host address of the avail ring, or of the packed driver event structure
 * @param device host address of the used ring, or of the packed device event structure
 * @param memory where the ring's descriptors point
 *     <p>Threading: immutable.
 */
public record RingLayout(int size, long desc, long driver, long device, GuestMemory memory) {
    /** Largest ring (virtio 1.3, 2.7 and 2.8). */
    public static final int SIZE_MAX = 32768;

    /** The parts one after the other from {@code host}, a multiple of 16: {@link #bytesFor}. */
    public static RingLayout contiguous(long host, int size, boolean packed, GuestMemory memory) {
        RingLayout layout =
                new RingLayout(
                        size,
                        host,
                        host + driverOffset(size),
                        host + deviceOffset(size, packed),
                        memory);
        layout.requireLegal(packed);
        return layout;
    }

    /** Bytes that {@link #contiguous} lays out. */
    public static long bytesFor(int size, boolean packed) {
        return deviceOffset(size, packed) + deviceBytes(size, packed);
    }

    /** Where {@link #contiguous} puts the driver area. */
    public static long driverOffset(int size) {
        return descBytes(size);
    }

    /** Where {@link #contiguous} puts the device area. */
    public static long deviceOffset(int size, boolean packed) {
        long end = driverOffset(size) + driverBytes(size, packed);
        return (end + VirtqUsed.ALIGNMENT - 1) & -VirtqUsed.ALIGNMENT;
    }

    /** Bytes of the descriptor area. */
    public static long descBytes(int size) {
        return (long) VirtqDesc.BYTES * size; // PackedDesc.BYTES is the same
    }

    /** Bytes of the driver area. */
    public static long driverBytes(int size, boolean packed) {
        return packed ? PackedEvent.BYTES : VirtqAvail.bytes(size);
    }

    /** Bytes of the device area. */
    public static long deviceBytes(int size, boolean packed) {
        return packed ? PackedEvent.BYTES : VirtqUsed.bytes(size);
    }

    /**
     * Checks size and alignments (virtio 1.3, 2.7 and 2.8.10.1).
     *
     * @throws IllegalArgumentException naming what is wrong
     */
    void requireLegal(boolean packed) {
        requireSize(size, packed);
        requireAligned("descriptor area", desc, VirtqDesc.ALIGNMENT);
        requireAligned(
                "driver area", driver, packed ? PackedEvent.ALIGNMENT : VirtqAvail.ALIGNMENT);
        requireAligned("device area", device, packed ? PackedEvent.ALIGNMENT : VirtqUsed.ALIGNMENT);
    }

    private static void requireSize(int size, boolean packed) {
        if (size < 1 || size > SIZE_MAX || (!packed && Integer.bitCount(size) != 1)) {
            throw new IllegalArgumentException(
                    "ring size %d is not %s up to %d"
                            .formatted(size, packed ? "a number" : "a power of two", SIZE_MAX));
        }
    }

    private static void requireAligned(String part, long address, int alignment) {
        if ((address & (alignment - 1)) != 0) {
            throw new IllegalArgumentException(
                    "%s at 0x%x is not aligned to %d".formatted(part, address, alignment));
        }
    }
}
