package paranet.venet;

/**
 * How long a large frame waits for pages of its guest before it goes without.
 *
 * <p>Threading: confined to the worker of its bus.
 */
final class PageWait {
    private static final long WAIT_NANOS = 10_000_000;
    private static final long NEVER = Long.MAX_VALUE;

    private final VenetLane lane;
    private long dueNanos = NEVER;
    private int waitsSeen; // which frame that is about

    PageWait(VenetLane lane) {
        this.lane = lane;
    }

    void step(long nowNanos) {
        if (!lane.lacksPages()) {
            dueNanos = NEVER;
        } else if (isNew()) {
            dueNanos = nowNanos + WAIT_NANOS;
            waitsSeen = lane.waits();
        } else if (nowNanos - dueNanos >= 0) {
            lane.stopWaiting();
        }
    }

    private boolean isNew() {
        return dueNanos == NEVER || waitsSeen != lane.waits();
    }

    /** When {@link #step} has something to do, or Long.MAX_VALUE; {@code nowNanos} is at once. */
    long dueNanos(long nowNanos) {
        if (!lane.lacksPages()) {
            return NEVER;
        }
        return isNew() ? nowNanos : dueNanos;
    }

    void forget() {
        dueNanos = NEVER;
    }
}
