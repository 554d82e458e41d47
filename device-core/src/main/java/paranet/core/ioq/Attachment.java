package paranet.core.ioq;

/**
 * What comes of registering a ring.
 *
 * @param result 0, {@link #EINVAL} or {@link #EFAULT}, as the guest is told
 * @param ioq the ring, or null unless the result is 0
 *     <p>Threading: immutable.
 */
public record Attachment(int result, SouthIoq ioq) {
    /** Alignment, length, place of the signal, or a header that is none. */
    public static final int EINVAL = -22;

    /** Not, or not wholly, in one region of guest memory. */
    public static final int EFAULT = -14;

    static Attachment refused(int errno) {
        return new Attachment(errno, null);
    }
}
