package paranet.core.host;

/**
 * One part of a worker's duty cycle: a lane of a port, or a bus with all of its lanes.
 *
 * <p>Threading: confined to one QueueWorker.
 */
interface Duty {
    /** Whether it is served in each cycle; else only once {@link #dueNanos} has come. */
    boolean isActive();

    /** Whether the last {@link #serve} found nothing to do. */
    boolean isIdle();

    /** When it has to be served though nothing wakes it, or MitigationPolicy.NOTHING. */
    long dueNanos();

    /**
     * Its part of one cycle.
     *
     * @param mayPoll whether what is idle may stay polled
     */
    void serve(long nowNanos, boolean mayPoll);

    /**
     * The front end cut the file behind its memory: nothing of this part is served any more, and
     * everything else is.
     *
     * @return false when that had happened already, so the error has another cause
     */
    boolean breakDown(InternalError cause);
}
