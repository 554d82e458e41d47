package paranet.core.linux;

/** What the other holder of a descriptor can do to us: file status flags are shared. */
public final class SharedFlags {
    private SharedFlags() {}

    /** Switches O_NONBLOCK off for everybody who holds the open file (fcntl(2), F_SETFL). */
    public static void blocking(Fd fd) throws LinuxException {
        if (Native.LIBC.fcntl(fd.number(), Flags.F_SETFL, Flags.O_RDWR) < 0) {
            throw Native.failure("fcntl(F_SETFL)", fd.toString());
        }
    }
}
