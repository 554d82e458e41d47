package paranet.core.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Ordered little-endian reads and writes of memory that a guest can change at any moment.
 *
 * <p>Addresses are absolute host addresses that came from {@link GuestMemory}'s range check or from
 * a {@link NativeBuffer}; this class adds no check of its own unless the JVM runs with {@code
 * -Dparanet.memory=bounded}, which looks every access up in the list of admitted ranges and throws
 * {@link IndexOutOfBoundsException} where the plain build would touch foreign memory. The name says
 * the order: a bare name is a plain access, {@code acquire}, {@code release} and {@code opaque}
 * mean what the access modes of {@link VarHandle} mean; those need natural alignment.
 *
 * <p>An access to a mapping whose file was cut short throws {@link InternalError}; the duty cycle
 * catches it once and breaks that port only.
 *
 * <p>Threading: any thread; the guest is one more.
 */
public final class SharedMemory {
    /** Whether every access is checked against the admitted ranges. */
    public static final boolean BOUNDED = "bounded".equals(System.getProperty("paranet.memory"));

    @SuppressWarnings("restricted") // the one place that sees all memory: callers checked the range
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfShort LE16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64 =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle ORDERED8 = ValueLayout.JAVA_BYTE.varHandle();
    private static final ValueLayout.OfShort ALIGNED16 =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt ALIGNED32 =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong ALIGNED64 =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle ORDERED16 = ALIGNED16.varHandle();
    private static final VarHandle ORDERED32 = ALIGNED32.varHandle();
    private static final VarHandle ORDERED64 = ALIGNED64.varHandle();

    private SharedMemory() {}

    /** One byte, unsigned. */
    public static int le8(long address) {
        check(address, 1);
        return ALL.get(ValueLayout.JAVA_BYTE, address) & 0xff;
    }

    /** 16 bits, unsigned. */
    public static int le16(long address) {
        check(address, 2);
        return ALL.get(LE16, address) & 0xffff;
    }

    /** 32 bits, as they are. */
    public static int le32(long address) {
        check(address, 4);
        return ALL.get(LE32, address);
    }

    /** 64 bits, as they are. */
    public static long le64(long address) {
        check(address, 8);
        return ALL.get(LE64, address);
    }

    public static void putLe8(long address, int value) {
        check(address, 1);
        ALL.set(ValueLayout.JAVA_BYTE, address, (byte) value);
    }

    public static void putLe16(long address, int value) {
        check(address, 2);
        ALL.set(LE16, address, (short) value);
    }

    public static void putLe32(long address, int value) {
        check(address, 4);
        ALL.set(LE32, address, value);
    }

    public static void putLe64(long address, long value) {
        check(address, 8);
        ALL.set(LE64, address, value);
    }

    public static int acquireLe8(long address) {
        check(address, 1);
        return (byte) ORDERED8.getAcquire(ALL, address) & 0xff;
    }

    public static int acquireLe16(long address) {
        check(address, 2);
        return (short) ORDERED16.getAcquire(ALL, address) & 0xffff;
    }

    public static int acquireLe32(long address) {
        check(address, 4);
        return (int) ORDERED32.getAcquire(ALL, address);
    }

    public static long acquireLe64(long address) {
        check(address, 8);
        return (long) ORDERED64.getAcquire(ALL, address);
    }

    public static int opaqueLe8(long address) {
        check(address, 1);
        return (byte) ORDERED8.getOpaque(ALL, address) & 0xff;
    }

    public static int opaqueLe16(long address) {
        check(address, 2);
        return (short) ORDERED16.getOpaque(ALL, address) & 0xffff;
    }

    public static int opaqueLe32(long address) {
        check(address, 4);
        return (int) ORDERED32.getOpaque(ALL, address);
    }

    public static long opaqueLe64(long address) {
        check(address, 8);
        return (long) ORDERED64.getOpaque(ALL, address);
    }

    // Ordered stores are a plain store between fences, never VarHandle.setRelease or setOpaque.
    // Until they are compiled, those exchange instead of storing, and HotSpot aborts the process
    // when the page of an exchange is gone, where a plain store throws InternalError
    // (docs/decisions/0020). Once compiled both are the same instructions.

    public static void opaquePutLe8(long address, int value) {
        check(address, 1);
        ALL.set(ValueLayout.JAVA_BYTE, address, (byte) value);
        VarHandle.storeStoreFence(); // keeps the compiler from dropping or delaying the store
    }

    public static void opaquePutLe16(long address, int value) {
        check(address, 2);
        ALL.set(ALIGNED16, address, (short) value);
        VarHandle.storeStoreFence();
    }

    public static void opaquePutLe32(long address, int value) {
        check(address, 4);
        ALL.set(ALIGNED32, address, value);
        VarHandle.storeStoreFence();
    }

    public static void releaseLe8(long address, int value) {
        check(address, 1);
        VarHandle.releaseFence();
        ALL.set(ValueLayout.JAVA_BYTE, address, (byte) value);
        VarHandle.storeStoreFence();
    }

    public static void releaseLe16(long address, int value) {
        check(address, 2);
        VarHandle.releaseFence();
        ALL.set(ALIGNED16, address, (short) value);
        VarHandle.storeStoreFence();
    }

    public static void releaseLe32(long address, int value) {
        check(address, 4);
        VarHandle.releaseFence();
        ALL.set(ALIGNED32, address, value);
        VarHandle.storeStoreFence();
    }

    /** 64 bits in one store, at a multiple of 8. */
    public static void releaseLe64(long address, long value) {
        check(address, 8);
        VarHandle.releaseFence();
        ALL.set(ALIGNED64, address, value);
        VarHandle.storeStoreFence();
    }

    /** Orders every access before it against every access after it, stores before loads too. */
    public static void fullFence() {
        VarHandle.fullFence();
    }

    /** Copies {@code bytes} between two checked ranges, which do not overlap. */
    public static void copy(long from, long to, long bytes) {
        check(from, bytes);
        check(to, bytes);
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    /** Copies out of shared memory. */
    public static void copy(long from, byte[] to, int toIndex, int bytes) {
        check(from, bytes);
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, from, to, toIndex, bytes);
    }

    /** Copies into shared memory. */
    public static void copy(byte[] from, int fromIndex, long to, int bytes) {
        check(to, bytes);
        MemorySegment.copy(from, fromIndex, ALL, ValueLayout.JAVA_BYTE, to, bytes);
    }

    /** Sets {@code bytes} bytes to one value. */
    public static void fill(long address, long bytes, int value) {
        check(address, bytes);
        ALL.asSlice(address, bytes).fill((byte) value);
    }

    /**
     * Declares a range of host memory usable, until {@link #revoke}. Without effect unless {@link
     * #BOUNDED}.
     */
    public static void admit(long address, long bytes) {
        if (BOUNDED) {
            AdmittedRanges.add(address, bytes);
        }
    }

    /** Takes back what {@link #admit} declared; call it before the memory is unmapped. */
    public static void revoke(long address, long bytes) {
        if (BOUNDED) {
            AdmittedRanges.remove(address, bytes);
        }
    }

    private static void check(long address, long bytes) {
        if (BOUNDED) {
            AdmittedRanges.check(address, bytes);
        }
    }
}
