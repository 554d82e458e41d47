package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.linux.LinuxException;
import paranet.core.linux.UnixSocket;

import java.nio.file.Path;

/**
 * Keeps a port connected to a front end that listens at a path: tries again, less and less often,
 * until somebody does, and again after the connection ended.
 *
 * <p>Threading: confined to the control thread, but any thread may call close().
 */
public final class PortConnector implements AutoCloseable {
    private static final long RETRY_MILLIS_MIN = 50;
    private static final long RETRY_MILLIS_MAX = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(PortConnector.class);

    private final Path path;
    private final FrontendPort port;
    private final ControlLoop control;
    private volatile boolean closed;
    private boolean waitingTold;

    private PortConnector(Path path, FrontendPort port, ControlLoop control) {
        this.path = path;
        this.port = port;
        this.control = control;
    }

    /** Starts trying at once. */
    public static PortConnector open(Path path, FrontendPort port, ControlLoop control) {
        PortConnector connector = new PortConnector(path, port, control);
        control.execute(() -> connector.connect(RETRY_MILLIS_MIN));
        return connector;
    }

    private void connect(long retryMillis) {
        if (closed) {
            return;
        }
        try {
            UnixSocket socket = UnixSocket.connect(path.toString());
            waitingTold = false;
            port.attach(
                    socket,
                    () -> control.schedule(() -> connect(RETRY_MILLIS_MIN), RETRY_MILLIS_MIN));
        } catch (LinuxException e) {
            if (!waitingTold) {
                waitingTold = true;
                LOG.info("{}: {}; trying again until a front end listens", path, e.errnoName());
            }
            control.schedule(
                    () -> connect(Math.min(2 * retryMillis, RETRY_MILLIS_MAX)), retryMillis);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
