package paranet.core.ioq;

import paranet.core.memory.GuestMemory;

/**
 * Where a guest says that a ring lies.
 *
 * @param memory the guest's
 * @param guestAddress of the ring's first byte
 * @param length bytes, as the guest says
 * @param signalOffset where its signal starts in it, as the guest says, or {@link #NO_SIGNAL}
 *     <p>Threading: immutable.
 */
public record IoqSegment(GuestMemory memory, long guestAddress, long length, long signalOffset) {
    /** The 32 bits that say that a shared segment has no signal. */
    public static final long NO_SIGNAL = 0xffff_ffffL;
}
