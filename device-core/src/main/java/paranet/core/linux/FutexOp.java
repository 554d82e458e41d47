package paranet.core.linux;

/**
 * Changes bits of memory that others change at the same time, by the kernel's hand: futex(2) with
 * FUTEX_WAKE_OP changes a number atomically before it wakes, and here there is nobody to wake.
 *
 * <p>The JVM could do it faster, and would end when the page is gone (docs/decisions/0020); the
 * kernel answers EFAULT.
 *
 * <p>Threading: any thread.
 */
final class FutexOp {
    static final long OR = 2;
    static final long ANDN = 3;

    private static final int SYS_FUTEX = Native.callNumber(202, 98);
    private static final int FUTEX_WAKE_OP = 5;
    private static final int FUTEX_PRIVATE_FLAG = 128; // nobody waits, so nobody is found by file
    private static final long FUTEX_OP_OPARG_SHIFT = 8; // the argument is a bit's number
    private static final int OP_SHIFT = 28;
    private static final int OPARG_SHIFT = 12;

    private FutexOp() {}

    /**
     * Changes one bit, 0 to 31, of the number of 32 bits at {@code address}, a multiple of 4.
     *
     * @return false when the memory is gone
     */
    static boolean change(long op, long address, int bit) {
        long change =
                (op | FUTEX_OP_OPARG_SHIFT) << OP_SHIFT
                        | (long) (bit & Integer.SIZE - 1) << OPARG_SHIFT;
        long woken =
                Native.LIBC.syscall(
                        SYS_FUTEX,
                        Native.pointer(address),
                        FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG,
                        0,
                        0,
                        Native.pointer(address),
                        change);
        if (woken >= 0) {
            return true;
        }
        int errno = Native.errno();
        if (errno != Errno.EFAULT) {
            throw new IllegalStateException(
                    "futex: %s at 0x%x".formatted(Native.errnoName(errno), address));
        }
        return false;
    }
}
