package paranet.venet;

/**
 * What a driver's signal that it sent frames comes to ({@code burstthresh}): one that follows
 * another closely wakes the lane, and one after a pause has it send what there is at once.
 *
 * <p>Threading: confined to the worker of its bus.
 */
final class BurstThreshold {
    private final VenetLane lane;
    private final long thresholdNanos; // 0: each wakes the lane
    private boolean rung; // since the last step
    private boolean rungBefore;
    private long rungNanos;

    BurstThreshold(VenetLane lane, int micros) {
        this.lane = lane;
        this.thresholdNanos = micros * 1000L;
    }

    /** The driver told the signal of its transmit ring. */
    void ring() {
        if (thresholdNanos > 0) {
            rung = true;
        } else {
            lane.wake();
        }
    }

    void step(long nowNanos) {
        if (!rung) {
            return;
        }
        rung = false;
        if (!rungBefore || nowNanos - rungNanos > thresholdNanos) {
            lane.burst();
        } else {
            lane.wake();
        }
        rungBefore = true;
        rungNanos = nowNanos;
    }

    void forget() {
        rung = false;
        rungBefore = false;
    }
}
