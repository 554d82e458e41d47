package paranet.virtionet;

import paranet.core.device.FrameSorter;
import paranet.core.frame.DropCounters;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSource;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.offload.FrameHeaders;
import paranet.core.offload.HeldFrame;
import paranet.core.offload.Offloads;
import paranet.core.offload.VirtioNetHdr;
import paranet.core.virtqueue.ChainFault;
import paranet.core.virtqueue.DescriptorChain;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.RingFault;

/**
 * Network to guest: reads frames from a source straight into the buffers of one receiveq (virtio
 * 1.3, 5.1.6.4).
 *
 * <p>A frame is read before its size is known, so the room given to the source is some chains of
 * the guest, as many as the last frames needed, and then memory of our own: nothing is ever cut.
 * What came to lie in our own memory is copied on into further chains. A frame for which the guest
 * has too few buffers stays in our own memory until there are more, and so does one that has to be
 * finished in software because the guest does not accept it as it is.
 *
 * <p>Between two batches nothing of the ring is held: a chain is completed or put back.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class ReceiveQueue {
    /** Frames given to the guest, and chains refused, in one batch. */
    static final int BATCH_MAX = 64;

    /** Chains that one frame may be spread over. */
    static final int CHAINS_MAX = IoVec.ELEMENTS_MAX;

    private static final int LOOKED_AT = VirtioNetHdr.BYTES + ReceiveFilter.LOOKED_AT;

    private final FrameSource source;
    private final DropCounters drops;

    private FrameSorter sorter = new FrameSorter();
    private DeviceVirtqueue queue;
    private boolean enabled;
    private boolean starved; // the last batch ended for want of buffers
    private boolean kicksWanted; // the driver was asked for them
    private int given; // frames of this batch
    private int refused; // chains of this batch

    private HeldFrame held;
    private NativeBuffer looked; // the start of a frame that lies in pieces
    private IoVec readable;
    private IoVec room; // all chains in hand, one behind the other
    private DescriptorChain[] chains;
    private int taken; // chains in hand
    private DropReason obstacle; // why no further chain could be taken, if not for want of one
    private long expectedBytes; // of the next frame, by the last ones

    ReceiveQueue(FrameSource source, DropCounters drops) {
        this.source = source;
        this.drops = drops;
    }

    void attach(DeviceVirtqueue started) {
        detach();
        queue = started;
        enabled = false;
        starved = false;
        kicksWanted = false;
        taken = 0; // memory may have vanished under the last ring with chains in hand
        expectedBytes = 1;
        held = new HeldFrame();
        looked = NativeBuffer.allocate(LOOKED_AT);
        readable = new IoVec(1);
        room = new IoVec(IoVec.ELEMENTS_MAX);
        chains = new DescriptorChain[Math.min(CHAINS_MAX, started.size())];
        for (int i = 0; i < chains.length; i++) {
            chains[i] = new DescriptorChain(readable, room);
        }
        // While buffers lie ready, more of them are no news: kicks are asked for when we starve.
        queue.disableKicks();
    }

    /** Who is shown what is given, if that is wanted. */
    void sorter(FrameSorter wanted) {
        sorter = wanted;
    }

    void enable(boolean on) {
        enabled = on;
    }

    void detach() {
        if (queue == null) {
            return;
        }
        queue = null;
        if (!held.isEmpty()) {
            drops.count(DropReason.RING_STOPPED);
        }
        held.close();
        looked.close();
        readable.close();
        room.close();
        chains = null;
    }

    private boolean isActive(VirtioNetState now) {
        return queue != null && enabled && now.linkUp() && queue.fault() == RingFault.NONE;
    }

    /** One batch; frames given or dropped, and chains refused. */
    int fill(VirtioNetState now) {
        given = 0;
        if (!isActive(now)) {
            return 0;
        }
        starved = false;
        refused = 0;
        int moved = 0;
        while (moved + refused < BATCH_MAX && (held.isEmpty() ? poll(now) : giveHeld(now))) {
            moved++;
        }
        if (given + refused > 0) {
            queue.flush();
        }
        return moved + refused;
    }

    /** Frames that the last {@link #fill} gave to the guest. */
    int given() {
        return given;
    }

    /** Whether it is safe to wait for a kick or the source's descriptor. */
    boolean arm(VirtioNetState now) {
        if (!isActive(now)) {
            return true;
        }
        if (starved) {
            return armStarved(now);
        }
        boolean polled = source.descriptor() == FrameSource.NO_DESCRIPTOR;
        return held.isEmpty() && !(polled && source.ready());
    }

    /**
     * The chains that there are do not do: the kick we ask for is that for the one behind them.
     * Hence they are taken while we ask, and put back.
     */
    private boolean armStarved(VirtioNetState now) {
        refused = 0;
        boolean enough = take(neededBytes(now));
        boolean quiet = false;
        if (!enough && obstacle == DropReason.NONE) {
            kicksWanted = true;
            quiet = queue.enableKicks();
        }
        putBack(0);
        if (refused > 0) {
            queue.flush();
        }
        return quiet && refused == 0;
    }

    void disarm() {
        // The memory of a disabled ring may be something else already (DeviceLane.kicked).
        if (kicksWanted && queue != null && enabled && queue.fault() == RingFault.NONE) {
            queue.disableKicks();
            kicksWanted = false;
        }
    }

    /** What announces frames, while there is somewhere to put them. */
    int sourceDescriptor(VirtioNetState now) {
        return isActive(now) && !starved ? source.descriptor() : FrameSource.NO_DESCRIPTOR;
    }

    private long neededBytes(VirtioNetState now) {
        return held.isEmpty() || !now.mergeable() ? 1 : now.headerBytes() + held.bytes();
    }

    /** Takes one frame from the source and deals with it; false when none can be had. */
    private boolean poll(VirtioNetState now) {
        take(now.mergeable() ? expectedBytes : 1);
        if (taken == 0) {
            starved = refused < BATCH_MAX;
            return false;
        }
        int headerBytes = now.headerBytes();
        if (room.length() < now.sourceBytesMax()) {
            addOwnMemory(headerBytes);
        }
        long guestBytes = guestBytes();
        int bytes = source.poll(room);
        if (bytes <= 0) {
            putBack(0);
            if (bytes < 0) {
                drops.count(source.loss());
            }
            return bytes < 0;
        }
        expectedBytes = Math.max(bytes, expectedBytes - expectedBytes / 8);
        long start = startOf(bytes);
        DropReason reason = receive(now, start, bytes, guestBytes);
        if (reason != DropReason.NONE) {
            drops.count(reason);
            putBack(0);
        }
        return true;
    }

    /** Behind the guest's memory, where a copy of the whole frame would continue. */
    private void addOwnMemory(int headerBytes) {
        while (true) {
            long offset = room.length();
            long left = headerBytes + HeldFrame.FRAME_BYTES_MAX - offset;
            if (left <= 0 || room.add(held.start(headerBytes) + offset, left)) {
                return;
            }
            putBack(taken - 1); // its pieces fill the list to the last element
        }
    }

    private long guestBytes() {
        long bytes = 0;
        for (int i = 0; i < taken; i++) {
            bytes += chains[i].writableBytes();
        }
        return bytes;
    }

    /** Address of the first bytes of the frame just read; a copy if they lie in pieces. */
    private long startOf(int bytes) {
        if (room.lengthOf(0) >= LOOKED_AT) {
            return room.baseOf(0);
        }
        room.copyOut(0, looked.address(), Math.min(Math.min(bytes, LOOKED_AT), room.length()));
        return looked.address();
    }

    /** All that can happen to a frame, in one place; not NONE when it is lost. */
    private DropReason receive(VirtioNetState now, long start, int bytes, long guestBytes) {
        int headerBytes = now.headerBytes();
        int frameBytes = bytes - headerBytes;
        if (frameBytes < FrameHeaders.ETHERNET_BYTES) {
            return DropReason.FRAME_TOO_SHORT;
        }
        if (!now.filter().admits(start + headerBytes)) {
            return DropReason.FILTERED;
        }
        long word = VirtioNetHdr.word(start);
        int csumOffset = VirtioNetHdr.csumOffset(start);
        room.truncate(Math.min(guestBytes, room.length()));
        boolean fits = bytes <= guestBytes;
        boolean tooBig = !fits && !now.mergeable();
        if (VirtioNetHdr.gsoType(word) == VirtioNetHdr.GSO_NONE) {
            if (!now.withinMtu(frameBytes)) {
                return DropReason.LARGER_THAN_MTU;
            }
            if (tooBig) {
                return DropReason.TOO_BIG_FOR_BUFFERS;
            }
        }
        if ((word & VirtioNetHdr.PLAIN_MASK) != 0) {
            boolean accepted = (Offloads.needed(word) & ~now.accepted()) == 0;
            if (!accepted || tooBig) {
                copyRest(headerBytes, bytes, guestBytes);
                putBack(0);
                return held.finish(frameBytes, word, csumOffset);
            }
            long cleaned = withoutForbiddenFlags(word, now.accepted());
            if (cleaned != word) {
                word = cleaned;
                if (guestBytes > 0) {
                    SharedMemory.putLe8(
                            room.baseOf(0) + VirtioNetHdr.FLAGS, VirtioNetHdr.flags(word));
                }
            }
        }
        if (!fits && !continueIn(headerBytes, bytes, guestBytes)) {
            copyRest(headerBytes, bytes, guestBytes);
            putBack(0);
            held.hold(frameBytes, word, csumOffset);
            return DropReason.NONE;
        }
        give(headerBytes, bytes, VirtioNetHdr.gsoType(word) != VirtioNetHdr.GSO_NONE);
        return DropReason.NONE;
    }

    /** A guest without GUEST_CSUM sees no flag, and none sees one we do not know (5.1.6.4.1). */
    private static long withoutForbiddenFlags(long word, int accepted) {
        int known =
                (accepted & FrameOffload.CSUM) != 0
                        ? VirtioNetHdr.F_NEEDS_CSUM | VirtioNetHdr.F_DATA_VALID
                        : 0;
        return word & (~0xffL | known);
    }

    /** Makes the copy in our own memory whole: its start still lies in the guest's. */
    private void copyRest(int headerBytes, int bytes, long guestBytes) {
        room.copyOut(0, held.start(headerBytes), Math.min(bytes, guestBytes));
    }

    /** Moves what lies in our own memory on into further chains; false if there are too few. */
    private boolean continueIn(int headerBytes, int bytes, long guestBytes) {
        if (!take(bytes)) {
            return false;
        }
        room.copyIn(guestBytes, held.start(headerBytes) + guestBytes, bytes - guestBytes);
        return true;
    }

    /** Gives the frame that is held, or its next segment; false when buffers are wanting. */
    private boolean giveHeld(VirtioNetState now) {
        int headerBytes = now.headerBytes();
        int bytes = headerBytes + held.bytes();
        boolean enough = take(neededBytes(now));
        if (enough && bytes > room.length()) { // one chain is all it may have
            return dropHeld(DropReason.TOO_BIG_FOR_BUFFERS);
        }
        if (enough) {
            room.copyIn(0, held.withHeader(headerBytes), bytes);
            give(headerBytes, bytes, VirtioNetHdr.gsoType(held.word()) != VirtioNetHdr.GSO_NONE);
            held.advance();
            return true;
        }
        if (obstacle == DropReason.CHAIN_TOO_MANY_PIECES || isRingExhausted()) {
            return dropHeld(DropReason.TOO_BIG_FOR_BUFFERS);
        }
        if (obstacle != DropReason.NONE) {
            giveBackUnused();
            return true;
        }
        putBack(0);
        starved = refused < BATCH_MAX;
        return false;
    }

    private boolean dropHeld(DropReason reason) {
        drops.count(reason);
        putBack(0);
        held.advance();
        return true;
    }

    /** Whether the guest could not add another chain like the last even if it wanted to. */
    private boolean isRingExhausted() {
        if (taken == chains.length) {
            return true;
        }
        int descriptors = 0;
        for (int i = 0; i < taken; i++) {
            descriptors += chains[i].descriptors();
        }
        return taken > 0 && queue.size() - descriptors < chains[taken - 1].descriptors();
    }

    /** A bad chain lies behind chains that do not do alone: they go back, and it can be refused. */
    private void giveBackUnused() {
        for (int i = 0; i < taken; i++) {
            queue.complete(chains[i], 0);
        }
        refused += taken;
        taken = 0;
        room.clear();
    }

    /**
     * Takes chains, in addition to those in hand, until they have {@code wanted} bytes together. A
     * bad chain at the front is refused; a bad one behind others stays in the ring and is the
     * {@link #obstacle}.
     */
    private boolean take(long wanted) {
        obstacle = DropReason.NONE;
        while (room.length() < wanted) {
            if (taken == chains.length || refused >= BATCH_MAX) {
                return false;
            }
            DescriptorChain chain = chains[taken];
            long before = room.length();
            readable.clear();
            if (!queue.next(chain)) {
                return false;
            }
            DropReason reason = inspect(chain);
            if (reason == DropReason.NONE) {
                taken++;
                continue;
            }
            room.truncate(before);
            if (taken > 0) {
                queue.putBack(chain);
                obstacle = reason;
                return false;
            }
            drops.count(reason);
            queue.complete(chain, 0);
            refused++;
        }
        return true;
    }

    private static DropReason inspect(DescriptorChain chain) {
        if (chain.fault() != ChainFault.NONE) {
            return TransmitQueue.reason(chain.fault());
        }
        if (chain.readableBytes() != 0) {
            return DropReason.CHAIN_WRONG_DIRECTION;
        }
        if (chain.writableBytes() < VirtioNetHdr.BYTES) {
            return DropReason.BUFFER_TOO_SMALL;
        }
        return DropReason.NONE;
    }

    /** Puts chains back, the last taken first, until {@code keep} are in hand. */
    private void putBack(int keep) {
        long bytes = guestBytes();
        while (taken > keep) {
            taken--;
            bytes -= chains[taken].writableBytes();
            queue.putBack(chains[taken]);
        }
        room.truncate(bytes);
    }

    /** Completes the chains that the frame's bytes, header included, came to lie in. */
    private void give(int headerBytes, int bytes, boolean gso) {
        int used = 0;
        for (long left = bytes; left > 0; left -= chains[used++].writableBytes()) {
            assert used < taken : "frame of %d bytes is not in %d chains".formatted(bytes, taken);
        }
        if (taken > used) {
            putBack(used);
        }
        if (sorter.isWanted()) {
            sorter.toGuest(room, headerBytes, bytes - headerBytes, gso, used);
        }
        if (headerBytes == VirtioNetHdr.BYTES) {
            putNumBuffers(used);
        }
        long left = bytes;
        for (int i = 0; i < used; i++) {
            long here = Math.min(left, chains[i].writableBytes());
            queue.complete(chains[i], here);
            left -= here;
        }
        taken = 0;
        room.clear();
        given++;
    }

    private void putNumBuffers(int buffers) {
        long at = room.contiguous(VirtioNetHdr.NUM_BUFFERS, 2);
        if (at != GuestMemory.NOT_MAPPED) {
            SharedMemory.putLe16(at, buffers);
        } else {
            SharedMemory.putLe16(looked.address(), buffers);
            room.copyIn(VirtioNetHdr.NUM_BUFFERS, looked.address(), 2);
        }
    }
}
