package paranet.core.mitigation;

/**
 * When the guest of one queue is called: asks the policy, keeps what is held and the accounts, and
 * calls again when a call is not answered (docs/mitigation.md).
 *
 * <p>A duty cycle says what was {@link #published}, then what the {@link #ring} says, and asks
 * {@link #decide}. The answer CALL means that the guest has to be called at once, and the ring told
 * (DeviceVirtqueue.notified); all accounts are kept by then. {@link #due} says when to ask again.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class QueueCalls {
    /** Where a queue stands between two decisions. */
    public enum State {
        /** Nothing is held, and no call is open. */
        IDLE,
        /** The guest is armed, and its call is held back. */
        HELD,
        /** The guest was called and has not shown itself since. */
        CALLED,
        /** The guest takes what it finds, and asks for no call. */
        POLLED,
        /** The queue is stopped. */
        FROZEN
    }

    /** Whose limits a call obeys; there is never more than one who decides. */
    public enum Rule {
        /** The operator's policy alone. */
        OPERATORS,
        /** The operator's policy, within the guest's limits. */
        WITHIN_GUESTS,
        /** The guest's limits, in place of the operator's policy. */
        GUESTS
    }

    /** A guest that does not answer is called again after so long, then after double. */
    static final long STALL_NANOS = 2_000_000;

    static final int RECALLS_MAX = 5;

    /** A guest that sends its limits more often than this steers by itself. */
    static final long STEERING_NANOS = 100_000_000;

    private final QueueView view;
    private final GuestProgress progress;
    private final HeldFrames held;
    private DeviceCalls device;
    private final EventFold fold;
    private final CallLedger ledger = new CallLedger();
    private final DecisionLog log = new DecisionLog();

    private MitigationPolicy own;
    private MitigationPolicy policy;
    private Coalescing limits = Coalescing.NO_LIMITS;
    private boolean limited;
    private Rule rule = Rule.OPERATORS;
    private long limitedNanos = QueueView.NEVER;

    private State state = State.IDLE;
    private boolean unconditional;
    private int heldBatches; // of the oldest: asked about before
    private int overBudgetBatches;
    private long unsettled; // of the fold
    private boolean open; // called, and not answered
    private boolean toldWanted; // the guest was armed for what the open call told of
    private long consumedAtCall;
    private long takenSeen = QueueView.UNKNOWN;
    private int recalls;
    private long stallDue = MitigationPolicy.NOTHING;
    private long due = MitigationPolicy.NOTHING;

    /**
     * @param fold the event queue that tells of this queue's signal, or null if a call of its own
     *     does
     */
    public QueueCalls(
            QueueView.Kind kind,
            int size,
            MitigationPolicy policy,
            DeviceCalls device,
            EventFold fold,
            UnitCosts costs) {
        this.progress = new GuestProgress(costs.wakeNanos(), costs.serviceNanos());
        this.view = new QueueView(kind, size, progress);
        this.held = view.held;
        this.own = policy;
        this.policy = policy;
        this.device = device;
        this.fold = fold;
    }

    /** Something became visible to the guest. One class of a duty cycle at a time. */
    public void published(FrameClass of, long frames, long bytes, long nowNanos) {
        FrameClass as = of;
        long urgent = frames;
        if (of == FrameClass.URGENT && policy.classifies()) {
            urgent = device.guest().takeUrgent(frames, nowNanos);
            if (urgent < frames) {
                ledger.demoted(frames - urgent);
                held.add(FrameClass.NORMAL, frames - urgent, nowNanos);
            }
        }
        if (urgent != 0) {
            held.add(as, urgent, nowNanos);
        }
        view.published += frames;
        view.bytes += bytes;
        view.fresh += frames;
        ledger.opportunities(frames);
    }

    /**
     * What the ring says after that.
     *
     * @param wanted whether the guest is armed for what was published; a full fence came first
     * @param declined whether the ring says by itself that the guest wants no calls
     * @param consumed lower bound of the published chains that the guest is done with, or UNKNOWN
     * @param posted buffers that the guest has posted and the device not taken, or UNKNOWN
     * @param taken chains ever taken by the device, or UNKNOWN
     */
    public void ring(
            boolean wanted,
            boolean declined,
            long consumed,
            long posted,
            long taken,
            long nowNanos) {
        view.wanted = wanted;
        view.declined = declined;
        view.posted = posted;
        if (taken != QueueView.UNKNOWN) {
            if (taken != takenSeen) {
                takenSeen = taken;
                view.lastTakenNanos = nowNanos;
            }
            view.inFlight = Math.max(0, taken - view.published);
        }
        long before = view.consumed;
        view.consumed = Math.max(before, Math.min(consumed, view.published));
        if (view.consumed != before) {
            progress.consumed(view.consumed, !open && view.consumed < view.published, nowNanos);
        }
    }

    /**
     * Decides about all that is held.
     *
     * @return CALL, or when to ask again, which is also {@link #due}
     */
    public long decide(long nowNanos) {
        if (state == State.FROZEN) {
            return due;
        }
        if (view.fresh != 0) {
            progress.published(view.fresh, nowNanos);
            if (view.wanted) {
                ledger.signal();
            }
        }
        if (state == State.HELD && nowNanos >= due) {
            ledger.late(nowNanos - due);
        }
        noteAnswer(nowNanos);
        retire(nowNanos);
        view.askedBefore = heldBatches != 0;
        view.receiveCallNanos = device.receiveCallNanos();
        view.guestCallNanos = device.guest().callNanos();
        long decision = weigh(nowNanos);
        view.fresh = 0;
        ledger.requireBalanced(held.total() + unsettled);
        return decision;
    }

    private long weigh(long nowNanos) {
        if (unconditional && view.published != 0) {
            unconditional = false;
            return call(CallReason.UNCONDITIONAL, nowNanos);
        }
        if (!view.wanted) {
            return release(nowNanos);
        }
        long decision = policy.decide(view, nowNanos);
        if (decision == MitigationPolicy.CALL) {
            return call(policy.reason(), nowNanos);
        }
        state = State.HELD;
        heldBatches = held.batches();
        if (policy.reason() == CallReason.OVER_BUDGET) {
            overBudgetBatches = heldBatches;
        }
        due = decision;
        log.add(nowNanos, policy.reason(), held.total(), due);
        return due;
    }

    /**
     * As {@link #decide}, where the guest is told of another queue just now, by something that can
     * tell of this one too: what is held goes along.
     */
    public long join(long nowNanos) {
        if (state != State.HELD || !view.wanted) {
            return decide(nowNanos);
        }
        long decision = call(CallReason.COMPANION, nowNanos);
        ledger.requireBalanced(held.total() + unsettled);
        return decision;
    }

    /** A guest that polls, is armed anew or goes on has answered. */
    private void noteAnswer(long nowNanos) {
        boolean answered =
                view.declined
                        || view.wanted
                        || (view.consumed != QueueView.UNKNOWN && view.consumed > consumedAtCall);
        if (open && answered) {
            if (recalls == 0) {
                progress.woke(nowNanos - view.lastCallNanos);
            } else if (!toldWanted) {
                ledger.watchdogRecall();
            }
            open = false;
            recalls = 0;
            stallDue = MitigationPolicy.NOTHING;
        }
    }

    /**
     * An armed guest came by itself and took the older part of what is held: nobody waits for that
     * any more. The newest stays, for the ring says that the guest asks for it.
     */
    private void retire(long nowNanos) {
        if (!view.wanted || heldBatches == 0 || !policy.observesGuest()) {
            return;
        }
        long done =
                Math.min(
                        view.consumed - (view.published - held.total()),
                        held.total() - held.framesAt(held.batches() - 1));
        if (done <= 0) {
            return;
        }
        policy.released(view, nowNanos);
        AvoidedBy fresh = open ? AvoidedBy.CALL_PENDING : AvoidedBy.PEER_POLLING;
        while (done > 0) {
            long frames = Math.min(done, held.framesAt(0));
            ledger.avoided(heldBatches != 0 ? heldCause(0) : fresh, frames);
            ledger.held(held.classAt(0), nowNanos - held.publishedAt(0), frames);
            boolean whole = frames == held.framesAt(0);
            held.removeOldest(frames);
            if (whole && heldBatches != 0) {
                heldBatches--;
                overBudgetBatches = Math.max(0, overBudgetBatches - 1);
            }
            done -= frames;
        }
    }

    /** The guest does not ask for what is held: it has it, or finds it by itself. */
    private long release(long nowNanos) {
        boolean idle = state == State.IDLE && held.batches() == 0 && !view.declined;
        if (held.batches() != 0) {
            policy.released(view, nowNanos);
            log.add(nowNanos, CallReason.NOT_WANTED, held.total(), MitigationPolicy.NOTHING);
            AvoidedBy fresh = open ? AvoidedBy.CALL_PENDING : AvoidedBy.PEER_POLLING;
            for (int i = 0; i < held.batches(); i++) {
                ledger.avoided(i < heldBatches ? heldCause(i) : fresh, held.framesAt(i));
                noteHold(i, nowNanos);
            }
            clearHeld();
            if (open && recalls == RECALLS_MAX) { // a publish begins the series anew
                recalls = 0;
                stallDue = nowNanos + STALL_NANOS;
            }
        }
        state = open ? State.CALLED : idle ? State.IDLE : State.POLLED;
        if (nowNanos >= stallDue) {
            return recall(nowNanos);
        }
        due = stallDue;
        return due;
    }

    /** Why something held needs no call now, or none of its own. */
    private AvoidedBy heldCause(int batch) {
        if (batch < overBudgetBatches) {
            return AvoidedBy.BUDGET;
        }
        return isLed(batch) ? AvoidedBy.TX_RIDES_RX : AvoidedBy.EVAPORATED;
    }

    private boolean isLed(int batch) {
        return view.kind() == QueueView.Kind.TRANSMIT
                && device.receiveCallNanos() >= held.publishedAt(batch);
    }

    private long recall(long nowNanos) {
        recalls++;
        ledger.recall();
        stallDue =
                recalls < RECALLS_MAX
                        ? nowNanos + (STALL_NANOS << recalls)
                        : MitigationPolicy.NOTHING;
        due = stallDue;
        device.called(view.kind(), nowNanos);
        view.lastCallNanos = nowNanos;
        log.add(nowNanos, CallReason.STALL, 0, due);
        return MitigationPolicy.CALL;
    }

    private long call(CallReason reason, long nowNanos) {
        policy.called(view, nowNanos);
        log.add(nowNanos, reason, held.total(), MitigationPolicy.NOTHING);
        if (held.batches() == 0) {
            ledger.unconditional();
        } else {
            tell(reason, nowNanos);
        }
        device.called(view.kind(), nowNanos);
        view.lastCallNanos = nowNanos;
        state = State.CALLED;
        // Nobody knows whether a guest that is called unconditionally was armed: it owes no answer.
        open = reason != CallReason.UNCONDITIONAL;
        toldWanted = view.wanted;
        consumedAtCall = view.consumed;
        recalls = 0;
        stallDue =
                open && policy.observesGuest() && view.consumed != QueueView.UNKNOWN
                        ? nowNanos + STALL_NANOS
                        : MitigationPolicy.NOTHING;
        due = stallDue;
        return MitigationPolicy.CALL;
    }

    /** One of what is held is called for; the others share its call, or had no need of one. */
    private void tell(CallReason reason, long nowNanos) {
        AvoidedBy shared =
                reason == CallReason.FRAME_CAP ? AvoidedBy.FRAME_CAP : AvoidedBy.SAME_QUEUE_HOLD;
        long first = view.published - held.total();
        int newest = held.batches() - 1;
        for (int i = 0; i <= newest; i++) {
            long frames = held.framesAt(i);
            long done = i < heldBatches ? Math.clamp(view.consumed - first, 0, frames) : 0;
            first += frames;
            if (i == newest) { // it keeps one for the call
                frames--;
                done = Math.min(done, frames);
            }
            if (i < overBudgetBatches) {
                ledger.avoided(AvoidedBy.BUDGET, frames);
            } else {
                ledger.avoided(heldCause(i), done);
                ledger.avoided(shared, frames - done);
            }
            noteHold(i, nowNanos);
        }
        clearHeld();
        if (fold == null) {
            ledger.call();
        } else {
            unsettled++;
            fold.signalled(this);
        }
    }

    private void noteHold(int batch, long nowNanos) {
        ledger.held(held.classAt(batch), nowNanos - held.publishedAt(batch), held.framesAt(batch));
    }

    private void clearHeld() {
        held.clear();
        heldBatches = 0;
        overBudgetBatches = 0;
    }

    /** What became of a signal: the interrupt was its own (null), or it rode with another. */
    void settle(AvoidedBy cause) {
        unsettled--;
        if (cause == null) {
            ledger.call();
        } else {
            ledger.avoided(cause, 1);
        }
    }

    /** Whether this carries completions of the device whose received frames that one carries. */
    boolean isLedBy(QueueCalls other) {
        return view.kind() == QueueView.Kind.TRANSMIT
                && other.view.kind() == QueueView.Kind.RECEIVE
                && device == other.device;
    }

    /** What was told is not known any more: the next decision calls, once anything is published. */
    public void forget() {
        unconditional = true;
    }

    /** The guest is called for what may have been published before this queue's time. */
    public void callAnyway(long nowNanos) {
        call(CallReason.UNCONDITIONAL, nowNanos);
    }

    /**
     * The queue is about to stop.
     *
     * @return whether the guest has to be called for what is held
     */
    public boolean freeze(long nowNanos) {
        if (state == State.FROZEN) {
            return false;
        }
        boolean flush = view.wanted && held.batches() != 0;
        if (flush) {
            call(CallReason.FLUSH, nowNanos);
        } else {
            release(nowNanos);
        }
        state = State.FROZEN;
        open = false;
        stallDue = MitigationPolicy.NOTHING;
        due = MitigationPolicy.NOTHING;
        return flush;
    }

    /** The queue goes on; its guest is called, once anything is published. */
    public void thaw() {
        if (state == State.FROZEN) {
            state = State.IDLE;
            forget();
        }
    }

    /**
     * Another policy from now on, for all queues of a device at once; to be followed by {@link
     * #decide}.
     *
     * @param nextDevice what those queues have in common under it
     */
    public void policy(MitigationPolicy next, DeviceCalls nextDevice) {
        own = next;
        device = nextDevice;
        limitedNanos = QueueView.NEVER;
        obey(limits);
    }

    /**
     * The guest sets its own limits (VIRTIO_NET_CTRL_NOTF_COAL); to be followed by {@link #decide}.
     * A policy that can goes on beneath them, unless the guest steers by itself.
     */
    public void command(Coalescing guestLimits, long nowNanos) {
        boolean steers = nowNanos - limitedNanos < STEERING_NANOS;
        limitedNanos = nowNanos;
        limits = guestLimits;
        limited = true;
        if (steers) {
            policy = new FixedPolicy(guestLimits);
            rule = Rule.GUESTS;
        } else {
            obey(guestLimits);
        }
    }

    /** The device was reset: no limits of the guest's any more. */
    public void forgetCommands() {
        limits = Coalescing.NO_LIMITS;
        limited = false;
        limitedNanos = QueueView.NEVER;
        obey(limits);
    }

    private void obey(Coalescing guestLimits) {
        boolean beneath = own.limit(guestLimits);
        if (!limited) {
            rule = Rule.OPERATORS;
        } else {
            rule = beneath ? Rule.WITHIN_GUESTS : Rule.GUESTS;
        }
        policy = rule == Rule.GUESTS ? new FixedPolicy(guestLimits) : own;
    }

    /** When {@link #decide} is to be asked, though nothing be published; or NOTHING. */
    public long due() {
        return due;
    }

    public State state() {
        return state;
    }

    public CallLedger ledger() {
        return ledger;
    }

    /** Whose limits are in force. */
    public Rule rule() {
        return rule;
    }

    /** How the queue stands now, under a name for people; of the worker. */
    public QueueReport report(String name, long nowNanos) {
        return new QueueReport(
                name,
                state,
                rule(),
                limited ? limits : null,
                policy.gapNanos(view, nowNanos),
                policy.framesMax(view, nowNanos),
                view.wakeNanos(),
                view.serviceNanos(),
                ledger);
    }

    /** The latest decisions; of the worker. */
    public DecisionLog log() {
        return log;
    }

    public QueueView view() {
        return view;
    }

    /** The policy that decides now: the operator's, or the guest's limits in its place. */
    public MitigationPolicy policy() {
        return policy;
    }
}
