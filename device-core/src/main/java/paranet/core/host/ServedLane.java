package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.device.DeviceLane;
import paranet.core.linux.EventFd;
import paranet.core.mitigation.Coalescing;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.virtqueue.RingFault;

import java.util.ArrayList;
import java.util.List;

/**
 * One lane of a virtio device at its worker: its frames are moved, then the guest is notified, ring
 * by ring.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class ServedLane implements Duty {
    private static final Logger LOG = LoggerFactory.getLogger(ServedLane.class);

    /** A call that is due so soon is waited for awake: to sleep and to wake take about as long. */
    static final long AWAKE_NANOS = 100_000;

    private final String port;
    private final DeviceLane lane;
    private final PolledLane frames;
    private final LaneCalls calls;
    private final List<ServedVring> vrings = new ArrayList<>();
    private ServedVring[] served = {};
    private boolean broken;
    private long due = MitigationPolicy.NOTHING;

    ServedLane(String port, DeviceLane lane, PolledLane frames, LaneCalls calls) {
        this.port = port;
        this.lane = lane;
        this.frames = frames;
        this.calls = calls;
        lane.sorter(calls.sorter());
    }

    /** How its queues are called for. */
    LaneCalls calls() {
        return calls;
    }

    @Override
    public boolean isActive() {
        return !broken && frames.isActive();
    }

    @Override
    public boolean isIdle() {
        return frames.isIdle();
    }

    @Override
    public long dueNanos() {
        return due;
    }

    boolean isUnused() {
        return vrings.isEmpty();
    }

    /** Something may be there to do: poll again. */
    void wake() {
        frames.wake();
    }

    void add(ServedVring vring, boolean enabled) {
        broken = false;
        vrings.add(vring);
        served = vrings.toArray(ServedVring[]::new);
        calls.sort(vrings);
        lane.attach(vring.index(), vring.ring());
        lane.enable(vring.index(), enabled);
        wake();
    }

    /** The guest kicked one of the lane's rings. */
    void kicked(int vring) {
        if (!broken) {
            lane.kicked(vring);
            wake();
        }
    }

    void enable(int vring, boolean enabled) {
        lane.enable(vring, enabled);
        wake();
    }

    /** Takes a ring out; its last completions are published and notified first. */
    void remove(ServedVring vring, long nowNanos) {
        try {
            lane.detach(vring.index());
            vring.freeze(nowNanos);
        } catch (InternalError e) {
            breakDown(e);
        }
        vring.close();
        vrings.remove(vring);
        served = vrings.toArray(ServedVring[]::new);
        if (vrings.isEmpty()) {
            frames.release();
            due = MitigationPolicy.NOTHING;
        }
    }

    /**
     * Stays polled while there is work, a fast flow, an interrupt held back or an unkicked ring.
     */
    @Override
    public void serve(long nowNanos, boolean mayPoll) {
        try {
            boolean awake = frames.isActive(); // or a call is due, and kicks are asked for
            if (awake) {
                calls.sorter().begin(nowNanos);
                frames.move(nowNanos);
            }
            due = notifyGuest(nowNanos);
            if (awake
                    && frames.isTired(nowNanos, mayPoll)
                    && (due == MitigationPolicy.NOTHING || due - nowNanos > AWAKE_NANOS)
                    && !hasPolledRing()) {
                frames.rest();
            }
        } catch (InternalError e) {
            breakDown(e);
        }
    }

    /** Interrupts what is due. */
    private long notifyGuest(long nowNanos) {
        long next = MitigationPolicy.NOTHING;
        for (ServedVring vring : served) {
            next = Math.min(next, vring.notifyGuest(nowNanos));
        }
        if (next == MitigationPolicy.NOTHING || !calls.wasCalled(nowNanos)) {
            return next;
        }
        next = MitigationPolicy.NOTHING;
        for (ServedVring vring : served) {
            next = Math.min(next, vring.reconsider(nowNanos));
        }
        return next;
    }

    /** Takes the descriptor that interrupts the guest; see {@link ServedVring#call}. */
    void call(ServedVring vring, EventFd call, long nowNanos) {
        guarded(() -> vring.call(call, true, nowNanos));
    }

    /** Another policy for all queues, from now on. */
    void coalesce(PolicyOptions options, long nowNanos) {
        calls.change(options, vrings);
        for (ServedVring vring : vrings) {
            guarded(() -> vring.policyChanged(nowNanos));
        }
    }

    /** The guest set limits for a queue, or null when they are forgotten. */
    void limits(ServedVring vring, Coalescing limits, long nowNanos) {
        guarded(() -> vring.limits(limits, nowNanos));
        calls.sort(vrings);
    }

    /** What a decision was may be due at once, and may have been put off. */
    private void guarded(Runnable decision) {
        if (broken) {
            return;
        }
        try {
            decision.run();
            due = notifyGuest(System.nanoTime());
        } catch (InternalError e) {
            breakDown(e);
        }
    }

    private boolean hasPolledRing() {
        for (ServedVring vring : served) {
            if (vring.isPolled()) {
                return true;
            }
        }
        return false;
    }

    /** This lane's rings stop. */
    @Override
    public boolean breakDown(InternalError cause) {
        if (broken) {
            return false;
        }
        broken = true;
        frames.stop();
        due = MitigationPolicy.NOTHING;
        LOG.warn(
                "{}: guest memory vanished under a running ring ({}); its rings stop",
                port,
                cause.getMessage());
        for (ServedVring vring : served) {
            vring.ring().stop(RingFault.MEMORY_TRUNCATED);
            vring.tellFault();
        }
        return true;
    }
}
