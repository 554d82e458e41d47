package paranet.core.ioq;

/**
 * What one side does at the INUSE index of a ring, whose other end is the other side's.
 *
 * <p>Threading: immutable.
 */
public enum IoqRole {
    /** Pushes at the tail. */
    PRODUCER,
    /** Pops at the head. */
    CONSUMER
}
