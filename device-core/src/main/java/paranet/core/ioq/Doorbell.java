package paranet.core.ioq;

/** How one side makes the other look at its mailbox: an eventfd, an event, a message. */
@FunctionalInterface
public interface Doorbell {
    /** The other side asked to be told, and nobody has told it yet. */
    void ring();

    /**
     * The other side was marked dirty and not rung. A guest that lacks the fences of the protocol
     * can miss that, so the worker of a host asks {@link ShmSignal#isMissed} again, a few times.
     */
    default void skipped() {}
}
