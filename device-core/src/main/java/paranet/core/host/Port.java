package paranet.core.host;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.device.Device;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.WakeDescriptor;
import paranet.core.memory.GuestMemory;
import paranet.core.mitigation.Coalescing;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueReport;
import paranet.core.mitigation.QueueView;
import paranet.core.vhostuser.FrontendSession;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.RequestRefused;
import paranet.core.vhostuser.Session;
import paranet.core.vhostuser.SessionHost;
import paranet.core.vhostuser.VringSetup;
import paranet.core.virtqueue.DeviceVirtqueue;
import paranet.core.virtqueue.RingFault;
import paranet.core.virtqueue.RingFeature;
import paranet.core.virtqueue.RingLayout;
import paranet.core.virtqueue.RingPosition;
import paranet.core.virtqueue.VringBase;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * One virtio device as its front end finds it: its memory, its rings at their workers.
 *
 * <p>Order of taking memory away: rings let go at their workers, the workers acknowledge, then the
 * mapping goes.
 *
 * <p>Threading: the control thread does everything here; {@link #snapshot} may be read by any
 * thread.
 */
public final class Port extends FrontendPort {
    private static final Logger LOG = LoggerFactory.getLogger(Port.class);
    private static final AtomicInteger NEXT_WORKER = new AtomicInteger();

    private final Device device;
    private final QueueWorker[] laneWorkers;
    private final ServedLane[] lanes;
    private final Vring[] vrings;
    private final PortCounters counters = new PortCounters();

    private volatile PolicyOptions coalescing;
    private PortMemory memory = PortMemory.EMPTY;
    private BackendChannel channel;

    /** What the control plane knows of one ring. */
    private static final class Vring {
        private VringSetup setup;
        private ServedVring served;
        private int lane; // where it was started; features may have changed since
        private boolean enabled;
        private EventFd call;
        private EventFd err;
    }

    private Port(
            String name,
            Device device,
            ControlLoop control,
            List<QueueWorker> workers,
            PolicyOptions coalescing) {
        super(name, control);
        this.device = device;
        this.coalescing = coalescing;
        this.lanes = new ServedLane[device.lanes()];
        this.laneWorkers = new QueueWorker[device.lanes()];
        this.vrings = new Vring[device.vrings()];
        for (int i = 0; i < vrings.length; i++) {
            vrings[i] = new Vring();
        }
        int first = NEXT_WORKER.getAndIncrement();
        for (int i = 0; i < lanes.length; i++) {
            laneWorkers[i] = workers.get(Math.floorMod(first + i, workers.size()));
            lanes[i] =
                    laneWorkers[i].lane(
                            name, device.lane(i), new LaneCalls(coalescing, lanes.length));
        }
    }

    /**
     * A port without a connection yet.
     *
     * @param name what log lines call it
     * @param workers who serves its lanes, in turn
     * @param coalescing when the guest is called
     */
    public static Port open(
            String name,
            Device device,
            ControlLoop control,
            List<QueueWorker> workers,
            PolicyOptions coalescing) {
        Port port = new Port(name, device, control, workers, coalescing);
        workers.forEach(worker -> worker.watchedBy(control));
        device.onConfigChange(() -> control.execute(port::tellConfigChange));
        device.onPairsChange(port::wake);
        device.onLimitsChange(vring -> port.tellLimits(vring, device.limits(vring)));
        return port;
    }

    /**
     * Makes sleeping lanes look anew at what to watch, because something other than rings and
     * descriptors decides whether frames pass: queue pairs in use, the link's state. Any thread, a
     * lane's own among them.
     */
    public void wake() {
        for (int i = 0; i < lanes.length; i++) {
            ServedLane lane = lanes[i];
            laneWorkers[i].later(
                    () -> {
                        if (!lane.isUnused()) {
                            lane.wake();
                        }
                    });
        }
    }

    @Override
    FrontendSession startSession() {
        counters.connected();
        return new Session(device, new Host());
    }

    /** What the port did so far. Any thread. */
    public PortCounters.Snapshot snapshot() {
        return counters.snapshot();
    }

    /** When the guest is called, as it was last asked for. Any thread. */
    public PolicyOptions coalescing() {
        return coalescing;
    }

    /** Calls the guest in another way from now on, with no interruption. Any thread. */
    public synchronized void coalesce(PolicyOptions options) {
        coalescing = options;
        for (int i = 0; i < lanes.length; i++) {
            ServedLane lane = lanes[i];
            laneWorkers[i].call(
                    () -> {
                        lane.coalesce(options, System.nanoTime());
                        return null;
                    });
        }
    }

    /**
     * The latest decisions about a ring, by its name or its index, the newest first, a line each;
     * none for a ring that does not run. Control thread.
     */
    public List<String> explain(String queue) {
        for (int i = 0; i < vrings.length; i++) {
            if (vrings[i].served != null
                    && (queue.equals(Integer.toString(i)) || queue.equals(nameOf(i)))) {
                return atWorker(
                        vrings[i], served -> served.queueCalls().log().lines(System.nanoTime()));
            }
        }
        return List.of();
    }

    /** How the rings that run stand now. Control thread. */
    public List<QueueReport> queues() {
        List<QueueReport> queues = new ArrayList<>();
        for (int i = 0; i < vrings.length; i++) {
            if (vrings[i].served != null) {
                String queue = nameOf(i);
                queues.add(
                        atWorker(
                                vrings[i],
                                served -> served.queueCalls().report(queue, System.nanoTime())));
            }
        }
        return queues;
    }

    private <T> T atWorker(Vring vring, Function<ServedVring, T> question) {
        ServedVring served = vring.served;
        return laneWorkers[vring.lane].call(() -> question.apply(served));
    }

    private String nameOf(int vring) {
        return switch (kindOf(vring)) {
            case RECEIVE -> "rx" + vring / 2;
            case TRANSMIT -> "tx" + vring / 2;
            case CONTROL -> "ctl";
        };
    }

    /** The rings that run now. Control thread. */
    public List<Integer> running() {
        List<Integer> running = new ArrayList<>();
        for (int i = 0; i < vrings.length; i++) {
            if (vrings[i].served != null) {
                running.add(i);
            }
        }
        return running;
    }

    private void tellLimits(int index, Coalescing limits) {
        control()
                .execute(
                        () -> {
                            Vring vring = vrings[index];
                            ServedVring served = vring.served;
                            if (served != null) {
                                ServedLane lane = lanes[vring.lane];
                                laneWorkers[vring.lane].later(
                                        () -> lane.limits(served, limits, System.nanoTime()));
                            }
                        });
    }

    private void tellConfigChange() {
        if (channel != null) {
            channel.configChanged();
        }
    }

    private QueueView.Kind kindOf(int vring) {
        if (device.isControl(vring)) {
            return QueueView.Kind.CONTROL;
        }
        return vring % 2 == 0 ? QueueView.Kind.RECEIVE : QueueView.Kind.TRANSMIT;
    }

    /** What the session makes happen. */
    private final class Host implements SessionHost {
        @Override
        public void replaceMemory(List<MemoryRegion> regions, List<Fd> files)
                throws RequestRefused {
            switchTo(regions.isEmpty() ? PortMemory.EMPTY : PortMemory.of(regions, files));
        }

        @Override
        public void addMemory(MemoryRegion region, Fd file) throws RequestRefused {
            switchTo(memory.with(region, file));
        }

        @Override
        public void removeMemory(MemoryRegion region) throws RequestRefused {
            switchTo(memory.without(region));
        }

        private void switchTo(PortMemory next) {
            for (int i = 0; i < vrings.length; i++) {
                if (vrings[i].served != null) {
                    relocate(i, next.memory());
                }
            }
            PortMemory old = memory;
            memory = next;
            old.release(next);
        }

        private void relocate(int index, GuestMemory to) {
            Vring vring = vrings[index];
            RingPlacement.Result result = RingPlacement.find(vring.setup, to);
            int lane = vring.lane;
            laneWorkers[lane].call(
                    () -> {
                        switch (result) {
                            case RingPlacement.Result.Found found -> {
                                vring.served.ring().relocate(found.layout());
                                lanes[lane].wake();
                            }
                            case RingPlacement.Result.Nowhere nowhere -> {
                                vring.served.ring().stop(RingFault.RING_UNMAPPED);
                                vring.served.notifyGuest(System.nanoTime());
                            }
                        }
                        return null;
                    });
        }

        @Override
        public void startVring(int index, VringSetup setup, boolean enabled) throws RequestRefused {
            stopVring(index);
            Vring vring = vrings[index];
            vring.enabled = enabled;
            RingPlacement.Result result = RingPlacement.find(setup, memory.memory());
            if (result instanceof RingPlacement.Result.Nowhere(String why)) {
                if (setup.kick() != null) {
                    setup.kick().close();
                }
                if (vring.err != null) { // the worker's to do: somebody looks when it cannot go on
                    QueueWorker worker = laneWorkers[device.laneOf(index)];
                    var _ = worker.call(() -> worker.signal(vring.err));
                }
                throw new RequestRefused("ring %d: %s".formatted(index, why));
            }
            vring.setup = setup;
            start(index, vring, ((RingPlacement.Result.Found) result).layout());
        }

        private void start(int index, Vring vring, RingLayout layout) throws RequestRefused {
            VringSetup setup = vring.setup;
            int lane = device.laneOf(index);
            vring.lane = lane;
            QueueWorker worker = laneWorkers[lane];
            ServedLane servedLane = lanes[lane];
            Object outcome =
                    worker.call(
                            () -> {
                                try {
                                    RingPosition position =
                                            VringBase.decode(
                                                    setup.base(), layout, setup.features());
                                    ServedVring served =
                                            new ServedVring(
                                                    name(),
                                                    worker,
                                                    index,
                                                    DeviceVirtqueue.open(
                                                            layout, setup.features(), position),
                                                    !position.equals(
                                                            RingPosition.fresh(
                                                                    RingFeature.isPacked(
                                                                            setup.features()))),
                                                    kindOf(index),
                                                    servedLane.calls());
                                    served.watch(setup.kick(), () -> servedLane.kicked(index));
                                    served.call(vring.call, false, System.nanoTime());
                                    served.err(vring.err);
                                    if (servedLane.isUnused()) {
                                        worker.add(servedLane);
                                    }
                                    servedLane.add(served, vring.enabled);
                                    Coalescing limits = device.limits(index);
                                    if (limits != null) {
                                        servedLane.limits(served, limits, System.nanoTime());
                                    }
                                    return served;
                                } catch (IOException
                                        | InternalError
                                        | IllegalArgumentException e) { // not a place in the ring
                                    return e;
                                }
                            });
            if (outcome instanceof Throwable failure) {
                throw new RequestRefused(
                        "ring %d: %s".formatted(index, failure.getMessage()), failure);
            }
            vring.served = (ServedVring) outcome;
            counters.add(vring.served);
        }

        @Override
        public long stopVring(int index) {
            Vring vring = vrings[index];
            ServedVring served = vring.served;
            if (served == null) {
                return -1;
            }
            int lane = vring.lane;
            RingPosition position =
                    laneWorkers[lane].call(
                            () -> {
                                lanes[lane].remove(served, System.nanoTime());
                                if (lanes[lane].isUnused()) {
                                    laneWorkers[lane].remove(lanes[lane]);
                                }
                                return served.ring().position();
                            });
            vring.served = null;
            counters.remove(served);
            return VringBase.encode(position, vring.setup.features());
        }

        @Override
        public void enableVring(int index, boolean enabled) {
            Vring vring = vrings[index];
            vring.enabled = enabled;
            if (vring.served != null) {
                int lane = vring.lane;
                laneWorkers[lane].call(
                        () -> {
                            lanes[lane].enable(index, enabled);
                            return null;
                        });
            }
        }

        @Override
        public void callVring(int index, Fd call) {
            Vring vring = vrings[index];
            EventFd old = vring.call;
            vring.call = adopt(index, "call", call);
            if (vring.served != null) {
                handOver(
                        vring,
                        () -> lanes[vring.lane].call(vring.served, vring.call, System.nanoTime()));
            }
            close(old);
        }

        @Override
        public void errVring(int index, Fd err) {
            Vring vring = vrings[index];
            EventFd old = vring.err;
            vring.err = adopt(index, "err", err);
            if (vring.served != null) {
                handOver(vring, () -> vring.served.err(vring.err));
            }
            close(old);
        }

        private void handOver(Vring vring, Runnable change) {
            laneWorkers[vring.lane].call(
                    () -> {
                        change.run();
                        return null;
                    });
        }

        private EventFd adopt(int index, String what, Fd fd) {
            if (fd == null) {
                return null;
            }
            try {
                return EventFd.adopt(fd);
            } catch (LinuxException e) {
                LOG.warn("{}: ring {}: {} descriptor: {}", name(), index, what, e.getMessage());
                return null;
            }
        }

        private void close(EventFd old) {
            if (old != null) {
                old.close();
            }
        }

        @Override
        public void backendChannel(Fd socket, boolean replyAck) throws RequestRefused {
            try {
                WakeDescriptor.requireSocket(socket);
                endBackendChannel();
                channel = BackendChannel.open(name(), socket, replyAck, trace(), control().loop());
            } catch (IOException e) {
                socket.close();
                throw new RequestRefused("back-end channel: " + e.getMessage(), e);
            }
        }

        @Override
        public void endBackendChannel() {
            if (channel != null) {
                channel.close();
                channel = null;
            }
        }
    }
}
