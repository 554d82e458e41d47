package paranet.core.mitigation;

/**
 * What the queues of one guest have in common: when it was last called, how much of it may be
 * urgent, and how often it may be interrupted at all.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class GuestCalls {
    private final TokenBucket urgent;
    private final TokenBucket budget;
    private long callNanos = QueueView.NEVER;

    /**
     * @param urgentPerSecond urgent frames; 0 is no bound
     * @param callsPerSecond interrupts; 0 is no bound
     */
    public GuestCalls(long urgentPerSecond, long callsPerSecond) {
        this.urgent = new TokenBucket(urgentPerSecond);
        this.budget = new TokenBucket(callsPerSecond);
    }

    /** Another device, or pair of queues, of the guest: where received frames wake transmit too. */
    public DeviceCalls device() {
        return new DeviceCalls(this);
    }

    long takeUrgent(long frames, long nowNanos) {
        return urgent.take(frames, nowNanos);
    }

    boolean isOverBudget(long nowNanos) {
        return budget.isEmpty(nowNanos);
    }

    void called(long nowNanos) {
        callNanos = nowNanos;
        budget.spend(nowNanos);
    }

    /** When a queue of the guest was last called, or {@link QueueView#NEVER}. */
    public long callNanos() {
        return callNanos;
    }
}
