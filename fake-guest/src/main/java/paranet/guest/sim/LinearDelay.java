package paranet.guest.sim;

import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.QueueView;

/**
 * A delay that grows with what the rate exceeds a threshold by, as SPDK's vhost has it: every 10 ms
 * the least time between two calls is base * (rate - threshold) / threshold.
 *
 * <p>Threading: confined to one queue.
 */
final class LinearDelay implements MitigationPolicy {
    private static final long WINDOW_NANOS = 10_000_000;
    private static final double BASE_NANOS = 20_000;
    private static final double THRESHOLD_PER_SECOND = 60_000;

    private long windowStartNanos = QueueView.NEVER;
    private long windowStartPublished;
    private long gapNanos;

    @Override
    public long decide(QueueView view, long nowNanos) {
        long passed = nowNanos - windowStartNanos;
        if (passed >= WINDOW_NANOS) {
            double rate = (view.published() - windowStartPublished) * 1e9 / passed;
            double over = (rate - THRESHOLD_PER_SECOND) / THRESHOLD_PER_SECOND;
            gapNanos = Math.max(0, Math.round(BASE_NANOS * over));
            windowStartNanos = nowNanos;
            windowStartPublished = view.published();
        }
        long due = view.lastCallNanos() + gapNanos;
        return nowNanos >= due ? CALL : due;
    }
}
