package paranet.core.vhostuser;

import paranet.core.linux.Fd;

/**
 * What a session with a bus makes happen outside: memory mapped, descriptors watched. Descriptors
 * given to a method are its own from then on.
 *
 * <p>Threading: called by the control thread alone.
 */
public interface BusHost extends MemoryHost {
    /** Whether the region, which is mapped, is one of this file (st_dev and st_ino, stat(2)). */
    boolean isSameFile(MemoryRegion region, Fd file);

    /** Whether somebody can be woken by this descriptor, or through it; it stays the caller's. */
    boolean canWake(Fd fd);

    /** Takes the descriptors of an event queue; both are null when it is served in-band. */
    void eventq(int index, Fd call, Fd kick);

    /**
     * Replaces the descriptor that tells a signal; who runs the bus closes it with the signal.
     *
     * @return false when nobody can be woken by this one, and nothing changed
     */
    boolean signalKick(int handle, Fd kick);

    /** Replaces the descriptor that tells of the bitmap. */
    void doorbellKick(Fd kick);

    /** Takes the descriptors of a channel; both are null when it is dropped. */
    void fastcall(int channel, Fd start, Fd done);

    /**
     * Sends a reply that was due later than its request, before the reply to the request that is
     * handled now.
     */
    void reply(Reply reply);

    /** Closes every descriptor of event queues, signals, bitmap and channels. */
    void releaseBus();
}
