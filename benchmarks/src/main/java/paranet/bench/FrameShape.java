package paranet.bench;

/**
 * How a frame lies in its chain.
 *
 * <p>Threading: immutable.
 */
public enum FrameShape {
    ONE_BUFFER,
    HEADER_AND_DATA,
    INDIRECT
}
