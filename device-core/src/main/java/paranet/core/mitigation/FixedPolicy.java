package paranet.core.mitigation;

/**
 * Policy {@code fixed}: a call so long after the first frame held, or at so many, whichever comes
 * first; then the next frame begins anew (virtio 1.3, 5.1.6.5.8).
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class FixedPolicy implements MitigationPolicy {
    private final long holdNanos;
    private final long framesMax;
    private CallReason reason = CallReason.NONE;

    public FixedPolicy(Coalescing coalescing) {
        this.holdNanos = coalescing.holdNanos();
        this.framesMax = coalescing.framesMax();
    }

    @Override
    public long decide(QueueView view, long nowNanos) {
        if (!view.wanted()) {
            reason = CallReason.NOT_WANTED;
            return NOTHING;
        }
        if (view.unnotified() >= framesMax) {
            reason = framesMax == 1 ? CallReason.IMMEDIATE : CallReason.FRAME_CAP;
            return CALL;
        }
        long due = view.oldestNanos() + holdNanos;
        if (nowNanos >= due) {
            reason = CallReason.DEADLINE;
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
        return holdNanos;
    }

    @Override
    public long framesMax(QueueView view, long nowNanos) {
        return framesMax;
    }
}
