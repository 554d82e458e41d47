package paranet.core.host;

import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollIoOps;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.UnixSocket;
import paranet.core.vhostuser.BackendRequest;
import paranet.core.vhostuser.Dialect;
import paranet.core.vhostuser.MessageCodec;
import paranet.core.vhostuser.TraceText;
import paranet.core.vhostuser.WireTrace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The socket on which the back end sends requests of its own (vhost-user, Backend communication).
 * One announcement of a configuration change is under way at a time; changes in between collapse
 * into the next one, so a front end that does not read costs nothing.
 *
 * <p>Threading: confined to the control thread.
 */
final class BackendChannel implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackendChannel.class);

    private final String port;
    private final UnixSocket socket;
    private final boolean replyAck;
    private final WireTrace trace;
    private final ByteBuffer scratch =
            ByteBuffer.allocateDirect(4096).order(ByteOrder.nativeOrder());
    private DescriptorWatch watch;
    private ByteBuffer unsent;
    private boolean changedAgain;

    private BackendChannel(String port, UnixSocket socket, boolean replyAck, WireTrace trace) {
        this.port = port;
        this.socket = socket;
        this.replyAck = replyAck;
        this.trace = trace;
    }

    static BackendChannel open(
            String port, Fd fd, boolean replyAck, WireTrace trace, IoEventLoop loop)
            throws IOException {
        BackendChannel channel =
                new BackendChannel(
                        port, new UnixSocket(fd, port + " back-end channel"), replyAck, trace);
        channel.watch =
                DescriptorWatch.on(loop, fd.number(), DescriptorWatch.READABLE, channel::ready);
        return channel;
    }

    /** Tells the front end to read configuration space again. */
    void configChanged() {
        if (unsent != null) {
            changedAgain = true;
            return;
        }
        unsent = ByteBuffer.allocateDirect(MessageCodec.BACKEND_REQUEST_BYTES_MAX);
        BackendRequest request = new BackendRequest.ConfigChangeMsg();
        trace.line(new TraceText(Dialect.VIRTIO).of(request));
        MessageCodec.backendRequest(request, replyAck, unsent);
        unsent.flip();
        flush();
    }

    private void flush() {
        try {
            if (socket.send(unsent, List.of())) {
                unsent = null;
                watch.interest(DescriptorWatch.READABLE);
                if (changedAgain) {
                    changedAgain = false;
                    configChanged();
                }
            } else {
                watch.interest(DescriptorWatch.READABLE.with(DescriptorWatch.WRITABLE));
            }
        } catch (LinuxException e) {
            end(e.getMessage());
        }
    }

    private void ready(EpollIoOps ops) {
        if (unsent != null && ops.contains(EpollIoOps.EPOLLOUT)) {
            flush();
        }
        if (!ops.contains(EpollIoOps.EPOLLIN)) {
            return;
        }
        List<Fd> stray = new ArrayList<>();
        try {
            // Replies carry nothing that changes what we do: read them so that the writer goes on.
            if (socket.receive(scratch.clear(), stray) == UnixSocket.Received.END) {
                end("the front end closed it");
            }
        } catch (LinuxException e) {
            end(e.getMessage());
        } finally {
            stray.forEach(Fd::close);
        }
    }

    private void end(String why) {
        LOG.info("{}: back-end channel ends: {}", port, why);
        watch.interest(DescriptorWatch.NOTHING);
    }

    @Override
    public void close() {
        watch.cancel();
        socket.close();
    }
}
