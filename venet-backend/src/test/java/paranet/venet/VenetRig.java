package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import paranet.core.device.BusLane;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A guest with one venet device whose link it has taken up, and a network side in memory. It
 * registers what its capabilities allow, in the order that Linux did.
 */
final class VenetRig implements AutoCloseable {
    static final int SLOTS = 64;
    static final int BUFFER_BYTES = 1514;
    static final int PAGE_BYTES = 4096;
    static final int HEADER = 12;

    static final long RX = 0x200000;
    static final long TX = 0x201000;
    static final long EVENT_RING = 0x202000;
    static final long PAGE_RING = 0x203000;
    static final long EVENT_POOL = 0x204000;
    static final long L4RO_POOL = 0x206000;
    static final long PMTD_POOL = 0x20c000;
    static final long BUFFERS = 0x220000; // 2048 bytes apart
    static final long PAGES = 0x240000;
    static final long FRAMES = 0x280000;

    static final int SG = 0x01;
    static final int TSO = 0x0e;
    static final int UFO = 0x10;
    static final int PMTD = 0x20;
    static final int LINKSTATE = 0x01;
    static final int TXC = 0x02;

    private static final int LINKUP = 0;
    private static final int LINKDOWN = 1;

    final BusRig rig = new BusRig().ready();
    final VbusConnection bus = rig.bus;
    final MemoryBridge bridge; // or null
    final MemoryBridge.Pair network; // or null
    final VenetDevice device;
    final BusLane lane;
    final long devh;
    final NorthIoq receive;
    final NorthIoq transmit;
    final NorthIoq events; // or null
    final NorthIoq pages; // or null
    final int receiveHandle;
    final int transmitHandle;
    final int eventsHandle;
    final int pagesHandle;
    private final boolean sg;
    private final boolean pmtd;
    private final boolean txc;
    private final boolean l4ro;
    private final NorthIterator pushes;
    private final NorthIterator reaped;
    private final NorthIterator taken;
    private final NorthIterator posted;
    long now; // nanoseconds
    private long nextFrame = FRAMES;
    private long nextCookie = 0xc0000;

    /** Frames as in the original without any capability. */
    VenetRig() {
        this(0, 0, 0);
    }

    VenetRig(int sgBits, int eventBits, int l4roBits) {
        this(VenetOptions.DEFAULT, new MemoryBridge(1), sgBits, eventBits, l4roBits);
    }

    VenetRig(VenetOptions options, FrameBridge side, int sgBits, int eventBits, int l4roBits) {
        bridge = side instanceof MemoryBridge inMemory ? inMemory : null;
        network = bridge == null ? null : bridge.pairs.getFirst();
        device = new VenetDevice(BusRig.MAC, options, side);
        int devid = bus.plugIn(device);
        rig.take(0);
        devh = rig.open(devid);
        sg = (sgBits & SG) != 0;
        pmtd = (sgBits & PMTD) != 0;
        txc = (eventBits & TXC) != 0;
        l4ro = (l4roBits & SG) != 0;
        rig.negotiate(devh, 0, sgBits);
        assertEquals(sgBits, rig.bits());
        rig.negotiate(devh, 1, eventBits);
        if (eventBits != 0) {
            assertEquals(0, rig.pool(devh, 101, 24 * SLOTS, EVENT_POOL));
            events = rig.layOut(EVENT_RING, SLOTS, IoqRole.CONSUMER);
            eventsHandle = register(102, EVENT_RING);
            postEvents();
            events.signal().enable();
        } else {
            events = null;
            eventsHandle = -1;
        }
        rig.negotiate(devh, 2, l4roBits);
        assertEquals(l4roBits, rig.bits());
        if (l4ro) {
            assertEquals(0, rig.pool(devh, 103, 320 * SLOTS, L4RO_POOL));
            pages = rig.layOut(PAGE_RING, SLOTS, IoqRole.PRODUCER);
            pagesHandle = register(104, PAGE_RING);
        } else {
            pages = null;
            pagesHandle = -1;
        }
        receive = rig.layOut(RX, SLOTS, IoqRole.CONSUMER);
        receiveHandle = register(0, RX);
        transmit = rig.layOut(TX, SLOTS, IoqRole.PRODUCER);
        transmitHandle = register(1, TX);
        receive.signal().enable();
        if (pmtd) {
            assertEquals(0, rig.pool(devh, 100, 320 * SLOTS, PMTD_POOL));
        }
        if (!txc) {
            transmit.signal().enable();
        }
        pushes = transmit.iterator(txc ? IoqIdx.INUSE : IoqIdx.BOTH, 0);
        reaped = transmit.iterator(IoqIdx.VALID, 2);
        taken = receive.iterator(IoqIdx.INUSE, 0);
        posted = receive.iterator(IoqIdx.VALID, 0);
        up();
        rig.take(0);
        lane = bus.lanes().getFirst();
    }

    private int register(int id, long ring) {
        int handle = rig.shm(devh, id, 56 + 32 * SLOTS, 8, 0x100 + id, ring);
        assertTrue(handle >= 0, "shm " + id + ": " + handle);
        return handle;
    }

    private void postEvents() {
        NorthIterator tail = events.iterator(IoqIdx.VALID, 0);
        for (int slot = 0; slot < SLOTS; slot++) {
            tail.seekTail();
            events.putPtr(slot, 24L * slot);
            events.putLength(slot, 24);
            tail.push();
        }
    }

    void up() {
        assertEquals(0, rig.call(devh, LINKUP, 0, 0));
        work();
    }

    void down() {
        assertEquals(0, rig.call(devh, LINKDOWN, 0, 0));
        work();
    }

    /** What a worker does after each method of the bus. */
    void work() {
        while (bus.step(now)) {}
    }

    /** Drains until there is nothing; frames moved. */
    int drain() {
        int moved = 0;
        for (int batch = lane.drainTransmit(); batch > 0; batch = lane.drainTransmit()) {
            moved += batch;
        }
        work();
        return moved;
    }

    int fill() {
        int moved = 0;
        for (int batch = lane.fillReceive(); batch > 0; batch = lane.fillReceive()) {
            moved += batch;
        }
        work();
        return moved;
    }

    // Transmit.

    /** Puts bytes somewhere in memory, not next to others. */
    long place(byte[] bytes) {
        if (nextFrame + bytes.length > BusRig.BYTES) {
            nextFrame = FRAMES;
        }
        long guestAddress = nextFrame;
        SharedMemory.copy(bytes, 0, rig.at + guestAddress, bytes.length);
        nextFrame += bytes.length + 3;
        return guestAddress;
    }

    /** Posts whatever stands at the next slot; false when it is not the guest's. */
    boolean post(long cookie, long ptr, long length) {
        pushes.seekTail();
        int slot = pushes.slot();
        if (transmit.isSown(slot)) {
            return false;
        }
        transmit.putCookie(slot, cookie);
        transmit.putPtr(slot, ptr);
        transmit.putLength(slot, length);
        transmit.putValid(slot, true);
        assertTrue(pushes.push());
        SharedMemory.putLe8(rig.at + TX + 8 + 13, 1); // dirty, to the host
        return true;
    }

    /** Sends a frame in pieces of these lengths, or in one; its cookie. */
    long send(byte[] frame, int... lengths) {
        return send(new Sg(frame), lengths);
    }

    /** What a venet_sg says of a frame. */
    static final class Sg {
        byte[] frame;
        int flags;
        int csumStart;
        int csumOffset;
        int gsoType;
        int hdrLen;
        int gsoSize;

        Sg(byte[] frame) {
            this.frame = frame;
        }

        /** A TCP frame whose checksum is left to the host, to be segmented if {@code size} > 0. */
        static Sg tcp(byte[] frame, boolean ipv6, int size) {
            Sg sg = new Sg(frame);
            sg.flags = size > 0 ? 3 : 1;
            sg.csumStart = ipv6 ? 54 : 34;
            sg.csumOffset = 16;
            sg.gsoType = ipv6 ? 2 : 0;
            sg.hdrLen = sg.csumStart + 32;
            sg.gsoSize = size;
            return sg;
        }
    }

    long send(Sg what, int... lengths) {
        long cookie = nextCookie++;
        int[] cut = lengths.length == 0 ? new int[] {what.frame.length} : lengths;
        if (!sg) {
            assertTrue(post(cookie, place(what.frame), what.frame.length), "ring is full");
            return cookie;
        }
        pushes.seekTail();
        long at = pmtd ? 320L * pushes.slot() : place(new byte[320]);
        long desc = rig.at + at + (pmtd ? PMTD_POOL : 0);
        SharedMemory.fill(desc, 320, 0);
        SharedMemory.putLe64(desc, cookie);
        SharedMemory.putLe32(desc + 8, what.flags);
        SharedMemory.putLe32(desc + 12, what.frame.length);
        SharedMemory.putLe16(desc + 16, what.csumStart);
        SharedMemory.putLe16(desc + 18, what.csumOffset);
        SharedMemory.putLe8(desc + 20, what.gsoType);
        SharedMemory.putLe16(desc + 22, what.hdrLen);
        SharedMemory.putLe16(desc + 24, what.gsoSize);
        SharedMemory.putLe32(desc + 28, cut.length);
        int offset = 0;
        for (int i = 0; i < cut.length; i++) {
            byte[] piece = Arrays.copyOfRange(what.frame, offset, offset + cut[i]);
            SharedMemory.putLe32(desc + 32 + 16L * i, cut[i]);
            SharedMemory.putLe64(desc + 40 + 16L * i, place(piece));
            offset += cut[i];
        }
        assertTrue(post(~cookie, at, 32 + 16L * cut.length), "ring is full");
        return cookie;
    }

    /** Host address of the venet_sg that the last {@link #send} with PMTD posted. */
    long lastDesc() {
        int slot = (pushes.slot() + SLOTS - 1) % SLOTS;
        return rig.at + PMTD_POOL + 320L * slot;
    }

    /** Slots that came back since, without TXC. */
    int reap() {
        int count = 0;
        reaped.seekHead();
        while (transmit.isValid(reaped.slot()) && !transmit.isSown(reaped.slot())) {
            transmit.putValid(reaped.slot(), false);
            assertTrue(reaped.pop());
            count++;
        }
        return count;
    }

    /** Events since, in words. */
    List<String> events() {
        List<String> found = new ArrayList<>();
        NorthIterator head = events.iterator(IoqIdx.INUSE, 0);
        head.seekHead();
        while (!events.isSown(head.slot()) && found.size() < 10_000) {
            long event = rig.at + EVENT_POOL + events.ptr(head.slot());
            assertEquals(0, SharedMemory.le32(event));
            int size = SharedMemory.le32(event + 4);
            int id = SharedMemory.le32(event + 8);
            assertEquals(id == 0 ? 16 : 24, size);
            if (id == 0) {
                found.add("link " + SharedMemory.le8(event + 12));
            } else {
                assertEquals(1, id);
                assertEquals(0, SharedMemory.le32(event + 12));
                found.add("txc " + Long.toHexString(SharedMemory.le64(event + 16)));
            }
            SharedMemory.fill(event, 24, 0);
            assertTrue(head.pop());
        }
        return found;
    }

    /** What the bus told the guest since, in words; each signal is acknowledged. */
    List<String> told() {
        for (long ring : new long[] {RX, TX, EVENT_RING, PAGE_RING}) {
            SharedMemory.putLe8(rig.at + ring + 8 + 10, 0); // dirty, to the guest
            SharedMemory.fullFence();
            SharedMemory.putLe8(rig.at + ring + 8 + 9, 0); // pending
        }
        return rig.take(0);
    }

    // Receive.

    /** Posts empty buffers; how many there was room for. */
    int buffers(int count) {
        for (int i = 0; i < count; i++) {
            if (!buffer(BUFFER_BYTES)) {
                return i;
            }
        }
        return count;
    }

    /** Posts a buffer; false when the ring is full of them. */
    boolean buffer(int bytes) {
        // What the first round posts is pushed; later the slot that was taken is refilled.
        NorthIterator next = receive.count(IoqIdx.VALID) < SLOTS ? posted : null;
        if (next == null) {
            return false;
        }
        next.seekTail();
        fillSlot(next.slot(), bytes);
        return next.push();
    }

    void fillSlot(int slot, int bytes) {
        long buffer = BUFFERS + 2048L * slot;
        receive.putCookie(slot, 0xb000 + slot);
        receive.putValid(slot, true);
        if (!l4ro) {
            receive.putPtr(slot, buffer);
            receive.putLength(slot, bytes);
            return;
        }
        long vsg = rig.at + L4RO_POOL + 320L * slot;
        SharedMemory.fill(vsg, 320, 0);
        SharedMemory.putLe64(vsg, 0xb000 + slot);
        SharedMemory.putLe32(vsg + 28, 1);
        SharedMemory.putLe32(vsg + 32, bytes);
        SharedMemory.putLe64(vsg + 40, buffer);
        receive.putPtr(slot, 320L * slot);
    }

    /** Posts empty pages; page n has the cookie 0x9000 + n and the bytes of slot n. */
    int postPages(int count) {
        NorthIterator tail = pages.iterator(IoqIdx.INUSE, 0);
        for (int i = 0; i < count; i++) {
            tail.seekTail();
            int slot = tail.slot();
            if (pages.isSown(slot)) {
                return i;
            }
            pages.putCookie(slot, 0x9000 + slot);
            pages.putPtr(slot, PAGES + (long) PAGE_BYTES * slot);
            pages.putLength(slot, PAGE_BYTES);
            assertTrue(tail.push());
        }
        return count;
    }

    /** A received frame and what its venet_sg said, if it had one. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Received(byte[] frame, int flags, int gsoType, int gsoSize, int csumStart, int pieces) {}

    /** Takes the frames that came; their slots are posted again with as many bytes if asked. */
    List<Received> received(boolean refill) {
        List<Received> found = new ArrayList<>();
        taken.seekHead();
        while (receive.isValid(taken.slot()) && !receive.isSown(taken.slot())) {
            int slot = taken.slot();
            found.add(l4ro ? scattered(slot) : flat(slot));
            receive.putValid(slot, false);
            if (!refill) {
                taken.seekNext();
                continue;
            }
            fillSlot(slot, BUFFER_BYTES);
            assertTrue(taken.pop());
        }
        if (refill && !found.isEmpty()) {
            ring(RX, receiveHandle);
        }
        return found;
    }

    private Received flat(int slot) {
        int bytes = (int) receive.length(slot);
        return new Received(read(receive.ptr(slot), bytes), 0, 0, 0, 0, bytes == 0 ? 0 : 1);
    }

    private Received scattered(int slot) {
        long vsg = rig.at + L4RO_POOL + receive.ptr(slot);
        assertEquals(0xb000 + slot, SharedMemory.le64(vsg), "the guest's own");
        int length = SharedMemory.le32(vsg + 12);
        int count = SharedMemory.le32(vsg + 28);
        byte[] frame = new byte[length];
        int at = 0;
        for (int i = 0; i < count && length > 0; i++) {
            int bytes = SharedMemory.le32(vsg + 32 + 16L * i);
            long ptr = SharedMemory.le64(vsg + 40 + 16L * i);
            long from = i == 0 ? ptr : PAGES + PAGE_BYTES * (ptr - 0x9000);
            assertTrue(i == 0 || bytes <= PAGE_BYTES);
            SharedMemory.copy(rig.at + from, frame, at, bytes);
            at += bytes;
        }
        assertEquals(length, at);
        return new Received(
                frame,
                SharedMemory.le32(vsg + 8),
                SharedMemory.le8(vsg + 20),
                SharedMemory.le16(vsg + 24),
                SharedMemory.le16(vsg + 16),
                length == 0 ? 0 : count);
    }

    byte[] read(long guestAddress, int bytes) {
        byte[] read = new byte[bytes];
        SharedMemory.copy(rig.at + guestAddress, read, 0, bytes);
        return read;
    }

    /** Injects into the host's mailbox of a ring, and rings when it asked to be told. */
    boolean ring(long ring, int handle) {
        long mailbox = rig.at + ring + 8 + 11;
        SharedMemory.putLe8(mailbox + 2, 1);
        SharedMemory.fullFence();
        if (SharedMemory.le8(mailbox) == 0 || SharedMemory.le8(mailbox + 1) != 0) {
            return false;
        }
        SharedMemory.putLe8(mailbox + 1, 1);
        assertTrue(bus.signalled(handle));
        return true;
    }

    /** Whether the host asks to be told of a ring. */
    boolean isAsked(long ring) {
        return SharedMemory.le8(rig.at + ring + 8 + 11) != 0;
    }

    /** A frame comes from the network, behind a plain header. */
    void arrive(byte[] frame) {
        arrive(Packets.plainHeader(HEADER), frame);
    }

    void arrive(byte[] header, byte[] frame) {
        byte[] all = Arrays.copyOf(header, HEADER + frame.length);
        System.arraycopy(frame, 0, all, HEADER, frame.length);
        network.queued.add(all);
    }

    /** Frame number n that the network got, without its header. */
    byte[] sent(int n) {
        byte[] all = network.sent.get(n);
        return Arrays.copyOfRange(all, HEADER, all.length);
    }

    byte[] sentHeader(int n) {
        return Arrays.copyOf(network.sent.get(n), 10);
    }

    Map<DropReason, Long> drops() {
        return device.drops();
    }

    @Override
    public void close() {
        bus.reset();
        rig.close();
    }
}
