package paranet.venet;

import paranet.core.frame.FrameOffload;
import paranet.core.ioq.SouthIoq;

/**
 * What frames of a device look like while its driver has the link up: what was registered and
 * negotiated by then, none of which can change.
 *
 * @param transmit frames from the guest
 * @param receive buffers for frames to the guest
 * @param pages buffers for the rest of large frames, or null
 * @param scatters whether a transmit slot holds a venet_sg, or else a frame
 * @param allowed {@link FrameOffload} bits that the guest may leave unfinished when it sends
 * @param receivePool where each receive slot's venet_sg lies, or null when it holds a frame
 * @param accepted {@link FrameOffload} bits that the guest accepts unfinished
 * @param sinkOffloads {@link FrameOffload} bits that the network takes unfinished
 *     <p>Threading: immutable.
 */
record VenetLink(
        SouthIoq transmit,
        SouthIoq receive,
        SouthIoq pages,
        boolean scatters,
        int allowed,
        Segment receivePool,
        int accepted,
        int sinkOffloads) {}
