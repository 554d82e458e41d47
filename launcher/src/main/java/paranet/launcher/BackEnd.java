package paranet.launcher;

import paranet.core.host.BusCounters;
import paranet.core.host.ControlLoop;
import paranet.core.host.FrontendPort;
import paranet.core.host.PortConnector;
import paranet.core.host.PortListener;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.OriginalCounters;
import paranet.core.mitigation.QueueReport;
import paranet.guest.demo.BackendFigures;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * One port with what it is for its guest, its network, and where front ends find it.
 *
 * <p>Threading: the thread that opened it closes it; counters may be read by any thread.
 */
abstract sealed class BackEnd implements AutoCloseable permits VirtioNetBackEnd, VenetBackEnd {
    private final ControlLoop control;
    private Runnable closeEndpoint = () -> {};

    BackEnd(HostThreads threads) {
        this.control = threads.control();
    }

    abstract FrontendPort port();

    /** One line for people: what the guest has, and the network. */
    abstract String describe();

    /** When its guest is called, as it was last asked for. Any thread. */
    abstract CoalesceChoice coalescing();

    /** Calls its guest in another way from now on. Any thread. */
    abstract void coalesce(CoalesceChoice choice);

    /** What was published to its guest, and how much of that it was called for. Any thread. */
    abstract CallAccounts.Snapshot accounts();

    /** The same in the words of 2009. Any thread. */
    abstract OriginalCounters original();

    /** How the queues that run stand now. Control thread. */
    abstract List<QueueReport> queues();

    /** Event queues of a bus that are there; none without a bus. Any thread. */
    abstract List<BusCounters.Eventq> eventqs();

    /** The latest decisions about a queue, the newest first; empty without any. Control thread. */
    abstract List<String> explain(String queue);

    /** What it counted so far. Any thread. */
    abstract BackendFigures figures();

    /** Ends the port, then frees what only it used. */
    abstract void closePort();

    /** Lets front ends connect at the path. */
    final void listen(Path path) throws IOException {
        closeEndpoint = PortListener.open(path, port(), control)::close;
    }

    /** Connects to whoever listens at the path, again and again. */
    final void connect(Path path) {
        closeEndpoint = PortConnector.open(path, port(), control)::close;
    }

    /** Serves a front end over a connected socket; {@code ended} runs after it left. */
    final void adopt(int descriptor, Runnable ended) throws IOException {
        port().adopt(descriptor, ended);
    }

    @Override
    public final void close() {
        closeEndpoint.run();
        closePort();
    }
}
