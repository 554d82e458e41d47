package paranet.core.linux;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;

/**
 * The loaded C library and what reading its errors takes.
 *
 * <p>Threading: immutable; errno belongs to the calling thread.
 */
final class Native {
    static final LibC LIBC = LibraryLoader.create(LibC.class).load("c");
    static final POSIX MORE = POSIXFactory.getNativePOSIX();

    private static final Runtime RUNTIME = Runtime.getRuntime(LIBC);

    private static final boolean X86_64 = System.getProperty("os.arch").equals("amd64");

    private Native() {}

    /** A call's number for syscall(2): x86-64 has its own, all newer ones asm-generic/unistd.h. */
    static int callNumber(int x8664, int generic) {
        return X86_64 ? x8664 : generic;
    }

    /** errno of this thread's last failed call; only meaningful after a negative result. */
    static int errno() {
        return LastError.getLastError(RUNTIME);
    }

    /** The failure of the call that just returned a negative result. */
    static LinuxException failure(String call, String subject) {
        return new LinuxException(call, errno(), subject);
    }

    /** An address as a call takes it that has too many arguments for plain numbers. */
    static Pointer pointer(long address) {
        return Pointer.wrap(RUNTIME, address);
    }

    /** errno's symbolic name, or its number where it has none. */
    static String errnoName(int errno) {
        jnr.constants.platform.Errno known = jnr.constants.platform.Errno.valueOf(errno);
        return known == jnr.constants.platform.Errno.__UNKNOWN_CONSTANT__
                ? "errno " + errno
                : known.name();
    }

    /** errno in words, for people. */
    static String errnoMeaning(int errno) {
        jnr.constants.platform.Errno known = jnr.constants.platform.Errno.valueOf(errno);
        return known == jnr.constants.platform.Errno.__UNKNOWN_CONSTANT__
                ? "unknown error"
                : known.description();
    }
}
