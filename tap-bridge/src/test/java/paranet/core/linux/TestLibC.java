package paranet.core.linux;

import jnr.ffi.LibraryLoader;

/** Calls of the C library that only tests need. */
public interface TestLibC {
    TestLibC LIBC = LibraryLoader.create(TestLibC.class).load("c");

    /** setsockopt(2). */
    int setsockopt(int fd, int level, int name, long value, int bytes);

    /** syscall(2): for calls whose C library wrapper would change every thread. */
    long syscall(long number, long a, long b, long c);
}
