package paranet.core.mitigation;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Accounts of one queue: everything published to it is called for, or avoided by one cause, or held
 * still.
 *
 * <p>Threading: one writer; counters may be read by any thread, each for itself.
 */
public final class CallLedger {
    private static final AvoidedBy[] CAUSES = AvoidedBy.values();
    private static final FrameClass[] CLASSES = FrameClass.values();

    /** Holds are counted in classes of duration: under 2^n nanoseconds. */
    public static final int HOLD_CLASSES = 32;

    private static final int OPPORTUNITIES = 0;
    private static final int CALLS = 1;
    private static final int SIGNALS = 2;
    private static final int UNCONDITIONAL = 3;
    private static final int RECALLS = 4;
    private static final int RELOOKS = 5;
    private static final int WATCHDOG_RECALLS = 6;
    private static final int DEMOTED = 7;
    private static final int FIRST_CAUSE = 8;
    private static final int FIRST_HOLD = FIRST_CAUSE + CAUSES.length;
    private static final int FIRST_HELD_NANOS = FIRST_HOLD + CLASSES.length * HOLD_CLASSES;
    private static final int FIRST_LATE = FIRST_HELD_NANOS + CLASSES.length;
    private static final int LATE_NANOS = FIRST_LATE + HOLD_CLASSES;

    private final AtomicLongArray counts = new AtomicLongArray(LATE_NANOS + 1);
    private long open; // opportunities without a call or a cause so far; the writer's

    private void add(int counter, long much) {
        counts.setOpaque(counter, counts.getOpaque(counter) + much);
    }

    void opportunities(long frames) {
        open += frames;
        add(OPPORTUNITIES, frames);
    }

    void call() {
        open--;
        add(CALLS, 1);
    }

    void signal() {
        add(SIGNALS, 1);
    }

    void unconditional() {
        add(UNCONDITIONAL, 1);
    }

    void recall() {
        add(RECALLS, 1);
    }

    /** A call was made because a second look found that the guest had missed one. */
    public void relook() {
        add(RELOOKS, 1);
    }

    void watchdogRecall() {
        add(WATCHDOG_RECALLS, 1);
    }

    void demoted(long frames) {
        add(DEMOTED, frames);
    }

    void avoided(AvoidedBy cause, long frames) {
        open -= frames;
        add(FIRST_CAUSE + cause.slot, frames);
    }

    void held(FrameClass of, long nanos, long frames) {
        add(FIRST_HOLD + of.slot * HOLD_CLASSES + bits(nanos), frames);
        add(FIRST_HELD_NANOS + of.slot, Math.max(0, nanos) * frames);
    }

    /** Something was held for so long after the time at which it was to be decided about. */
    void late(long nanos) {
        add(FIRST_LATE + bits(nanos), 1);
        add(LATE_NANOS, nanos);
    }

    private static int bits(long nanos) {
        return Math.min(64 - Long.numberOfLeadingZeros(Math.max(0, nanos)), HOLD_CLASSES - 1);
    }

    /** Everything published: received frames, completions, control events. */
    public long opportunities() {
        return counts.getOpaque(OPPORTUNITIES);
    }

    /** Calls that told of something published. */
    public long calls() {
        return counts.getOpaque(CALLS);
    }

    /** Looks at something newly published that found the guest armed. */
    public long signals() {
        return counts.getOpaque(SIGNALS);
    }

    /** Calls that told of nothing new: the ring started or changed hands. */
    public long unconditionalCalls() {
        return counts.getOpaque(UNCONDITIONAL);
    }

    /** Calls repeated for a guest that did not answer. */
    public long recalls() {
        return counts.getOpaque(RECALLS);
    }

    /** Calls that a second look led to. */
    public long relooks() {
        return counts.getOpaque(RELOOKS);
    }

    /** Repeated calls after which a guest went on for what it had never been told of. */
    public long watchdogRecalls() {
        return counts.getOpaque(WATCHDOG_RECALLS);
    }

    /** Urgent frames that were taken for normal ones, because there were too many. */
    public long urgentDemoted() {
        return counts.getOpaque(DEMOTED);
    }

    /** What needed no call of its own, by cause. */
    public long avoided(AvoidedBy cause) {
        return counts.getOpaque(FIRST_CAUSE + cause.slot);
    }

    /** All that needed no call of its own. */
    public long avoided() {
        long sum = 0;
        for (AvoidedBy cause : CAUSES) {
            sum += avoided(cause);
        }
        return sum;
    }

    /**
     * Frames of a class that were held for under 2^{@code bits} and at least half of that, in
     * nanoseconds; the last of {@link #HOLD_CLASSES} takes all that is longer.
     */
    public long held(FrameClass of, int bits) {
        return counts.getOpaque(FIRST_HOLD + of.slot * HOLD_CLASSES + bits);
    }

    /** Time that all frames of a class were held together, in nanoseconds. */
    public long heldNanos(FrameClass of) {
        return counts.getOpaque(FIRST_HELD_NANOS + of.slot);
    }

    /** Decisions about what was held that came late, by how much; as {@link #held} counts. */
    public long late(int bits) {
        return counts.getOpaque(FIRST_LATE + bits);
    }

    /** How late all of them came together, in nanoseconds. */
    public long lateNanos() {
        return counts.getOpaque(LATE_NANOS);
    }

    /**
     * Calls and causes add up to all but what waits still; for the writer.
     *
     * @throws IllegalStateException if they do not
     */
    void requireBalanced(long waiting) {
        assert open == opportunities() - calls() - avoided();
        if (open != waiting) {
            throw new IllegalStateException(
                    "accounts do not add up: of %d published %d were called for, %d avoided, %d wait"
                            .formatted(opportunities(), calls(), avoided(), waiting));
        }
    }
}
