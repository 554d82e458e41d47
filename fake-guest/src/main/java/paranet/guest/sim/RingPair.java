package paranet.guest.sim;

import java.util.SplittableRandom;

/**
 * One ring with both of its real sides. Everything in it is done in order.
 *
 * <p>Threading: confined to its simulation.
 */
abstract sealed class RingPair implements AutoCloseable permits VirtioPair, IoqPair {
    /** Entries. */
    static final int SIZE = 256;

    /** The guest gives one more buffer; false if there is no room. */
    abstract boolean post();

    /** Makes what was posted visible; whether the device wants to be kicked for it. */
    abstract boolean publish();

    /** The guest takes what the device is done with, if there is something. */
    abstract boolean poll();

    /** Whether {@link #poll} would find something. */
    abstract boolean hasDone();

    /** The guest asks for an interrupt; true if there is nothing, and it may wait. */
    abstract boolean arm();

    abstract void disarm();

    /** Buffers that the guest posted and has not polled. */
    abstract int outstanding();

    /** The device takes what the guest posted, if there is something. */
    abstract boolean take();

    /** The device is done with what it took last, and the guest sees it. */
    abstract void complete(long bytes);

    /** Whether the guest is armed for what was completed. */
    abstract boolean wanted();

    abstract boolean declined();

    /** As QueueCalls.ring wants them. */
    abstract long consumed();

    abstract long posted();

    abstract long taken();

    /** The guest is called for what was completed. */
    abstract void call();

    /** The guest does not ask to be called. */
    abstract void leave();

    /** The device asks for kicks; true if there is nothing, and it may wait. */
    abstract boolean armKicks();

    abstract void disarmKicks();

    /** The guest writes something where it asks for calls. */
    abstract void scribble(SplittableRandom random);

    @Override
    public abstract void close();
}
