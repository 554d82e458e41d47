package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.device.FrameSorter;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.mitigation.Coalescing;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.RingFault;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * One started ring at its worker: the ring, the descriptors around it, and the decision when to
 * interrupt the guest.
 *
 * <p>Threading: confined to one QueueWorker; counters may be read by any thread.
 */
final class ServedVring {
    private static final Logger LOG = LoggerFactory.getLogger(ServedVring.class);
    private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final FrameClass[] CLASSES = FrameClass.values();
    private static final int CALLS = 0;
    private static final int KICKS = 16; // two cache lines apart
    private static final int CALLS_FAILED = 32;

    private final String port;
    private final QueueWorker worker;
    private final int index;
    private final boolean goesOn;
    private final QueueView.Kind kind;
    private final QueueCalls calls;
    private final FrameSorter sorter;
    private final long[] counts = new long[48];

    private DeviceVirtqueue ring;
    private Kick kick;
    private EventFd call;
    private EventFd err;
    private boolean faultTold;
    private long seen;
    private long bytesSeen;
    private long due = MitigationPolicy.NOTHING;

    /**
     * @param goesOn whether the ring was served before, by whomever
     */
    ServedVring(
            String port,
            QueueWorker worker,
            int index,
            DeviceVirtqueue ring,
            boolean goesOn,
            QueueView.Kind kind,
            LaneCalls lane) {
        this.port = port;
        this.worker = worker;
        this.index = index;
        this.ring = ring;
        this.kind = kind;
        this.goesOn = goesOn;
        this.calls = lane.begin(kind, ring.size());
        this.sorter = lane.sorter();
        this.seen = ring.published();
        this.bytesSeen = ring.bytes();
        ring.forgetNotified();
    }

    int index() {
        return index;
    }

    DeviceVirtqueue ring() {
        return ring;
    }

    QueueCalls queueCalls() {
        return calls;
    }

    /** Watches the descriptor that the guest kicks; null means that the ring is to be polled. */
    void watch(Fd kickFd, Runnable wake) throws IOException {
        if (kickFd != null) {
            kick =
                    new Kick(
                            kickFd,
                            worker.loop(),
                            () -> {
                                count(KICKS);
                                wake.run();
                            });
        }
    }

    /** Whether nobody says when there is work (vhost-user, SET_VRING_KICK, bit 8). */
    boolean isPolled() {
        return kick == null && ring.fault() == RingFault.NONE;
    }

    /**
     * Takes the descriptor that interrupts the guest. A ring that runs gets one interrupt at once,
     * because one may have been lost in between (vhost-user, SET_VRING_CALL); so does one that goes
     * on, because whoever served it before may have died with a call held back.
     */
    void call(EventFd newCall, boolean tell, long nowNanos) {
        call = newCall;
        if (ring.published() != 0) {
            if (tell) {
                calls.forget();
                var _ = ask(nowNanos);
            }
        } else if (goesOn) {
            calls.callAnyway(nowNanos);
            signalCall();
        }
    }

    void err(EventFd newErr) {
        err = newErr;
    }

    /** Interrupts the guest if the policy says so; returns when to ask again. */
    long notifyGuest(long nowNanos) {
        if (ring.fault() != RingFault.NONE) {
            tellFault();
        }
        if (ring.published() == seen && (due == MitigationPolicy.NOTHING || nowNanos < due)) {
            return due;
        }
        return ask(nowNanos);
    }

    /** Asks again, if a call is held back: another queue was called. */
    long reconsider(long nowNanos) {
        return calls.state() == QueueCalls.State.HELD ? ask(nowNanos) : due;
    }

    /** Asks the policy about all there is. */
    private long ask(long nowNanos) {
        look(nowNanos);
        if (calls.decide(nowNanos) == MitigationPolicy.CALL) {
            signalCall();
            ring.notified();
        }
        due = calls.due();
        return due;
    }

    /** Says what was published, and what the ring shows after that. */
    private void look(long nowNanos) {
        long published = ring.published();
        if (published != seen) {
            long bytes = ring.bytes();
            publish(published - seen, bytes - bytesSeen, nowNanos);
            seen = published;
            bytesSeen = bytes;
        }
        calls.ring(
                ring.needsNotification(),
                ring.isDeclined(),
                ring.consumed(),
                ring.posted(),
                ring.taken(),
                nowNanos);
    }

    private void publish(long chains, long bytes, long nowNanos) {
        if (kind == QueueView.Kind.TRANSMIT) {
            calls.published(FrameClass.COMPLETION, chains, bytes, nowNanos);
            return;
        }
        long left = chains;
        if (kind == QueueView.Kind.RECEIVE && sorter.isWanted()) {
            for (FrameClass each : CLASSES) {
                long some = Math.min(left, sorter.take(each));
                if (some != 0) {
                    calls.published(each, some, 0, nowNanos);
                    left -= some;
                }
            }
        }
        calls.published(FrameClass.NORMAL, left, bytes, nowNanos);
    }

    /** The guest set limits of its own, or null: it did not, or no longer. */
    long limits(Coalescing limits, long nowNanos) {
        if (limits == null) {
            calls.forgetCommands();
        } else {
            calls.command(limits, nowNanos);
        }
        return ask(nowNanos);
    }

    /** The policy is another one. */
    long policyChanged(long nowNanos) {
        return ask(nowNanos);
    }

    /** The ring is about to stop: what is held back is called for. */
    void freeze(long nowNanos) {
        if (ring.fault() != RingFault.NONE) {
            tellFault();
        }
        look(nowNanos);
        if (calls.freeze(nowNanos)) {
            signalCall();
            ring.notified();
        }
        due = MitigationPolicy.NOTHING;
    }

    private void signalCall() {
        if (call != null) {
            count(worker.signal(call) == EventFd.Signal.GONE ? CALLS_FAILED : CALLS);
        }
    }

    /** A broken ring is told once: one log line, one signal on the err descriptor. */
    void tellFault() {
        if (!faultTold) {
            faultTold = true;
            LOG.warn(
                    "{}: ring {} stopped: {} (value {}); it starts again at the next SET_VRING_KICK"
                            + " or device reset",
                    port,
                    index,
                    ring.fault().meaning(),
                    ring.faultValue());
            if (err != null) {
                var _ = worker.signal(err);
            }
        }
    }

    /** Ends the watch of the kick descriptor and closes it. */
    void close() {
        if (kick != null) {
            kick.close();
            kick = null;
        }
    }

    private void count(int counter) {
        COUNTS.setOpaque(counts, counter, counts[counter] + 1);
    }

    long calls() {
        return (long) COUNTS.getOpaque(counts, CALLS);
    }

    long callsFailed() {
        return (long) COUNTS.getOpaque(counts, CALLS_FAILED);
    }

    /** Wake-ups by the guest that the worker saw; several kicks may be one wake-up. */
    long kicks() {
        return (long) COUNTS.getOpaque(counts, KICKS);
    }
}
