package paranet.core.mitigation;

/**
 * Policy {@code pace} for frames to the guest: the first frame after a pause is called for at once;
 * only what follows a call within a gap waits, and none of it past the deadline of its class. The
 * gap is the one that costs least; what is held at once is bounded by what the guest has to work
 * off before something urgent (docs/mitigation.md).
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class PaceReceive implements MitigationPolicy {
    /** Acknowledgements held: a sender that is clocked by them gets no burst. */
    static final int ACKS_MAX = 8;

    /** How long an urgent frame makes more of them likely. */
    static final long URGENT_NANOS = 10_000_000;

    private final PaceOptions options;
    private final DeviceCalls device;
    private final GapLaw law;
    private final GapLaw bulkLaw;
    private final int size;

    private long normalNanos;
    private long bulkNanos;
    private long framesMax;
    private long urgentNanos = QueueView.NEVER;
    private long gap;
    private long heldDue = NOTHING; // of what is held: it comes no later for what follows
    private CallReason reason = CallReason.NONE;

    public PaceReceive(PaceOptions options, int size, DeviceCalls device) {
        this.options = options;
        this.device = device;
        this.law = options.gapLaw();
        this.bulkLaw = options.bulkGapLaw();
        this.size = size;
        limit(Coalescing.NO_LIMITS);
    }

    @Override
    public boolean limit(Coalescing limits) {
        normalNanos = Math.min(options.normalMicros() * 1000, limits.holdNanos());
        bulkNanos = Math.min(options.bulkMicros() * 1000, limits.holdNanos());
        framesMax = Math.clamp(size / 4L, 1, Math.min(options.framesMax(), limits.framesMax()));
        return true;
    }

    @Override
    public boolean classifies() {
        return true;
    }

    @Override
    public boolean observesGuest() {
        return true;
    }

    @Override
    public CallReason reason() {
        return reason;
    }

    @Override
    public long decide(QueueView view, long nowNanos) {
        if (view.unnotified(FrameClass.URGENT) != 0) {
            urgentNanos = nowNanos;
            return call(CallReason.URGENT);
        }
        if (view.unnotified() >= framesMax(view, nowNanos)
                || view.unnotified(FrameClass.ACK) >= ACKS_MAX) {
            return call(CallReason.FRAME_CAP);
        }
        long deadline = deadline(view);
        if (nowNanos >= deadline) {
            return call(CallReason.DEADLINE);
        }
        if (view.posted() != QueueView.UNKNOWN && view.posted() < size / 8) {
            return call(CallReason.LOW_WATER);
        }
        if (view.fresh() != 0) {
            gap = gapNanos(view, nowNanos);
            heldDue = Math.min(heldDue, view.lastCallNanos() + gap);
        }
        if (nowNanos < heldDue) {
            long due = Math.min(heldDue, deadline);
            if (view.guestCallNanos() == nowNanos && due - nowNanos <= gap / 2) {
                return call(CallReason.COMPANION);
            }
            reason = CallReason.HELD;
            return due;
        }
        if (device.guest().isOverBudget(nowNanos)) {
            reason = CallReason.OVER_BUDGET;
            return deadline;
        }
        return call(CallReason.IMMEDIATE);
    }

    @Override
    public void called(QueueView view, long nowNanos) {
        heldDue = NOTHING;
    }

    @Override
    public void released(QueueView view, long nowNanos) {
        heldDue = NOTHING;
    }

    private long call(CallReason why) {
        reason = why;
        return CALL;
    }

    private long deadline(QueueView view) {
        long deadline = NOTHING;
        if (view.unnotified(FrameClass.ACK) != 0) {
            deadline = view.oldestNanos(FrameClass.ACK) + normalNanos;
        }
        if (view.unnotified(FrameClass.NORMAL) != 0) {
            deadline = Math.min(deadline, view.oldestNanos(FrameClass.NORMAL) + normalNanos);
        }
        if (view.unnotified(FrameClass.BULK) != 0) {
            deadline = Math.min(deadline, view.oldestNanos(FrameClass.BULK) + bulkNanos);
        }
        return deadline == NOTHING ? view.oldestNanos() : deadline;
    }

    /** The gap that costs least, but for the deadlines, which come first anyway. */
    @Override
    public long gapNanos(QueueView view, long nowNanos) {
        boolean patient =
                view.unnotified(FrameClass.BULK) == view.unnotified() && !isUrgentNear(nowNanos);
        GapLaw of = patient ? bulkLaw : law;
        return Math.min(of.gapNanos(view.framesPerNano(nowNanos)), bulkNanos);
    }

    /** Whether an urgent frame may come, and lie behind what is held. */
    private boolean isUrgentNear(long nowNanos) {
        return nowNanos - urgentNanos <= URGENT_NANOS;
    }

    /** How many frames may lie before an urgent one, should one come. */
    @Override
    public long framesMax(QueueView view, long nowNanos) {
        if (!isUrgentNear(nowNanos)) {
            return framesMax;
        }
        double service = Math.max(1, view.serviceNanos());
        return Math.clamp((long) (options.holMicros() * 1000 / service), 1, framesMax);
    }
}
