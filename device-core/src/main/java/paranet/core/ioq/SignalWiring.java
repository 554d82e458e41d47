package paranet.core.ioq;

/**
 * What a signal calls on its own side.
 *
 * @param doorbell rings at the other side
 * @param consumer looks at the memory when the other side has told us
 * @param wakeups runs our wakeups
 *     <p>Threading: as its parts.
 */
public record SignalWiring(Doorbell doorbell, SignalConsumer consumer, WakeupQueue wakeups) {}
