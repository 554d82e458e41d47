package paranet.core.mitigation;

/** One queue's calls over numbers: a guest that is armed or not, and a clock that is told. */
final class Rig {
    static final long MICRO = 1000;

    final GuestCalls guest;
    final DeviceCalls device;
    final QueueCalls calls;
    long now;
    boolean wanted = true;
    boolean declined;
    long consumed = QueueView.UNKNOWN;
    long posted = QueueView.UNKNOWN;
    long taken = QueueView.UNKNOWN;

    Rig(String options) {
        this(options, QueueView.Kind.RECEIVE);
    }

    Rig(String options, QueueView.Kind kind) {
        PolicyOptions parsed = CoalesceText.parse(options);
        guest = parsed.guestCalls();
        device = guest.device();
        calls = queue(parsed, kind, null);
    }

    QueueCalls queue(PolicyOptions options, QueueView.Kind kind, EventFold fold) {
        return new QueueCalls(
                kind, 256, options.policy(kind, 256, device), device, fold, options.costs());
    }

    /** Publishes and decides in one duty cycle, at so many microseconds. */
    long publish(double micros, FrameClass of, long frames) {
        now = (long) (micros * MICRO);
        calls.published(of, frames, 1000 * frames, now);
        return ask();
    }

    long ask(double micros) {
        now = (long) (micros * MICRO);
        return ask();
    }

    private long ask() {
        calls.ring(wanted, declined, consumed, posted, taken, now);
        return calls.decide(now);
    }

    long avoided(AvoidedBy cause) {
        return calls.ledger().avoided(cause);
    }

    boolean publishCalls(double micros, FrameClass of, long frames) {
        return publish(micros, of, frames) == MitigationPolicy.CALL;
    }
}
