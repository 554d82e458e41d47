package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;

/**
 * A frame on its way.
 *
 * <p>Threading: immutable.
 *
 * @param bornNanos when it reached the device, or the guest began to send it
 * @param done what follows when the guest has handled it, or when it is on the wire
 * @param reaped what follows when the guest has its buffer back, of a frame sent
 */
record Frame(long bornNanos, FrameClass of, int bytes, Runnable done, Runnable reaped) {
    static final Runnable NOTHING = () -> {};
}
