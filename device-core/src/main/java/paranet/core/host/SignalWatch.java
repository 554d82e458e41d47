package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.linux.EventFd;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Looks after a worker while it interrupts guests. A front end shares the flags of the descriptor
 * it sent: it can make it blocking again and fill it, and the worker's next interrupt waits for
 * ever. Such a descriptor is emptied, so that the worker goes on, and not written to any more.
 *
 * <p>Who looks is the control thread, a while after an interrupt and then at that distance as long
 * as there are more of them; a worker without work costs nothing. The kernel has no write to an
 * eventfd that never waits: RWF_NOWAIT is refused, and readiness asked for before each write is a
 * system call more and no promise.
 *
 * <p>Threading: the worker calls begin() and end(), any thread everything else.
 */
final class SignalWatch {
    private static final int LOOK_MILLIS = 200;

    private static final Logger LOG = LoggerFactory.getLogger(SignalWatch.class);

    private final String worker;
    private final AtomicBoolean due = new AtomicBoolean(); // a look
    private volatile ControlLoop control; // null until there is one
    private volatile EventFd signalling; // now, or null

    SignalWatch(String worker) {
        this.worker = worker;
    }

    /** Has this thread look from now on. */
    void lookBy(ControlLoop control) {
        this.control = control;
    }

    /** The worker is about to signal; a look that does not see so yet is followed by another. */
    void begin(EventFd call) {
        signalling = call; // before due is read: pairs with look
        schedule();
    }

    void end() {
        signalling = null;
    }

    private void schedule() {
        ControlLoop looker = control;
        if (looker != null && !due.get() && due.compareAndSet(false, true)) {
            try {
                looker.schedule(this::look, LOOK_MILLIS);
            } catch (RejectedExecutionException e) {
                LOG.debug("{} signals after the control thread has ended", worker);
            }
        }
    }

    private void look() {
        due.set(false); // before signalling is read: pairs with begin
        if (unblock()) {
            schedule();
        }
    }

    /**
     * Frees the worker if it cannot go on.
     *
     * @return whether it was signalling
     */
    boolean unblock() {
        EventFd suspect = signalling;
        if (suspect != null && suspect.isFull()) {
            LOG.warn("{} is stuck waking a front end by {}", worker, suspect);
            suspect.giveUp();
        }
        return suspect != null;
    }
}
