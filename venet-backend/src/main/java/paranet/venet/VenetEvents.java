package paranet.venet;

import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.core.mitigation.FrameClass;
import paranet.venet.wire.VenetEvent;

/**
 * The events that a device tells its driver: the link's state at once, and completed frames, which
 * whoever completes them tells in batches.
 *
 * <p>While the driver's ring is full, completions are parked, as many as the transmit ring has
 * slots, and the ring's signal asks to be told of room.
 *
 * <p>Threading: confined to one worker.
 */
final class VenetEvents {
    private static final int NONE = -1;

    private final SouthIoq ring;
    private final SignalCalls calls;
    private final Segment pool;
    private final long[] parked;
    private int first; // of the parked
    private int count;
    private int linkState = NONE; // parked
    private String fault;

    /** Events go to {@code ring}, whose slots lie in {@code pool}. */
    VenetEvents(SouthIoq ring, SignalCalls calls, Segment pool, int parkedMax) {
        this.ring = ring;
        this.calls = calls;
        this.pool = pool;
        this.parked = new long[parkedMax];
    }

    /** Tells the driver, at once, that it can send and receive or not. */
    void linkState(boolean up) {
        linkState = up ? 1 : 0; // the last one counts
        resume();
    }

    /** Whether one more completion can be told or parked. */
    boolean hasRoom() {
        return count < parked.length;
    }

    /** A frame was completed; {@link #tell} says so. */
    void completed(long cookie) {
        if (count == 0 && linkState == NONE && fault == null && put(VenetEvent.ID_TXC, 0, cookie)) {
            return;
        }
        if (count == 0) {
            tell(); // so that the driver makes room
        }
        parked[(first + count) % parked.length] = cookie;
        count++;
        ring.signal().enable();
    }

    /** The driver shall look. */
    void tell() {
        calls.tell();
    }

    /** Publishes what waits for room, as far as there is some now. */
    void resume() {
        boolean told = false;
        boolean atOnce = false;
        if (linkState != NONE && put(VenetEvent.ID_LINKSTATE, linkState, 0)) {
            linkState = NONE;
            atOnce = true;
        }
        while (count > 0 && put(VenetEvent.ID_TXC, 0, parked[first])) {
            first = (first + 1) % parked.length;
            count--;
            told = true;
        }
        if (atOnce) {
            calls.tellAtOnce();
        } else if (told) {
            tell();
        }
        if (isWaiting() && fault == null) {
            ring.signal().enable(); // looks again by itself if room was made meanwhile
        }
    }

    /** Whether something waits for room. */
    boolean isWaiting() {
        return count > 0 || linkState != NONE;
    }

    /** Whether there is something to {@link #resume} now. */
    boolean isResumable() {
        return isWaiting() && fault == null && ring.isOwned();
    }

    /**
     * Whether it is safe to wait. The driver is asked to tell of room once more: what it told last
     * may have been about room that was used long ago.
     */
    boolean arm() {
        if (!isWaiting() || fault != null) {
            return true;
        }
        ring.signal().enable();
        return !ring.isOwned();
    }

    /** Whether the driver is told whenever it asks. */
    boolean isImmediate() {
        return calls.isImmediate();
    }

    /** What the driver broke, or null. */
    String fault() {
        return fault;
    }

    private boolean put(int id, int state, long cookie) {
        if (fault != null || !ring.look()) {
            return false;
        }
        int bytes = id == VenetEvent.ID_TXC ? VenetEvent.TXC_BYTES : VenetEvent.LINKSTATE_BYTES;
        long event = pool.locate(ring.ptr(), bytes);
        if (event == GuestMemory.NOT_MAPPED) {
            fault =
                    "event at offset 0x%x, %d bytes, is not in the pool of %d"
                            .formatted(ring.ptr(), bytes, pool.length());
            return false;
        }
        SharedMemory.putLe32(event + VenetEvent.FLAGS, 0);
        SharedMemory.putLe32(event + VenetEvent.SIZE, bytes);
        SharedMemory.putLe32(event + VenetEvent.ID, id);
        if (id == VenetEvent.ID_TXC) {
            SharedMemory.putLe32(event + VenetEvent.TXC_TXQID, 0);
            SharedMemory.putLe64(event + VenetEvent.TXC_COOKIE, cookie);
        } else {
            SharedMemory.putLe32(event + VenetEvent.LINKSTATE_STATE, state); // and its padding
        }
        ring.push();
        calls.published(FrameClass.COMPLETION, 1, 0);
        return true;
    }
}
