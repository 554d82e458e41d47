package paranet.core.device;

/**
 * The results of a bus that are errors: negative Linux error numbers (errno(3)), as a guest reads
 * them.
 *
 * <p>Threading: immutable.
 */
public final class BusError {
    public static final int ENOENT = -2;
    public static final int ENOMEM = -12;
    public static final int EFAULT = -14;
    public static final int EBUSY = -16;
    public static final int EEXIST = -17;
    public static final int EINVAL = -22;
    public static final int ENOSPC = -28;

    private BusError() {}
}
