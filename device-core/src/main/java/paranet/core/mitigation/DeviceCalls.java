package paranet.core.mitigation;

/**
 * What the queues of one device, or of one pair, have in common: a call for received frames has the
 * guest take completions too, for its receive poll looks at both.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class DeviceCalls {
    private final GuestCalls guest;
    private long receiveCallNanos = QueueView.NEVER;

    DeviceCalls(GuestCalls guest) {
        this.guest = guest;
    }

    /** When a queue of the guest was last called, or {@link QueueView#NEVER}. */
    public long guestCallNanos() {
        return guest.callNanos();
    }

    GuestCalls guest() {
        return guest;
    }

    void called(QueueView.Kind kind, long nowNanos) {
        if (kind == QueueView.Kind.RECEIVE) {
            receiveCallNanos = nowNanos;
        }
        guest.called(nowNanos);
    }

    long receiveCallNanos() {
        return receiveCallNanos;
    }
}
