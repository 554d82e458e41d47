package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.linux.Fd;
import paranet.core.linux.UnixSocket;
import paranet.core.linux.WakeDescriptor;
import paranet.core.vhostuser.FrontendSession;
import paranet.core.vhostuser.WireTrace;

import java.io.IOException;

/**
 * Where front ends find something to talk to: at most one connection at a time, and a newer one
 * replaces the older one.
 *
 * <p>Threading: the control thread does everything here that is not said to be for any thread.
 */
public abstract sealed class FrontendPort implements AutoCloseable permits Port, BusPort {
    private static final Logger LOG = LoggerFactory.getLogger(FrontendPort.class);

    private final String name;
    private final ControlLoop control;

    private FrontendConnection connection;
    private volatile WireTrace trace = WireTrace.NONE;
    private long replyMillisMax = FrontendConnection.REPLY_MILLIS_MAX;
    private boolean closed;

    FrontendPort(String name, ControlLoop control) {
        this.name = name;
        this.control = control;
    }

    /** What log lines call it. */
    public final String name() {
        return name;
    }

    /** Has every message and call of connections from now on traced. Any thread. */
    public final void traceTo(WireTrace to) {
        trace = to;
    }

    final WireTrace trace() {
        return trace;
    }

    final ControlLoop control() {
        return control;
    }

    /** The connection there is, or null. */
    final FrontendConnection connection() {
        return connection;
    }

    /** Of connections from now on: how long a front end may leave a reply unread. */
    final void replyMillisMax(long millis) {
        replyMillisMax = millis;
    }

    /** A session for a front end that just connected. */
    abstract FrontendSession startSession();

    /** Takes a connected front end; an older one is closed. Control thread. */
    final void attach(UnixSocket socket, Runnable ended) {
        if (closed) {
            socket.close();
            return;
        }
        if (connection != null) {
            LOG.info("{}: a newer front end replaces the present one", name);
            connection.close("replaced by a newer connection");
        }
        try {
            connection =
                    FrontendConnection.open(
                            name,
                            socket,
                            control.loop(),
                            startSession(),
                            replyMillisMax,
                            trace,
                            () -> detached(ended));
            LOG.info("{}: front end connected", name);
        } catch (IOException e) {
            LOG.warn("{}: connection cannot be watched: {}", name, e.getMessage());
            socket.close();
            ended.run();
        }
    }

    /**
     * Takes a front end that is connected already, over an open socket of this process. Any thread.
     *
     * @param descriptor the socket, owned by the port from now on
     * @param ended runs on the control thread after that front end left
     * @throws IOException if it is no open socket
     */
    public final void adopt(int descriptor, Runnable ended) throws IOException {
        Fd fd = new Fd(descriptor);
        WakeDescriptor.requireSocket(fd);
        UnixSocket socket = new UnixSocket(fd, fd.toString());
        control.execute(() -> attach(socket, ended));
    }

    /** The session closed everything it had here before this is called. */
    private void detached(Runnable ended) {
        connection = null;
        ended.run();
    }

    /** Lets the front end go and frees all it brought. Any thread but the control thread. */
    @Override
    public void close() {
        try {
            control.call(
                    () -> {
                        closed = true;
                        if (connection != null) {
                            connection.close("the back end ends");
                        }
                        return null;
                    });
        } catch (Exception e) {
            throw new IllegalStateException(name, e);
        }
    }
}
