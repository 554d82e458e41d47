package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.linux.LinuxException;
import paranet.core.linux.UnixSocket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Consumer;

/**
 * Lets front ends connect to a port at a path, one after the other, for ever. The path appears once
 * connections are accepted and is removed by close() (vhost-user, Backend program conventions).
 *
 * <p>Threading: any thread may call close(), but not the control thread.
 */
public final class PortListener implements AutoCloseable {
    private static final int S_IFMT = 0xf000; // inode(7)
    private static final int S_IFSOCK = 0xc000;
    private static final int PAUSE_MILLIS = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(PortListener.class);

    private final Path path;
    private final ControlLoop control;
    private final UnixSocket socket;
    private DescriptorWatch watch;
    private boolean closed;

    private PortListener(Path path, ControlLoop control, UnixSocket socket) {
        this.path = path;
        this.control = control;
        this.socket = socket;
    }

    /**
     * Starts to listen. A socket that a process left behind at the path is replaced.
     *
     * @throws IOException if somebody else listens at the path, something else is there, or the
     *     kernel refuses
     */
    public static PortListener open(Path path, FrontendPort port, ControlLoop control)
            throws IOException {
        return open(path, control, socket -> port.attach(socket, () -> {}), false);
    }

    /**
     * Likewise, for whoever takes the sockets that connect.
     *
     * @param taker owns what it is given; runs on the control thread
     * @param ownerOnly whether nobody but this user may connect
     */
    static PortListener open(
            Path path, ControlLoop control, Consumer<UnixSocket> taker, boolean ownerOnly)
            throws IOException {
        requireFree(path);
        // Bound beside the path and moved over it, so that whoever sees the path can connect.
        Path beside = path.resolveSibling("." + Long.toHexString(ProcessHandle.current().pid()));
        Files.deleteIfExists(beside);
        UnixSocket socket = UnixSocket.listen(beside.toString());
        PortListener listener = new PortListener(path, control, socket);
        try {
            if (ownerOnly) {
                Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-------"));
                for (var early = socket.accept(); early != null; early = socket.accept()) {
                    early.close(); // it came before that
                }
            }
            Files.move(beside, path, StandardCopyOption.ATOMIC_MOVE);
            control.call(
                    () -> {
                        listener.watch =
                                DescriptorWatch.on(
                                        control.loop(),
                                        socket.fd().number(),
                                        DescriptorWatch.READABLE,
                                        ops -> listener.accept(taker));
                        return null;
                    });
            return listener;
        } catch (Exception e) {
            socket.close();
            Files.deleteIfExists(beside);
            throw e instanceof IOException io ? io : new IOException("listening at " + path, e);
        }
    }

    private static void requireFree(Path path) throws IOException {
        Path directory = path.toAbsolutePath().getParent();
        if (!Files.isDirectory(directory)) {
            throw new IOException(
                    "%s: there is no directory %s; make it, or choose another path"
                            .formatted(path, directory));
        }
        if (!Files.exists(path)) {
            return;
        }
        int mode = (int) Files.getAttribute(path, "unix:mode");
        if ((mode & S_IFMT) != S_IFSOCK) {
            throw new IOException(
                    "%s exists and is no socket: remove it or choose another path".formatted(path));
        }
        try (UnixSocket _ = UnixSocket.connect(path.toString())) {
            throw new IOException(
                    "another process listens at %s: end it or choose another path".formatted(path));
        } catch (LinuxException e) {
            if (!e.is("ECONNREFUSED")) {
                throw e;
            }
        }
    }

    /** Takes one, so that all else has its turn while somebody connects again and again. */
    private void accept(Consumer<UnixSocket> taker) {
        try {
            UnixSocket connected = socket.accept();
            if (connected != null) {
                taker.accept(connected);
            }
        } catch (LinuxException e) { // no descriptors left: whoever waits goes on doing so
            LOG.warn("{}: {}; trying again in {} ms", path, e.getMessage(), PAUSE_MILLIS);
            watch.interest(DescriptorWatch.NOTHING);
            control.schedule(this::resume, PAUSE_MILLIS);
        }
    }

    private void resume() {
        if (!closed) {
            watch.interest(DescriptorWatch.READABLE);
        }
    }

    @Override
    public void close() {
        try {
            control.call(
                    () -> {
                        closed = true;
                        watch.cancel();
                        return null;
                    });
            Files.deleteIfExists(path);
        } catch (Exception e) {
            LOG.warn("{} is left behind: {}", path, e.getMessage());
        }
        socket.close();
    }
}
