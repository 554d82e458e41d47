package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;

import java.util.ArrayDeque;

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
    private long duePlanned = MitigationPolicy.NOTHING;
    private boolean scheduled;

    SimulatedQueue(
            VirtualClock clock, Tally tally, RingPair ring, QueueCalls calls, VirtualCpu cpu) {
        this.clock = clock;
        this.tally = tally;
        this.ring = ring;
        this.calls = calls;
        this.cpu = cpu;
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
        if (calls.decide(now) == MitigationPolicy.CALL) {
            tally.longestHoldNanos = Math.max(tally.longestHoldNanos, holdNanos);
            ring.call();
        } else if (calls.state() != QueueCalls.State.HELD) {
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

    /** The guest was told of this queue: it masks it, and will poll. */
    final void interrupted() {
        ring.disarm();
        if (!scheduled) {
            scheduled = true;
            cpu.schedule(this);
        }
    }

    /** The end of a poll that found nothing: whether the guest waits. */
    final boolean rest() {
        if (ring.arm()) {
            scheduled = false;
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
