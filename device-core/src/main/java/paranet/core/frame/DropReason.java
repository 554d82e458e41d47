package paranet.core.frame;

/**
 * Every way to lose a frame or to refuse a chain; each has a row in docs/threat-model.md.
 *
 * <p>Threading: immutable.
 */
public enum DropReason {
    /** Nothing was lost. */
    NONE("none"),
    /** Not lost: the receiver is full for now, offer the same frame again later. */
    SINK_FULL("sink full"),

    // A chain that is bad: completed with length 0.
    CHAIN_UNMAPPED("chain: address not in guest memory"),
    CHAIN_TOO_SHORT("chain: shorter than a header and an Ethernet frame"),
    CHAIN_TOO_LONG("chain: longer than the largest frame"),
    CHAIN_TOO_MANY_PIECES("chain: more pieces of memory than one call takes"),
    CHAIN_CONTRADICTORY("chain: counts and lengths that contradict each other"),
    CHAIN_WRONG_DIRECTION("chain: writable where readable belongs, or the reverse"),
    BAD_CHECKSUM_FIELDS("header: checksum start or offset outside the frame"),
    BAD_GSO_FIELDS("header: segmentation fields contradict the frame or the features"),

    // A frame that is fine, and had nowhere to go.
    QUEUE_DISABLED("transmit queue is disabled"),
    LINK_DOWN("network side is down"),
    NETWORK_REFUSED("network side refused the frame"),
    NETWORK_OUT_OF_MEMORY("network side had no memory"),
    SINK("counted and dropped on purpose"),
    ECHO_FULL("echo: no room to keep the frame"),
    FILTERED("receive filter: not for this guest"),
    FRAME_TOO_SHORT("receive: shorter than an Ethernet header"),
    LARGER_THAN_MTU("receive: larger than the MTU that the guest was promised"),
    TOO_BIG_FOR_BUFFERS("receive: larger than the guest's buffers and not to be segmented"),
    NOT_SEGMENTABLE("receive: segmentation the guest did not accept and we cannot do"),
    NOT_CHECKSUMMABLE("receive: checksum the guest did not accept and we cannot complete"),
    BUFFER_TOO_SMALL("receive: a buffer too small even for the header"),
    MEMORY_GONE("guest memory vanished while the frame was in our hands"),
    RING_STOPPED("ring was stopped with the frame in our hands"),
    DEVICE_CLOSED("device was closed before the frame had its turn");

    private final String meaning;

    DropReason(String meaning) {
        this.meaning = meaning;
    }

    /** Whether a frame is lost by it: all but {@link #NONE} and {@link #SINK_FULL}. */
    public boolean isLoss() {
        return this != NONE && this != SINK_FULL;
    }

    /** One line for people. */
    public String meaning() {
        return meaning;
    }
}
