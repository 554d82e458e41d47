package paranet.launcher;

import paranet.core.frame.FrameBridge;
import paranet.core.host.BusCounters;
import paranet.core.host.LinkWatch;
import paranet.core.host.Port;
import paranet.core.host.PortCounters;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.OriginalCounters;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueReport;
import paranet.guest.demo.BackendFigures;
import paranet.virtionet.VirtioNetDevice;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.util.List;

/**
 * A virtio-net device and the bridge behind it.
 *
 * <p>Threading: as any back end.
 */
final class VirtioNetBackEnd extends BackEnd {
    private final FrameBridge bridge;
    private final VirtioNetDevice device;
    private final Port port;
    private final LinkWatch link;
    private volatile CoalesceChoice coalescing = CoalesceChoice.NONE;

    /**
     * Nobody can connect yet.
     *
     * @param bridge closed with the back end
     * @param threads who serves it, until it is closed
     */
    VirtioNetBackEnd(String name, FrameBridge bridge, VirtioNetOptions options, HostThreads threads)
            throws IOException {
        super(threads);
        this.bridge = bridge;
        this.device = new VirtioNetDevice(options, bridge);
        this.port =
                Port.open(
                        name,
                        device,
                        threads.control(),
                        threads.workers(),
                        new PolicyOptions.None());
        this.link =
                LinkWatch.open(
                        threads.control(), bridge.linkDescriptor(), bridge::linkUp, this::linkUp);
    }

    private void linkUp(boolean up) {
        device.linkUp(up);
        port.wake();
    }

    @Override
    Port port() {
        return port;
    }

    VirtioNetDevice device() {
        return device;
    }

    @Override
    String describe() {
        return "virtio-net, " + bridge.describe();
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
        return List.of();
    }

    @Override
    List<String> explain(String queue) {
        return port.explain(queue);
    }

    @Override
    BackendFigures figures() {
        PortCounters.Snapshot counts = port.snapshot();
        return new BackendFigures(counts.calls(), counts.kicks(), device.drops());
    }

    @Override
    void closePort() {
        port.close();
        link.close();
        bridge.close();
    }
}
