package paranet.core.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Zeroed memory of our own outside the heap, at a fixed address until closed.
 *
 * <p>Threading: any thread may read and write it; close once, after the last use.
 */
public final class NativeBuffer implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final long address;
    private final long bytes;

    private NativeBuffer(long bytes, long alignment) {
        MemorySegment segment = arena.allocate(bytes, alignment);
        this.address = segment.address();
        this.bytes = bytes;
        SharedMemory.admit(address, bytes);
    }

    /** Allocates {@code bytes} (at least 1), aligned to a cache line. */
    public static NativeBuffer allocate(long bytes) {
        return new NativeBuffer(bytes, 64);
    }

    /** Allocates {@code bytes} (at least 1) at a multiple of {@code alignment}, a power of two. */
    public static NativeBuffer allocate(long bytes, long alignment) {
        return new NativeBuffer(bytes, alignment);
    }

    public long address() {
        return address;
    }

    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        SharedMemory.revoke(address, bytes);
        arena.close();
    }
}
