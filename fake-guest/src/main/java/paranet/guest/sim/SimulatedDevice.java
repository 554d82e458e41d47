package paranet.guest.sim;

/**
 * One device of the guest: its pair of queues.
 *
 * <p>Threading: confined to its simulation.
 *
 * @param nanosPerByte of the link behind it
 */
record SimulatedDevice(
        ReceiveQueue receive,
        TransmitQueue transmit,
        VirtualCpu cpu,
        Headers headers,
        double nanosPerByte) {
    /** What the link carries in a time. */
    long bytesIn(long nanos) {
        return Math.round(nanos / nanosPerByte);
    }
}
