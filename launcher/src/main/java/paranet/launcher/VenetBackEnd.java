package paranet.launcher;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.host.BusCounters;
import paranet.core.host.BusPort;
import paranet.core.host.LinkWatch;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.OriginalCounters;
import paranet.guest.demo.BackendFigures;
import paranet.venet.VbusConnection;
import paranet.venet.VenetDevice;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A bus of venet devices and the bridge behind each.
 *
 * <p>Threading: as any back end.
 */
final class VenetBackEnd extends BackEnd {
    private final List<Plugged> plugged;
    private final BusPort port;
    private volatile CoalesceChoice coalescing = CoalesceChoice.NONE;
    private final List<LinkWatch> links = new ArrayList<>();

    /** A device on the bus; its bridge is closed with the back end. */
    record Plugged(VenetDevice device, FrameBridge bridge) {}

    /**
     * Nobody can connect yet.
     *
     * @param plugged the devices, which get their numbers in this order
     * @param threads who serves them, until the back end is closed: one worker all of them
     */
    VenetBackEnd(String name, List<Plugged> plugged, HostThreads threads) throws IOException {
        super(threads);
        this.plugged = List.copyOf(plugged);
        VbusConnection bus = new VbusConnection(BusPort.atomicBits());
        plugged.forEach(each -> bus.plugIn(each.device()));
        this.port = BusPort.open(name, bus, threads.control(), threads.nextWorker());
        for (Plugged each : plugged) {
            FrameBridge bridge = each.bridge();
            links.add(
                    LinkWatch.open(
                            threads.control(),
                            bridge.linkDescriptor(),
                            bridge::linkUp,
                            up -> port.later(() -> each.device().networkUp(up))));
        }
    }

    @Override
    BusPort port() {
        return port;
    }

    @Override
    String describe() {
        return "%d venet devices: %s"
                .formatted(
                        plugged.size(),
                        plugged.stream()
                                .map(each -> each.bridge().describe())
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
    BackendFigures figures() {
        BusCounters.Snapshot counts = port.snapshot();
        long kicks =
                counts.eventqs().stream()
                        .mapToLong(BusCounters.Eventq::kicks)
                        .reduce(counts.doorbells(), Long::sum);
        Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
        plugged.forEach(
                each ->
                        each.device()
                                .drops()
                                .forEach((reason, count) -> drops.merge(reason, count, Long::sum)));
        return new BackendFigures(counts.interrupts(), kicks, drops);
    }

    @Override
    void closePort() {
        port.close();
        links.forEach(LinkWatch::close);
        plugged.forEach(each -> each.bridge().close());
    }
}
