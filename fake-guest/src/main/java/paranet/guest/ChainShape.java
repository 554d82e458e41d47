package paranet.guest;

/**
 * How a driver cuts a packet, header and frame, into buffers.
 *
 * <p>Threading: immutable.
 */
public enum ChainShape {
    /** One buffer for all. */
    WHOLE,
    /** One for the header, one for the frame: all that old drivers know. */
    HEADER_APART,
    /** Several buffers cut anywhere, the header not spared. */
    SCATTERED,
    /** The same behind an indirect descriptor. */
    INDIRECT,
    /** Each packet another of those that the features permit, drawn at random. */
    MIXED
}
