package paranet.venet;

import paranet.core.device.FrameSorter;
import paranet.core.frame.DropCounters;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameSource;
import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.mitigation.FrameClass;
import paranet.core.offload.FrameHeaders;
import paranet.core.offload.HeldFrame;
import paranet.core.offload.Offloads;
import paranet.core.offload.VirtioNetHdr;

/**
 * Network to guest: reads frames from a source straight into the buffers of the receive ring and,
 * for large frames, of the page ring.
 *
 * <p>A frame is read before its size is known, so behind the guest's buffers the source is given
 * memory of our own: nothing is ever cut. There is no queue beside the ring: without an empty slot
 * the source is not read, and not watched. What the guest does not accept as it is is finished in
 * software and given piece by piece. A large frame that lacks pages waits, alone, in our memory; if
 * they do not come in time ({@link #stopWaiting}) it is cut into frames that need none.
 *
 * <p>Between two batches nothing of the rings is held.
 *
 * <p>Threading: confined to one worker.
 */
final class VenetReceive implements AutoCloseable {
    /** Frames given to the guest, and buffers refused, in one batch. */
    static final int BATCH_MAX = 64;

    /** Frames thrown away at most when the link goes down. */
    static final int DISCARD_MAX = 1024;

    private static final FrameClass[] CLASSES = FrameClass.values();
    private static final int HEADER = VirtioNetHdr.BYTES;
    private static final long ROOM_BYTES = HEADER + HeldFrame.FRAME_BYTES_MAX;

    private final FrameSource source;
    private final DropCounters drops;
    private final VenetLink link;
    private final PageRing pages; // or null
    private final ReceiveSlot slot;
    private final HeldFrame held = new HeldFrame();
    private final NativeBuffer header = NativeBuffer.allocate(HEADER);
    private final IoVec room = new IoVec(3 + PageRing.PAGES_MAX); // header, slot, pages, our own

    private boolean starved; // the last batch ended for want of a slot
    private boolean lacksPages; // the frame held waits for them
    private boolean mustNotWait; // they did not come in time
    private int waits; // frames that ever waited for pages
    private final SignalCalls calls;
    private FrameSorter sorter = new FrameSorter();
    private int slots; // pushed in this batch
    private int given; // frames of this batch
    private long givenBytes;
    private int refused; // slots and pages of this batch
    private long expectedBytes; // of the next frame, by the last ones

    VenetReceive(FrameSource source, DropCounters drops, VenetLink link, SignalCalls calls) {
        this.calls = calls;
        this.source = source;
        this.drops = drops;
        this.link = link;
        this.pages = link.pages() == null ? null : new PageRing(link.pages());
        this.slot = new ReceiveSlot(link);
    }

    /** One batch; frames given or dropped, and buffers refused. */
    int fill(GuestMemory memory) {
        quieten();
        starved = false;
        lacksPages = false;
        slots = 0;
        givenBytes = 0;
        given = 0;
        refused = 0;
        int moved = 0;
        while (moved + refused < BATCH_MAX && (held.isEmpty() ? poll(memory) : giveHeld(memory))) {
            moved++;
        }
        if (slots > 0) {
            tell();
        }
        return moved + refused;
    }

    private void tell() {
        long left = slots;
        if (sorter.isWanted()) {
            for (FrameClass each : CLASSES) {
                long some = Math.min(left, sorter.take(each));
                if (some != 0) {
                    calls.published(each, some, 0);
                    left -= some;
                }
            }
        }
        calls.published(FrameClass.NORMAL, left, givenBytes);
        calls.tell();
    }

    /** Who is shown what is given, if that is wanted. */
    void sorter(FrameSorter wanted) {
        sorter = wanted;
    }

    /** Frames that the last {@link #fill} gave to the guest. */
    int given() {
        return given;
    }

    /** Whether it is safe to wait for the guest or the source's descriptor. */
    boolean arm() {
        if (starved) {
            SouthIoq ring = link.receive();
            ring.signal().enable();
            return !ring.isOwned();
        }
        if (lacksPages) {
            pages.ask(true);
            return !pages.hasMore();
        }
        boolean polled = source.descriptor() == FrameSource.NO_DESCRIPTOR;
        return held.isEmpty() && !(polled && source.ready());
    }

    /** Asks the guest not to tell of buffers. */
    void quieten() {
        if (link.receive().signal().isEnabled()) {
            link.receive().signal().disable();
        }
        if (pages != null) {
            pages.ask(false);
        }
    }

    /** What announces frames, while there is somewhere to put them. */
    int sourceDescriptor() {
        return starved || lacksPages ? FrameSource.NO_DESCRIPTOR : source.descriptor();
    }

    /** Whether a frame waits for pages; its time is somebody else's to measure. */
    boolean isWaiting() {
        return lacksPages && !mustNotWait;
    }

    /** Which of all frames that waited for pages it is. */
    int waits() {
        return waits;
    }

    /** Pages did not come in time: the frame that waits for them goes without. */
    void stopWaiting() {
        mustNotWait = true;
    }

    /** Every empty buffer goes back to the guest with length 0, and nobody is told. */
    void flush() {
        SouthIoq ring = link.receive();
        for (int i = 0; i < ring.size() && ring.look(); i++) {
            slot.refuse();
        }
        starved = true;
    }

    /** Drops what is held. */
    void dropHeld(DropReason why) {
        while (!held.isEmpty()) {
            drops.count(why);
            held.advance();
        }
        lacksPages = false;
        mustNotWait = false;
    }

    /** Drops what the network has for the guest, up to a bound. */
    void discard() {
        dropHeld(DropReason.LINK_DOWN);
        for (int i = 0; i < DISCARD_MAX; i++) {
            room.clear();
            addOwnMemory();
            int bytes = source.poll(room);
            if (bytes == 0) {
                return;
            }
            drops.count(bytes < 0 ? source.loss() : DropReason.LINK_DOWN);
        }
    }

    /** Takes one frame from the source and deals with it; false when none can be had. */
    private boolean poll(GuestMemory memory) {
        if (!list(memory, expectedBytes)) {
            return false;
        }
        long guestBytes = room.length();
        addOwnMemory();
        int bytes = source.poll(room);
        if (bytes <= 0) {
            if (bytes < 0) {
                drops.count(source.loss());
            }
            return bytes < 0;
        }
        expectedBytes = Math.max(bytes, expectedBytes - expectedBytes / 8);
        DropReason reason = receive(memory, bytes, guestBytes);
        if (reason != DropReason.NONE) {
            drops.count(reason);
        }
        return !lacksPages;
    }

    /** Behind the guest's memory, where a copy of the whole frame would continue. */
    private void addOwnMemory() {
        long offset = room.length();
        if (offset < ROOM_BYTES) {
            room.add(held.start(HEADER) + offset, ROOM_BYTES - offset);
        }
    }

    /** All that can happen to a frame, in one place; not NONE when it is lost. */
    private DropReason receive(GuestMemory memory, int bytes, long guestBytes) {
        int frameBytes = bytes - HEADER;
        if (frameBytes < FrameHeaders.ETHERNET_BYTES) {
            return DropReason.FRAME_TOO_SHORT;
        }
        long word = VirtioNetHdr.word(header.address());
        int csumOffset = VirtioNetHdr.csumOffset(header.address());
        boolean accepted = (Offloads.needed(word) & ~link.accepted()) == 0;
        boolean segmented = VirtioNetHdr.gsoType(word) != VirtioNetHdr.GSO_NONE;
        boolean fits = frameBytes <= slot.bytes();
        room.truncate(Math.min(guestBytes, room.length()));
        if (accepted && fits) {
            give(frameBytes, word, csumOffset);
            return DropReason.NONE;
        }
        if (accepted && !segmented) {
            return DropReason.TOO_BIG_FOR_BUFFERS;
        }
        if (accepted && bytes > guestBytes) {
            accepted = addPages(memory, bytes);
            if (accepted) {
                room.copyIn(guestBytes, held.start(HEADER) + guestBytes, bytes - guestBytes);
            }
        }
        if (accepted) {
            give(frameBytes, word, csumOffset);
            return DropReason.NONE;
        }
        room.truncate(guestBytes);
        room.copyOut(0, held.start(HEADER), Math.min(bytes, guestBytes));
        if (lacksPages) {
            waits++;
            held.hold(frameBytes, word, csumOffset);
            return DropReason.NONE;
        }
        return held.finish(frameBytes, word, csumOffset);
    }

    /** Gives the frame that is held, or its next segment; false when buffers are wanting. */
    private boolean giveHeld(GuestMemory memory) {
        int bytes = HEADER + held.bytes();
        long word = held.word();
        boolean segmented = VirtioNetHdr.gsoType(word) != VirtioNetHdr.GSO_NONE;
        if (!list(memory, HEADER)) {
            return false;
        }
        if (segmented && !addPages(memory, bytes)) {
            if (lacksPages && !mustNotWait) {
                return false;
            }
            lacksPages = false;
            mustNotWait = false;
            DropReason reason = held.finish(held.bytes(), word, held.csumOffset());
            if (reason != DropReason.NONE) {
                drops.count(reason);
            }
            return true;
        }
        mustNotWait = false;
        if (bytes > room.length()) {
            drops.count(DropReason.TOO_BIG_FOR_BUFFERS);
        } else {
            room.copyIn(0, held.withHeader(HEADER), bytes);
            give(held.bytes(), word, held.csumOffset());
        }
        held.advance();
        return true;
    }

    /**
     * Lists our header, the next slot's buffer, and pages for as much as is wanted, if there are.
     * False when there is no slot.
     */
    private boolean list(GuestMemory memory, long wanted) {
        while (link.receive().look()) {
            DropReason reason = slot.take(memory);
            if (reason == DropReason.NONE) {
                room.clear();
                room.add(header.address(), HEADER);
                room.add(slot.address(), slot.bytes());
                if (pages != null) {
                    pages.forget();
                    if (room.length() < wanted) {
                        var _ = addPages(memory, wanted);
                        lacksPages = false; // nothing was promised
                    }
                }
                return true;
            }
            drops.count(reason);
            slot.refuse();
            slots++;
            if (++refused >= BATCH_MAX) {
                return false;
            }
        }
        starved = true;
        return false;
    }

    /**
     * Lists more pages until there is room for all; false when there are too few, for now or ever.
     */
    private boolean addPages(GuestMemory memory, long wanted) {
        while (room.length() < wanted) {
            PageRing.Next next = pages == null ? PageRing.Next.LIMIT : pages.addNext(memory, room);
            if (next == PageRing.Next.BAD && pages.count() == 0 && refused < BATCH_MAX) {
                drops.count(DropReason.CHAIN_UNMAPPED);
                pages.discard();
                refused++;
            } else if (next != PageRing.Next.ADDED) {
                lacksPages = next == PageRing.Next.NONE;
                return false;
            }
        }
        return true;
    }

    /** Hands the slot to the guest, and the pages that the frame came to lie in. */
    private void give(int frameBytes, long word, int csumOffset) {
        if (sorter.isWanted()) {
            boolean gso = VirtioNetHdr.gsoType(word) != VirtioNetHdr.GSO_NONE;
            sorter.toGuest(room, HEADER, frameBytes, gso, 1);
        }
        int used = slot.write(frameBytes, word, csumOffset, pages);
        if (used > 0) {
            pages.take(used);
        }
        link.receive().push();
        slots++;
        givenBytes += frameBytes;
        given++;
    }

    @Override
    public void close() {
        held.close();
        header.close();
        room.close();
        slot.close();
    }
}
