package paranet.guest.stack;

/**
 * What uses a connection: reads what arrived, writes what fits, closes.
 *
 * <p>Threading: called by the stack's thread.
 */
@FunctionalInterface
public interface TcpApplication {
    /** Something may have changed: state, bytes to read, room to write. */
    void progress(TcpConnection connection, long nowNanos);
}
