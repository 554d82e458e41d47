package paranet.guest.sim;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.virtqueue.DescriptorChain;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.DriverVirtqueue;
import paranet.core.virtqueue.IndirectTables;
import paranet.core.virtqueue.RingFeature;
import paranet.core.virtqueue.RingLayout;
import paranet.core.virtqueue.VirtqAvail;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A virtqueue, driver and device.
 *
 * <p>Threading: confined to its simulation.
 */
final class VirtioPair extends RingPair {
    private static final long GUEST = 0x1_0000_0000L;
    private static final int BUFFER_BYTES = 64; // nothing is ever copied

    private final NativeBuffer memory;
    private final DriverVirtqueue driver;
    private final DeviceVirtqueue device;
    private final IoVec readable = new IoVec(4);
    private final IoVec writable = new IoVec(4);
    private final DescriptorChain chain = new DescriptorChain(readable, writable);
    private final Runnable call;
    private final long[] addresses;
    private final long[] lengths = {BUFFER_BYTES};
    private final int readableCount;
    private final boolean packed;
    private final long driverArea;

    /**
     * @param toGuest whether the device writes into the buffers
     * @param call interrupts the guest
     */
    VirtioPair(long features, boolean toGuest, Runnable call) {
        this.call = call;
        this.readableCount = toGuest ? 0 : 1;
        packed = RingFeature.isPacked(features);
        long buffer = (RingLayout.bytesFor(SIZE, packed) + 63) & -64;
        memory = NativeBuffer.allocate(buffer + BUFFER_BYTES, 4096);
        addresses = new long[] {GUEST + buffer};
        GuestRegion region = new GuestRegion(GUEST, GUEST, memory.bytes(), memory.address());
        RingLayout layout =
                RingLayout.contiguous(
                        memory.address(), SIZE, packed, GuestMemory.of(List.of(region)));
        IndirectTables tables = new IndirectTables(memory.address(), GUEST, 1);
        driverArea = layout.driver();
        driver = DriverVirtqueue.open(layout, features, tables);
        device = DeviceVirtqueue.open(layout, features, DriverVirtqueue.FRESH);
    }

    @Override
    boolean post() {
        return driver.add(addresses, lengths, readableCount, 1 - readableCount, 0, false);
    }

    @Override
    boolean publish() {
        driver.publish();
        return driver.needsKick();
    }

    @Override
    boolean poll() {
        return driver.poll();
    }

    @Override
    boolean hasDone() {
        return driver.hasUsed();
    }

    @Override
    boolean arm() {
        return driver.enableInterrupts();
    }

    @Override
    void disarm() {
        driver.disableInterrupts();
    }

    @Override
    int outstanding() {
        return driver.outstanding();
    }

    @Override
    boolean take() {
        readable.clear();
        writable.clear();
        return device.next(chain);
    }

    @Override
    void complete(long bytes) {
        device.complete(chain, readableCount == 0 ? Math.min(bytes, BUFFER_BYTES) : 0);
        device.flush();
    }

    @Override
    boolean wanted() {
        return device.needsNotification();
    }

    @Override
    boolean declined() {
        return device.isDeclined();
    }

    @Override
    long consumed() {
        return device.consumed();
    }

    @Override
    long posted() {
        return device.posted();
    }

    @Override
    long taken() {
        return device.taken();
    }

    @Override
    void call() {
        device.notified();
        call.run();
    }

    @Override
    void leave() {}

    @Override
    boolean armKicks() {
        return device.enableKicks();
    }

    @Override
    void disarmKicks() {
        device.disableKicks();
    }

    @Override
    void scribble(SplittableRandom random) {
        if (packed) {
            SharedMemory.putLe32(driverArea, random.nextInt());
        } else {
            SharedMemory.putLe16(driverArea + VirtqAvail.FLAGS, random.nextInt(1 << 16));
            SharedMemory.putLe16(driverArea + VirtqAvail.usedEvent(SIZE), random.nextInt(1 << 16));
        }
    }

    @Override
    public void close() {
        readable.close();
        writable.close();
        memory.close();
    }
}
