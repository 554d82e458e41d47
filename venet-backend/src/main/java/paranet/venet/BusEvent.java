package paranet.venet;

import paranet.venet.wire.VbusEvent;

/**
 * What an event queue tells, once: a signal has one for its whole life, which is in a backlog at
 * most once, and becomes the SHMCLOSE when the signal ends.
 *
 * <p>Threading: confined to one worker.
 */
final class BusEvent {
    /** Of DEVADD and DEVDROP: above every queue's number. */
    static final int PRIORITY_OF_DEVICES = 7;

    private int id;
    private final long handle;
    private final int priority;
    private boolean queued;

    private BusEvent(int id, long handle, int priority) {
        this.id = id;
        this.handle = handle;
        this.priority = priority;
    }

    static BusEvent deviceAdded(int devid) {
        return new BusEvent(VbusEvent.ID_DEVADD, devid, PRIORITY_OF_DEVICES);
    }

    static BusEvent deviceDropped(int devid) {
        return new BusEvent(VbusEvent.ID_DEVDROP, devid, PRIORITY_OF_DEVICES);
    }

    /** {@code priority} is unsigned, as the guest wrote it. */
    static BusEvent ofSignal(long cookie, int priority) {
        return new BusEvent(VbusEvent.ID_SHMSIGNAL, cookie, priority);
    }

    /** The signal ends: what is queued of it becomes its end. */
    void becomeClose() {
        id = VbusEvent.ID_SHMCLOSE;
    }

    int id() {
        return id;
    }

    /** The device's id, or the signal's cookie. */
    long handle() {
        return handle;
    }

    /** The event queue that it goes to, of {@code count}. */
    int queueOf(int count) {
        return Integer.compareUnsigned(priority, count - 1) < 0 ? priority : count - 1;
    }

    /** Enters a backlog; false if it is in one. */
    boolean enqueue() {
        if (queued) {
            return false;
        }
        queued = true;
        return true;
    }

    void dequeue() {
        queued = false;
    }
}
