package paranet.core.frame;

/**
 * The network side of one port: a sink and a source per queue pair.
 *
 * <p>Threading: the control thread calls everything here, while frames flow. For a command of its
 * guest a worker calls {@link #format}, {@link #usePairs}, {@link #carrier}, {@link
 * #frameBytesMax}, {@link #mtu()} and {@link #sinkOffloads} too; the device's lock lets one thread
 * at a time change format, pairs and MTU, and nothing else is kept apart from them. What {@link
 * #sink} and {@link #source} return belongs to one QueueWorker each.
 */
public interface FrameBridge extends AutoCloseable {
    /** The answer of {@link #linkDescriptor} when the link never changes. */
    int NO_DESCRIPTOR = -1;

    /** Queue pairs that can be served, 1 to 128. */
    int queuePairs();

    /** The sink of one pair, 0 to queuePairs-1. */
    FrameSink sink(int pair);

    /** The source of one pair, 0 to queuePairs-1. */
    FrameSource source(int pair);

    /** {@link FrameOffload} bits that the sinks take unfinished; the device completes the rest. */
    int sinkOffloads();

    /** {@link FrameOffload} bits that the sources can be told to leave unfinished. */
    int sourceOffloads();

    /**
     * From the next frame on the header has this size and sources leave these offloads to the
     * guest. Frames already queued may still carry the older offloads: the device checks each.
     */
    void format(FrameFormat format);

    /** How many pairs the guest uses; sources of others get no frames. 1 to queuePairs. */
    void usePairs(int pairs);

    /** Largest frame a source can hand out in this format, header included, in bytes. */
    int frameBytesMax();

    /** Largest Ethernet payload in bytes. */
    int mtu();

    /**
     * Sets the payload bound, 68 to 65535.
     *
     * @return false when the network side does not let us, or does not take this number
     */
    boolean mtu(int bytes);

    /**
     * Sends one Ethernet frame of our own (no virtio-net header) towards the network.
     *
     * @return {@link DropReason#NONE} or why it was not sent
     */
    DropReason announce(byte[] frame);

    /**
     * Descriptor whose readability announces that {@link #linkUp} may answer otherwise; watched
     * level-triggered, not closed.
     */
    default int linkDescriptor() {
        return NO_DESCRIPTOR;
    }

    /** Whether frames can pass now. It also makes the descriptor unreadable until a new change. */
    default boolean linkUp() {
        return true;
    }

    /**
     * Shows the network whether a guest is there, where it can be shown; without a word of the
     * device's there is one.
     */
    default void carrier(boolean on) {}

    /** One line for people: what this is, for example {@code tap tap0, 2 queues}. */
    String describe();

    @Override
    void close();
}
