package paranet.core.frame;

import paranet.core.memory.IoVec;

/**
 * Where frames go: one queue of a bridge, towards the network.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public interface FrameSink {
    /** The answer of {@link #descriptor} when no descriptor tells that a full sink has room. */
    int NO_DESCRIPTOR = -1;

    /**
     * Takes one frame: a virtio-net header of the format's size, then the Ethernet frame.
     *
     * @return {@link DropReason#NONE} when taken; {@link DropReason#SINK_FULL} when the same frame
     *     should be offered again once {@link #descriptor} is writable; else why it was dropped
     */
    DropReason offer(IoVec frame);

    /**
     * Descriptor whose writability ends SINK_FULL; watched level-triggered, not closed. A full sink
     * without one gets room when the source of the same pair is polled, and by nothing else.
     */
    int descriptor();
}
