package paranet.core.mitigation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The latest decisions about one queue, for people.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class DecisionLog {
    /** How many are kept. */
    public static final int SIZE = 64;

    private static final int MASK = SIZE - 1;

    private final long[] nanos = new long[SIZE];
    private final long[] frames = new long[SIZE];
    private final long[] dues = new long[SIZE];
    private final CallReason[] reasons = new CallReason[SIZE];
    private long next;

    /** A decision about so many, who are held until then if they are. */
    public void add(long nowNanos, CallReason reason, long held, long due) {
        int at = (int) next++ & MASK;
        nanos[at] = nowNanos;
        frames[at] = held;
        dues[at] = due;
        reasons[at] = reason;
    }

    /** How many there are, at most {@link #SIZE}. */
    public int count() {
        return (int) Math.min(next, SIZE);
    }

    private int at(int back) {
        if (back < 0 || back >= count()) {
            throw new IllegalArgumentException("decision %d of %d".formatted(back, count()));
        }
        return (int) (next - 1 - back) & MASK;
    }

    /** All of them in words, the newest first; times count from {@code nowNanos}. */
    public List<String> lines(long nowNanos) {
        List<String> lines = new ArrayList<>();
        for (int back = 0; back < count(); back++) {
            StringBuilder line = new StringBuilder();
            line.append(
                    String.format(
                            Locale.ROOT,
                            "%.1f us ago: %s, %d",
                            (nowNanos - nanos(back)) / 1e3,
                            reason(back),
                            frames(back)));
            if (due(back) != MitigationPolicy.NOTHING) {
                line.append(
                        String.format(
                                Locale.ROOT,
                                ", until %.1f us later",
                                (due(back) - nanos(back)) / 1e3));
            }
            lines.add(line.toString());
        }
        return lines;
    }

    /** Worker's clock at the decision that was {@code back} before the last. */
    public long nanos(int back) {
        return nanos[at(back)];
    }

    public CallReason reason(int back) {
        return reasons[at(back)];
    }

    /** Chains that it was about. */
    public long frames(int back) {
        return frames[at(back)];
    }

    /** Until when they were held, or {@link MitigationPolicy#NOTHING}. */
    public long due(int back) {
        return dues[at(back)];
    }
}
