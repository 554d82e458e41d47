package paranet.core.mitigation;

/**
 * Policy {@code throttle}: no two calls of a queue closer than a gap. After a pause the first frame
 * is called for at once.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class ThrottlePolicy implements MitigationPolicy {
    private final long gapNanos;
    private CallReason reason = CallReason.NONE;

    /**
     * @param gapNanos at least 0
     */
    public ThrottlePolicy(long gapNanos) {
        this.gapNanos = gapNanos;
    }

    @Override
    public long decide(QueueView view, long nowNanos) {
        if (!view.wanted()) {
            reason = CallReason.NOT_WANTED;
            return NOTHING;
        }
        long due = view.lastCallNanos() + gapNanos;
        if (nowNanos >= due) {
            reason = CallReason.IMMEDIATE;
            return CALL;
        }
        reason = CallReason.HELD;
        return due;
    }

    @Override
    public CallReason reason() {
        return reason;
    }

    @Override
    public long gapNanos(QueueView view, long nowNanos) {
        return gapNanos;
    }

    @Override
    public long framesMax(QueueView view, long nowNanos) {
        return Long.MAX_VALUE;
    }
}
