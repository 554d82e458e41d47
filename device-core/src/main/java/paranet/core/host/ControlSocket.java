package paranet.core.host;

import io.netty.channel.epoll.EpollIoOps;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.UnixSocket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Where people ask a running process, and steer it: a UNIX socket that only its owner may connect
 * to. A connection carries one request, a line of UTF-8, and one answer, which ends with the
 * connection (docs/mitigation.md).
 *
 * <p>Nobody is waited for: a client has a bounded time and a bounded line, there are few at once,
 * and one that does not read its answer loses it.
 *
 * <p>Threading: any thread opens and closes it; the rest is the control thread's.
 */
public final class ControlSocket implements AutoCloseable {
    /** Longest request with its newline. */
    public static final int REQUEST_BYTES_MAX = 1024;

    static final int CLIENTS_MAX = 16;
    static final long CLIENT_MILLIS_MAX = 2000;

    private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);

    private final ControlLoop control;
    private final UnaryOperator<String> commands;
    private final List<Client> clients = new ArrayList<>();
    private PortListener listener;

    private ControlSocket(ControlLoop control, UnaryOperator<String> commands) {
        this.control = control;
        this.commands = commands;
    }

    /**
     * Listens from now on.
     *
     * @param commands from a request to its answer, on the control thread
     * @throws IOException as {@link PortListener#open}
     */
    public static ControlSocket open(Path path, ControlLoop control, UnaryOperator<String> commands)
            throws IOException {
        ControlSocket socket = new ControlSocket(control, commands);
        socket.listener = PortListener.open(path, control, socket::take, true);
        return socket;
    }

    private void take(UnixSocket socket) {
        if (clients.size() == CLIENTS_MAX) {
            socket.close();
            return;
        }
        Client client = new Client(socket);
        try {
            client.watch =
                    DescriptorWatch.on(
                            control.loop(),
                            socket.fd().number(),
                            DescriptorWatch.READABLE,
                            client::ready);
            clients.add(client);
            control.schedule(client::end, CLIENT_MILLIS_MAX);
        } catch (IOException e) {
            LOG.warn("control socket: {}", e.getMessage());
            socket.close();
        }
    }

    /** One request and its answer. */
    private final class Client {
        private final UnixSocket socket;
        private final ByteBuffer request = ByteBuffer.allocateDirect(REQUEST_BYTES_MAX);
        private DescriptorWatch watch;
        private ByteBuffer answer; // once the request is complete
        private boolean ended;

        private Client(UnixSocket socket) {
            this.socket = socket;
        }

        private void ready(EpollIoOps ops) {
            try {
                if (ended || (answer == null && !receive())) {
                    return;
                }
                if (socket.send(answer, List.of())) {
                    end();
                } else {
                    watch.interest(DescriptorWatch.WRITABLE);
                }
            } catch (LinuxException e) {
                LOG.debug("control socket: {}", e.getMessage());
                end();
            }
        }

        /** Whether there is an answer now. */
        private boolean receive() throws LinuxException {
            List<Fd> descriptors = new ArrayList<>();
            UnixSocket.Received received;
            try {
                received = socket.receive(request, descriptors);
            } finally {
                descriptors.forEach(Fd::close); // nobody asked for any
            }
            int end = newline();
            if (end >= 0) {
                byte[] line = new byte[end];
                request.get(0, line);
                answer(commands.apply(new String(line, StandardCharsets.UTF_8)));
            } else if (!request.hasRemaining()) {
                answer("error: a request has %d bytes at most\n".formatted(REQUEST_BYTES_MAX));
            } else if (received == UnixSocket.Received.END
                    || received == UnixSocket.Received.TRUNCATED) {
                end();
            }
            return answer != null;
        }

        private int newline() {
            for (int i = 0; i < request.position(); i++) {
                if (request.get(i) == '\n') {
                    return i;
                }
            }
            return -1;
        }

        private void answer(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            answer = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        }

        private void end() {
            if (!ended) {
                ended = true;
                watch.cancel();
                socket.close();
                clients.remove(this);
            }
        }
    }

    @Override
    public void close() {
        listener.close();
        try {
            control.call(
                    () -> {
                        List.copyOf(clients).forEach(Client::end);
                        return null;
                    });
        } catch (Exception e) {
            throw new IllegalStateException("control socket", e);
        }
    }
}
