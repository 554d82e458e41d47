package paranet.core.device;

/**
 * Moves the frames of some queues between a guest and a network, as the worker asks for it.
 *
 * <p>Between two calls a lane holds no address in guest memory and no slot or chain that it has not
 * completed or put back; a frame it could not place yet lies in memory of its own. So memory can be
 * mapped elsewhere between any two calls.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public interface FrameLane {
    /** The answer of the descriptor methods when there is nothing to watch. */
    int NO_DESCRIPTOR = -1;

    /**
     * One bounded batch from the guest: frames to the sink, control commands answered.
     *
     * @return chains taken; 0 means that there was nothing to do or that the sink is full
     */
    int drainTransmit();

    /**
     * One bounded batch to the guest, as far as the source has frames and the guest has buffers. An
     * empty source costs a system call, so the worker asks seldom while nothing announces frames.
     *
     * @return frames given to the guest or dropped; 0 means that there was nothing to do
     */
    int fillReceive();

    /**
     * Prepares for waiting: asks for kicks on each ring whose next chain would be work, and looks
     * once more, at sources without a descriptor too.
     *
     * @return false when there is work after all, so waiting would lose it
     */
    boolean arm();

    /** Ends what {@link #arm} began: kicks are left out again while the worker polls. */
    void disarm();

    /**
     * Descriptor to watch for readability before waiting, because frames could be taken from it.
     */
    int sourceDescriptor();

    /** Descriptor to watch for writability before waiting, because a sink was full. */
    int sinkDescriptor();

    /** Who tells the lane's frames apart, from now on, whenever that is wanted. */
    default void sorter(FrameSorter sorter) {}

    /** Frames moved so far: guest to network, then network to guest, by the two accessors. */
    long transmittedFrames();

    /** Frames given to the guest so far. */
    long receivedFrames();
}
