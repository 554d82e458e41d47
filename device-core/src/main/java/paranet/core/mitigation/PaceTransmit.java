package paranet.core.mitigation;

/**
 * Policy {@code pace} for completions: a guest that takes them when it is interrupted for received
 * frames needs no interrupt for them at all. So they are held, where that guest was seen to do so,
 * and a call for received frames makes the hold begin anew (docs/mitigation.md).
 *
 * <p>Whether it does is learnt and never assumed. Where it is not known to, completions are held
 * only while more are to come, and every so often as a trial.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class PaceTransmit implements MitigationPolicy {
    /** A hold that begins anew ends after so many times its length. */
    static final int RESTARTS_MAX = 4;

    static final double WEIGHT = 1.0 / 16;
    static final double LIKELY = 0.5;

    /** Calls from one trial to the next, at first and after many that failed. */
    static final int TRIAL_MIN = 16;

    static final int TRIAL_MAX = 1024;

    /** A guest that sends within this part of the longest hold had waited to. */
    static final int PROMPT = 4;

    /** Once may be chance. */
    static final int PROMPT_MIN = 2;

    /** Where a guest that was kept waiting ends: no hold worth the name. */
    static final long HOLD_NANOS_MIN = 1000;

    private final PaceOptions options;
    private final int size;

    private long holdNanosMax;
    private long framesMax;
    private long holdNanos;
    private double evaporates; // share of holds that ended without a call
    private int trialEvery = TRIAL_MIN;
    private int untilTrial = TRIAL_MIN;
    private boolean trying;
    private boolean holding;
    private long suspectedNanos = QueueView.NEVER; // when a guest that may have waited was called
    private int prompt; // times that it sent at once then, in a row
    private CallReason reason = CallReason.NONE;

    public PaceTransmit(PaceOptions options, int size) {
        this.options = options;
        this.size = size;
        limit(Coalescing.NO_LIMITS);
        holdNanos = holdNanosMax;
    }

    @Override
    public boolean limit(Coalescing limits) {
        holdNanosMax = Math.min(options.completionMicros() * 1000, limits.holdNanos());
        framesMax = Math.clamp(size / 4L, 1, limits.framesMax());
        holdNanos = Math.min(holdNanos, holdNanosMax);
        return true;
    }

    @Override
    public boolean observesGuest() {
        return true;
    }

    @Override
    public CallReason reason() {
        return reason;
    }

    @Override
    public long decide(QueueView view, long nowNanos) {
        settleSuspicion(view);
        if (view.unnotified() >= framesMax) {
            return call(CallReason.FRAME_CAP);
        }
        if (holdNanos == 0 || !mayHold(view)) {
            return call(CallReason.IMMEDIATE);
        }
        long oldest = view.oldestNanos();
        long due =
                Math.min(
                        Math.max(oldest, view.receiveCallNanos()) + holdNanos,
                        oldest + RESTARTS_MAX * holdNanos);
        if (nowNanos >= due) {
            return call(CallReason.DEADLINE);
        }
        holding = true;
        reason = CallReason.HELD;
        return due;
    }

    @Override
    public long gapNanos(QueueView view, long nowNanos) {
        return holdNanos;
    }

    @Override
    public long framesMax(QueueView view, long nowNanos) {
        return framesMax;
    }

    private long call(CallReason why) {
        reason = why;
        return CALL;
    }

    private boolean mayHold(QueueView view) {
        if (trying || evaporates >= LIKELY || view.inFlight() > 0) {
            return true;
        }
        if (!holding && view.fresh() != 0 && --untilTrial <= 0) {
            trying = true;
            return true;
        }
        return false;
    }

    @Override
    public void called(QueueView view, long nowNanos) {
        if (holding && reason != CallReason.IMMEDIATE) { // that is a hold that ended by itself
            learn(0);
            if (reason == CallReason.DEADLINE && mayBeBlocked(view)) {
                suspectedNanos = nowNanos;
            }
            if (trying) {
                trialEvery = Math.min(TRIAL_MAX, 2 * trialEvery);
                untilTrial = trialEvery;
            }
        }
        trying = false;
        holding = false;
    }

    /** Whether the guest may wait for the completion itself: all is done, and it sent no more. */
    private boolean mayBeBlocked(QueueView view) {
        return view.inFlight() == 0 && view.lastTakenNanos() <= view.oldestNanos();
    }

    /** A guest that waited goes on as soon as it is told; one that had nothing to send does not. */
    private void settleSuspicion(QueueView view) {
        long after = view.lastTakenNanos() - suspectedNanos;
        if (suspectedNanos != QueueView.NEVER && after > 0) {
            if (after > holdNanosMax / PROMPT) {
                recover();
            } else if (++prompt >= PROMPT_MIN) {
                holdNanos = Math.max(HOLD_NANOS_MIN, holdNanos / 2);
            }
            suspectedNanos = QueueView.NEVER;
        }
    }

    @Override
    public void released(QueueView view, long nowNanos) {
        if (holding) {
            learn(1);
            recover();
            trialEvery = TRIAL_MIN;
            untilTrial = TRIAL_MIN;
        }
        trying = false;
        holding = false;
    }

    private void recover() {
        prompt = 0;
        holdNanos = Math.min(holdNanosMax, holdNanos + Math.max(1, holdNanosMax / 16));
    }

    private void learn(double evaporated) {
        evaporates += WEIGHT * (evaporated - evaporates);
    }

    /** Share of holds that the guest ended by itself, as learnt. */
    public double evaporates() {
        return evaporates;
    }

    /** The hold in force, in nanoseconds. */
    public long holdNanos() {
        return holdNanos;
    }
}
