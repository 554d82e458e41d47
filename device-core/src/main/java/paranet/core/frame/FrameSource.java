package paranet.core.frame;

import paranet.core.memory.IoVec;

/**
 * Where frames come from: one queue of a bridge, from the network.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public interface FrameSource {
    /** The answer of {@link #descriptor} when there is nothing to watch: poll it each cycle. */
    int NO_DESCRIPTOR = -1;

    /**
     * The answer of {@link #poll} when there was a frame and it is lost; {@link #loss} says why.
     */
    int LOST = -1;

    /**
     * Reads one frame, header first, into {@code room}, which the caller made large enough for
     * {@link FrameBridge#frameBytesMax}. Its header may carry any offload that the source was ever
     * told to leave unfinished, or that a sink of the same bridge takes; the field num_buffers (the
     * last two of 12 bytes) is the device's own to write.
     *
     * @return the frame's bytes, header included, 0 when there is none now, or {@link #LOST}
     */
    int poll(IoVec room);

    /** Descriptor whose readability announces a frame; watched level-triggered, not closed. */
    int descriptor();

    /**
     * Whether {@link #poll} would find a frame, for a source without a descriptor. Sources with one
     * answer false: the worker watches the descriptor.
     */
    boolean ready();

    /**
     * Why the last {@link #poll} answered {@link #LOST}: TOO_BIG_FOR_BUFFERS for a frame larger
     * than its room, because the network's own bound was raised a moment ago; MEMORY_GONE when the
     * room vanished under the frame.
     */
    default DropReason loss() {
        return DropReason.NONE;
    }
}
