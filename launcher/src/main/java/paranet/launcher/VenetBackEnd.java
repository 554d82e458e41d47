package paranet.launcher;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.host.BusCounters;
import paranet.core.host.BusPort;
import paranet.core.host.ControlLoop;
import paranet.core.host.LinkWatch;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.OriginalCounters;
import paranet.core.mitigation.QueueReport;
import paranet.guest.demo.BackendFigures;
import paranet.venet.VbusConnection;
import paranet.venet.VenetDevice;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/**
 * A bus of venet devices and the bridge behind each, as they come and go.
 *
 * <p>Threading: as any back end; a lock keeps those apart who change the devices.
 */
final class VenetBackEnd extends BackEnd {
    private final VbusConnection bus = new VbusConnection(BusPort.atomicBits());
    private final BusPort port;
    private final ControlLoop control;
    private final TreeMap<Integer, Watched> plugged = new TreeMap<>(); // by devid; under our lock
    private final List<VenetDevice> devices = new CopyOnWriteArrayList<>(); // that ever were
    private volatile CoalesceChoice coalescing = CoalesceChoice.NONE;

    /** A device on the bus; its bridge is closed when it is pulled out, or with the back end. */
    record Plugged(VenetDevice device, FrameBridge bridge) {}

    private record Watched(Plugged plugged, LinkWatch link) {
        void close() {
            link.close();
            plugged.bridge().close();
        }
    }

    /**
     * Nobody can connect yet.
     *
     * @param plugged the devices, which get their numbers in this order
     * @param threads who serves them, until the back end is closed: one worker all of them
     */
    VenetBackEnd(String name, List<Plugged> plugged, HostThreads threads) throws IOException {
        super(threads);
        this.control = threads.control();
        this.port = BusPort.open(name, bus, control, threads.nextWorker());
        for (Plugged each : plugged) {
            var _ = plugIn(each);
        }
    }

    /** Plugs in a device, whether a guest runs or not; its number on the bus. Any thread. */
    final synchronized int plugIn(Plugged each) throws IOException {
        VenetDevice device = each.device();
        FrameBridge bridge = each.bridge();
        LinkWatch link =
                LinkWatch.open(
                        control,
                        bridge.linkDescriptor(),
                        bridge::linkUp,
                        up -> port.later(() -> device.networkUp(up)));
        int devid;
        try {
            devid = port.call(() -> bus.plugIn(device));
        } catch (IllegalStateException e) {
            link.close();
            throw e;
        }
        plugged.put(devid, new Watched(each, link));
        devices.add(device);
        return devid;
    }

    /**
     * Pulls a device out, and its network with it; the guest is told. Any thread.
     *
     * @return false if there is none of this number
     */
    synchronized boolean pullOut(int devid) {
        Watched gone = plugged.get(devid);
        if (gone == null) {
            return false;
        }
        var _ =
                port.call(
                        () -> {
                            bus.pullOut(devid);
                            return devid;
                        });
        plugged.remove(devid);
        gone.close();
        return true;
    }

    /** Devices that were ever plugged in. Any thread. */
    int devicesEver() {
        return devices.size();
    }

    /** Devices that are plugged in. Any thread. */
    synchronized int deviceCount() {
        return plugged.size();
    }

    /** A line for each device: its number, its network, what its driver made of it. */
    synchronized List<String> devices() {
        List<String> lines = new ArrayList<>();
        plugged.forEach(
                (devid, each) ->
                        lines.add(
                                "device %d: %s, %s"
                                        .formatted(
                                                devid,
                                                each.plugged().bridge().describe(),
                                                port.call(() -> state(each.plugged().device())))));
        return lines;
    }

    private static String state(VenetDevice device) {
        if (device.fault() != null) {
            return "broken by its driver: " + device.fault();
        }
        return device.isLinkUp() ? "link up" : "link down";
    }

    @Override
    BusPort port() {
        return port;
    }

    @Override
    synchronized String describe() {
        return "%d venet devices: %s"
                .formatted(
                        plugged.size(),
                        plugged.values().stream()
                                .map(each -> each.plugged().bridge().describe())
                                .distinct()
                                .collect(Collectors.joining("; ")));
    }

    @Override
    CoalesceChoice coalescing() {
        return coalescing;
    }

    @Override
    synchronized void coalesce(CoalesceChoice choice) {
        port.coalesce(choice.options());
        coalescing = choice;
    }

    @Override
    CallAccounts.Snapshot accounts() {
        return port.snapshot().accounts();
    }

    @Override
    OriginalCounters original() {
        return port.snapshot().original();
    }

    @Override
    List<QueueReport> queues() {
        return port.queues();
    }

    @Override
    List<BusCounters.Eventq> eventqs() {
        return port.snapshot().eventqs();
    }

    @Override
    List<String> explain(String queue) {
        return port.explain(queue);
    }

    @Override
    BackendFigures figures() {
        BusCounters.Snapshot counts = port.snapshot();
        long kicks =
                counts.eventqs().stream()
                        .mapToLong(BusCounters.Eventq::kicks)
                        .reduce(counts.doorbells(), Long::sum);
        Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
        devices.forEach(
                device ->
                        device.drops()
                                .forEach((reason, count) -> drops.merge(reason, count, Long::sum)));
        return new BackendFigures(counts.interrupts(), kicks, drops);
    }

    @Override
    synchronized void closePort() {
        port.close();
        plugged.values().forEach(Watched::close);
    }
}
