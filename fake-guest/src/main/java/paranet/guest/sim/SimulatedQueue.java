package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;

import java.util.ArrayDeque;
import java.util.SplittableRandom;

/**
 * One ring of a device, what is in it, and when its guest is called; and the guest's poll of it.
 *
 * <p>Threading: confined to its simulation.
 */
abstract class SimulatedQueue implements VirtualCpu.Work, AutoCloseable {
    final VirtualClock clock;
    final Tally tally;
    final RingPair ring;
    final QueueCalls calls;
    final VirtualCpu cpu;
    final ArrayDeque<Frame> completed = new ArrayDeque<>();
    private final Theorems theorems;
    private boolean stopped;
    private long duePlanned = MitigationPolicy.NOTHING;
    private boolean scheduled;
    private Strip strip; // null unless recorded

    SimulatedQueue(
            VirtualClock clock,
            Tally tally,
            RingPair ring,
            QueueCalls calls,
            Theorems theorems,
            VirtualCpu cpu) {
        this.clock = clock;
        this.tally = tally;
        this.ring = ring;
        this.calls = calls;
        this.theorems = theorems;
        this.cpu = cpu;
    }

    void record(Strip to) {
        strip = to;
    }

    /** A frame comes from the network. */
    final void arrived(FrameClass of) {
        if (strip != null) {
            strip.arrived(clock.nowNanos(), of);
        }
    }

    /** The device is done with what it took, and the guest may see it. */
    final void complete(Frame frame, FrameClass as) {
        ring.complete(frame.bytes());
        completed.add(frame);
        calls.published(as, 1, frame.bytes(), clock.nowNanos());
    }

    /** The end of a duty cycle, or a due time. */
    final void ask() {
        long now = clock.nowNanos();
        calls.ring(
                ring.wanted(), ring.declined(), ring.consumed(), ring.posted(), ring.taken(), now);
        QueueView view = calls.view();
        long holdNanos = view.wanted() && view.unnotified() != 0 ? now - view.oldestNanos() : 0;
        boolean owed = theorems.isOwedAtOnce(view, now);
        boolean called = calls.decide(now) == MitigationPolicy.CALL;
        theorems.decided(calls, owed, called, now);
        boolean held = calls.state() == QueueCalls.State.HELD;
        if (strip != null) {
            strip.decided(now, called, held, calls.policy());
        }
        if (called) {
            tally.longestHoldNanos = Math.max(tally.longestHoldNanos, holdNanos);
            ring.call();
        } else if (!held) {
            ring.leave();
        }
        long due = calls.due();
        if (due != duePlanned && due != MitigationPolicy.NOTHING) {
            clock.at(due, () -> atDue(due));
        }
        duePlanned = due;
    }

    private void atDue(long due) {
        if (due == duePlanned) {
            duePlanned = MitigationPolicy.NOTHING;
            ask();
        }
    }

    /** Its worker lets go. */
    void stop() {
        if (calls.freeze(clock.nowNanos())) {
            ring.call();
        }
        stopped = true;
        duePlanned = MitigationPolicy.NOTHING;
        theorems.changedHands();
    }

    /** Another takes over, and knows nothing of what was told. */
    void goOn() {
        stopped = false;
        calls.thaw();
        ask();
    }

    final boolean isStopped() {
        return stopped;
    }

    /** The guest writes something where it asks for calls. */
    final void scribble(SplittableRandom random) {
        ring.scribble(random);
    }

    /** What a hostile guest is owed cannot be said: theorem 4 is not asked of any of its rings. */
    final void distrust() {
        theorems.distrust();
    }

    final long decisions() {
        return theorems.decisions();
    }

    /** The guest asks to be called; true if there is nothing, and it may wait. */
    final boolean arm() {
        theorems.armed();
        return ring.arm();
    }

    /** The guest was told of this queue: it masks it, and will poll. */
    final void interrupted() {
        ring.disarm();
        if (!scheduled) {
            scheduled = true;
            if (strip != null) {
                strip.polls(clock.nowNanos());
            }
            cpu.schedule(this);
        }
    }

    /** The end of a poll that found nothing: whether the guest waits. */
    final boolean rest() {
        if (arm()) {
            scheduled = false;
            if (strip != null) {
                strip.rests(clock.nowNanos());
            }
            return true;
        }
        ring.disarm();
        return false;
    }

    @Override
    public void close() {
        ring.close();
    }
}
