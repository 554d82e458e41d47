package paranet.core.device;

/**
 * Clears bits of memory that a guest sets at the same time. The JVM must not do that itself: an
 * atomic exchange on a page that is gone ends the process (docs/decisions/0020).
 */
@FunctionalInterface
public interface AtomicBits {
    /**
     * Clears one bit of the little-endian 32-bit number at {@code hostAddress}, a multiple of 4,
     * and leaves the others as they are.
     *
     * @param bit 0 to 31
     * @return false when the memory is gone
     */
    boolean clear(long hostAddress, int bit);
}
