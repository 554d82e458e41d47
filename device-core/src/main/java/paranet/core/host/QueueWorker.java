package paranet.core.host;

import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.device.DeviceLane;
import paranet.core.device.FrameLane;
import paranet.core.linux.EventFd;
import paranet.core.mitigation.MitigationPolicy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * One thread with one duty cycle: serve the active lanes, notify their guests, look at descriptors;
 * with nothing to do, sleep until one is ready or an interrupt is due.
 *
 * <p>The control plane hands it commands with {@link #call}, which run between two duty cycles;
 * when the call returns the worker has let go of whatever the command took away.
 *
 * <p>Threading: any thread may use {@link #call}, {@link #later} and close(); the rest is the
 * worker's own.
 */
public final class QueueWorker implements AutoCloseable {
    /** While lanes are busy, descriptors and commands are looked at this often. */
    private static final long EVENTS_NANOS = 20_000;

    /** A yield that takes longer gave the processor to somebody else. */
    private static final long YIELD_NANOS_MAX = 20_000;

    /** Longest sleep with nothing due; any event or command ends it. */
    private static final long SLEEP_NANOS_MAX = TimeUnit.HOURS.toNanos(1);

    private static final int COMMAND_MILLIS_MAX = 30_000;
    private static final int STUCK_MILLIS = 200;

    private static final Logger LOG = LoggerFactory.getLogger(QueueWorker.class);

    private final Thread thread;
    private final ManualIoEventLoop loop;
    private final BusyPoll busyPoll;
    private final List<Duty> duties = new ArrayList<>();
    private Duty[] served = {};
    private Duty lastServed;
    private volatile boolean closing;
    private final SignalWatch signalWatch;

    private QueueWorker(String name, BusyPoll busyPoll, Consumer<Throwable> stoppedLoudly) {
        this.busyPoll = busyPoll;
        signalWatch = new SignalWatch(name);
        thread = Thread.ofPlatform().name(name).daemon(true).unstarted(() -> run(stoppedLoudly));
        loop = new ManualIoEventLoop(thread, EpollIoHandler.newFactory());
    }

    /** Starts a worker that polls as the load makes it worthwhile. */
    public static QueueWorker start(String name, Consumer<Throwable> stoppedLoudly) {
        return start(name, BusyPoll.ADAPTIVE, stoppedLoudly);
    }

    /**
     * Starts a worker.
     *
     * @param stoppedLoudly told when a bug of our own ended the thread; what it served is stuck
     */
    public static QueueWorker start(
            String name, BusyPoll busyPoll, Consumer<Throwable> stoppedLoudly) {
        QueueWorker worker = new QueueWorker(name, busyPoll, stoppedLoudly);
        worker.thread.start();
        return worker;
    }

    ManualIoEventLoop loop() {
        return loop;
    }

    /** A lane for this worker, not added yet. */
    ServedLane lane(String port, DeviceLane lane, LaneCalls calls) {
        return new ServedLane(port, lane, frames(port, lane), calls);
    }

    /** The frames of a lane, for whoever serves it at this worker. */
    PolledLane frames(String port, FrameLane lane) {
        return new PolledLane(port, lane, loop, busyPoll);
    }

    /** Runs a command between two duty cycles and waits for its answer. */
    <T> T call(Callable<T> command) {
        Future<T> answer = loop.submit(command);
        for (int waited = 0; waited < COMMAND_MILLIS_MAX; waited += STUCK_MILLIS) {
            try {
                return answer.get(STUCK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                var _ = signalWatch.unblock();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a worker answers", e);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException bug) {
                    throw bug;
                }
                throw new IllegalStateException(e.getCause());
            }
        }
        throw new IllegalStateException(
                "%s did not answer within %d ms".formatted(thread.getName(), COMMAND_MILLIS_MAX));
    }

    /** Runs a command between two duty cycles, unless the worker ends first; does not wait. */
    void later(Runnable command) {
        try {
            loop.execute(command);
        } catch (RejectedExecutionException e) {
            LOG.debug("{} has ended before a command", thread.getName());
        }
    }

    /** Interrupts a guest, or tells its front end of an error. Worker's thread. */
    EventFd.Signal signal(EventFd call) {
        signalWatch.begin(call);
        EventFd.Signal outcome = call.signal();
        signalWatch.end();
        return outcome;
    }

    /** Has the control thread see to it that no guest keeps the worker from going on. */
    void watchedBy(ControlLoop control) {
        signalWatch.lookBy(control);
    }

    void add(Duty duty) {
        duties.add(duty);
        served = duties.toArray(Duty[]::new);
    }

    void remove(Duty duty) {
        duties.remove(duty);
        served = duties.toArray(Duty[]::new);
    }

    private void run(Consumer<Throwable> stoppedLoudly) {
        try {
            while (!closing) {
                try {
                    dutyCycles();
                } catch (InternalError e) {
                    // The JVM may deliver a memory fault a little later than the access.
                    if (lastServed == null || !lastServed.breakDown(e)) {
                        throw e;
                    }
                }
            }
        } catch (Throwable bug) {
            LOG.error("{} stops: this is a bug", thread.getName(), bug);
            stoppedLoudly.accept(bug);
        } finally {
            var _ = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            while (!loop.isTerminated()) {
                loop.runNow();
            }
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // a hint that costs half a microsecond when unheeded
    private void dutyCycles() {
        long eventsSeen = 0;
        boolean alone = true;
        while (!closing) {
            long now = System.nanoTime();
            long due = MitigationPolicy.NOTHING;
            boolean busy = false;
            boolean idle = true;
            for (Duty duty : served) {
                if (duty.isActive() || duty.dueNanos() <= now) {
                    lastServed = duty;
                    duty.serve(now, alone);
                    if (served.length > 1) {
                        deliverFault();
                    }
                    busy |= duty.isActive();
                    idle &= duty.isIdle();
                }
                due = Math.min(due, duty.dueNanos());
            }
            if (!busy) {
                waitForEvents(due, now);
                eventsSeen = now;
                continue;
            }
            alone = true;
            if (idle) {
                // To whoever shares this processor: it may well be the guest at work on an answer.
                // A yield that took long did find one, and then sleeping is better than queueing.
                Thread.yield();
                alone = System.nanoTime() - now < YIELD_NANOS_MAX;
            }
            if (now - eventsSeen >= EVENTS_NANOS) {
                loop.runNow();
                eventsSeen = now;
            }
        }
    }

    /**
     * Compiled code may meet the end of a guest's memory and run on for a while: the JVM throws at
     * the next safepoint poll, which may lie in the next duty. A call of a native method has one.
     */
    static void deliverFault() {
        var _ = Thread.holdsLock(LOG);
    }

    private void waitForEvents(long due, long now) {
        if (due == MitigationPolicy.NOTHING) {
            loop.run(SLEEP_NANOS_MAX);
        } else if (due > now) {
            loop.run(due - now);
        } else {
            loop.runNow();
        }
    }

    /** Stops the thread once the present duty cycle is over, and waits for it. */
    @Override
    public void close() {
        closing = true;
        later(() -> {}); // a mere wake-up is forgotten by a loop that is about to wait
        try {
            thread.join(COMMAND_MILLIS_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
