package paranet.guest;

import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.Readiness;
import paranet.core.linux.UnixSocket;
import paranet.core.vhostuser.BackendRequest;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MessageLayout;
import paranet.core.vhostuser.MessageLayout.BusNumber;
import paranet.core.vhostuser.MessageLayout.Header;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/**
 * The front end's end of the socket: whole messages out, whole replies in, every wait bounded.
 *
 * <p>Threading: confined to one thread at a time.
 */
final class FrontendChannel implements AutoCloseable {
    /** Longest wait for one message. */
    static final long WAIT_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);

    private static final int POLL_MILLIS = 100;

    /** One message as it came. */
    record Message(int id, int flags, ByteBuffer payload) {}

    private final UnixSocket socket;
    private final IntConsumer interrupted;
    private final Readiness readiness = new Readiness(1);

    /** {@code interrupted} hears of each INTERRUPT, by event queue, while something is received. */
    FrontendChannel(UnixSocket socket, IntConsumer interrupted) {
        this.socket = socket;
        this.interrupted = interrupted;
        readiness.watch(socket.fd());
    }

    /** Sends one request; its descriptors stay the caller's. */
    void send(FrontendRequest request, boolean needReply) throws IOException {
        send(RequestEncoder.encode(request, needReply), RequestEncoder.descriptors(request));
    }

    /** Sends any bytes. */
    void send(ByteBuffer bytes, List<Fd> descriptors) throws IOException {
        try {
            if (!socket.send(bytes, descriptors)) {
                throw new IOException("the back end reads no more: its socket is full");
            }
        } catch (LinuxException e) {
            if (e.is("EPIPE") || e.is("ECONNRESET")) {
                throw new ConnectionEnded("a request", e);
            }
            throw e;
        }
    }

    /** The reply to a request that was sent, whose form is checked. */
    ByteBuffer reply(int id) throws IOException {
        Message message = receive(WAIT_NANOS_MAX);
        if (message == null) {
            throw new IOException("no reply to request %d".formatted(id));
        }
        if (message.id() != id || message.flags() != (Header.VERSION | Header.F_REPLY)) {
            throw new IOException(
                    "reply to request %d has id %d and flags 0x%x"
                            .formatted(id, message.id(), message.flags()));
        }
        return message.payload();
    }

    /** The reply to a request whose reply is one number. */
    long replyU64(int id) throws IOException {
        ByteBuffer payload = reply(id);
        if (payload.remaining() != MessageLayout.U64_BYTES) {
            throw new IOException(
                    "reply to request %d has %d bytes".formatted(id, payload.remaining()));
        }
        return payload.getLong(0);
    }

    /** The next message but for interrupts, or null when none came in time. */
    Message receive(long nanosMax) throws IOException {
        while (true) {
            Message message = receiveAny(nanosMax);
            if (message == null
                    || message.id() != BackendRequest.Interrupt.ID
                    || (message.flags() & Header.F_REPLY) != 0) { // to an enemy who sent this id
                return message;
            }
            if (message.flags() != Header.VERSION
                    || message.payload().remaining() != BusNumber.BYTES) {
                throw new IOException(
                        "INTERRUPT has flags 0x%x and %d bytes"
                                .formatted(message.flags(), message.payload().remaining()));
            }
            interrupted.accept(message.payload().getInt(BusNumber.NUMBER));
        }
    }

    /** Takes what is there already; a reply that nobody waits for is an error. */
    void takeInterrupts() throws IOException {
        Message message = receive(0);
        if (message != null) {
            throw new IOException("message %d came unasked".formatted(message.id()));
        }
    }

    /** Readable when something has come, or the back end is gone. */
    Fd fd() {
        return socket.fd();
    }

    private Message receiveAny(long nanosMax) throws IOException {
        ByteBuffer header = fill(Header.BYTES, nanosMax, true);
        if (header == null) {
            return null;
        }
        int bytes = header.getInt(Header.SIZE);
        if (bytes < 0 || bytes > MessageLayout.PAYLOAD_BYTES_MAX) {
            throw new IOException("a message with %d bytes of payload".formatted(bytes));
        }
        return new Message(
                header.getInt(Header.REQUEST),
                header.getInt(Header.FLAGS),
                fill(bytes, WAIT_NANOS_MAX, false));
    }

    private ByteBuffer fill(int bytes, long nanosMax, boolean mayStayAway) throws IOException {
        ByteBuffer into = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        long start = System.nanoTime();
        List<Fd> strays = new ArrayList<>();
        while (into.hasRemaining()) {
            UnixSocket.Received received;
            try {
                received = socket.receive(into, strays);
            } catch (LinuxException e) {
                if (e.is("ECONNRESET")) {
                    throw new ConnectionEnded("a reply", e);
                }
                throw e;
            }
            switch (received) {
                case BYTES -> {}
                case END -> throw new ConnectionEnded("a reply", null);
                case TRUNCATED -> throw new IOException("more descriptors than fit");
                case NOTHING -> {
                    boolean begun = !mayStayAway || into.position() > 0;
                    long bound = begun ? Math.max(nanosMax, WAIT_NANOS_MAX) : nanosMax;
                    if (System.nanoTime() - start >= bound) {
                        if (!begun) {
                            return null;
                        }
                        throw new IOException(
                                "%d of %d bytes came".formatted(into.position(), bytes));
                    }
                    readiness.await(POLL_MILLIS);
                }
            }
        }
        strays.forEach(Fd::close);
        return into.flip().order(ByteOrder.nativeOrder());
    }

    /** Whether the back end has closed the connection, waiting for that. */
    boolean awaitEnd(long nanosMax) throws IOException {
        try {
            long start = System.nanoTime();
            while (System.nanoTime() - start < nanosMax) {
                if (receive(nanosMax) == null) {
                    return false;
                }
            }
            return false;
        } catch (ConnectionEnded e) {
            return true;
        }
    }

    @Override
    public void close() {
        readiness.close();
        socket.close();
    }
}
