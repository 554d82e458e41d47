package paranet.core.linux;

/**
 * Anonymous memory that can be passed to another process (memfd_create(2)).
 *
 * <p>Threading: immutable.
 */
public final class Memfd {
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;

    private Memfd() {}

    /** A new file of zeroes, close-on-exec, without seals. */
    public static Fd create(String name, long bytes) throws LinuxException {
        int number = Native.LIBC.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (number < 0) {
            throw Native.failure("memfd_create", name);
        }
        Fd file = new Fd(number);
        try {
            resize(file, bytes);
        } catch (LinuxException e) {
            file.close();
            throw e;
        }
        return file;
    }

    /** Cuts or extends the file (ftruncate(2)). */
    public static void resize(Fd file, long bytes) throws LinuxException {
        if (Native.LIBC.ftruncate(file.number(), bytes) < 0) {
            throw Native.failure("ftruncate", "%s to %d bytes".formatted(file, bytes));
        }
    }

    /** Promises that the file will never be cut (fcntl(2), F_ADD_SEALS). */
    public static void sealAgainstShrinking(Fd file) throws LinuxException {
        if (Native.LIBC.fcntl(file.number(), Flags.F_ADD_SEALS, Flags.F_SEAL_SHRINK) < 0) {
            throw Native.failure("fcntl(F_ADD_SEALS)", file.toString());
        }
    }
}
