package paranet.core.mitigation;

/**
 * How one queue stands at one moment, as its worker saw it: for people, and for what collects
 * metrics.
 *
 * @param name what people call it: rx0, tx0, ctl
 * @param guestLimits what the guest set for itself, or null
 * @param gapNanos how long a call may be held back
 * @param framesMax with how many frames a call comes at once; Long.MAX_VALUE is no bound
 * @param wakeNanos mean time from a call to the guest's answer
 * @param serviceNanos mean time that the guest needs for a frame
 * @param ledger its accounts, which go on
 *     <p>Threading: immutable, but for the ledger.
 */
public record QueueReport(
        String name,
        QueueCalls.State state,
        QueueCalls.Rule rule,
        Coalescing guestLimits,
        long gapNanos,
        long framesMax,
        double wakeNanos,
        double serviceNanos,
        CallLedger ledger) {}
