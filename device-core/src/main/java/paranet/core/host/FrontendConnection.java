package paranet.core.host;

import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.util.concurrent.ScheduledFuture;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.UnixSocket;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.FrontendSession;
import paranet.core.vhostuser.MessageCodec;
import paranet.core.vhostuser.MessageHeader;
import paranet.core.vhostuser.MessageLayout;
import paranet.core.vhostuser.MessageType;
import paranet.core.vhostuser.ProtocolException;
import paranet.core.vhostuser.Reply;
import paranet.core.vhostuser.TraceText;
import paranet.core.vhostuser.WireTrace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One front end's socket and its session: bytes and descriptors in, replies out. It reads exactly a
 * header, then exactly its payload, because a larger read would swallow the next message and lose
 * its descriptors. A front end that breaks the protocol, or does not read what it asked for, loses
 * this connection and nothing else.
 *
 * <p>Threading: confined to the control thread.
 */
final class FrontendConnection {
    /** How long a front end may leave a reply unread. */
    static final long REPLY_MILLIS_MAX = 10_000;

    /** Messages handled before other connections get their turn. */
    private static final int MESSAGES_MAX = 64;

    private static final int PAYLOAD_BYTES_MAX =
            Arrays.stream(MessageType.values())
                    .mapToInt(MessageType::payloadBytesMax)
                    .max()
                    .orElseThrow();

    private static final Logger LOG = LoggerFactory.getLogger(FrontendConnection.class);

    private final String port;
    private final UnixSocket socket;
    private final FrontendSession session;
    private final IoEventLoop loop;
    private final long replyMillisMax;
    private final Outbox outbox;
    private final WireTrace trace;
    private final boolean traces;
    private final TraceText text;
    private final Runnable detached;
    private final ByteBuffer headerBytes = direct(MessageLayout.Header.BYTES);
    private final ByteBuffer payloadBytes = direct(PAYLOAD_BYTES_MAX);
    private final List<Fd> descriptors = new ArrayList<>();

    private DescriptorWatch watch;
    private MessageHeader header;
    private ScheduledFuture<?> patience;
    private boolean closed;

    private FrontendConnection(
            String port,
            UnixSocket socket,
            IoEventLoop loop,
            FrontendSession session,
            long replyMillisMax,
            WireTrace trace,
            Runnable detached) {
        this.port = port;
        this.socket = socket;
        this.loop = loop;
        this.session = session;
        this.replyMillisMax = replyMillisMax;
        this.detached = detached;
        this.trace = trace;
        this.traces = !trace.equals(WireTrace.NONE);
        this.text = new TraceText(session.dialect());
        this.outbox = new Outbox(socket, told -> trace.line(text.of(told)));
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /**
     * Takes socket and session.
     *
     * @param replyMillisMax how long the front end may leave a reply unread
     * @param trace takes every message, from either side
     * @param detached runs once, after the session let go of everything
     */
    static FrontendConnection open(
            String port,
            UnixSocket socket,
            IoEventLoop loop,
            FrontendSession session,
            long replyMillisMax,
            WireTrace trace,
            Runnable detached)
            throws IOException {
        FrontendConnection connection =
                new FrontendConnection(
                        port, socket, loop, session, replyMillisMax, trace, detached);
        connection.watch =
                DescriptorWatch.on(
                        loop, socket.fd().number(), DescriptorWatch.READABLE, connection::ready);
        return connection;
    }

    private void ready(EpollIoOps ops) {
        flush();
        try {
            for (int i = 0; i < MESSAGES_MAX && !outbox.hasReplies() && !closed; i++) {
                if (!handleOne()) {
                    return;
                }
            }
        } catch (ProtocolException e) {
            LOG.warn("{}: connection closed: {}", port, e.getMessage());
            close("protocol error");
        } catch (LinuxException e) {
            close(e.getMessage());
        }
    }

    /** Reads on; when a message is whole, answers it. False when there is nothing to read now. */
    private boolean handleOne() throws LinuxException, ProtocolException {
        if (header == null) {
            if (!fill(headerBytes)) {
                return false;
            }
            header = MessageCodec.header(session.dialect(), headerBytes.flip(), descriptors);
            headerBytes.clear();
            payloadBytes.clear().limit(header.payloadBytes());
        }
        if (payloadBytes.hasRemaining() && !fill(payloadBytes)) {
            return false;
        }
        MessageHeader whole = header;
        header = null;
        List<Fd> came = List.copyOf(descriptors);
        descriptors.clear();
        answer(whole, MessageCodec.request(whole, payloadBytes.flip(), came));
        return true;
    }

    private void answer(MessageHeader whole, FrontendRequest request)
            throws LinuxException, ProtocolException {
        if (traces) {
            trace.line(text.of(request, whole.needReply()));
        }
        FrontendSession.Outcome outcome = session.handle(request, whole.needReply());
        if (outcome.refused() != null) {
            LOG.warn("{}: {}", port, outcome.refused());
        }
        if (outcome.reply() != null) {
            reply(outcome.reply());
        }
        flush();
    }

    /** Adds a reply to what {@link #flush} sends; their order is that of these calls. */
    void reply(Reply reply) {
        if (traces) {
            trace.line(text.of(reply));
        }
        outbox.add(reply, System.nanoTime());
    }

    /** Adds interrupts of event queues, a bit each, to what {@link #flush} sends. */
    void interrupt(int eventqs) {
        outbox.interrupt(eventqs);
    }

    /**
     * Sends as much as the front end takes now, and the rest when it reads on. While it does not
     * read its replies, nothing more is read from it.
     */
    void flush() {
        if (closed) {
            return;
        }
        try {
            boolean sent = outbox.flush();
            if (outbox.hasReplies()) {
                watch.interest(DescriptorWatch.WRITABLE);
                watchPatience();
            } else {
                watch.interest(
                        sent
                                ? DescriptorWatch.READABLE
                                : DescriptorWatch.READABLE.with(DescriptorWatch.WRITABLE));
            }
        } catch (LinuxException e) {
            close(e.getMessage());
        }
    }

    /** Looks again when the next reply will have been unread for too long. */
    private void watchPatience() {
        if (patience == null) {
            long left =
                    outbox.unsentSinceNanos()
                            + TimeUnit.MILLISECONDS.toNanos(replyMillisMax)
                            - System.nanoTime();
            patience = loop.schedule(this::losePatience, left, TimeUnit.NANOSECONDS);
        }
    }

    private void losePatience() {
        patience = null;
        if (!outbox.hasReplies()) {
            return;
        }
        long unsent = System.nanoTime() - outbox.unsentSinceNanos();
        if (unsent < TimeUnit.MILLISECONDS.toNanos(replyMillisMax)) {
            watchPatience();
            return;
        }
        LOG.warn(
                "{}: connection closed: the front end left a reply unread for {} ms",
                port,
                replyMillisMax);
        close("it reads no replies");
    }

    /** Receives until the buffer is full; false when the rest has not come yet. */
    private boolean fill(ByteBuffer buffer) throws LinuxException, ProtocolException {
        while (buffer.hasRemaining()) {
            switch (socket.receive(buffer, descriptors)) {
                case BYTES -> {
                    if (descriptors.size() > UnixSocket.DESCRIPTORS_MAX) {
                        throw new ProtocolException(
                                "descriptors",
                                "more than %d descriptors with one message"
                                        .formatted(UnixSocket.DESCRIPTORS_MAX));
                    }
                }
                case NOTHING -> {
                    return false;
                }
                case END -> {
                    close("the front end closed it");
                    return false;
                }
                case TRUNCATED ->
                        throw new ProtocolException(
                                "descriptors",
                                "they were cut (MSG_CTRUNC): more than %d came at once"
                                        .formatted(UnixSocket.DESCRIPTORS_MAX));
            }
        }
        return true;
    }

    /** Ends the session and the connection; doing it again changes nothing. */
    void close(String why) {
        if (closed) {
            return;
        }
        closed = true;
        LOG.info("{}: front end gone: {}", port, why);
        watch.cancel();
        if (patience != null) {
            patience.cancel(false);
        }
        descriptors.forEach(Fd::close);
        descriptors.clear();
        session.close();
        socket.close();
        detached.run();
    }
}
