package paranet.core.mitigation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The accounts of queues that come and go, as one sum.
 *
 * <p>Threading: any thread may call everything.
 */
public final class CallAccounts {
    /**
     * Sums at one moment. While queues run each is read for itself, so {@link #held} is what was
     * held, and what was published while they were read.
     *
     * @param opportunities everything published
     * @param calls that told of something published
     * @param avoided all the rest but what is held, by its cause; each cause is there
     * @param signals looks at something new that found the guest armed
     * @param unconditional calls that told of nothing new
     * @param recalls calls repeated for a guest that did not answer
     * @param relooks calls that a second look led to
     * @param watchdogRecalls repeated calls after which a guest went on for what it was never told
     * @param urgentDemoted urgent frames that were taken for normal ones
     * @param late decisions about what was held that came late, as {@link CallLedger#late} counts
     *     <p>Threading: immutable.
     */
    public record Snapshot(
            long opportunities,
            long calls,
            Map<AvoidedBy, Long> avoided,
            long signals,
            long unconditional,
            long recalls,
            long relooks,
            long watchdogRecalls,
            long urgentDemoted,
            List<Long> late) {
        /** Decisions about what was held. */
        public long lateDecisions() {
            return late.stream().mapToLong(Long::longValue).sum();
        }

        /** This share of them, over 0, came no later than this; up to twice too much. */
        public long latenessNanos(double share) {
            long most = (long) Math.ceil(share * lateDecisions());
            int bits = 0;
            for (long some = late.getFirst(); some < most; some += late.get(bits)) {
                bits++;
            }
            return bits == 0 ? 0 : 1L << bits;
        }

        /** All that needed no call of its own. */
        public long avoidedCalls() {
            return avoided.values().stream().mapToLong(Long::longValue).sum();
        }

        /** Published, and neither called for nor avoided so far. */
        public long held() {
            return opportunities - calls - avoidedCalls();
        }
    }

    private static final int FIRST_LATE = 8; // of the sums

    private final List<CallLedger> running = new ArrayList<>();
    private final Map<AvoidedBy, Long> endedAvoided = new EnumMap<>(AvoidedBy.class);
    private final long[] ended = new long[FIRST_LATE + CallLedger.HOLD_CLASSES];

    /** A queue begins. */
    public synchronized void add(CallLedger ledger) {
        running.add(ledger);
    }

    /** A queue ended; what it counted stays in the sum. */
    public synchronized void remove(CallLedger ledger) {
        if (running.remove(ledger)) {
            sum(ledger, ended, endedAvoided);
        }
    }

    /** The sums now. */
    public synchronized Snapshot snapshot() {
        long[] sums = ended.clone();
        Map<AvoidedBy, Long> avoided = new EnumMap<>(AvoidedBy.class);
        for (AvoidedBy cause : AvoidedBy.values()) {
            avoided.put(cause, endedAvoided.getOrDefault(cause, 0L));
        }
        for (CallLedger ledger : running) {
            sum(ledger, sums, avoided);
        }
        return new Snapshot(
                sums[7],
                sums[0],
                avoided,
                sums[1],
                sums[2],
                sums[3],
                sums[4],
                sums[5],
                sums[6],
                Arrays.stream(sums, FIRST_LATE, sums.length).boxed().toList());
    }

    /** Opportunities come last, so that nothing is avoided that was not published yet. */
    private static void sum(CallLedger ledger, long[] sums, Map<AvoidedBy, Long> avoided) {
        sums[0] += ledger.calls();
        sums[1] += ledger.signals();
        sums[2] += ledger.unconditionalCalls();
        sums[3] += ledger.recalls();
        sums[4] += ledger.relooks();
        sums[5] += ledger.watchdogRecalls();
        sums[6] += ledger.urgentDemoted();
        for (int bits = 0; bits < CallLedger.HOLD_CLASSES; bits++) {
            sums[FIRST_LATE + bits] += ledger.late(bits);
        }
        for (AvoidedBy cause : AvoidedBy.values()) {
            avoided.merge(cause, ledger.avoided(cause), Long::sum);
        }
        sums[7] += ledger.opportunities();
    }
}
