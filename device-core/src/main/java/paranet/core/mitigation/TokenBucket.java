package paranet.core.mitigation;

/**
 * So many a second, and a hundredth of that at once; at least one.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class TokenBucket {
    /** A rate without a bound. */
    static final long UNLIMITED = 0;

    private static final double NANOS = 1e9;

    private final long perSecond;
    private final double most;
    private double tokens;
    private long filledNanos = QueueView.NEVER;

    TokenBucket(long perSecond) {
        this.perSecond = perSecond;
        this.most = Math.max(1, perSecond / 100.0);
        this.tokens = most;
    }

    /** Takes as many as there are. */
    long take(long wanted, long nowNanos) {
        if (perSecond == UNLIMITED) {
            return wanted;
        }
        fill(nowNanos);
        long taken = Math.min(wanted, (long) Math.max(0, tokens));
        tokens -= taken;
        return taken;
    }

    /** Takes one, there or not; there is never more owed than the bucket holds. */
    void spend(long nowNanos) {
        if (perSecond != UNLIMITED) {
            fill(nowNanos);
            tokens = Math.max(-most, tokens - 1);
        }
    }

    boolean isEmpty(long nowNanos) {
        if (perSecond == UNLIMITED) {
            return false;
        }
        fill(nowNanos);
        return tokens < 1;
    }

    private void fill(long nowNanos) {
        if (nowNanos > filledNanos) {
            if (filledNanos != QueueView.NEVER) {
                tokens = Math.min(most, tokens + (nowNanos - filledNanos) / NANOS * perSecond);
            }
            filledNanos = nowNanos;
        }
    }
}
