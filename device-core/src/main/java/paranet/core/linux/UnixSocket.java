package paranet.core.linux;

import jnr.posix.CmsgHdr;
import jnr.posix.MsgHdr;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A Unix stream socket that carries bytes and descriptors (unix(7)). It never blocks, also when
 * whoever sent it here, and shares its flags, makes it blocking.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class UnixSocket implements AutoCloseable {
    /** Most descriptors of one message (vhost-user, VHOST_MEMORY_BASELINE_NREGIONS). */
    public static final int DESCRIPTORS_MAX = 8;

    /** Longest path that fits sun_path with its final zero. */
    public static final int PATH_BYTES_MAX = 107;

    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 8;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private final Fd fd;
    private final String name;

    /**
     * Takes ownership of a connected or listening stream socket, closing it on failure, and makes
     * it non-blocking.
     */
    public UnixSocket(Fd fd, String name) throws LinuxException {
        this.fd = fd;
        this.name = name;
        try {
            fd.nonBlocking();
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Binds and listens at a path where nothing is yet.
     *
     * @throws LinuxException EADDRINUSE when something is at the path already
     */
    public static UnixSocket listen(String path) throws LinuxException {
        UnixSocket socket = create(path);
        try (NativeBuffer address = address(path)) {
            if (Native.LIBC.bind(socket.fd.number(), address.address(), addressBytes(path)) < 0) {
                throw socket.closing(Native.failure("bind", path));
            }
            if (Native.LIBC.listen(socket.fd.number(), 16) < 0) {
                throw socket.closing(Native.failure("listen", path));
            }
        }
        return socket;
    }

    /** Connects to a listening path; refused at once when nobody listens (connect(2)). */
    public static UnixSocket connect(String path) throws LinuxException {
        UnixSocket socket = create(path);
        try (NativeBuffer address = address(path)) {
            if (Native.LIBC.connect(socket.fd.number(), address.address(), addressBytes(path))
                    < 0) {
                throw socket.closing(Native.failure("connect", path));
            }
        }
        return socket;
    }

    /** Two sockets connected to each other (socketpair(2)). */
    public static List<UnixSocket> pair() throws LinuxException {
        try (NativeBuffer two = NativeBuffer.allocate(8)) {
            if (Native.LIBC.socketpair(AF_UNIX, SOCK_STREAM | Flags.O_CLOEXEC, 0, two.address())
                    < 0) {
                throw Native.failure("socketpair", "AF_UNIX");
            }
            return List.of(
                    new UnixSocket(new Fd(SharedMemory.le32(two.address())), "pair"),
                    new UnixSocket(new Fd(SharedMemory.le32(two.address() + 4)), "pair"));
        }
    }

    private static UnixSocket create(String path) throws LinuxException {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > PATH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "socket path of %d bytes is not in 1..%d: %s"
                            .formatted(bytes.length, PATH_BYTES_MAX, path));
        }
        int number = Native.LIBC.socket(AF_UNIX, SOCK_STREAM | Flags.O_CLOEXEC, 0);
        if (number < 0) {
            throw Native.failure("socket", "AF_UNIX");
        }
        return new UnixSocket(new Fd(number), path);
    }

    /** The next waiting connection, or null when none waits (accept4(2)). */
    public UnixSocket accept() throws LinuxException {
        int number = Native.LIBC.accept4(fd.number(), 0, 0, Flags.O_NONBLOCK | Flags.O_CLOEXEC);
        if (number < 0) {
            int errno = Native.errno();
            if (errno == Errno.EAGAIN || errno == Errno.EINTR || errno == Errno.ECONNABORTED) {
                return null; // the last one: the peer gave up while it waited
            }
            throw Native.failure("accept4", name);
        }
        return new UnixSocket(new Fd(number), name);
    }

    /** What a {@link #receive} came to. */
    public enum Received {
        /** Some bytes arrived, perhaps fewer than asked for. */
        BYTES,
        /** Nothing is there now. */
        NOTHING,
        /** The peer closed. */
        END,
        /** More descriptors came than fit: fatal (MSG_CTRUNC). What came is in the list. */
        TRUNCATED
    }

    /**
     * Receives at most what fits between position and limit of a direct buffer, and the descriptors
     * that came along, close-on-exec, which the caller now owns (recvmsg(2)).
     */
    public Received receive(ByteBuffer into, List<Fd> descriptors) throws LinuxException {
        MsgHdr message = Native.MORE.allocateMsgHdr();
        ByteBuffer window = into.slice();
        message.setIov(new ByteBuffer[] {window});
        message.allocateControl(4 * DESCRIPTORS_MAX);
        int bytes =
                Native.MORE.recvmsg(fd.number(), message, MSG_CMSG_CLOEXEC | Flags.MSG_DONTWAIT);
        if (bytes < 0) {
            int errno = Native.MORE.errno();
            if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
                return Received.NOTHING;
            }
            if (errno == Errno.ECONNRESET) {
                return Received.END; // the peer closed with something of ours unread
            }
            throw new LinuxException("recvmsg", errno, name);
        }
        for (CmsgHdr control : message.getControls()) {
            if (control.getLevel() == SOL_SOCKET && control.getType() == SCM_RIGHTS) {
                ByteBuffer data = control.getData().order(ByteOrder.nativeOrder());
                while (data.remaining() >= 4) {
                    descriptors.add(new Fd(data.getInt()));
                }
            }
        }
        into.position(into.position() + bytes);
        if ((message.getFlags() & MSG_CTRUNC) != 0) {
            return Received.TRUNCATED;
        }
        return bytes == 0 ? Received.END : Received.BYTES;
    }

    /**
     * Sends what is between position and limit of a direct buffer, a message from position 0 on,
     * with descriptors, which stay the caller's and go with the byte at position 0 (sendmsg(2)).
     *
     * @return whether all was sent; if not, the position tells how far it went, and the same call
     *     sends the rest, when there is room, without the descriptors once more
     */
    public boolean send(ByteBuffer from, List<Fd> descriptors) throws LinuxException {
        while (from.hasRemaining()) {
            MsgHdr message = Native.MORE.allocateMsgHdr();
            message.setIov(new ByteBuffer[] {from.slice()});
            if (from.position() == 0 && !descriptors.isEmpty()) {
                CmsgHdr control = message.allocateControl(4 * descriptors.size());
                control.setLevel(SOL_SOCKET);
                control.setType(SCM_RIGHTS);
                ByteBuffer data =
                        ByteBuffer.allocateDirect(4 * descriptors.size())
                                .order(ByteOrder.nativeOrder());
                descriptors.forEach(each -> data.putInt(each.number()));
                control.setData(data.flip());
            }
            int bytes =
                    Native.MORE.sendmsg(
                            fd.number(), message, Flags.MSG_NOSIGNAL | Flags.MSG_DONTWAIT);
            if (bytes < 0) {
                int errno = Native.MORE.errno();
                if (errno == Errno.EAGAIN) {
                    return false;
                }
                if (errno != Errno.EINTR) {
                    throw new LinuxException("sendmsg", errno, name);
                }
            } else {
                from.position(from.position() + bytes);
            }
        }
        return true;
    }

    public Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return name;
    }

    private LinuxException closing(LinuxException failure) {
        close();
        return failure;
    }

    private static NativeBuffer address(String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        NativeBuffer address = NativeBuffer.allocate(110);
        SharedMemory.putLe16(address.address(), AF_UNIX);
        SharedMemory.copy(bytes, 0, address.address() + 2, bytes.length);
        return address;
    }

    private static int addressBytes(String path) {
        return 2 + path.getBytes(StandardCharsets.UTF_8).length + 1;
    }
}
