package paranet.core.ioq;

/** Who runs the wakeups of a mailbox's owner, one at a time for each signal. */
public interface WakeupQueue {
    /**
     * Runs {@link ShmSignal#wakeup} soon, never from inside this call. Any thread may call it. A
     * signal comes again only once a wakeup of it has begun, so a queue whose doorbells go through
     * {@link ShmSignal#schedule} too never holds a signal twice.
     */
    void schedule(ShmSignal signal);

    /** Whether the calling thread is the one that runs the wakeups. */
    boolean isServing();
}
