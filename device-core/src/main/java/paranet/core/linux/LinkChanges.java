package paranet.core.linux;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * Tells that some interface of one namespace was changed, made or deleted (rtnetlink(7),
 * RTMGRP_LINK). Which one and how is for {@link NetworkLink} to say: messages get lost when many
 * come at once, the state does not. The namespace is the one of the thread that opened it.
 *
 * <p>Threading: any thread; who opened it closes it.
 */
public final class LinkChanges implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int NETLINK_ROUTE = 0;
    private static final int RTMGRP_LINK = 1;
    private static final int SOCKADDR_NL_BYTES = 12; // u16 family, u16 0, u32 port, u32 groups
    private static final int MESSAGES_MAX = 1024; // of one drain

    private static final NativeBuffer UNREAD = NativeBuffer.allocate(64); // what is longer is cut

    private final Fd socket;

    private LinkChanges(Fd socket) {
        this.socket = socket;
    }

    /** Listens from now on, in this thread's network namespace; takes no privilege. */
    public static LinkChanges open() throws LinuxException {
        int number =
                Native.LIBC.socket(
                        AF_NETLINK, SOCK_RAW | Flags.O_NONBLOCK | Flags.O_CLOEXEC, NETLINK_ROUTE);
        if (number < 0) {
            throw Native.failure("socket", "NETLINK_ROUTE");
        }
        LinkChanges changes = new LinkChanges(new Fd(number));
        try (NativeBuffer address = NativeBuffer.allocate(SOCKADDR_NL_BYTES)) {
            SharedMemory.putLe16(address.address(), AF_NETLINK);
            SharedMemory.putLe32(address.address() + 8, RTMGRP_LINK);
            if (Native.LIBC.bind(number, address.address(), SOCKADDR_NL_BYTES) < 0) {
                LinuxException e = Native.failure("bind", "RTMGRP_LINK");
                changes.close();
                throw e;
            }
        }
        return changes;
    }

    /** What becomes readable with a change, until {@link #drain}. */
    public Fd fd() {
        return socket;
    }

    /**
     * Reads away what has come. Ask for the state afterwards, not before: then a change in between
     * is told again. Lost messages (ENOBUFS) are no error, and what is more than fits one call
     * keeps the descriptor readable.
     */
    public void drain() {
        long got;
        int left = MESSAGES_MAX;
        do {
            got = Native.LIBC.read(socket.number(), UNREAD.address(), UNREAD.bytes());
            left--;
        } while (left > 0 && (got >= 0 || Native.errno() != Errno.EAGAIN));
    }

    @Override
    public void close() {
        socket.close();
    }
}
