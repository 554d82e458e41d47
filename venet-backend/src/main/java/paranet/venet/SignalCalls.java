package paranet.venet;

import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SouthIoq;
import paranet.core.mitigation.CallLedger;
import paranet.core.mitigation.DeviceCalls;
import paranet.core.mitigation.EventFold;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;

/**
 * When the guest is told one signal of a device: what was published marks the signal at once, for a
 * guest that looks by itself, and the policy decides when its event goes into the event queue.
 *
 * <p>Threading: confined to one worker; the ledger may be read by any thread.
 */
final class SignalCalls {
    private final BusCalls bus;
    private final SouthIoq ring;
    private final boolean pushes; // so the ring shows what the guest took
    private final ShmSignal signal;
    private final QueueCalls calls;
    private long published;

    SignalCalls(
            BusCalls bus,
            SouthIoq ring,
            QueueView.Kind kind,
            PolicyOptions options,
            DeviceCalls device,
            EventFold fold) {
        this.bus = bus;
        this.ring = ring;
        this.pushes = kind == QueueView.Kind.RECEIVE;
        this.signal = ring.signal();
        this.calls =
                new QueueCalls(
                        kind,
                        ring.size(),
                        options.policy(kind, ring.size(), device),
                        device,
                        fold,
                        options.costs());
    }

    CallLedger ledger() {
        return calls.ledger();
    }

    QueueCalls queueCalls() {
        return calls;
    }

    /** Whether nothing is ever held back, so that whoever publishes tells when it likes. */
    boolean isImmediate() {
        return calls.policy() instanceof paranet.core.mitigation.Immediate;
    }

    /** Something became visible to the guest; {@link #tell} follows. */
    void published(FrameClass of, long count, long bytes) {
        calls.published(of, count, bytes, bus.nowNanos());
        published += count;
    }

    /** What was published is there for a guest that looks, and it is told when that is due. */
    void tell() {
        boolean wanted = signal.mark();
        look(wanted);
        answer(calls.decide(bus.nowNanos()), wanted);
    }

    /** What was published has to be known at once, whatever the policy. */
    void tellAtOnce() {
        boolean wanted = signal.mark();
        look(wanted);
        answer(wanted ? calls.join(bus.nowNanos()) : calls.decide(bus.nowNanos()), wanted);
        if (calls.state() == QueueCalls.State.HELD) {
            join();
        }
    }

    private void answer(long decision, boolean wanted) {
        if (decision == MitigationPolicy.CALL) {
            bus.called();
            signal.ring();
        } else if (!wanted) {
            signal.skip();
        }
    }

    private void look(boolean wanted) {
        long consumed = pushes ? Math.max(0, published - ring.inuse()) : QueueView.UNKNOWN;
        calls.ring(
                wanted,
                signal.isDeclined(),
                consumed,
                QueueView.UNKNOWN,
                QueueView.UNKNOWN,
                bus.nowNanos());
    }

    /** Asks again, if it is time to. */
    void step() {
        if (calls.due() <= bus.nowNanos()) {
            look(signal.isMissed());
            ringIf(calls.decide(bus.nowNanos()));
        }
    }

    /** Another signal is told: what is held goes along. */
    void join() {
        if (calls.state() == QueueCalls.State.HELD) {
            look(signal.isMissed());
            ringIf(calls.join(bus.nowNanos()));
        }
    }

    private void ringIf(long decision) {
        if (decision == MitigationPolicy.CALL) {
            bus.called();
            signal.ring();
        }
    }

    long dueNanos() {
        return calls.due();
    }

    /** Another policy. */
    void coalesce(PolicyOptions options, DeviceCalls device) {
        calls.policy(options.policy(calls.view().kind(), ring.size(), device), device);
        look(signal.isMissed());
        ringIf(calls.decide(bus.nowNanos()));
    }

    /** A second look found that the guest had missed what it was not rung for. */
    void relook() {
        if (calls.state() != QueueCalls.State.HELD) {
            ledger().relook();
            signal.inject();
        }
    }

    /** The signal is about to end: what is held is told. */
    void freeze() {
        look(signal.isMissed());
        if (calls.freeze(bus.nowNanos())) {
            signal.ring();
        }
    }

    /** The signal is no more, and its memory may be gone. */
    void forget() {
        calls.ring(
                false,
                false,
                QueueView.UNKNOWN,
                QueueView.UNKNOWN,
                QueueView.UNKNOWN,
                bus.nowNanos());
        var _ = calls.freeze(bus.nowNanos());
    }
}
