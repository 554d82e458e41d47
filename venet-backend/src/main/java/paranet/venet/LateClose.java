package paranet.venet;

/**
 * A DEVCLOSE that lets posted frames leave first, for a while from the first step on.
 *
 * <p>Threading: confined to one worker.
 */
final class LateClose {
    private static final long WAIT_NANOS = 100_000_000;

    private final VenetDevice device;
    private final Caller caller;
    private long dueNanos;
    private boolean hasDue;

    LateClose(VenetDevice device, Caller caller) {
        this.device = device;
        this.caller = caller;
        device.lane().beginClose();
    }

    Caller caller() {
        return caller;
    }

    /** Lets frames leave; whether it is time to close. */
    boolean step(long nowNanos) {
        if (!hasDue) {
            hasDue = true;
            dueNanos = nowNanos + WAIT_NANOS;
        }
        var _ = device.lane().drainTransmit();
        return !device.hasPosted() || nowNanos - dueNanos >= 0;
    }

    /** Whether {@link #step} has more to do at once. */
    boolean isReady() {
        return device.lane().isTransmitReady();
    }

    /** When it is time to close at the latest; {@code nowNanos} before the first step. */
    long dueNanos(long nowNanos) {
        return hasDue ? dueNanos : nowNanos;
    }
}
