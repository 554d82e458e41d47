package paranet.core.linux;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * Waits until one of a few descriptors is readable (poll(2)): for a tool or test with a thread of
 * its own, and no event loop.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class Readiness implements AutoCloseable {
    private static final int POLLFD = 8; // struct pollfd: int fd, short events, short revents
    private static final int EVENTS = 4;
    private static final int REVENTS = 6;
    private static final int POLLIN = 1;

    private final NativeBuffer fds;
    private final int capacity;
    private int count;

    /** Room for {@code capacity} descriptors, at least 1. */
    public Readiness(int capacity) {
        this.fds = NativeBuffer.allocate((long) capacity * POLLFD);
        this.capacity = capacity;
    }

    /** Forgets all descriptors. */
    public void clear() {
        count = 0;
    }

    /** Adds a descriptor, which stays the caller's. Returns its index for {@link #isReady}. */
    public int watch(Fd fd) {
        if (count == capacity) {
            throw new IllegalStateException("room for %d descriptors".formatted(capacity));
        }
        SharedMemory.putLe32(at(count), fd.number());
        SharedMemory.putLe16(at(count) + EVENTS, POLLIN);
        SharedMemory.putLe16(at(count) + REVENTS, 0);
        return count++;
    }

    /**
     * Waits at most {@code millis}, 0 for not at all.
     *
     * @return whether a descriptor is readable or its peer is gone
     */
    public boolean await(int millis) throws LinuxException {
        int ready = Native.LIBC.poll(fds.address(), count, millis);
        if (ready < 0) {
            if (Native.errno() == Errno.EINTR) {
                return false;
            }
            throw Native.failure("poll", count + " descriptors");
        }
        return ready > 0;
    }

    /** Whether this descriptor was readable, or its peer gone, when {@link #await} returned. */
    public boolean isReady(int index) {
        return SharedMemory.le16(at(index) + REVENTS) != 0;
    }

    @Override
    public void close() {
        fds.close();
    }

    private long at(int index) {
        return fds.address() + (long) index * POLLFD;
    }
}
