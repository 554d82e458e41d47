package paranet.guest.stack;

/**
 * What hears of answered pings.
 *
 * <p>Threading: called by the stack's thread.
 */
@FunctionalInterface
public interface PingListener {
    /** An echo came back whole. */
    void answered(int address, int sequence, long roundTripNanos);
}
