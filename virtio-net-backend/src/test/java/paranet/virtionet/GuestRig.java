package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertTrue;

import paranet.core.device.DeviceLane;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.DriverVirtqueue;
import paranet.core.virtqueue.IndirectTables;
import paranet.core.virtqueue.RingFeature;
import paranet.core.virtqueue.RingLayout;
import paranet.core.virtqueue.RingPosition;
import paranet.virtionet.wire.VirtioNetCtrl;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A guest with real rings in real memory, in front of one device and a network in memory. */
final class GuestRig implements AutoCloseable {
    static final long GUEST = 0x1_0000_0000L;
    static final long MODERN = VirtioNetFeature.VERSION_1;
    private static final long BYTES = 24L << 20;
    private static final int TABLE_ENTRIES = 64;

    final MemoryBridge bridge;
    final VirtioNetDevice device;
    final NativeBuffer memory = NativeBuffer.allocate(BYTES, 4096);
    final GuestMemory guest =
            GuestMemory.of(
                    List.of(new GuestRegion(GUEST, GUEST + 0x7777000L, BYTES, memory.address())));
    private final List<Ring> rings = new ArrayList<>();
    private long next;

    GuestRig(FrameBridge network) {
        this.bridge = null;
        this.device = new VirtioNetDevice(VirtioNetOptions.DEFAULT, network);
    }

    GuestRig(MemoryBridge bridge, VirtioNetOptions options) {
        this.bridge = bridge;
        this.device = new VirtioNetDevice(options, bridge);
    }

    GuestRig() {
        this(new MemoryBridge(1), VirtioNetOptions.DEFAULT);
    }

    /** A device after this negotiation. */
    static GuestRig negotiated(long features) {
        GuestRig rig = new GuestRig();
        rig.device.negotiate(features);
        return rig;
    }

    MemoryBridge.Pair network() {
        return bridge.pairs.get(0);
    }

    DeviceLane lane() {
        return device.lane(0);
    }

    long drops(DropReason reason) {
        return device.drops().getOrDefault(reason, 0L);
    }

    /** Guest address of fresh memory. */
    long allocate(long bytes) {
        long at = next;
        next = (next + bytes + 63) & -64;
        if (next > BYTES) {
            throw new IllegalStateException("guest memory is used up");
        }
        return GUEST + at;
    }

    long host(long guestAddress) {
        return memory.address() + guestAddress - GUEST;
    }

    void write(long guestAddress, byte[] bytes) {
        SharedMemory.copy(bytes, 0, host(guestAddress), bytes.length);
    }

    byte[] read(long guestAddress, int length) {
        byte[] bytes = new byte[length];
        SharedMemory.copy(host(guestAddress), bytes, 0, length);
        return bytes;
    }

    Ring ring(int vring, int size, long features) {
        return ring(vring, size, features, DriverVirtqueue.FRESH);
    }

    /** A started and enabled ring. */
    Ring ring(int vring, int size, long features, RingPosition start) {
        Ring ring = new Ring(vring, size, features, start);
        rings.add(ring);
        DeviceLane lane = device.lane(device.laneOf(vring));
        lane.attach(vring, ring.device);
        lane.enable(vring, true);
        return ring;
    }

    /** One ring, both its sides. */
    final class Ring {
        final int vring;
        final DriverVirtqueue driver;
        final RingLayout layout;
        final DeviceVirtqueue device;
        boolean attached = true;

        Ring(int vring, int size, long features, RingPosition start) {
            this.vring = vring;
            boolean packed = RingFeature.isPacked(features);
            long at = host(allocate((RingLayout.bytesFor(size, packed) + 4095) & -4096));
            long tables = allocate(IndirectTables.bytesFor(size, TABLE_ENTRIES));
            layout = RingLayout.contiguous(at, size, packed, guest);
            driver =
                    DriverVirtqueue.open(
                            layout,
                            features,
                            new IndirectTables(host(tables), tables, TABLE_ENTRIES));
            driver.reset(start);
            device = DeviceVirtqueue.open(layout, features, start);
        }

        void detach() {
            GuestRig.this.device.lane(GuestRig.this.device.laneOf(vring)).detach(vring);
            attached = false;
        }

        /** Publishes a readable chain with these bytes, cut into pieces of these lengths. */
        void send(byte[] bytes, int... pieces) {
            int[] lengths = pieces.length == 0 ? new int[] {bytes.length} : pieces;
            long[] addresses = new long[lengths.length];
            long[] sizes = new long[lengths.length];
            int at = 0;
            for (int i = 0; i < lengths.length; i++) {
                addresses[i] = allocate(lengths[i]);
                sizes[i] = lengths[i];
                write(addresses[i], Arrays.copyOfRange(bytes, at, at + lengths[i]));
                at += lengths[i];
            }
            add(addresses, sizes, lengths.length, 0);
        }

        void add(long[] addresses, long[] sizes, int readable, int writable) {
            assertTrue(driver.add(addresses, sizes, readable, writable, 0, false), "ring is full");
            driver.publish();
        }

        /** Publishes one writable buffer of this size; its guest address. */
        long room(int bytes) {
            long address = allocate(bytes);
            add(new long[] {address}, new long[] {bytes}, 0, 1);
            return address;
        }

        /** Takes everything used; the written bytes of each. */
        List<Long> used() {
            List<Long> written = new ArrayList<>();
            while (driver.poll()) {
                written.add(driver.writtenBytes());
            }
            return written;
        }
    }

    /** A receive ring that knows its buffers and puts frames together again. */
    final class Receiver {
        final Ring ring;
        private final List<long[]> buffers = new ArrayList<>();
        private int refused;

        Receiver(Ring ring) {
            this.ring = ring;
        }

        /** Adds a buffer in these pieces. */
        void add(int... pieces) {
            long[] addresses = new long[pieces.length];
            long[] sizes = new long[pieces.length];
            long[] both = new long[2 * pieces.length];
            for (int i = 0; i < pieces.length; i++) {
                addresses[i] = allocate(pieces[i]);
                allocate(64); // so that no two pieces touch
                sizes[i] = pieces[i];
                both[2 * i] = addresses[i];
                both[2 * i + 1] = pieces[i];
            }
            assertTrue(
                    ring.driver.add(addresses, sizes, 0, pieces.length, buffers.size(), false),
                    "ring is full");
            buffers.add(both);
            ring.driver.publish();
        }

        void addMany(int count, int bytes) {
            for (int i = 0; i < count; i++) {
                add(bytes);
            }
        }

        /** Adds a buffer that no frame may come to lie in. */
        void addBad(long address, int bytes, boolean writable) {
            assertTrue(
                    ring.driver.add(
                            new long[] {address},
                            new long[] {bytes},
                            writable ? 0 : 1,
                            writable ? 1 : 0,
                            buffers.size(),
                            false),
                    "ring is full");
            buffers.add(new long[] {});
            ring.driver.publish();
        }

        /** Buffers of {@link #addBad} that came back. */
        int refused() {
            return refused;
        }

        /** All frames received since, header first; spread ones put together by num_buffers. */
        List<byte[]> frames(int headerBytes) {
            List<byte[]> frames = new ArrayList<>();
            ByteArrayOutputStream frame = new ByteArrayOutputStream();
            int left = 0;
            while (ring.driver.poll()) {
                long[] buffer = buffers.get(ring.driver.token());
                if (ring.driver.writtenBytes() == 0) { // given back unused
                    refused += buffer.length == 0 ? 1 : 0;
                    continue;
                }
                byte[] part = contents(buffer, (int) ring.driver.writtenBytes());
                if (left == 0) {
                    left = headerBytes == 12 ? (part[10] & 0xff) | ((part[11] & 0xff) << 8) : 1;
                    assertTrue(left > 0, "num_buffers is 0");
                }
                frame.writeBytes(part);
                left--;
                if (left == 0) {
                    frames.add(frame.toByteArray());
                    frame.reset();
                }
            }
            assertTrue(left == 0, "frame lacks %d buffers".formatted(left));
            return frames;
        }

        private byte[] contents(long[] pieces, int length) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            int left = length;
            for (int i = 0; i < pieces.length && left > 0; i += 2) {
                int here = (int) Math.min(left, pieces[i + 1]);
                all.writeBytes(read(pieces[i], here));
                left -= here;
            }
            assertTrue(left == 0, "used length beyond the buffer");
            return all.toByteArray();
        }
    }

    Receiver receiver(int vring, int size, long features) {
        return new Receiver(ring(vring, size, features));
    }

    /** Carries out one control command; its answer, or -1 when no byte was written. */
    int command(Ring control, int commandClass, int number, byte... data) {
        byte[] all = new byte[2 + data.length];
        all[0] = (byte) commandClass;
        all[1] = (byte) number;
        System.arraycopy(data, 0, all, 2, data.length);
        long readable = allocate(all.length);
        long ack = allocate(1);
        write(readable, all);
        write(ack, new byte[] {(byte) 0xee});
        control.add(new long[] {readable, ack}, new long[] {all.length, 1}, 1, 1);
        lane().drainTransmit();
        List<Long> used = control.used();
        if (used.size() != 1) {
            throw new AssertionError("%d answers".formatted(used.size()));
        }
        return used.get(0) == 1 ? read(ack, 1)[0] : -1;
    }

    boolean accepts(Ring control, int commandClass, int number, byte... data) {
        return command(control, commandClass, number, data) == VirtioNetCtrl.OK;
    }

    /** Header and frame in one array. */
    static byte[] with(byte[] header, byte[] frame) {
        byte[] all = Arrays.copyOf(header, header.length + frame.length);
        System.arraycopy(frame, 0, all, header.length, frame.length);
        return all;
    }

    @Override
    public void close() {
        for (Ring ring : rings) {
            if (ring.attached) {
                ring.detach();
            }
        }
        memory.close();
    }
}
