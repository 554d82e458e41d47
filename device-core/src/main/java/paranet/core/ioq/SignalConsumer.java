package paranet.core.ioq;

/** What a mailbox's owner does when something was put into its memory. */
@FunctionalInterface
public interface SignalConsumer {
    /**
     * Looks at the memory, for as long as its own bound allows. It may disable the signal, and
     * enable it, also at once: the signal looks again by itself.
     */
    void service();
}
