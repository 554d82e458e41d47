package paranet.guest.sim;

import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Time that passes when nothing is left to do at its present: what is due at one time is done in
 * the order in which it was asked for.
 *
 * <p>Threading: confined to one thread.
 */
final class VirtualClock {
    private record Due(long nanos, long order, Runnable what) {}

    private final PriorityQueue<Due> dues =
            new PriorityQueue<>(Comparator.comparingLong(Due::nanos).thenComparingLong(Due::order));
    private long order;
    private long nowNanos;

    long nowNanos() {
        return nowNanos;
    }

    void at(long nanos, Runnable what) {
        dues.add(new Due(Math.max(nanos, nowNanos), order++, what));
    }

    void after(long nanos, Runnable what) {
        at(nowNanos + nanos, what);
    }

    /** Does all that is due before a time, and stops there. */
    void runUntil(long nanos) {
        while (!dues.isEmpty() && dues.element().nanos() < nanos) {
            Due due = dues.remove();
            nowNanos = due.nanos();
            due.what().run();
        }
        nowNanos = nanos;
    }
}
