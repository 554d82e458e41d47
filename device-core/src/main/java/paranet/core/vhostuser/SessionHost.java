package paranet.core.vhostuser;

import paranet.core.linux.Fd;

/**
 * What a session makes happen outside: memory mapped, rings handed to their workers. Each method
 * returns after every worker concerned has acknowledged. Descriptors given to a method are its own
 * from then on, also when it refuses.
 *
 * <p>Threading: called by the control thread alone.
 */
public interface SessionHost extends MemoryHost {
    /** Starts a stopped ring, disabled or not, and treats the start as a kick. */
    void startVring(int vring, VringSetup setup, boolean enabled) throws RequestRefused;

    /**
     * Stops a ring if it is started, finishing or putting back what was taken, and closes its kick.
     *
     * @return where it stood, as GET_VRING_BASE tells it, or -1 when it was not started; 0 to
     *     2^32-1
     */
    long stopVring(int vring);

    /** Enables or disables a ring, started or not. */
    void enableVring(int vring, boolean enabled);

    /** Replaces the descriptor that interrupts the guest; null means that the guest polls. */
    void callVring(int vring, Fd call);

    /** Replaces the descriptor that tells the front end of a broken ring; null for none. */
    void errVring(int vring, Fd err);

    /**
     * Takes the socket on which the back end sends requests, in place of the present one.
     *
     * @throws RequestRefused if it is none; the present one stays
     */
    void backendChannel(Fd socket, boolean replyAck) throws RequestRefused;

    /** Closes that socket. */
    void endBackendChannel();
}
