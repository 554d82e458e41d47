package paranet.core.host;

import paranet.core.linux.EventFd;

/**
 * One event queue at the worker of its bus: its descriptors, and where the decision to interrupt
 * the guest is carried out.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class ServedEventq {
    private final int index;
    private final boolean inBand;
    private final EventFd call; // null in-band, and when what came cannot be written to
    private final Kick kick; // likewise
    private final QueueWorker worker;
    private final BusCounters counters;
    private final BusNews news;
    private long seen; // events

    ServedEventq(
            int index,
            boolean inBand,
            EventFd call,
            Kick kick,
            QueueWorker worker,
            BusCounters counters,
            BusNews news) {
        this.index = index;
        this.inBand = inBand;
        this.call = call;
        this.kick = kick;
        this.worker = worker;
        this.counters = counters;
        this.news = news;
    }

    /** Tells the guest of all that was published. */
    void interrupt() {
        if (inBand) {
            counters.interrupt(index); // first, since a guest that was told may look
            news.interrupt(index);
        } else if (call != null) {
            if (worker.signal(call) == EventFd.Signal.GONE) {
                counters.interruptFailed(index);
            } else {
                counters.interrupt(index);
            }
        }
    }

    /** Counts what was published; {@code events} since the queue was added. */
    void published(long events) {
        if (events != seen) {
            counters.events(index, events - seen);
            seen = events;
        }
    }

    void close() {
        if (kick != null) {
            kick.close();
        }
        if (call != null) {
            call.close();
        }
    }
}
