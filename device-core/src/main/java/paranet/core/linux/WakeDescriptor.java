package paranet.core.linux;

import jnr.posix.FileStat;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * A descriptor somebody else sent to be woken by or to wake with: an eventfd as a rule, but a pipe
 * or a stream socket is as good (vhost-user, Ring states).
 *
 * <p>Threading: any thread.
 */
public final class WakeDescriptor {
    private static final NativeBuffer SCRATCH = NativeBuffer.allocate(4096);
    private static final NativeBuffer SCRATCH_VEC = vec(SCRATCH);
    private static final int READS_MAX = 16; // a pipe of the usual size
    private static final int MSG_DONTWAIT = 0x40;
    private static final int SPLICE_F_NONBLOCK = 2;
    private static final int RWF_NOWAIT = 8;
    private static final int CURRENT_OFFSET = -1;
    private static final int POLLIN = 1;
    private static final int POLLOUT = 4;

    private WakeDescriptor() {}

    static NativeBuffer vec(NativeBuffer of) {
        NativeBuffer vec = NativeBuffer.allocate(16); // struct iovec
        SharedMemory.putLe64(vec.address(), of.address());
        SharedMemory.putLe64(vec.address() + 8, of.bytes());
        return vec;
    }

    /**
     * Whether wake-ups pile up as bytes (a pipe or socket) instead of in a counter (an eventfd).
     */
    public static boolean needsDraining(Fd fd) throws LinuxException {
        FileStat stat = stat(fd);
        return stat.isFifo() || stat.isSocket();
    }

    /**
     * Reads away what a readable pipe or socket holds; call it only when it was reported readable,
     * so that it cannot block.
     *
     * @return false when its writer is gone
     */
    public static boolean drain(Fd fd) {
        long got = Native.LIBC.read(fd.number(), SCRATCH.address(), SCRATCH.bytes());
        return got > 0 || (got < 0 && isTransient(Native.errno()));
    }

    /**
     * Reads away what is there, whatever kind it is and whatever flags its other holders set. It
     * never waits, and leaves things as they are where the kernel cannot promise that (before 5.8).
     */
    public static void empty(Fd fd) {
        int reads = 0;
        while (reads < READS_MAX
                && Native.LIBC.preadv2(
                                fd.number(), SCRATCH_VEC.address(), 1, CURRENT_OFFSET, RWF_NOWAIT)
                        == SCRATCH.bytes()) {
            reads++;
        }
    }

    /** Whether a read would find something now (poll(2)). */
    static boolean isReadable(Fd fd) {
        return isReady(fd, POLLIN);
    }

    /** Whether a write would find room now (poll(2)). */
    static boolean isWritable(Fd fd) {
        return isReady(fd, POLLOUT);
    }

    private static boolean isReady(Fd fd, int event) {
        try (NativeBuffer entry = NativeBuffer.allocate(8)) {
            SharedMemory.putLe32(entry.address(), fd.number());
            SharedMemory.putLe16(entry.address() + 4, event);
            return Native.LIBC.poll(entry.address(), 1, 0) == 1
                    && (SharedMemory.le16(entry.address() + 6) & event) != 0;
        }
    }

    /** write(2) of a socket that must not block, whatever flags its other holders set. */
    static long sendNow(Fd fd, long buffer, long bytes) {
        return Native.LIBC.send(fd.number(), buffer, bytes, MSG_DONTWAIT | Flags.MSG_NOSIGNAL);
    }

    /** write(2) of a pipe that must not block, whatever flags its other holders set. */
    static long spliceNow(Fd fd, long iovec) {
        return Native.LIBC.vmsplice(fd.number(), iovec, 1, SPLICE_F_NONBLOCK);
    }

    private static boolean isTransient(int errno) {
        return errno == Errno.EAGAIN || errno == Errno.EINTR;
    }

    /** fstat(2). */
    static FileStat stat(Fd fd) throws LinuxException {
        FileStat stat = Native.MORE.allocateStat();
        if (Native.MORE.fstat(fd.number(), stat) < 0) {
            throw new LinuxException("fstat", Native.MORE.errno(), fd.toString());
        }
        return stat;
    }
}
