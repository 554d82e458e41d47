package paranet.bench;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.virtqueue.DescriptorChain;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.DriverVirtqueue;
import paranet.core.virtqueue.IndirectTables;
import paranet.core.virtqueue.RingFeature;
import paranet.core.virtqueue.RingLayout;

import java.util.List;

/**
 * A ring of 256 entries with both its sides, and frames of a header and 64 bytes to pass.
 *
 * <p>Threading: confined to one thread.
 */
final class RingFixture implements AutoCloseable {
    static final int SIZE = 256;
    static final int HEADER_BYTES = 12;
    static final int FRAME_BYTES = 64;
    private static final long GUEST = 0x1_0000_0000L;
    private static final int FRAME_STRIDE = 2048;

    final DriverVirtqueue driver;
    final DeviceVirtqueue device;
    final IoVec readable = new IoVec(64);
    final IoVec writable = new IoVec(64);
    final DescriptorChain[] chains = new DescriptorChain[SIZE];

    private final FrameShape shape;
    private final NativeBuffer buffer;
    private final long frames;
    private final long[] addresses = new long[2];
    private final long[] lengths = new long[2];

    RingFixture(boolean packed, boolean eventIdx, FrameShape shape) {
        this.shape = shape;
        long features =
                RingFeature.VERSION_1
                        | RingFeature.INDIRECT_DESC
                        | (packed ? RingFeature.RING_PACKED : 0)
                        | (eventIdx ? RingFeature.EVENT_IDX : 0);
        long tables = (RingLayout.bytesFor(SIZE, packed) + 63) & -64;
        frames = tables + IndirectTables.bytesFor(SIZE, 2);
        buffer = NativeBuffer.allocate(frames + (long) SIZE * FRAME_STRIDE, 4096);
        GuestRegion region = new GuestRegion(GUEST, GUEST, buffer.bytes(), buffer.address());
        GuestMemory memory = GuestMemory.of(List.of(region));
        RingLayout layout = RingLayout.contiguous(buffer.address(), SIZE, packed, memory);
        IndirectTables indirect = new IndirectTables(buffer.address() + tables, GUEST + tables, 2);
        driver = DriverVirtqueue.open(layout, features, indirect);
        device = DeviceVirtqueue.open(layout, features, DriverVirtqueue.FRESH);
        for (int i = 0; i < SIZE; i++) {
            chains[i] = new DescriptorChain(readable, writable);
        }
    }

    /** Offers {@code count} frames to the device. */
    void offer(int count) {
        for (int i = 0; i < count; i++) {
            long at = GUEST + frames + (long) i * FRAME_STRIDE;
            addresses[0] = at;
            if (shape == FrameShape.ONE_BUFFER) {
                lengths[0] = HEADER_BYTES + FRAME_BYTES;
                driver.add(addresses, lengths, 1, 0, i, false);
            } else {
                lengths[0] = HEADER_BYTES;
                addresses[1] = at + HEADER_BYTES + 4;
                lengths[1] = FRAME_BYTES;
                driver.add(addresses, lengths, 2, 0, i, shape == FrameShape.INDIRECT);
            }
        }
        driver.publish();
    }

    /** Takes the next frame into cursor {@code i}; the lists hold it alone. */
    boolean next(int i) {
        readable.clear();
        writable.clear();
        return device.next(chains[i]);
    }

    @Override
    public void close() {
        readable.close();
        writable.close();
        buffer.close();
    }
}
