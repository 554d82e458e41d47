package paranet.core.linux;

/**
 * Sets bits of memory that others change at the same time, also when its page may be gone ({@link
 * FutexOp}): what a guest does to a doorbell bitmap.
 *
 * <p>Threading: any thread.
 */
public final class AtomicSet {
    private AtomicSet() {}

    /**
     * Sets one bit, 0 to 31, of the number of 32 bits at {@code address}, a multiple of 4.
     *
     * @return false when the memory is gone
     */
    public static boolean bit(long address, int bit) {
        return FutexOp.change(FutexOp.OR, address, bit);
    }
}
