package paranet.venet;

import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.WakeupQueue;

import java.util.ArrayDeque;

/**
 * Signals whose consumer has to look again, each for a bounded while at a time.
 *
 * <p>Threading: confined to one worker, {@link #schedule} included.
 */
final class Wakeups implements WakeupQueue {
    /** Times that one signal's consumer looks before others get their turn. */
    static final int BUDGET = 8;

    /** Signals woken in one step. */
    private static final int STEP_MAX = 64;

    private final ArrayDeque<ShmSignal> scheduled = new ArrayDeque<>();

    @Override
    public void schedule(ShmSignal signal) {
        scheduled.add(signal);
    }

    /** There is one thread, and it is this one. */
    @Override
    public boolean isServing() {
        return true;
    }

    /** Wakes some of those that wait. */
    void step() {
        for (int i = Math.min(scheduled.size(), STEP_MAX); i > 0; i--) {
            scheduled.remove().wakeup(BUDGET);
        }
    }

    boolean isEmpty() {
        return scheduled.isEmpty();
    }

    /** The signal is no more. */
    void remove(ShmSignal signal) {
        scheduled.remove(signal);
    }

    void forget() {
        scheduled.clear();
    }
}
