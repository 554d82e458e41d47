package paranet.core.linux;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * Waking somebody through a descriptor: an eventfd, or whatever else a front end sent in its place
 * (a pipe or a stream socket: vhost-user, SET_VRING_CALL).
 *
 * <p>Threading: any thread may call signal(); who opened it closes it.
 */
public final class EventFd implements AutoCloseable {
    /** What a {@link #signal} came to. */
    public enum Signal {
        SENT,
        /** The counter or buffer is full: the peer has an unread wake-up already. */
        FULL,
        /** Nobody is there to read it any more. */
        GONE
    }

    private static final NativeBuffer ONE = one();
    private static final NativeBuffer ONE_VEC = WakeDescriptor.vec(ONE);

    private final Fd fd;
    private final WakeDescriptor.Kind kind;
    private volatile boolean givenUp;

    /**
     * Takes ownership of a descriptor, whichever kind it is, and makes sure that signalling never
     * waits for whoever reads it.
     *
     * @throws LinuxException if it is of no kind that wakes, or not open, after closing it
     */
    public static EventFd adopt(Fd fd) throws LinuxException {
        try {
            WakeDescriptor.Kind kind = WakeDescriptor.kind(fd);
            if (kind == WakeDescriptor.Kind.COUNTER) {
                fd.nonBlocking();
            }
            return new EventFd(fd, kind);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    private EventFd(Fd fd, WakeDescriptor.Kind kind) {
        this.fd = fd;
        this.kind = kind;
    }

    private static NativeBuffer one() {
        NativeBuffer buffer = NativeBuffer.allocate(8);
        SharedMemory.putLe64(buffer.address(), 1);
        return buffer;
    }

    /** A new eventfd, non-blocking, close-on-exec, counter 0 (eventfd(2)). */
    public static EventFd open() throws LinuxException {
        int number = Native.LIBC.eventfd(0, Flags.O_NONBLOCK | Flags.O_CLOEXEC);
        if (number < 0) {
            throw Native.failure("eventfd", "a new event counter");
        }
        return new EventFd(new Fd(number), WakeDescriptor.Kind.COUNTER);
    }

    /**
     * Adds one to the counter, or eight bytes to pipe or socket. Only a counter can make it wait:
     * if it is full, and somebody who shares its flags made it blocking again.
     */
    public Signal signal() {
        if (givenUp) {
            return Signal.GONE;
        }
        long written;
        do {
            written =
                    switch (kind) {
                        case COUNTER -> Native.LIBC.write(fd.number(), ONE.address(), 8);
                        case PIPE -> WakeDescriptor.spliceNow(fd, ONE_VEC.address());
                        case SOCKET -> WakeDescriptor.sendNow(fd, ONE.address(), 8);
                    };
        } while (written < 0 && Native.errno() == Errno.EINTR);
        if (written >= 0) {
            return Signal.SENT;
        }
        return Native.errno() == Errno.EAGAIN ? Signal.FULL : Signal.GONE;
    }

    /** Whether {@link #signal} would wait now, if the descriptor's flags let it. */
    public boolean isFull() {
        return kind == WakeDescriptor.Kind.COUNTER && !WakeDescriptor.isWritable(fd);
    }

    /** Lets whoever waits in {@link #signal} go on, and makes no other wait. Any thread. */
    public void giveUp() {
        givenUp = true;
        drain();
    }

    /**
     * Takes away what is unread, if anything is, so that a writer that waits for room goes on. For
     * counters; a pipe's or socket's other end is not ours to read.
     */
    public void drain() {
        WakeDescriptor.drain(fd, kind);
    }

    public Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return "eventfd " + fd.number();
    }
}
