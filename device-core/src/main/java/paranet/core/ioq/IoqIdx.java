package paranet.core.ioq;

/**
 * enum ioq_idx_type (ioq.h): what an iterator of the north moves.
 *
 * <p>Threading: immutable.
 */
public enum IoqIdx {
    /** Descriptors that the north still accounts for. */
    VALID,
    /** Descriptors with something on its way from producer to consumer. */
    INUSE,
    /** A push moves the tails of both; everything else is as with VALID. */
    BOTH
}
