package paranet.core.linux;

/**
 * The error numbers that callers tell apart (errno(3)), of x86-64 and aarch64 alike. {@link
 * FrameIo} returns them negated, {@link LinuxException#errno} as they are.
 *
 * <p>Threading: immutable.
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int E2BIG = 7;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int ENOTTY = 25;
    public static final int EPIPE = 32;

    /** What a TUN descriptor answers that belongs to no interface (any more). */
    public static final int EBADFD = 77;

    public static final int EOPNOTSUPP = 95;
    public static final int ECONNABORTED = 103;
    public static final int ECONNRESET = 104;
    public static final int ENOBUFS = 105;
    public static final int EINPROGRESS = 115;

    private Errno() {}
}
