package paranet.core.linux;

import paranet.core.memory.IoVec;

/**
 * One frame, one system call: read and write of a descriptor that keeps frames apart, such as a
 * TAP. A frame in one stretch of memory takes the plain call, which is cheaper than its vector form
 * (docs/decisions/0005).
 *
 * <p>Threading: any thread.
 */
public final class FrameIo {
    private static final int SYS_READ = Native.callNumber(0, 63);
    private static final int SYS_WRITE = Native.callNumber(1, 64);

    private FrameIo() {}

    /**
     * write(2) or writev(2) of the whole list.
     *
     * @return bytes written, or minus errno
     */
    public static long write(int fd, IoVec frame) {
        long result;
        do {
            result =
                    frame.count() == 1
                            ? Native.LIBC.syscall(SYS_WRITE, fd, frame.baseOf(0), frame.lengthOf(0))
                            : Native.LIBC.writev(fd, frame.address(), frame.count());
        } while (result < 0 && Native.errno() == Errno.EINTR);
        return result < 0 ? -Native.errno() : result;
    }

    /**
     * read(2) or readv(2) into the list.
     *
     * @return bytes read, or minus errno
     */
    public static long read(int fd, IoVec room) {
        long result;
        do {
            result =
                    room.count() == 1
                            ? Native.LIBC.syscall(SYS_READ, fd, room.baseOf(0), room.lengthOf(0))
                            : Native.LIBC.readv(fd, room.address(), room.count());
        } while (result < 0 && Native.errno() == Errno.EINTR);
        return result < 0 ? -Native.errno() : result;
    }
}
