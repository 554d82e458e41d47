package paranet.core.linux;

import jnr.ffi.Pointer;
import jnr.posix.FileStat;

import paranet.core.memory.SharedMemory;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A shared mapping of a file, from its first byte, until closed (mmap(2)).
 *
 * <p>vhost-user, Memory region description: a descriptor is mapped from offset 0 with the region's
 * offset and size together, rounded up to the file's block size, for huge pages take nothing else.
 *
 * <p>Threading: any thread may use the memory; close once, after the last use.
 */
public final class Mapping implements AutoCloseable {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final long MAP_FAILED = -1;
    private static final int MAP_NORESERVE = 0x4000;

    /** Half of 47 bits of address space: whoever sends files leaves room for all else. */
    static final long ALL_BYTES_MAX = 1L << 46;

    private static final AtomicLong ALL_BYTES = new AtomicLong();

    private final long address;
    private final long bytes;
    private boolean closed;

    private Mapping(long address, long bytes) {
        this.address = address;
        this.bytes = bytes;
        ALL_BYTES.addAndGet(bytes);
        SharedMemory.admit(address, bytes);
    }

    /**
     * Maps the first {@code bytes} bytes of a file, at least 1, readable and writable.
     *
     * @throws LinuxException if the kernel refuses
     * @throws FileTooShortException if the file ends before; reading on would raise SIGBUS
     */
    public static Mapping map(Fd file, long bytes) throws LinuxException, FileTooShortException {
        if (bytes <= 0) {
            throw new IllegalArgumentException("mapping of %d bytes".formatted(bytes));
        }
        FileStat stat = WakeDescriptor.stat(file);
        if (stat.st_size() < bytes) {
            throw new FileTooShortException(stat.st_size(), bytes);
        }
        long block = Math.max(stat.blockSize(), 4096);
        requireSpace(bytes, file);
        long length = (bytes + block - 1) / block * block;
        Pointer mapped =
                Native.LIBC.mmap(
                        null,
                        length,
                        PROT_READ_WRITE,
                        MAP_SHARED | MAP_NORESERVE,
                        file.number(),
                        0);
        if (mapped.address() == MAP_FAILED) {
            throw Native.failure("mmap", "%d bytes of %s".formatted(length, file));
        }
        return new Mapping(mapped.address(), length);
    }

    private static void requireSpace(long bytes, Fd file) throws LinuxException {
        if (bytes > ALL_BYTES_MAX - ALL_BYTES.get()) {
            throw new LinuxException(
                    "mmap",
                    Errno.ENOMEM,
                    "%d bytes of %s, %d of at most %d are mapped"
                            .formatted(bytes, file, ALL_BYTES.get(), ALL_BYTES_MAX));
        }
    }

    /** Whether the file's owner promised never to cut it (fcntl(2), F_SEAL_SHRINK). */
    public static boolean isSealedAgainstShrinking(Fd file) {
        int seals = Native.LIBC.fcntl(file.number(), Flags.F_GET_SEALS, 0);
        return seals >= 0 && (seals & Flags.F_SEAL_SHRINK) != 0;
    }

    public long address() {
        return address;
    }

    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            SharedMemory.revoke(address, bytes);
            Native.LIBC.munmap(address, bytes);
            ALL_BYTES.addAndGet(-bytes);
        }
    }
}
