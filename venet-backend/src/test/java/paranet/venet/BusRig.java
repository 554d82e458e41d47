package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import paranet.core.device.BusControl;
import paranet.core.frame.FrameBridge;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.WakeupQueue;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * A guest of 4 MiB and the bus that it talks to, called directly unless something else stands in
 * front; numbers and layouts are this side's own.
 */
final class BusRig implements AutoCloseable {
    static final long BYTES = 0x400000;
    static final long EVENTQ = 0x1000; // and 0x1000 further for each queue more
    static final long RECORDS = 0x20000; // and 0x8000 further for each queue more
    static final long ARGS = 0x10000;
    static final long DATA = 0x11000;
    static final long RX = 0x80000;
    static final long TX = 0x82000;
    static final long EVENT_RING = 0x84000;
    static final long PAGE_RING = 0x86000;
    static final long EVENT_POOL = 0x88000;
    static final long L4RO_POOL = 0x8a000;
    static final long PMTD_POOL = 0x8c000;
    static final int SLOTS = 8;
    static final int RING_BYTES = 56 + 32 * SLOTS;
    static final byte[] MAC = {2, 3, 4, 5, 6, 7};

    private static final SignalWiring SILENT =
            new SignalWiring(
                    () -> {},
                    () -> {},
                    new WakeupQueue() {
                        @Override
                        public void schedule(ShmSignal signal) {}

                        @Override
                        public boolean isServing() {
                            return true;
                        }
                    });

    final NativeBuffer buffer = NativeBuffer.allocate(BYTES, 4096);
    final long at = buffer.address();
    final GuestMemory memory =
            GuestMemory.of(List.of(new GuestRegion(0, 0x7f0000000000L, BYTES, at)));
    final VbusConnection bus =
            new VbusConnection(
                    (address, bit) -> {
                        SharedMemory.putLe32(address, SharedMemory.le32(address) & ~(1 << bit));
                        return true;
                    });
    BusControl front = bus; // how the guest reaches it
    final TreeMap<Integer, NorthIoq> eventqs = new TreeMap<>();

    BusRig() {
        SharedMemory.fill(at, BYTES, 0);
        bus.negotiate(0xf);
        bus.memory(memory);
    }

    static VenetDevice device() {
        return device(new MemoryBridge(1));
    }

    static VenetDevice device(FrameBridge bridge) {
        return new VenetDevice(MAC, new CapabilityNegotiation(), bridge);
    }

    /** Lays out an event queue whose guest asks to be told, and adds it. */
    NorthIoq addEventq(int slots) {
        int index = eventqs.size();
        NorthIoq ring = layOut(EVENTQ + 0x1000L * index, slots, IoqRole.CONSUMER);
        post(ring, index);
        ring.signal().enable();
        assertEquals(
                0, front.addEventq(slots, EVENTQ + 0x1000L * index, RECORDS + 0x8000L * index));
        eventqs.put(index, ring);
        return ring;
    }

    private static void post(NorthIoq ring, int index) {
        NorthIterator tail = ring.iterator(IoqIdx.VALID, 0);
        for (int slot = 0; slot < ring.size(); slot++) {
            tail.seekTail();
            ring.putPtr(slot, RECORDS + 0x8000L * index + 144L * slot);
            ring.putLength(slot, 144);
            tail.push();
        }
    }

    NorthIoq layOut(long guestAddress, int slots, IoqRole role) {
        return NorthIoq.layOut(at + guestAddress, slots, role, SILENT, ShmSignal.Fences.FULL);
    }

    /** A bus with one queue that is ready, and its first events taken. */
    BusRig ready() {
        addEventq(SLOTS);
        bus.ready();
        take(0);
        return this;
    }

    /** What the guest finds in an event queue, in words; it acknowledges, and tells of room. */
    List<String> take(int index) {
        List<String> found = new ArrayList<>();
        NorthIoq ring = eventqs.get(index);
        NorthIterator head = ring.iterator(IoqIdx.INUSE, 0);
        head.seekHead();
        while (!ring.isSown(head.slot()) && found.size() < 1000) {
            long record = at + ring.ptr(head.slot());
            long handle = SharedMemory.le64(record + 8);
            found.add(
                    switch (SharedMemory.le32(record)) {
                        case 0 -> "add " + handle + " " + text(record + 16);
                        case 1 -> "drop " + handle;
                        case 2 -> "signal " + Long.toHexString(handle);
                        case 3 -> "close " + Long.toHexString(handle);
                        default -> throw new AssertionError("unknown event");
                    });
            SharedMemory.fill(record, 144, 0xee);
            head.pop();
        }
        SharedMemory.putLe8(at + EVENTQ + 0x1000L * index + 17, 0); // pending: acknowledged
        SharedMemory.putLe8(at + EVENTQ + 0x1000L * index + 18, 0); // dirty
        ring.signal().inject();
        return found;
    }

    private static String text(long address) {
        byte[] bytes = new byte[128];
        SharedMemory.copy(address, bytes, 0, 128);
        return new String(bytes, StandardCharsets.US_ASCII).replace("\0", "");
    }

    int open(int devid, int version) {
        SharedMemory.putLe32(at + ARGS, devid);
        SharedMemory.putLe32(at + ARGS + 4, version);
        SharedMemory.putLe64(at + ARGS + 8, -1);
        return front.call(0, 0, 16, ARGS);
    }

    /** Opens a device that is there; its devh. */
    long open(int devid) {
        assertEquals(0, open(devid, 1));
        return SharedMemory.le64(at + ARGS + 8);
    }

    int close(long devh) {
        SharedMemory.putLe64(at + ARGS, devh);
        return front.call(0, 1, 8, ARGS);
    }

    int call(long devh, int function, int length, long data) {
        SharedMemory.putLe64(at + ARGS, devh);
        SharedMemory.putLe32(at + ARGS + 8, function);
        SharedMemory.putLe32(at + ARGS + 12, length);
        SharedMemory.putLe32(at + ARGS + 16, 0);
        SharedMemory.putLe64(at + ARGS + 24, data);
        return front.call(0, 2, 32, ARGS);
    }

    int shm(long devh, int id, int length, int signalOffset, long cookie, long data) {
        SharedMemory.putLe64(at + ARGS, devh);
        SharedMemory.putLe32(at + ARGS + 8, id);
        SharedMemory.putLe32(at + ARGS + 12, length);
        SharedMemory.putLe32(at + ARGS + 16, 0xdead); // flags are ignored
        SharedMemory.putLe32(at + ARGS + 24, signalOffset);
        SharedMemory.putLe32(at + ARGS + 28, 0);
        SharedMemory.putLe64(at + ARGS + 32, cookie);
        SharedMemory.putLe64(at + ARGS + 40, data);
        return front.call(0, 3, 48, ARGS);
    }

    int pool(long devh, int id, int length, long data) {
        return shm(devh, id, length, -1, 0, data);
    }

    /** Lays a ring of a device out, with its guest asking to be told, and registers it. */
    int ring(long devh, int id, long data) {
        IoqRole north = id == 1 || id == 104 ? IoqRole.PRODUCER : IoqRole.CONSUMER;
        layOut(data, SLOTS, north).signal().enable();
        return shm(devh, id, RING_BYTES, 8, 0x100 + id, data);
    }

    int negotiate(long devh, int group, int bits) {
        SharedMemory.putLe32(at + DATA, group);
        SharedMemory.putLe32(at + DATA + 4, bits);
        return call(devh, 3, 8, DATA);
    }

    int bits() {
        return SharedMemory.le32(at + DATA + 4);
    }

    @Override
    public void close() {
        buffer.close();
    }
}
