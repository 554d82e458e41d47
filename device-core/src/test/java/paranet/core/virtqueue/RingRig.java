package paranet.core.virtqueue;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;

import java.util.List;

/**
 * A ring with both its sides in one region of guest memory: first the ring, then the indirect
 * tables, then room for buffers.
 *
 * <p>Threading: confined to one thread, but for what its two sides say themselves.
 */
final class RingRig implements AutoCloseable {
    static final long GUEST = 0x4000_0000L;
    static final long BUFFER_BYTES = 1 << 16;
    static final int TABLE_ENTRIES = 64;

    final long features;
    final int size;
    final RingPosition start;
    final NativeBuffer buffer;
    final GuestMemory memory;
    final RingLayout layout;
    final IndirectTables tables;
    final DriverVirtqueue driver;
    DeviceVirtqueue device;
    final IoVec readable = new IoVec(256);
    final IoVec writable = new IoVec(256);
    final DescriptorChain chain = new DescriptorChain(readable, writable);

    private final long tablesOffset;
    private final long buffersOffset;

    RingRig(long features, int size) {
        this(features, size, DriverVirtqueue.FRESH);
    }

    RingRig(long features, int size, RingPosition start) {
        this(features, size, start, BUFFER_BYTES);
    }

    RingRig(long features, int size, RingPosition start, long roomBytes) {
        this.features = features;
        this.size = size;
        this.start = start;
        boolean packed = RingFeature.isPacked(features);
        tablesOffset = (RingLayout.bytesFor(size, packed) + 15) & -16;
        buffersOffset = tablesOffset + IndirectTables.bytesFor(size, TABLE_ENTRIES);
        buffer = NativeBuffer.allocate(buffersOffset + roomBytes);
        memory =
                GuestMemory.of(
                        List.of(
                                new GuestRegion(
                                        GUEST, GUEST + 5, buffer.bytes(), buffer.address())));
        layout = RingLayout.contiguous(buffer.address(), size, packed, memory);
        tables =
                new IndirectTables(
                        buffer.address() + tablesOffset, GUEST + tablesOffset, TABLE_ENTRIES);
        driver = DriverVirtqueue.open(layout, features, tables);
        driver.reset(start);
        device = DeviceVirtqueue.open(layout, features, start);
    }

    boolean packed() {
        return RingFeature.isPacked(features);
    }

    /** Guest address of byte {@code offset} of the room for buffers. */
    long room(long offset) {
        return GUEST + buffersOffset + offset;
    }

    /** Host address of the same byte. */
    long hostRoom(long offset) {
        return buffer.address() + buffersOffset + offset;
    }

    /** Adds a chain of one buffer in the ring itself. */
    void addOne(long guestAddress, long length, boolean deviceWrites, int token) {
        if (!driver.add(
                new long[] {guestAddress},
                new long[] {length},
                deviceWrites ? 0 : 1,
                deviceWrites ? 1 : 0,
                token,
                false)) {
            throw new IllegalStateException("ring is full");
        }
    }

    /** {@link DeviceVirtqueue#next} with empty lists. */
    boolean next() {
        readable.clear();
        writable.clear();
        return device.next(chain);
    }

    @Override
    public void close() {
        readable.close();
        writable.close();
        buffer.close();
    }
}
