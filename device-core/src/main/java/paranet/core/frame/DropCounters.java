package paranet.core.frame;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.EnumMap;
import java.util.Map;

/**
 * A count per {@link DropReason}, since the start of the process.
 *
 * <p>Threading: one writer; counters may be read by any thread.
 */
@SuppressWarnings("EnumOrdinal") // one array slot per reason, indexed by nothing else
public final class DropCounters {
    private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final DropReason[] REASONS = DropReason.values();

    private final long[] counts = new long[REASONS.length];

    /** Counts one loss. */
    public void count(DropReason reason) {
        int i = reason.ordinal();
        COUNTS.setOpaque(counts, i, counts[i] + 1);
    }

    public long value(DropReason reason) {
        return (long) COUNTS.getOpaque(counts, reason.ordinal());
    }

    /** All losses together; {@link DropReason#NONE} and SINK_FULL are none. */
    public long total() {
        long total = 0;
        for (DropReason reason : REASONS) {
            if (reason.isLoss()) {
                total += value(reason);
            }
        }
        return total;
    }

    /** The reasons that happened, with their counts. */
    public Map<DropReason, Long> snapshot() {
        Map<DropReason, Long> happened = new EnumMap<>(DropReason.class);
        for (DropReason reason : REASONS) {
            if (value(reason) != 0) {
                happened.put(reason, value(reason));
            }
        }
        return happened;
    }
}
