package paranet.guest;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqIterFlag;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.WakeupQueue;
import paranet.core.memory.SharedMemory;
import paranet.core.offload.VirtioNetHdr;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetIov;
import paranet.venet.wire.VenetSg;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Frames out: ring 1 of a venet device, and the packets in flight.
 *
 * <p>A packet is free again when its slot was given back or, with TXC, when an event says so; then
 * the slot may be used again before.
 *
 * <p>Threading: confined to the thread of its bus.
 */
final class VenetTransmit {
    private static final long BYTES_TOGETHER = 8L << 20;
    private static final int HEADERS_BYTES = 54;
    private static final int FREE = 0; // a cookie that no packet has

    private final VenetDriverOptions options;
    private final SplittableRandom random;
    private final PieceSlots packets;
    private final long[] inFlight; // by packet: its cookie, or FREE
    private final int[] free;
    private final long[] tracked; // by slot: the cookie of its packet, or FREE; without TXC
    private final long ringGuest;
    private final long ringHost;
    private final long sgGuest;
    private final long sgHost;
    private NorthIoq ring;
    private NorthIterator out;
    private NorthIterator done;
    private boolean sg;
    private boolean pooled;
    private boolean events;
    private int freeCount;
    private long lastCookie;
    private long framesSent;
    private long strayCompletions;

    VenetTransmit(GuestRam ram, VenetDriverOptions options) {
        this.options = options;
        this.random = new SplittableRandom(options.seed());
        int size = options.ringSize();
        int count = Math.clamp(BYTES_TOGETHER / options.frameBytesMax(), 2, 2 * size);
        this.packets =
                new PieceSlots(ram, count, options.frameBytesMax(), VenetSg.COUNT_MAX, 1, random);
        this.inFlight = new long[count];
        this.free = new int[count];
        this.tracked = new long[size];
        this.ringGuest = ram.allocate(IoqRingHead.bytes(size), IoqRingHead.ALIGNMENT);
        this.ringHost = ram.host(ringGuest, IoqRingHead.bytes(size));
        this.sgGuest = ram.allocate(poolBytes(), 1);
        this.sgHost = ram.host(sgGuest, poolBytes());
    }

    long ringGuest() {
        return ringGuest;
    }

    long ringBytes() {
        return IoqRingHead.bytes(options.ringSize());
    }

    long poolGuest() {
        return sgGuest;
    }

    long poolBytes() {
        return (long) options.ringSize() * VenetSg.BYTES_MAX;
    }

    /** A fresh ring, for these granted bits of group SG; {@code events} tells of TXC. */
    NorthIoq layOut(
            int granted,
            boolean txc,
            Doorbell doorbell,
            WakeupQueue wakeups,
            ShmSignal.Fences fences) {
        sg = (granted & VenetCapability.SG) != 0;
        pooled = false;
        events = txc;
        for (int i = 0; i < free.length; i++) {
            free[i] = i;
            inFlight[i] = FREE;
        }
        freeCount = free.length;
        Arrays.fill(tracked, FREE);
        ring =
                NorthIoq.layOut(
                        ringHost,
                        options.ringSize(),
                        IoqRole.PRODUCER,
                        new SignalWiring(doorbell, this::reap, wakeups),
                        fences);
        out = ring.iterator(events ? IoqIdx.INUSE : IoqIdx.BOTH, IoqIterFlag.AUTOUPDATE);
        done = ring.iterator(IoqIdx.VALID, IoqIterFlag.NOFLIPOWNER);
        return ring;
    }

    /** Descriptors are offsets into the pool from now on. */
    void usePool() {
        pooled = true;
    }

    NorthIoq ring() {
        return ring;
    }

    /** Whether a frame can go now. */
    boolean hasRoom() {
        if (freeCount == 0 || isFull()) {
            reap();
        }
        return freeCount > 0 && !isFull();
    }

    private boolean isFull() {
        if (!events) {
            return tracked[out.slot()] != FREE;
        }
        return options.isFullByValid()
                ? ring.remaining(IoqIdx.VALID) == 0
                : ring.isSown(out.slot()); // INUSE, but for heads that a host makes up
    }

    boolean send(GuestFrame frame) {
        if (!hasRoom()) {
            return false;
        }
        FrameHdr hdr = frame.hdr();
        if (!sg && (hdr.needsCsum() || hdr.gsoKind() != VirtioNetHdr.GSO_NONE)) {
            throw new IllegalArgumentException("without SG, frames are finished: " + hdr);
        }
        int slot = out.slot();
        int packet = free[freeCount - 1];
        long cookie = ++lastCookie << Integer.SIZE | packet + 1;
        int pieces = sg ? cut(packet, frame) : packets.whole(packet, frame.length());
        packets.write(packet, 0, frame.bytes(), 0, frame.length());
        ring.putCookie(slot, cookie);
        if (sg) {
            long at = (long) slot * VenetSg.BYTES_MAX;
            describe(sgHost + at, cookie, frame, pieces);
            ring.putPtr(slot, pooled ? at : sgGuest + at);
            ring.putLength(slot, VenetSg.iov(pieces));
        } else {
            ring.putPtr(slot, packets.addresses[0]);
            ring.putLength(slot, frame.length());
        }
        ring.putValid(slot, true);
        inFlight[packet] = cookie;
        if (!events) {
            tracked[slot] = cookie;
        }
        if (!out.push()) {
            throw new IllegalStateException(
                    "slot %d is still the host's: the ring was full".formatted(slot));
        }
        freeCount--;
        framesSent++;
        return true;
    }

    private int cut(int packet, GuestFrame frame) {
        FrameHdr hdr = frame.hdr();
        int bytes = frame.length();
        int firstMin = hdr.needsCsum() ? hdr.csumStart() + hdr.csumOffset() + 2 : 1;
        ChainShape shape = options.transmitShape();
        if (shape == ChainShape.MIXED) {
            shape =
                    switch (random.nextInt(3)) {
                        case 0 -> ChainShape.WHOLE;
                        case 1 -> ChainShape.HEADER_APART;
                        default -> ChainShape.SCATTERED;
                    };
        }
        int first = Math.max(firstMin, HEADERS_BYTES);
        if (shape == ChainShape.WHOLE || first >= bytes) {
            return packets.whole(packet, bytes);
        }
        return shape == ChainShape.HEADER_APART
                ? packets.two(packet, first, bytes - first)
                : packets.scattered(packet, bytes, firstMin, VenetSg.COUNT_MAX);
    }

    private void describe(long at, long cookie, GuestFrame frame, int pieces) {
        FrameHdr hdr = frame.hdr();
        SharedMemory.fill(at, VenetSg.iov(pieces), 0);
        SharedMemory.putLe64(at + VenetSg.COOKIE, cookie);
        SharedMemory.putLe32(at + VenetSg.FLAGS, VenetHdr.flags(hdr));
        SharedMemory.putLe32(at + VenetSg.LEN, frame.length());
        SharedMemory.putLe16(at + VenetSg.CSUM_START, hdr.csumStart());
        SharedMemory.putLe16(at + VenetSg.CSUM_OFFSET, hdr.csumOffset());
        if (hdr.gsoKind() != VirtioNetHdr.GSO_NONE) {
            SharedMemory.putLe8(at + VenetSg.GSO_TYPE, VenetHdr.gsoType(hdr));
            SharedMemory.putLe16(at + VenetSg.GSO_HDRLEN, hdr.hdrLen());
            SharedMemory.putLe16(at + VenetSg.GSO_SIZE, hdr.gsoSize());
        }
        SharedMemory.putLe32(at + VenetSg.COUNT, pieces);
        for (int i = 0; i < pieces; i++) {
            long iov = at + VenetSg.iov(i);
            SharedMemory.putLe32(iov + VenetIov.LEN, (int) packets.lengths[i]);
            SharedMemory.putLe64(iov + VenetIov.PTR, packets.addresses[i]);
        }
    }

    /** Takes back the slots that the host gave back, unless events do that. */
    void reap() {
        while (!events && tracked[done.slot()] != FREE && !ring.isSown(done.slot())) {
            int slot = done.slot();
            long cookie = tracked[slot];
            tracked[slot] = FREE;
            ring.putValid(slot, false);
            done.pop();
            complete(cookie);
        }
    }

    /** The host is done with the packet of this cookie, as it says. */
    void complete(long cookie) {
        long packet = (cookie & 0xffff_ffffL) - 1;
        if (cookie == FREE
                || packet < 0
                || packet >= inFlight.length
                || inFlight[(int) packet] != cookie) {
            strayCompletions++;
            return;
        }
        inFlight[(int) packet] = FREE;
        free[freeCount++] = (int) packet;
    }

    /** Packets that the host is not done with. */
    int outstanding() {
        reap();
        return free.length - freeCount;
    }

    long framesSent() {
        return framesSent;
    }

    /** Completions of what was not in flight. */
    long strayCompletions() {
        return strayCompletions;
    }
}
