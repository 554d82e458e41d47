package paranet.venet;

import paranet.core.ioq.ShmSignal;

/**
 * Signals whose guest was not rung, looked at again a few times after the last that was published:
 * a guest without the fences of the protocol (docs/venet.md) can miss that, and nothing else would
 * wake it. Then they rest until something new is published.
 *
 * <p>To arm costs no more than to link a list, whatever else is armed.
 *
 * <p>Threading: confined to one worker.
 */
final class SecondLooks {
    /** After the last that was published; ascending. */
    private static final long[] DELAYS_NANOS = {50_000, 200_000, 1_000_000};

    /** One signal and when it is looked at. In one list at most: {@code stage} says which. */
    final class Look {
        private static final int RESTING = -1;
        private static final int FRESH = DELAYS_NANOS.length; // armed since the last step

        private Look previous = this;
        private Look next = this;
        private ShmSignal signal;
        private Runnable again;
        private int stage = RESTING;
        private long publishedNanos;

        /** Once its signal is attached. */
        void of(ShmSignal attached) {
            of(attached, attached::inject);
        }

        /** Likewise; {@code relook} tells the guest once more. */
        void of(ShmSignal attached, Runnable relook) {
            signal = attached;
            again = relook;
        }

        /** The guest was not rung for what was published just now. */
        void arm() {
            if (stage != FRESH && looking != this) {
                move(FRESH);
            }
        }

        /** The signal is no more. */
        void end() {
            move(RESTING);
        }

        private void move(int to) {
            previous.next = next;
            next.previous = previous;
            previous = this;
            next = this;
            stage = to;
            if (to != RESTING) {
                Look last = lists[to];
                previous = last.previous;
                next = last;
                previous.next = this;
                last.previous = this;
            }
        }

        private long dueNanos() {
            return publishedNanos + DELAYS_NANOS[stage];
        }
    }

    private final Look[] lists = new Look[DELAYS_NANOS.length + 1]; // rings, in order of being due
    private Look looking;

    SecondLooks() {
        for (int i = 0; i < lists.length; i++) {
            lists[i] = new Look();
        }
    }

    /** For one signal, resting. */
    Look look() {
        return new Look();
    }

    /** Looks at what is due; what was armed before counts from now on. */
    void step(long nowNanos) {
        for (int stage = DELAYS_NANOS.length - 1; stage >= 0; stage--) {
            Look first = lists[stage].next;
            while (first != lists[stage] && first.dueNanos() <= nowNanos) {
                first.move(stage + 1 < DELAYS_NANOS.length ? stage + 1 : Look.RESTING);
                look(first);
                first = lists[stage].next;
            }
        }
        Look fresh = lists[Look.FRESH].next;
        while (fresh != lists[Look.FRESH]) {
            fresh.publishedNanos = nowNanos;
            fresh.move(0);
            fresh = lists[Look.FRESH].next;
        }
    }

    private void look(Look at) {
        looking = at; // what it publishes by this is nothing new
        if (at.signal.isMissed()) {
            at.again.run();
        }
        looking = null;
    }

    /** When the next look is due, or Long.MAX_VALUE. */
    long dueNanos() {
        long due = Long.MAX_VALUE;
        for (int stage = 0; stage < DELAYS_NANOS.length; stage++) {
            Look first = lists[stage].next;
            if (first != lists[stage]) {
                due = Math.min(due, first.dueNanos());
            }
        }
        return due;
    }

    /** Forgets all. */
    void clear() {
        for (Look list : lists) {
            while (list.next != list) {
                list.next.move(Look.RESTING);
            }
        }
    }
}
