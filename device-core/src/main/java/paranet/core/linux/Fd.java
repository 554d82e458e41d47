package paranet.core.linux;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One owned file descriptor. Whoever holds it closes it, once; closing again does nothing.
 *
 * <p>Threading: any thread may call close(); nobody may use the number afterwards.
 */
public final class Fd implements AutoCloseable {
    private final int number;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Takes ownership of an open descriptor, 0 or more. */
    public Fd(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor %d".formatted(number));
        }
        this.number = number;
    }

    /** The descriptor's number, while it is open. */
    public int number() {
        return number;
    }

    public boolean isClosed() {
        return closed.get();
    }

    /** A second descriptor of the same open file, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC). */
    public Fd duplicate() throws LinuxException {
        int copy = Native.LIBC.fcntl(number, Flags.F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            throw Native.failure("fcntl(F_DUPFD_CLOEXEC)", toString());
        }
        return new Fd(copy);
    }

    /** Switches O_NONBLOCK on for the open file (all duplicates share the flag). */
    public void nonBlocking() throws LinuxException {
        int flags = Native.LIBC.fcntl(number, Flags.F_GETFL, 0);
        if (flags < 0 || Native.LIBC.fcntl(number, Flags.F_SETFL, flags | Flags.O_NONBLOCK) < 0) {
            throw Native.failure("fcntl(F_SETFL)", toString());
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            Native.LIBC.close(number);
        }
    }

    @Override
    public String toString() {
        return "fd " + number;
    }
}
