package paranet.guest.stack;

/**
 * What listens on a UDP port.
 *
 * <p>Threading: called by the stack's thread.
 */
@FunctionalInterface
public interface UdpService {
    /** One datagram arrived, its checksum verified; the array is the receiver's. */
    void receive(int sourceAddress, int sourcePort, byte[] payload, long nowNanos);
}
