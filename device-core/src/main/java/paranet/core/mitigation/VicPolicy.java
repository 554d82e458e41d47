package paranet.core.mitigation;

/**
 * Policy {@code vic}: calls for a share of completions that falls with the number of commands in
 * flight, after the virtual interrupt coalescing of Ahmad, Gulati and Mashtizadeh (2011). The share
 * is set once an epoch.
 *
 * <p>In flight are, of a transmit queue, chains that the device has taken; of a receive queue,
 * frames that the guest has not consumed. What is withheld needs no timer there, because more
 * completes soon; frames received may be the last ones, so here a hold ends after a time.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class VicPolicy implements MitigationPolicy {
    private final long epochNanos;
    private final long commandsMin;
    private final long perSecondMin;
    private final long holdNanos;

    private long epochStartNanos = QueueView.NEVER;
    private long epochStartPublished;
    private long countUp = 1; // delivered of skipUp; without skips both are 1
    private long skipUp = 1;
    private long counter = 1;
    private CallReason reason = CallReason.NONE;

    /**
     * @param epochNanos how often the share is set, over 0
     * @param commandsMin fewer in flight, and every completion is called for
     * @param perSecondMin fewer completions a second, and every completion is called for
     * @param holdNanos longest hold
     */
    public VicPolicy(long epochNanos, long commandsMin, long perSecondMin, long holdNanos) {
        this.epochNanos = epochNanos;
        this.commandsMin = commandsMin;
        this.perSecondMin = perSecondMin;
        this.holdNanos = holdNanos;
    }

    private static long inFlight(QueueView view) {
        if (view.kind() == QueueView.Kind.TRANSMIT) {
            return Math.max(0, view.inFlight());
        }
        return view.consumed() == QueueView.UNKNOWN ? 0 : view.published() - view.consumed();
    }

    @Override
    public long decide(QueueView view, long nowNanos) {
        long commands = inFlight(view);
        if (nowNanos - epochStartNanos >= epochNanos) {
            setShare(commands, view.published(), nowNanos);
        }
        boolean deliver = commands < commandsMin;
        for (long i = Math.min(view.fresh(), view.size()); i > 0 && !deliver; i--) {
            deliver = delivers();
        }
        if (!view.wanted()) {
            reason = CallReason.NOT_WANTED;
            return NOTHING;
        }
        if (deliver) {
            reason = CallReason.IMMEDIATE;
            return CALL;
        }
        long due = view.oldestNanos() + holdNanos;
        reason = nowNanos >= due ? CallReason.DEADLINE : CallReason.HELD;
        return nowNanos >= due ? CALL : due;
    }

    private void setShare(long commands, long published, long nowNanos) {
        double seconds = (nowNanos - epochStartNanos) / 1e9;
        double perSecond = (published - epochStartPublished) / seconds;
        epochStartNanos = nowNanos;
        epochStartPublished = published;
        countUp = 1;
        skipUp = 1;
        if (perSecond < perSecondMin || commands < commandsMin) {
            return;
        }
        long multiple = commands / commandsMin;
        if (multiple >= 4) { // one of so many that half of four times the threshold remain
            skipUp = Math.max(1, commands / (2 * commandsMin));
        } else { // 4 of 5, 3 of 4, 2 of 3
            countUp = 5 - multiple;
            skipUp = countUp + 1;
        }
    }

    /** Whether the next completion is one to call for. */
    private boolean delivers() {
        if (counter < countUp) {
            counter++;
            return true;
        }
        if (counter >= skipUp) {
            counter = 1;
            return true;
        }
        counter++;
        return false;
    }

    /** Calls and completions of the share in force. */
    long countUp() {
        return countUp;
    }

    long skipUp() {
        return skipUp;
    }

    @Override
    public CallReason reason() {
        return reason;
    }

    @Override
    public long gapNanos(QueueView view, long nowNanos) {
        return skipUp == 1 ? 0 : holdNanos;
    }

    @Override
    public long framesMax(QueueView view, long nowNanos) {
        return skipUp == 1 ? 1 : Long.MAX_VALUE;
    }
}
