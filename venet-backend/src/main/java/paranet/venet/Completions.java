package paranet.venet;

import paranet.core.mitigation.FrameClass;

/**
 * How a driver learns that frames it posted were taken: by the transmit ring's own signal, or by an
 * event for each. Either way it is told once for some frames, and at the end of a burst.
 *
 * <p>Threading: confined to one worker.
 */
final class Completions {
    private final SignalCalls calls;
    private final VenetEvents events;
    private final int framesMax;
    private int untold;

    /**
     * @param calls of the transmit ring's own signal
     * @param events those that tell of frames, or null
     * @param framesMax frames that the driver is told of at once, at most; 0 is as 1
     */
    Completions(SignalCalls calls, VenetEvents events, int framesMax) {
        this.calls = calls;
        this.events = events;
        this.framesMax = framesMax;
    }

    /** Whether another frame may be taken; if not, the driver has to take events first. */
    boolean hasRoom() {
        return events == null || events.hasRoom();
    }

    /** A frame with this cookie was popped. */
    void add(long cookie) {
        if (events != null) {
            events.completed(cookie);
        }
        count();
    }

    /** A frame was popped whose cookie is not known: only the ring tells of it. */
    void addUnknown() {
        if (events == null) {
            count();
        }
    }

    private void count() {
        untold++;
        boolean immediate = events == null ? calls.isImmediate() : events.isImmediate();
        if (immediate && untold >= framesMax) { // else the policy takes its place
            tell();
        }
    }

    /** The burst is over. */
    void tell() {
        if (untold == 0) {
            return;
        }
        int told = untold;
        untold = 0;
        if (events == null) {
            calls.published(FrameClass.COMPLETION, told, 0);
            calls.tell();
        } else {
            events.tell();
        }
    }
}
