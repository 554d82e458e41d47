package paranet.core.mitigation;

/**
 * What is learnt of a guest from its ring: how fast it is served, how fast it wakes and how fast it
 * works. Means with a weight of 1/8 for the newest.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class GuestProgress {
    private static final double WEIGHT = 1.0 / 8;

    /** A pause says that the flow ended, not that it became slow. */
    private static final long INTERVAL_NANOS_MAX = 10_000_000;

    private double wakeNanos;
    private double serviceNanos;
    private double batchFrames;
    private double intervalNanos;
    private long publishedNanos = QueueView.NEVER;
    private long consumed = QueueView.UNKNOWN;
    private long consumedNanos;

    GuestProgress(double wakeNanos, double serviceNanos) {
        this.wakeNanos = wakeNanos;
        this.serviceNanos = serviceNanos;
    }

    /** A duty cycle published something. */
    void published(long frames, long nowNanos) {
        long interval = nowNanos - publishedNanos;
        if (publishedNanos != QueueView.NEVER && interval > 0) {
            boolean first = intervalNanos == 0;
            double weight = first ? 1 : WEIGHT;
            batchFrames += weight * (frames - batchFrames);
            intervalNanos += weight * (Math.min(interval, INTERVAL_NANOS_MAX) - intervalNanos);
        }
        publishedNanos = nowNanos;
    }

    /** No more than the time since the last of them allows; 0 if there were none. */
    double framesPerNano(long nowNanos) {
        if (intervalNanos == 0) {
            return 0;
        }
        long since = nowNanos - publishedNanos;
        double mean = batchFrames / intervalNanos;
        return since <= 0 ? mean : Math.min(mean, 1.0 / since);
    }

    /**
     * The guest is known to be done with this many.
     *
     * @param backlog whether it had more to do, so that the time since was work
     */
    void consumed(long count, boolean backlog, long nowNanos) {
        if (consumed != QueueView.UNKNOWN && count > consumed) {
            long took = nowNanos - consumedNanos;
            if (backlog && took > 0) {
                serviceNanos += WEIGHT * ((double) took / (count - consumed) - serviceNanos);
            }
        }
        if (count != consumed) {
            consumed = count;
            consumedNanos = nowNanos;
        }
    }

    /** The guest answered a call after this time. */
    void woke(long nanos) {
        wakeNanos += WEIGHT * (nanos - wakeNanos);
    }

    double serviceNanos() {
        return serviceNanos;
    }

    double wakeNanos() {
        return wakeNanos;
    }
}
