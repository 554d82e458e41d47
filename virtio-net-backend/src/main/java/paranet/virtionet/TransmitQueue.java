package paranet.virtionet;

import paranet.core.device.DeviceLane;
import paranet.core.device.FrameSorter;
import paranet.core.frame.DropCounters;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.offload.ChecksumOffload;
import paranet.core.offload.FrameHeaders;
import paranet.core.offload.HeldFrame;
import paranet.core.offload.Offloads;
import paranet.core.offload.VirtioNetHdr;
import paranet.core.virtqueue.ChainFault;
import paranet.core.virtqueue.DescriptorChain;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.RingFault;

import java.util.Arrays;

/**
 * Guest to network: takes frames off one transmitq, checks what their headers claim and offers them
 * to a sink (virtio 1.3, 5.1.6.2).
 *
 * <p>A long frame leaves as the guest's own memory, header included, so that one that lies in one
 * piece is a single plain write. The guest can change that memory between our check and the
 * kernel's read. Sending our checked copy of the header instead would close that gap at the price
 * of a vector call for each frame. It would gain nothing: the kernel checks the header anew when it
 * takes a frame, and a sink of another kind must stand any header ({@link FrameSink}), so a guest
 * that plays this game only spoils its own frame. Short frames are copied ({@link TransmitSlot}),
 * and so is what we finish in software.
 *
 * <p>Between two batches nothing of the ring is held: a chain is completed or put back.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class TransmitQueue {
    /** Chains taken in one batch. */
    static final int BATCH_MAX = 64;

    /** Chains taken together, so that the processor fetches their frames at the same time. */
    private static final int TOGETHER = 8;

    private static final int TCP_CSUM_OFFSET = 16;
    private static final int UDP_CSUM_OFFSET = 6;

    private final FrameSink sink;
    private final DropCounters drops;

    private FrameSorter sorter = new FrameSorter();
    private DeviceVirtqueue queue;
    private boolean enabled;
    private boolean unseen; // a disabled ring may have changed since it was last looked at
    private boolean sinkFull;
    private int sent; // frames of this batch

    private TransmitSlot[] slots;
    private NativeBuffer headerCopy;
    private HeldFrame held; // made when the sink first leaves something to us
    private IoVec heldList;

    // The header of the frame in hand, read once.
    private long word;
    private int csumOffset;

    TransmitQueue(FrameSink sink, DropCounters drops) {
        this.sink = sink;
        this.drops = drops;
    }

    void attach(DeviceVirtqueue started) {
        detach();
        queue = started;
        enabled = false;
        unseen = true;
        slots = new TransmitSlot[TOGETHER];
        Arrays.setAll(slots, _ -> new TransmitSlot());
        headerCopy = NativeBuffer.allocate(VirtioNetHdr.BYTES);
    }

    /** Who is shown what is sent, if that is wanted. */
    void sorter(FrameSorter wanted) {
        sorter = wanted;
    }

    void enable(boolean on) {
        enabled = on;
        unseen = true;
    }

    /** The guest kicked: only then is a disabled ring looked at ({@link DeviceLane#kicked}). */
    void kicked() {
        unseen = true;
    }

    private boolean isToBeLookedAt() {
        return queue != null && queue.fault() == RingFault.NONE && (enabled || unseen);
    }

    void detach() {
        if (queue == null) {
            return;
        }
        queue = null;
        sinkFull = false;
        for (TransmitSlot slot : slots) {
            slot.close();
        }
        headerCopy.close();
        if (held != null) {
            if (isHolding()) {
                drops.count(DropReason.RING_STOPPED);
            }
            held.close();
            heldList.close();
            held = null;
        }
    }

    /** One batch; chains taken and segments sent. */
    int drain(VirtioNetState now) {
        if (!isToBeLookedAt()) {
            return 0;
        }
        sinkFull = false;
        sent = 0;
        int moved = sendHeld(now, BATCH_MAX);
        int taken = 0;
        int together = 1;
        while (together > 0 && moved < BATCH_MAX && !sinkFull) {
            together = take(Math.min(TOGETHER, BATCH_MAX - moved));
            int done = 0;
            while (done < together && moved < BATCH_MAX && sendOrDrop(now, slots[done])) {
                queue.complete(slots[done].chain(), 0);
                done++;
                moved++;
                moved += sendHeld(now, BATCH_MAX - moved);
            }
            for (int i = together - 1; i >= done; i--) {
                queue.putBack(slots[i].chain());
            }
            taken += done;
        }
        if (taken > 0) {
            queue.flush();
        }
        return moved;
    }

    private int take(int max) {
        int count = 0;
        while (count < max && slots[count].take(queue)) {
            count++;
        }
        return count;
    }

    /** False when the sink is full and the chain has to wait. */
    private boolean sendOrDrop(VirtioNetState now, TransmitSlot slot) {
        if (sinkFull) {
            return false;
        }
        DropReason reason = inspect(now, slot);
        if (reason == DropReason.NONE) {
            reason = send(now, slot.frame());
        }
        if (reason == DropReason.SINK_FULL) {
            sinkFull = true;
            return false;
        }
        if (reason != DropReason.NONE) {
            drops.count(reason);
        } else if (sorter.isWanted()) {
            IoVec frame = slot.frame();
            int headerBytes = now.headerBytes();
            sorter.fromGuest(
                    frame,
                    headerBytes,
                    frame.length() - headerBytes,
                    VirtioNetHdr.gsoType(word) != VirtioNetHdr.GSO_NONE);
        }
        return true;
    }

    /** Frames that the last {@link #drain} gave to the sink. */
    int sent() {
        return sent;
    }

    /** Whether it is safe to wait: nothing to take, or a full sink. */
    boolean arm() {
        if (!isToBeLookedAt()) {
            return true;
        }
        if (sinkFull) {
            return true; // its descriptor tells, or our own receive side, which drains it
        }
        boolean quiet = !isHolding() && queue.enableKicks();
        unseen = !quiet;
        return quiet;
    }

    void disarm() {
        if (enabled && isToBeLookedAt()) {
            queue.disableKicks();
        }
    }

    int sinkDescriptor() {
        return sinkFull ? sink.descriptor() : FrameSink.NO_DESCRIPTOR;
    }

    /** Why the chain in hand is not sent, or NONE; all branches in one place. */
    private DropReason inspect(VirtioNetState now, TransmitSlot slot) {
        DescriptorChain chain = slot.chain();
        if (chain.fault() != ChainFault.NONE) {
            return reason(chain.fault());
        }
        if (chain.writableBytes() != 0) {
            return DropReason.CHAIN_WRONG_DIRECTION;
        }
        int headerBytes = now.headerBytes();
        long frameBytes = chain.readableBytes() - headerBytes;
        if (frameBytes < FrameHeaders.ETHERNET_BYTES) {
            return DropReason.CHAIN_TOO_SHORT;
        }
        if (frameBytes > HeldFrame.FRAME_BYTES_MAX) {
            return DropReason.CHAIN_TOO_LONG;
        }
        if (!enabled) {
            return DropReason.QUEUE_DISABLED;
        }
        if (!now.linkUp()) {
            return DropReason.LINK_DOWN;
        }
        IoVec frame = slot.frame();
        long header = frame.baseOf(0);
        if (frame.lengthOf(0) < headerBytes) {
            header = headerCopy.address(); // any layout: the header may lie in pieces
            frame.copyOut(0, header, headerBytes);
        }
        word = VirtioNetHdr.word(header);
        if ((word & VirtioNetHdr.PLAIN_MASK) == 0) {
            return DropReason.NONE;
        }
        csumOffset = VirtioNetHdr.csumOffset(header);
        return inspectOffloads(now, (int) frameBytes);
    }

    private DropReason inspectOffloads(VirtioNetState now, int frameBytes) {
        int csumStart = VirtioNetHdr.csumStart(word);
        boolean needsChecksum = (VirtioNetHdr.flags(word) & VirtioNetHdr.F_NEEDS_CSUM) != 0;
        int forbidden = Offloads.needed(word) & ~now.allowed();
        if (needsChecksum
                && (!ChecksumOffload.fits(frameBytes, csumStart, csumOffset)
                        || (forbidden & FrameOffload.CSUM) != 0)) {
            return DropReason.BAD_CHECKSUM_FIELDS;
        }
        int gsoType = VirtioNetHdr.gsoType(word);
        if (gsoType == VirtioNetHdr.GSO_NONE) {
            return DropReason.NONE;
        }
        boolean udp = gsoType == VirtioNetHdr.GSO_UDP || gsoType == VirtioNetHdr.GSO_UDP_L4;
        int transportBytesMin = udp ? FrameHeaders.UDP_BYTES : FrameHeaders.TCP_BYTES_MIN;
        boolean sane =
                forbidden == 0
                        && needsChecksum // 5.1.6.2.1: with a gso_type the driver sets it too
                        && csumOffset == (udp ? UDP_CSUM_OFFSET : TCP_CSUM_OFFSET)
                        && csumStart + transportBytesMin <= frameBytes
                        && VirtioNetHdr.hdrLen(word) <= frameBytes
                        && VirtioNetHdr.gsoSize(word) > 0;
        return sane ? DropReason.NONE : DropReason.BAD_GSO_FIELDS;
    }

    private DropReason send(VirtioNetState now, IoVec frame) {
        if ((word & VirtioNetHdr.PLAIN_MASK) == 0
                || (Offloads.needed(word) & ~now.sinkOffloads()) == 0) {
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
        int headerBytes = now.headerBytes();
        long bytes = frame.length();
        frame.copyOut(0, held.start(headerBytes), bytes);
        return held.finish((int) bytes - headerBytes, word, csumOffset);
    }

    private boolean isHolding() {
        return held != null && !held.isEmpty();
    }

    /** Sends what is held, at most {@code max} frames; how many left our hands. */
    private int sendHeld(VirtioNetState now, int max) {
        int gone = 0;
        while (gone < max && isHolding()) {
            held.list(heldList, now.headerBytes());
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

    /** The name of a bad chain's fault among the ways to lose a frame. */
    static DropReason reason(ChainFault fault) {
        return switch (fault) {
            case NONE -> DropReason.NONE;
            case UNMAPPED -> DropReason.CHAIN_UNMAPPED;
            case READABLE_AFTER_WRITABLE -> DropReason.CHAIN_WRONG_DIRECTION;
            case TOO_MANY_PIECES -> DropReason.CHAIN_TOO_MANY_PIECES;
            case TOO_LONG -> DropReason.CHAIN_TOO_LONG;
        };
    }
}
