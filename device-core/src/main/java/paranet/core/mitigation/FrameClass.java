package paranet.core.mitigation;

/**
 * How much somebody waits for what was published. The most urgent comes first: where two are held
 * as one, the first decides (docs/mitigation.md).
 */
public enum FrameClass {
    /** Somebody waits for this frame alone: address resolution, handshakes, requests, replies. */
    URGENT(0),
    /** A TCP acknowledgement without payload: it may wait, but a sender is clocked by it. */
    ACK(1),
    /** Whatever is known to be nothing else. */
    NORMAL(2),
    /** One of a run of full segments, or a frame that stands for several. */
    BULK(3),
    /** A buffer of the guest's that the device is done with. */
    COMPLETION(4);

    /** Place in tables of counters. */
    final int slot;

    FrameClass(int slot) {
        this.slot = slot;
    }

    /** Its place in a table of all classes. */
    public int slot() {
        return slot;
    }
}
