package paranet.launcher;

import paranet.core.host.BusyPoll;
import paranet.core.host.ControlLoop;
import paranet.core.host.QueueWorker;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The threads that all ports of this process share.
 *
 * <p>Threading: the thread that started them ends them, after the ports; {@link #hasBug} may be
 * asked by any thread.
 */
final class HostThreads implements AutoCloseable {
    private final ControlLoop control = new ControlLoop();
    private final List<QueueWorker> workers = new ArrayList<>();
    private final AtomicBoolean bug = new AtomicBoolean();
    private int next;

    /**
     * Starts them.
     *
     * @param workerCount threads that serve queues
     * @param busyPoll how long each of them polls before it sleeps
     * @param stop requested when a thread stopped because of a bug of ours
     */
    HostThreads(int workerCount, BusyPoll busyPoll, StopSignal stop) {
        for (int i = 0; i < workerCount; i++) {
            workers.add(
                    QueueWorker.start(
                            "worker-" + i,
                            busyPoll,
                            _ -> {
                                bug.set(true);
                                stop.request();
                            }));
        }
    }

    ControlLoop control() {
        return control;
    }

    List<QueueWorker> workers() {
        return List.copyOf(workers);
    }

    /** The workers in turn, for what one of them serves alone. */
    QueueWorker nextWorker() {
        return workers.get(next++ % workers.size());
    }

    /** Whether a thread stopped because of a bug of ours: the process ends with status 1. */
    boolean hasBug() {
        return bug.get();
    }

    @Override
    public void close() {
        workers.forEach(QueueWorker::close);
        control.close();
    }
}
