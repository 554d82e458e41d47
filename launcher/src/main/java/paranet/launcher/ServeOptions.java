package paranet.launcher;

import paranet.core.host.BusyPoll;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What {@code paranet serve} was asked for, checked.
 *
 * <p>Threading: immutable.
 *
 * @param ports at least one
 * @param workers 1 to 64 threads that serve queues
 * @param busyPoll how long such a thread polls before it sleeps
 * @param trace where each message is written in words, if anywhere
 * @param controlSocket where people ask and steer the process, if anywhere
 */
record ServeOptions(
        List<PortOptions> ports,
        int workers,
        BusyPoll busyPoll,
        Optional<Path> trace,
        Optional<Path> controlSocket) {
    public ServeOptions {
        ports = List.copyOf(ports);
    }
}
