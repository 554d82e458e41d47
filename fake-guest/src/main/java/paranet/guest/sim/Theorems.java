package paranet.guest.sim;

import paranet.core.mitigation.CallReason;
import paranet.core.mitigation.DimPolicy;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;
import paranet.core.virtqueue.RingLayout;

import java.util.Arrays;

/**
 * What holds of each decision about one queue (docs/mitigation.md), looked at as it is made. The
 * worker of a simulation is never late, so a deadline is met to the nanosecond.
 *
 * <p>Threading: confined to its simulation.
 */
final class Theorems {
    private static final long UNBOUNDED = Long.MAX_VALUE / 2;
    private static final FrameClass[] CLASSES = FrameClass.values();

    private final long[] deadlineNanos = new long[CLASSES.length];
    private final long gapNanosMax; // after which a call is made at once, or UNBOUNDED
    private final boolean armsAreSeen;
    private long due = MitigationPolicy.NOTHING;
    private int callsSinceArmed;
    private boolean armedAnew = true;
    private long publishedAtArm;
    private boolean trusted = true;
    private boolean calledBefore;
    private long decisions;

    /**
     * @param options null of a policy that promises nothing
     * @param armsAreSeen whether the ring tells one request of the guest's from the next
     */
    Theorems(PolicyOptions options, QueueView.Kind kind, boolean armsAreSeen) {
        this.armsAreSeen = armsAreSeen;
        boolean receive = kind == QueueView.Kind.RECEIVE;
        long gap = UNBOUNDED;
        switch (options) {
            case null -> promise(UNBOUNDED);
            case PolicyOptions.None none -> {
                promise(0);
                gap = 0;
            }
            case PolicyOptions.Fixed fixed ->
                    promise((receive ? fixed.receive() : fixed.transmit()).holdNanos());
            case PolicyOptions.Throttle throttle -> {
                gap = 1000 * (receive ? throttle.receiveMicros() : throttle.transmitMicros());
                promise(gap);
            }
            case PolicyOptions.Dim dim ->
                    promise(
                            1000
                                    * Math.clamp(
                                            DimPolicy.micros(kind, dim.mode(), 4),
                                            dim.microsMin(),
                                            dim.microsMax()));
            case PolicyOptions.Vic vic -> promise(1000 * vic.holdMicros());
            case PolicyOptions.Pace pace -> {
                promise(4000 * pace.options().completionMicros());
                if (receive) {
                    long bulk = 1000 * pace.options().bulkMicros();
                    deadlineNanos[FrameClass.URGENT.slot()] = 0;
                    deadlineNanos[FrameClass.ACK.slot()] = 1000 * pace.options().normalMicros();
                    deadlineNanos[FrameClass.NORMAL.slot()] = 1000 * pace.options().normalMicros();
                    deadlineNanos[FrameClass.BULK.slot()] = bulk;
                    gap = pace.options().callsPerSecond() == 0 ? bulk : UNBOUNDED;
                }
            }
        }
        this.gapNanosMax = gap;
    }

    private void promise(long nanos) {
        Arrays.fill(deadlineNanos, nanos);
    }

    /** The guest arms; it has all that it was told of. */
    void armed() {
        callsSinceArmed = 0;
        armedAnew = true;
    }

    /** Another worker took the queue over: it calls without being asked. */
    void changedHands() {
        due = MitigationPolicy.NOTHING;
    }

    /** The guest writes what it likes: what it is owed cannot be said, what it costs can. */
    void distrust() {
        trusted = false;
    }

    long decisions() {
        return decisions;
    }

    /** Before a decision about what the view shows, at a time. */
    boolean isOwedAtOnce(QueueView view, long nowNanos) {
        if (armedAnew) {
            armedAnew = false;
            publishedAtArm = view.published() - view.fresh();
        }
        require(nowNanos <= due, "lemma 3: nobody looked at the due time", view, nowNanos);
        return view.wanted() && view.fresh() != 0 && nowNanos - view.lastCallNanos() >= gapNanosMax;
    }

    void decided(QueueCalls calls, boolean owed, boolean called, long nowNanos) {
        decisions++;
        QueueView view = calls.view();
        due = calls.due();
        if (called) {
            CallReason why = calls.log().reason(0);
            boolean first = !calledBefore; // a new ring knows of nothing told, and always asks
            calledBefore = true;
            if (!first && why != CallReason.STALL && why != CallReason.UNCONDITIONAL) {
                callsSinceArmed++;
                require(
                        !armsAreSeen
                                || !trusted
                                || callsSinceArmed <= 1 + timesParkedIsPassed(view),
                        "theorem 4: called twice for one request",
                        view,
                        nowNanos);
            }
            return;
        }
        require(!owed, "theorem 2: not called at once after a pause", view, nowNanos);
        if (calls.state() == QueueCalls.State.HELD) {
            require(due > nowNanos, "lemma 3: held without a due time ahead", view, nowNanos);
            for (FrameClass of : CLASSES) {
                require(
                        view.unnotified(of) == 0
                                || due <= view.oldestNanos(of) + deadlineNanos[of.slot()],
                        "theorems 1 and 3: due after the deadline",
                        view,
                        nowNanos);
            }
        } else {
            require(
                    !view.wanted() || calls.state() == QueueCalls.State.FROZEN,
                    "theorem 1: neither called nor held",
                    view,
                    nowNanos);
        }
    }

    /** A driver that polls parks its event half of all indices ahead, where a busy ring gets to. */
    private long timesParkedIsPassed(QueueView view) {
        long ahead =
                (long) RingLayout.SIZE_MAX
                        - view.size(); // of the device, which may be ahead itself
        return (view.published() - publishedAtArm + view.size()) / ahead;
    }

    private void require(boolean holds, String what, QueueView view, long nowNanos) {
        if (!holds) {
            throw new IllegalStateException(
                    "%s, at %d ns: %d unnotified, due %d, last call %d"
                            .formatted(
                                    what, nowNanos, view.unnotified(), due, view.lastCallNanos()));
        }
    }
}
