package paranet.core.mitigation;

/**
 * Accounts of one event queue, which tells of the signals of many queues by one injection: who is
 * called by it, and who rides. Signals are told between two injections; the injection settles them
 * all.
 *
 * <p>While an injection is pending, what it told of is remembered: a signal that needs no injection
 * of its own is avoided by whoever of them concerns it most.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class EventFold {
    private QueueCalls[] waiting = new QueueCalls[16];
    private QueueCalls[] told = new QueueCalls[16];
    private int waitingCount;
    private int toldCount;
    private long events;
    private long injections;

    /** A queue's signal was put into the event queue; {@link #injected} follows. */
    void signalled(QueueCalls queue) {
        waiting = room(waiting, waitingCount);
        waiting[waitingCount++] = queue;
        events++;
    }

    private static QueueCalls[] room(QueueCalls[] array, int count) {
        return count < array.length ? array : java.util.Arrays.copyOf(array, 2 * count);
    }

    /** Whether signals wait to be settled. */
    public boolean isOpen() {
        return waitingCount != 0;
    }

    /**
     * Everything signalled was published in the event queue, and injected.
     *
     * @param rang whether the guest was interrupted; else an interrupt was pending, or the guest
     *     drains the event queue
     */
    public void injected(boolean rang) {
        if (waitingCount == 0) {
            return;
        }
        int settled = 0;
        if (rang) {
            toldCount = 0;
            waiting[0].settle(null);
            injections++;
            remember(waiting[0]);
            settled = 1;
        }
        for (; settled < waitingCount; settled++) {
            QueueCalls queue = waiting[settled];
            queue.settle(cause(queue));
            remember(queue);
        }
        waitingCount = 0;
    }

    private AvoidedBy cause(QueueCalls queue) {
        AvoidedBy cause = AvoidedBy.OTHER_DEVICE;
        for (int i = 0; i < toldCount; i++) {
            if (told[i] == queue) {
                return AvoidedBy.CALL_PENDING;
            }
            if (queue.isLedBy(told[i])) {
                cause = AvoidedBy.TX_RIDES_RX;
            }
        }
        return cause;
    }

    private void remember(QueueCalls queue) {
        for (int i = 0; i < toldCount; i++) {
            if (told[i] == queue) {
                return;
            }
        }
        told = room(told, toldCount);
        told[toldCount++] = queue;
    }

    /** A queue is no more. */
    public void forget(QueueCalls queue) {
        int kept = 0;
        for (int i = 0; i < toldCount; i++) {
            if (told[i] != queue) {
                told[kept++] = told[i];
            }
        }
        toldCount = kept;
    }

    /** Signals put into the event queue. */
    public long events() {
        return events;
    }

    /** Interrupts of the event queue. */
    public long injections() {
        return injections;
    }
}
