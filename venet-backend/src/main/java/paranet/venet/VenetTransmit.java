package paranet.venet;

import paranet.core.device.FrameSorter;
import paranet.core.frame.DropCounters;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameSink;
import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.offload.FrameHeaders;
import paranet.core.offload.HeldFrame;
import paranet.core.offload.Offloads;
import paranet.core.offload.VirtioNetHdr;
import paranet.venet.wire.VenetSg;

/**
 * Guest to network: pops frames off the transmit ring and offers them to a sink.
 *
 * <p>A frame leaves as it lies in the guest's pieces, behind a header of our own made from a
 * checked copy of its descriptor. What the sink does not take unfinished is copied and finished
 * here. While the sink is full the slot stays the host's, and the guest learns nothing.
 *
 * <p>Between two batches nothing of the ring is held.
 *
 * <p>Threading: confined to one worker.
 */
final class VenetTransmit implements AutoCloseable {
    /** Frames taken, and segments sent, in one batch. */
    static final int BATCH_MAX = 64;

    private final FrameBridge bridge;
    private final FrameSink sink;
    private final DropCounters drops;
    private final VenetLink link;
    private final Completions completions;
    private final NativeBuffer header = NativeBuffer.allocate(VirtioNetHdr.BYTES);
    private final IoVec frame = new IoVec(1 + VenetSg.COUNT_MAX);
    private final TransmitDescriptor descriptor = new TransmitDescriptor();
    private HeldFrame held; // made when the sink first leaves something to us
    private IoVec heldList;

    private int plainBytesMax;
    private boolean boundIsFresh; // it was asked for in this batch
    private boolean sinkFull;
    private int sent; // frames of this batch
    private FrameSorter sorter = new FrameSorter();

    // The frame in hand.
    private boolean hasCookie;
    private long cookie;
    private long word;
    private int csumOffset;

    VenetTransmit(FrameBridge bridge, DropCounters drops, VenetLink link, Completions completions) {
        this.bridge = bridge;
        this.sink = bridge.sink(0);
        this.drops = drops;
        this.link = link;
        this.completions = completions;
        this.plainBytesMax = plainBytesMax();
    }

    private int plainBytesMax() {
        return bridge.mtu() + FrameHeaders.ETHERNET_BYTES;
    }

    /**
     * One batch; frames taken and segments sent.
     *
     * @param pool where descriptors lie, or null when each says its guest address
     */
    int drain(GuestMemory memory, Segment pool, boolean networkUp) {
        SouthIoq ring = link.transmit();
        sinkFull = false;
        boundIsFresh = false;
        sent = 0;
        int moved = sendHeld(BATCH_MAX);
        while (moved < BATCH_MAX && !sinkFull && completions.hasRoom() && ring.look()) {
            DropReason reason = take(memory, pool);
            if (reason == DropReason.NONE) {
                reason = networkUp ? send() : DropReason.LINK_DOWN;
            }
            if (reason == DropReason.SINK_FULL) {
                sinkFull = true;
                break;
            }
            if (reason == DropReason.NONE && sorter.isWanted()) {
                boolean gso = VirtioNetHdr.gsoType(word) != VirtioNetHdr.GSO_NONE;
                int headerBytes = VirtioNetHdr.BYTES;
                sorter.fromGuest(frame, headerBytes, frame.length() - headerBytes, gso);
            }
            pop(reason);
            moved++;
            moved += sendHeld(BATCH_MAX - moved);
        }
        if (sinkFull || !ring.isOwned()) {
            completions.tell();
        }
        return moved;
    }

    private void pop(DropReason reason) {
        if (reason != DropReason.NONE) {
            drops.count(reason);
        }
        link.transmit().pop();
        if (hasCookie) {
            completions.add(cookie);
        } else {
            completions.addUnknown();
        }
    }

    /** Who is shown what is sent, if that is wanted. */
    void sorter(FrameSorter wanted) {
        sorter = wanted;
    }

    /** Frames that the last {@link #drain} gave to the sink. */
    int sent() {
        return sent;
    }

    /** Whether {@link #drain} would find something to do. */
    boolean isReady() {
        return !sinkFull && (isHolding() || (completions.hasRoom() && link.transmit().isOwned()));
    }

    /** Whether frames are posted that did not leave yet. */
    boolean hasPosted() {
        return isHolding() || link.transmit().isOwned();
    }

    /** Takes what is posted, for no other purpose than to have it gone. */
    void drop(GuestMemory memory, Segment pool, DropReason why) {
        SouthIoq ring = link.transmit();
        dropHeld(why);
        for (int i = ring.size(); i > 0 && ring.look(); i--) {
            var _ = take(memory, pool);
            if (!completions.hasRoom()) {
                hasCookie = false; // nobody takes the events there are
            }
            pop(why);
        }
        completions.tell();
    }

    /** Drops what is held. */
    void dropHeld(DropReason why) {
        while (isHolding()) {
            drops.count(why);
            held.advance();
        }
    }

    /** Whether the last {@link #drain} ended because the sink was full. */
    boolean isSinkFull() {
        return sinkFull;
    }

    int sinkDescriptor() {
        return sinkFull ? sink.descriptor() : FrameSink.NO_DESCRIPTOR;
    }

    /** Lists the frame in the slot looked at, header first; or says why that cannot be. */
    private DropReason take(GuestMemory memory, Segment pool) {
        SouthIoq ring = link.transmit();
        hasCookie = true;
        cookie = ring.cookie();
        word = 0;
        csumOffset = 0;
        frame.clear();
        frame.add(header.address(), VirtioNetHdr.BYTES);
        return link.scatters()
                ? takePieces(memory, pool)
                : takeFlat(memory, ring.ptr(), ring.length());
    }

    private DropReason takeFlat(GuestMemory memory, long ptr, long bytes) {
        if (Long.compareUnsigned(bytes, FrameHeaders.ETHERNET_BYTES) < 0) {
            return DropReason.CHAIN_TOO_SHORT;
        }
        if (isTooLong(bytes) && !(raiseBound() && !isTooLong(bytes))) {
            return DropReason.CHAIN_TOO_LONG;
        }
        return add(memory, ptr, bytes) ? DropReason.NONE : DropReason.CHAIN_UNMAPPED;
    }

    private DropReason takePieces(GuestMemory memory, Segment pool) {
        SouthIoq ring = link.transmit();
        long ptr = ring.ptr();
        long bytes = ring.length();
        boolean fits = bytes >= 0 && bytes <= VenetSg.BYTES_MAX;
        long at =
                fits ? TransmitDescriptor.locate(memory, pool, ptr, bytes) : GuestMemory.NOT_MAPPED;
        if (at == GuestMemory.NOT_MAPPED) {
            // All that can be said of it then is whose it was.
            at = TransmitDescriptor.locate(memory, pool, ptr, Long.BYTES);
            hasCookie = at != GuestMemory.NOT_MAPPED;
            if (hasCookie) {
                descriptor.copy(at, Long.BYTES);
                cookie = descriptor.cookie();
            }
            return fits ? DropReason.CHAIN_UNMAPPED : DropReason.CHAIN_CONTRADICTORY;
        }
        descriptor.copy(at, (int) bytes);
        hasCookie = descriptor.hasCookie();
        if (hasCookie) {
            cookie = descriptor.cookie();
        }
        DropReason reason = descriptor.inspect(link.allowed(), plainBytesMax);
        if (reason == DropReason.CHAIN_TOO_LONG && raiseBound()) {
            reason = descriptor.inspect(link.allowed(), plainBytesMax);
        }
        if (reason != DropReason.NONE) {
            return reason;
        }
        for (int piece = 0; piece < descriptor.count(); piece++) {
            if (!add(memory, descriptor.pieceAddress(piece), descriptor.pieceBytes(piece))) {
                return DropReason.CHAIN_UNMAPPED;
            }
        }
        word = descriptor.word();
        csumOffset = VirtioNetHdr.flags(word) == 0 ? 0 : descriptor.csumOffset();
        return DropReason.NONE;
    }

    private boolean isTooLong(long bytes) {
        return Long.compareUnsigned(bytes, plainBytesMax) > 0;
    }

    /** Asks the network, once in a batch, whether it takes longer frames by now. */
    private boolean raiseBound() {
        if (boundIsFresh) {
            return false;
        }
        boundIsFresh = true;
        int before = plainBytesMax;
        plainBytesMax = plainBytesMax();
        return plainBytesMax > before;
    }

    private boolean add(GuestMemory memory, long guestAddress, long bytes) {
        if (bytes == 0) {
            return true;
        }
        long at = memory.translate(guestAddress, bytes);
        return at != GuestMemory.NOT_MAPPED && frame.add(at, bytes);
    }

    private DropReason send() {
        int needs = Offloads.needed(word);
        boolean segmented = VirtioNetHdr.gsoType(word) != VirtioNetHdr.GSO_NONE;
        boolean checked = (VirtioNetHdr.flags(word) & VirtioNetHdr.F_NEEDS_CSUM) != 0;
        // Nobody but us segments a frame whose checksum is said to be complete (virtio 1.3,
        // 5.1.6.2.1: with a gso_type the driver sets NEEDS_CSUM too).
        if ((needs & ~link.sinkOffloads()) == 0 && (checked || !segmented)) {
            VirtioNetHdr.put(header.address(), VirtioNetHdr.BYTES, word, csumOffset);
            DropReason reason = sink.offer(frame);
            if (reason == DropReason.NONE) {
                sent++;
            }
            return reason;
        }
        if (held == null) {
            held = new HeldFrame();
            heldList = new IoVec(1);
        }
        int bytes = (int) frame.length() - VirtioNetHdr.BYTES;
        frame.copyOut(VirtioNetHdr.BYTES, held.start(0), bytes);
        return held.finish(bytes, word, csumOffset);
    }

    private boolean isHolding() {
        return held != null && !held.isEmpty();
    }

    /** Sends what is held, at most {@code max} frames; how many left our hands. */
    private int sendHeld(int max) {
        int gone = 0;
        while (gone < max && isHolding()) {
            held.list(heldList, VirtioNetHdr.BYTES);
            DropReason reason = sink.offer(heldList);
            if (reason == DropReason.SINK_FULL) {
                sinkFull = true;
                break;
            }
            if (reason == DropReason.NONE) {
                sent++;
            } else {
                drops.count(reason);
            }
            held.advance();
            gone++;
        }
        return gone;
    }

    @Override
    public void close() {
        header.close();
        frame.close();
        descriptor.close();
        if (held != null) {
            held.close();
            heldList.close();
        }
    }
}
