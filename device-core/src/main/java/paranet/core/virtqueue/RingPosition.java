package paranet.core.virtqueue;

/**
 * Where a device stands in a ring: what vhost-user calls the vring base (Vring descriptor index).
 *
 * @param availIndex next entry to take: free-running 16 bits (split), an offset (packed)
 * @param availWrap packed: the driver's wrap counter
 * @param usedIndex next entry to give back, likewise
 * @param usedWrap packed: the device's wrap counter
 *     <p>Threading: immutable.
 */
public record RingPosition(int availIndex, boolean availWrap, int usedIndex, boolean usedWrap) {
    /** Where a ring of either format begins. */
    public static RingPosition fresh(boolean packed) {
        return new RingPosition(0, packed, 0, packed);
    }
}
