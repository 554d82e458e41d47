package paranet.guest;

import paranet.core.ioq.IoqRingHead;
import paranet.venet.wire.VenetCapability;

/**
 * How a fake guest's venet driver behaves.
 *
 * @param sendBits bits wanted of group SG ({@link VenetCapability}): how frames are sent
 * @param eventBits bits wanted of group EVENTQ
 * @param receiveBits bits wanted of group L4RO: how frames are received
 * @param ringSize descriptors of each ring, 2 to 2048
 * @param mtu IP packet that a receive buffer takes without L4RO's pages, 68 to 65521
 * @param transmitShape how frames are cut into pieces with SG: a first piece apart, anywhere, or
 *     not at all
 * @param priority of all signals: which event queue tells them
 * @param isFullByValid whether a ring with TXC counts as full by index VALID, as the shipped driver
 *     had it: never, until it finds the slot still the host's, and stops (venet.h; fixed here)
 * @param seed of shapes and cuts
 *     <p>Threading: immutable.
 */
public record VenetDriverOptions(
        int sendBits,
        int eventBits,
        int receiveBits,
        int ringSize,
        int mtu,
        ChainShape transmitShape,
        int priority,
        boolean isFullByValid,
        long seed) {
    /** What Linux asked for in group SG. */
    public static final int SEND_ORIGINAL =
            VenetCapability.SG
                    | VenetCapability.SG_TSO4
                    | VenetCapability.SG_TSO6
                    | VenetCapability.SG_ECN
                    | VenetCapability.SG_PMTD;

    /** What Linux asked for in group EVENTQ. */
    public static final int EVENTS_ORIGINAL =
            VenetCapability.EVENTQ_LINKSTATE | VenetCapability.EVENTQ_TXC;

    /** What Linux asked for in group L4RO. */
    public static final int RECEIVE_ORIGINAL =
            VenetCapability.SG
                    | VenetCapability.SG_TSO4
                    | VenetCapability.SG_TSO6
                    | VenetCapability.SG_ECN;

    /** Slots of every ring of Linux's. */
    public static final int RING_SIZE_ORIGINAL = 256;

    private static final int MTU_MIN = 68;
    private static final int MTU_MAX = 65_521;

    public VenetDriverOptions {
        if (ringSize < 2 || ringSize > IoqRingHead.COUNT_MAX) {
            throw new IllegalArgumentException(
                    "ring of %d is not in 2..%d".formatted(ringSize, IoqRingHead.COUNT_MAX));
        }
        if (mtu < MTU_MIN || mtu > MTU_MAX) {
            throw new IllegalArgumentException(
                    "MTU %d is not in %d..%d".formatted(mtu, MTU_MIN, MTU_MAX));
        }
    }

    /** What the driver for Linux asked for. */
    public static VenetDriverOptions usual(long seed) {
        return new VenetDriverOptions(
                SEND_ORIGINAL,
                EVENTS_ORIGINAL,
                RECEIVE_ORIGINAL,
                RING_SIZE_ORIGINAL,
                1500,
                ChainShape.WHOLE,
                0,
                false,
                seed);
    }

    /** No capability at all: whole frames, whose checksums are complete, one buffer each. */
    public static VenetDriverOptions flat(long seed) {
        return usual(seed).withCapabilities(0, 0, 0);
    }

    public VenetDriverOptions withCapabilities(int send, int event, int receive) {
        return new VenetDriverOptions(
                send, event, receive, ringSize, mtu, transmitShape, priority, isFullByValid, seed);
    }

    public VenetDriverOptions withRings(int size) {
        return new VenetDriverOptions(
                sendBits,
                eventBits,
                receiveBits,
                size,
                mtu,
                transmitShape,
                priority,
                isFullByValid,
                seed);
    }

    public VenetDriverOptions withMtu(int bytes) {
        return new VenetDriverOptions(
                sendBits,
                eventBits,
                receiveBits,
                ringSize,
                bytes,
                transmitShape,
                priority,
                isFullByValid,
                seed);
    }

    public VenetDriverOptions withShape(ChainShape shape) {
        return new VenetDriverOptions(
                sendBits,
                eventBits,
                receiveBits,
                ringSize,
                mtu,
                shape,
                priority,
                isFullByValid,
                seed);
    }

    public VenetDriverOptions withPriority(int chosen) {
        return new VenetDriverOptions(
                sendBits,
                eventBits,
                receiveBits,
                ringSize,
                mtu,
                transmitShape,
                chosen,
                isFullByValid,
                seed);
    }

    public VenetDriverOptions withFullByValid() {
        return new VenetDriverOptions(
                sendBits,
                eventBits,
                receiveBits,
                ringSize,
                mtu,
                transmitShape,
                priority,
                true,
                seed);
    }

    /** Ethernet frame that fits a receive buffer. */
    int plainBytesMax() {
        return mtu + DriverOptions.FRAME_BYTES_PLAIN - 1500;
    }

    /** Largest frame sent or received. */
    int frameBytesMax() {
        int segmented = VenetCapability.SG_TSO4 | VenetCapability.SG_TSO6 | VenetCapability.SG_UFO;
        return (sendBits & segmented) != 0 ? GSO_BYTES_MAX : plainBytesMax();
    }

    /** Largest frame that is to be segmented. */
    static final int GSO_BYTES_MAX = 65_536;
}
