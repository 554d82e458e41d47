package paranet.core.linux;

import jnr.posix.FileStat;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A descriptor somebody else sent to be woken by or to wake with: an eventfd as a rule, but a pipe
 * or a stream socket is as good (vhost-user, Ring states). Whoever sent it keeps a duplicate, and
 * can read, fill and switch it to blocking at any moment; so nothing here relies on its flags.
 *
 * <p>Threading: any thread.
 */
public final class WakeDescriptor {
    /** What a descriptor that wakes can be. */
    public enum Kind {
        /** An eventfd, which counts. */
        COUNTER,
        /** Without a name; its wake-ups pile up as bytes, until somebody reads. */
        PIPE,
        /** Likewise. */
        SOCKET
    }

    private static final NativeBuffer SCRATCH = NativeBuffer.allocate(4096);
    private static final NativeBuffer SCRATCH_VEC = vec(SCRATCH);
    private static final int READS_MAX = 16; // a pipe of the usual size
    private static final int SPLICE_F_NONBLOCK = 2;
    private static final int RWF_NOWAIT = 8;
    private static final int CURRENT_OFFSET = -1;
    private static final int POLLOUT = 4;

    private WakeDescriptor() {}

    static NativeBuffer vec(NativeBuffer of) {
        NativeBuffer vec = NativeBuffer.allocate(16); // struct iovec
        SharedMemory.putLe64(vec.address(), of.address());
        SharedMemory.putLe64(vec.address() + 8, of.bytes());
        return vec;
    }

    /**
     * What a descriptor is, by the name that the kernel gives its file (proc(5), /proc/self/fd).
     * Neither fstat(2) nor epoll_ctl(2) are asked, because both ask the file system, and whoever
     * sent the descriptor may run that, and not answer (FUSE).
     *
     * @throws LinuxException EINVAL if it is something else, that a write could wait for
     */
    public static Kind kind(Fd fd) throws LinuxException {
        Path link = Path.of("/proc/self/fd/" + fd.number());
        String name;
        try {
            name = Files.readSymbolicLink(link).toString();
        } catch (NoSuchFileException e) {
            throw new LinuxException("readlink", Errno.ENOENT, link.toString());
        } catch (IOException e) {
            throw new LinuxException("readlink", Errno.EIO, link.toString());
        }
        if (name.equals("anon_inode:[eventfd]")) {
            return Kind.COUNTER;
        }
        if (name.startsWith("pipe:[")) {
            return Kind.PIPE;
        }
        if (name.startsWith("socket:[")) {
            return Kind.SOCKET;
        }
        throw new LinuxException("no eventfd, pipe or socket", Errno.EINVAL, fd.toString());
    }

    /**
     * Checks that it is a socket, as {@link #kind} does.
     *
     * @throws IOException if not
     */
    public static void requireSocket(Fd fd) throws IOException {
        if (kind(fd) != Kind.SOCKET) {
            throw new IOException("%s is no socket".formatted(fd));
        }
    }

    /** Whether it is one of these kinds. */
    public static boolean canWake(Fd fd) {
        try {
            kind(fd);
            return true;
        } catch (LinuxException e) {
            return false;
        }
    }

    /**
     * Reads away some of what is there, which whoever shares it may have read before. It never
     * waits.
     *
     * @return false when its writer is gone
     */
    public static boolean drain(Fd fd, Kind kind) {
        long got =
                switch (kind) {
                    case COUNTER -> readNow(fd);
                    case PIPE -> spliceNow(fd, SCRATCH_VEC.address());
                    case SOCKET ->
                            Native.LIBC.recv(
                                    fd.number(),
                                    SCRATCH.address(),
                                    SCRATCH.bytes(),
                                    Flags.MSG_DONTWAIT);
                };
        return got > 0 || (got < 0 && isTransient(Native.errno()));
    }

    /** preadv2(2) of what must not block, whatever flags its other holders set. */
    private static long readNow(Fd fd) {
        return Native.LIBC.preadv2(
                fd.number(), SCRATCH_VEC.address(), 1, CURRENT_OFFSET, RWF_NOWAIT);
    }

    /**
     * Reads away what is there, whatever kind it is and whatever flags its other holders set. It
     * never waits, and leaves things as they are where the kernel cannot promise that (before 5.8).
     */
    public static void empty(Fd fd) {
        int reads = 0;
        while (reads < READS_MAX && readNow(fd) == SCRATCH.bytes()) {
            reads++;
        }
    }

    /** Whether a write would find room now (poll(2)). */
    static boolean isWritable(Fd fd) {
        try (NativeBuffer entry = NativeBuffer.allocate(8)) {
            SharedMemory.putLe32(entry.address(), fd.number());
            SharedMemory.putLe16(entry.address() + 4, POLLOUT);
            return Native.LIBC.poll(entry.address(), 1, 0) == 1
                    && (SharedMemory.le16(entry.address() + 6) & POLLOUT) != 0;
        }
    }

    /** write(2) of a socket that must not block, whatever flags its other holders set. */
    static long sendNow(Fd fd, long buffer, long bytes) {
        return Native.LIBC.send(
                fd.number(), buffer, bytes, Flags.MSG_DONTWAIT | Flags.MSG_NOSIGNAL);
    }

    /** write(2), or read(2), of a pipe that must not block, whatever flags its holders set. */
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
