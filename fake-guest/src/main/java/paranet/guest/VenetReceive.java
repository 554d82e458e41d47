package paranet.guest;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqIterFlag;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalConsumer;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.WakeupQueue;
import paranet.core.memory.SharedMemory;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.venet.wire.VenetIov;
import paranet.venet.wire.VenetSg;

/**
 * Frames in: ring 0 of a venet device, a buffer for each slot, and with L4RO a descriptor for each
 * in pool 103 and pages beside it.
 *
 * <p>Threading: confined to the thread of its bus.
 */
final class VenetReceive {
    private static final int ETHERNET_BYTES = 14;

    private final VenetDriverOptions options;
    private final int size;
    private final long ringGuest;
    private final long ringHost;
    private final long poolGuest; // with L4RO
    private final long poolHost;
    private final long[] bufferGuest;
    private final long[] bufferHost;
    private final int[] capacity; // by slot: what the host was given
    private final VenetPages pages; // null unless L4RO is wanted
    private final long[] pieceAt = new long[VenetSg.COUNT_MAX];
    private final int[] pieceBytes = new int[VenetSg.COUNT_MAX];
    private NorthIoq ring;
    private NorthIterator in;
    private boolean l4ro;
    private int plainBytes;
    private long framesReceived;
    private long flushed;
    private long broken;

    VenetReceive(GuestRam ram, VenetDriverOptions options) {
        this.options = options;
        this.size = options.ringSize();
        this.ringGuest = ram.allocate(IoqRingHead.bytes(size), IoqRingHead.ALIGNMENT);
        this.ringHost = ram.host(ringGuest, IoqRingHead.bytes(size));
        boolean wanted = options.receiveBits() != 0;
        this.poolGuest = wanted ? ram.allocate(poolBytes(), 1) : 0;
        this.poolHost = wanted ? ram.host(poolGuest, poolBytes()) : 0;
        this.pages = wanted ? new VenetPages(ram, size) : null;
        this.bufferGuest = new long[size];
        this.bufferHost = new long[size];
        this.capacity = new int[size];
        for (int i = 0; i < size; i++) {
            bufferGuest[i] = ram.allocate(options.plainBytesMax(), 1);
            bufferHost[i] = ram.host(bufferGuest[i], options.plainBytesMax());
        }
    }

    long ringGuest() {
        return ringGuest;
    }

    long ringBytes() {
        return IoqRingHead.bytes(size);
    }

    long poolGuest() {
        return poolGuest;
    }

    long poolBytes() {
        return (long) size * VenetSg.BYTES_MAX;
    }

    VenetPages pages() {
        return pages;
    }

    /** A fresh ring without buffers. */
    NorthIoq layOut(
            boolean l4roGranted,
            Doorbell doorbell,
            SignalConsumer consumer,
            WakeupQueue wakeups,
            ShmSignal.Fences fences) {
        l4ro = l4roGranted;
        plainBytes = options.plainBytesMax();
        ring =
                NorthIoq.layOut(
                        ringHost,
                        size,
                        IoqRole.CONSUMER,
                        new SignalWiring(doorbell, consumer, wakeups),
                        fences);
        in = ring.iterator(IoqIdx.INUSE, IoqIterFlag.AUTOUPDATE);
        return ring;
    }

    /** Gives every slot a buffer, and the slot to the host. */
    void fill() {
        NorthIterator fill = ring.iterator(IoqIdx.VALID, 0);
        for (int slot = 0; slot < size; slot++) {
            prepare(slot);
            ring.putValid(slot, true);
            fill.push();
        }
    }

    NorthIoq ring() {
        return ring;
    }

    /** Frames of a smaller MTU's size from the next buffer on; the first MTU bounds it. */
    void mtu(int bytes) {
        int frame = bytes + ETHERNET_BYTES;
        if (frame > options.plainBytesMax()) {
            throw new IllegalArgumentException(
                    "MTU %d, and buffers for %d".formatted(bytes, options.mtu()));
        }
        plainBytes = frame;
    }

    private void prepare(int slot) {
        capacity[slot] = plainBytes;
        ring.putCookie(slot, slot + 1L);
        if (!l4ro) {
            ring.putPtr(slot, bufferGuest[slot]);
            ring.putLength(slot, plainBytes);
            return;
        }
        long at = poolHost + (long) slot * VenetSg.BYTES_MAX;
        SharedMemory.fill(at, VenetSg.BYTES_MAX, 0);
        SharedMemory.putLe64(at + VenetSg.COOKIE, slot + 1L);
        SharedMemory.putLe32(at + VenetSg.COUNT, 1);
        SharedMemory.putLe32(at + VenetSg.iov(0) + VenetIov.LEN, plainBytes);
        SharedMemory.putLe64(at + VenetSg.iov(0) + VenetIov.PTR, bufferGuest[slot]);
        ring.putPtr(slot, (long) slot * VenetSg.BYTES_MAX);
        ring.putLength(slot, VenetSg.BYTES_MAX);
    }

    /** Whether the next slot holds something of the host's. */
    boolean hasNext() {
        return !ring.isSown(in.slot());
    }

    /** Takes the next frame; at most a ring of buffers without one is passed over. */
    boolean receive(GuestFrame into) {
        for (int i = 0; i < size && hasNext(); i++) {
            int slot = in.slot();
            boolean whole = l4ro ? readPieces(slot, into) : readFlat(slot, into);
            prepare(slot);
            in.pop();
            if (l4ro) {
                pages.refill();
            }
            if (whole) {
                framesReceived++;
                return true;
            }
        }
        return false;
    }

    private boolean readFlat(int slot, GuestFrame into) {
        long bytes = ring.length(slot);
        if (bytes == 0) {
            flushed++;
            return false;
        }
        if (bytes < ETHERNET_BYTES || bytes > capacity[slot]) {
            broken++;
            return false;
        }
        into.reserve((int) bytes);
        SharedMemory.copy(bufferHost[slot], into.bytes(), 0, (int) bytes);
        into.set((int) bytes, FrameHdr.NONE);
        return true;
    }

    private boolean readPieces(int slot, GuestFrame into) {
        long at = poolHost + (long) slot * VenetSg.BYTES_MAX;
        int bytes = SharedMemory.le32(at + VenetSg.LEN);
        int count = SharedMemory.le32(at + VenetSg.COUNT);
        if (bytes == 0) {
            flushed++;
            return false;
        }
        FrameHdr hdr = VenetHdr.read(at);
        boolean sound = hdr != null && count >= 1 && count <= VenetSg.COUNT_MAX;
        int pieces = Math.clamp(count, 1, VenetSg.COUNT_MAX);
        long sum = 0;
        for (int i = 0; i < pieces; i++) {
            long iov = at + VenetSg.iov(i);
            int length = SharedMemory.le32(iov + VenetIov.LEN);
            pieceBytes[i] = length;
            pieceAt[i] =
                    i == 0 ? bufferHost[slot] : pages.take(SharedMemory.le64(iov + VenetIov.PTR));
            int most = i == 0 ? capacity[slot] : VenetPages.PAGE_BYTES;
            sound &= pieceAt[i] != 0 && length > 0 && length <= most;
            sum += length;
        }
        if (!sound || sum != bytes || sum < ETHERNET_BYTES) {
            broken++;
            return false;
        }
        into.reserve(bytes);
        int done = 0;
        for (int i = 0; i < pieces; i++) {
            SharedMemory.copy(pieceAt[i], into.bytes(), done, pieceBytes[i]);
            done += pieceBytes[i];
        }
        into.set(bytes, hdr);
        return true;
    }

    long framesReceived() {
        return framesReceived;
    }

    /** Buffers that came back empty. */
    long flushed() {
        return flushed;
    }

    /** Frames that the host described in no sound way. */
    long broken() {
        return broken;
    }
}
