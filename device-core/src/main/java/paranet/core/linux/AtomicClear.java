package paranet.core.linux;

/**
 * Clears bits of memory that others change at the same time, also when its page may be gone ({@link
 * FutexOp}).
 *
 * <p>Threading: any thread.
 */
public final class AtomicClear {
    private AtomicClear() {}

    /**
     * Clears one bit, 0 to 31, of the number of 32 bits at {@code address}, a multiple of 4.
     *
     * @return false when the memory is gone
     */
    public static boolean bit(long address, int bit) {
        return FutexOp.change(FutexOp.ANDN, address, bit);
    }
}
