package paranet.launcher;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The wish that this process end: SIGTERM, SIGINT or SIGHUP. A command waits for it, or asks now
 * and then, cleans up and returns; the status it returns becomes the process's own, so that a
 * service manager sees 0 rather than a death by signal.
 *
 * <p>Threading: any thread may call anything.
 */
final class StopSignal {
    private static final Logger LOG = LoggerFactory.getLogger(StopSignal.class);
    private static final int SECONDS_TO_CLEAN_UP_MAX = 10;

    private final CountDownLatch requested = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook = new Thread(this::endCleanly, "stop");
    private volatile int status = ExitStatus.DONE;

    /** A signal that termination of this process requests. */
    static StopSignal onTermination() {
        StopSignal signal = new StopSignal();
        Runtime.getRuntime().addShutdownHook(signal.hook);
        return signal;
    }

    void request() {
        requested.countDown();
    }

    boolean isRequested() {
        return requested.getCount() == 0;
    }

    void await() throws InterruptedException {
        requested.await();
    }

    /** Waits for at most {@code nanos}; true as soon as stopping is requested. */
    boolean await(long nanos) throws InterruptedException {
        return requested.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Ends the process after its command returned {@code status}. */
    void exit(int status) {
        this.status = status;
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) { // the signal was here before: the hook ends the process
            finished.countDown();
            return;
        }
        System.exit(status);
    }

    // A hook cannot call exit(), and the JVM's own status after a signal is 128 + its number.
    private void endCleanly() {
        requested.countDown();
        boolean clean = false;
        try {
            clean = finished.await(SECONDS_TO_CLEAN_UP_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!clean) {
            LOG.error("did not clean up within {} s", SECONDS_TO_CLEAN_UP_MAX);
        }
        System.out.flush();
        Runtime.getRuntime().halt(clean ? status : ExitStatus.FAILED);
    }
}
