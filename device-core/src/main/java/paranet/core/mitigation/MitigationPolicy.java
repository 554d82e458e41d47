package paranet.core.mitigation;

/**
 * Decides when to interrupt the guest: a function of a view of the queue and a time, without I/O,
 * clock or allocation, so that simulation and production run the same object (docs/decisions/0006).
 *
 * <p>What a policy learns it keeps, and learns it from the same views and times alone. {@link
 * QueueCalls} asks it, fills the view and keeps the accounts.
 *
 * <p>Threading: confined to one QueueWorker; one instance per queue.
 */
public interface MitigationPolicy {
    /** Interrupt the guest now. */
    long CALL = Long.MIN_VALUE;

    /** Nothing to do until something else is published. */
    long NOTHING = Long.MAX_VALUE;

    /**
     * Decides about everything published and not yet notified. Asked again with nothing new, at the
     * same time or later, it answers as the time demands and learns nothing twice.
     *
     * @param nowNanos the duty cycle's single reading of the clock
     * @return {@link #CALL}, {@link #NOTHING}, or the time in nanoseconds at which to ask again
     */
    long decide(QueueView view, long nowNanos);

    /** Why the last {@link #decide} answered as it did. */
    default CallReason reason() {
        return CallReason.IMMEDIATE;
    }

    /** The guest is called, for whatever reason; the view still holds what that tells of. */
    default void called(QueueView view, long nowNanos) {}

    /** The guest does not ask for what the view holds, and is not called for it. */
    default void released(QueueView view, long nowNanos) {}

    /** Whether frames are to be told apart; else all may be published as one class. */
    default boolean classifies() {
        return false;
    }

    /**
     * Whether the guest's progress counts: what it took by itself is held no longer, and one that
     * does not answer a call is called again.
     */
    default boolean observesGuest() {
        return false;
    }

    /** How long a call may be held back as things stand, in nanoseconds, for people. */
    default long gapNanos(QueueView view, long nowNanos) {
        return 0;
    }

    /** With how many frames a call comes at once, as things stand; Long.MAX_VALUE is no bound. */
    default long framesMax(QueueView view, long nowNanos) {
        return 1;
    }

    /**
     * The guest's own limits (virtio 1.3, 5.1.6.5.8), or {@link Coalescing#NO_LIMITS}.
     *
     * @return whether this policy goes on beneath them; else they take its place
     */
    default boolean limit(Coalescing limits) {
        return false;
    }
}
