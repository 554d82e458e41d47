package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.nio.file.Files;
import java.nio.file.Path;

/** Asks the kernel what this process has open. */
final class OpenDescriptors {
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;

    private OpenDescriptors() {}

    static boolean isOpen(int number) {
        return Native.LIBC.fcntl(number, F_GETFD, 0) >= 0;
    }

    static boolean closesOnExec(Fd fd) {
        return (Native.LIBC.fcntl(fd.number(), F_GETFD, 0) & FD_CLOEXEC) != 0;
    }

    static boolean isReadable(Fd fd) throws LinuxException {
        try (Readiness readiness = new Readiness(1)) {
            readiness.watch(fd);
            return readiness.await(0);
        }
    }

    static boolean isNonBlocking(Fd fd) {
        return (Native.LIBC.fcntl(fd.number(), Flags.F_GETFL, 0) & Flags.O_NONBLOCK) != 0;
    }

    static boolean isMapped(long address) throws Exception {
        String start = "%x-".formatted(address);
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.anyMatch(line -> line.startsWith(start));
        }
    }

    /** Both ends of a new pipe, blocking: to read, to write. */
    static Fd[] pipe() {
        try (NativeBuffer two = NativeBuffer.allocate(8)) {
            assertEquals(0, Native.LIBC.pipe2(two.address(), Flags.O_CLOEXEC));
            return new Fd[] {
                new Fd(SharedMemory.le32(two.address())),
                new Fd(SharedMemory.le32(two.address() + 4))
            };
        }
    }

    /** The eight bytes read from an eventfd or pipe, or minus errno. */
    static long readLe64(Fd fd) {
        try (NativeBuffer number = NativeBuffer.allocate(8)) {
            long bytes = Native.LIBC.read(fd.number(), number.address(), 8);
            return bytes < 0 ? -Native.errno() : SharedMemory.le64(number.address());
        }
    }
}
