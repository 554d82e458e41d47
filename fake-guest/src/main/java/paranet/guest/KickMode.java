package paranet.guest;

/**
 * How a guest on a bus tells a signal of the host's (docs/venet.md).
 *
 * <p>Threading: immutable.
 */
public enum KickMode {
    /** A descriptor for each signal, by SIGNAL_KICK. */
    DESCRIPTOR,
    /** A bit for each in guest memory, and one descriptor for all, by SET_DOORBELL. */
    BITMAP,
    /** The message SHMSIGNAL. */
    MESSAGE
}
