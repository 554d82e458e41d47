package paranet.guest;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.host.BusPort;
import paranet.core.host.ControlLoop;
import paranet.core.host.Port;
import paranet.core.host.PortConnector;
import paranet.core.host.PortCounters;
import paranet.core.host.PortListener;
import paranet.core.host.QueueWorker;
import paranet.core.linux.AtomicClear;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueReport;
import paranet.tap.EchoBridge;
import paranet.venet.VbusConnection;
import paranet.venet.VenetDevice;
import paranet.venet.VenetOptions;
import paranet.virtionet.VirtioNetDevice;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A back end in this process, as the launcher would wire it: one control loop, one worker, any
 * number of ports.
 */
final class Backend implements AutoCloseable {
    /** One port at its path. */
    final class ServedPort implements AutoCloseable {
        final Path path;
        final VirtioNetDevice device;
        final FrameBridge bridge;
        final Port port;
        private final Runnable way; // stops the listening or the connecting

        private ServedPort(
                Path path,
                VirtioNetOptions options,
                FrameBridge bridge,
                boolean client,
                PolicyOptions coalescing)
                throws IOException {
            this.path = path;
            this.bridge = bridge;
            this.device = new VirtioNetDevice(options, bridge);
            this.port =
                    Port.open(
                            path.getFileName().toString(),
                            device,
                            control,
                            List.of(worker),
                            coalescing);
            this.way =
                    client
                            ? PortConnector.open(path, port, control)::close
                            : PortListener.open(path, port, control)::close;
        }

        /** How the rings that run stand now, by their names. */
        Map<String, QueueReport> queues() throws Exception {
            return control.call(port::queues).stream()
                    .collect(Collectors.toMap(QueueReport::name, each -> each));
        }

        /** The latest decisions about a ring, the newest first. */
        List<String> explain(String queue) throws Exception {
            return control.call(() -> port.explain(queue));
        }

        PortCounters.Snapshot counters() {
            return port.snapshot();
        }

        long drops(DropReason reason) {
            Map<DropReason, Long> drops = device.drops();
            return drops.getOrDefault(reason, 0L);
        }

        @Override
        public void close() {
            way.run();
            port.close();
            bridge.close();
        }
    }

    /** One bus at its path, with a bridge of its own for each device. */
    final class ServedBus implements AutoCloseable {
        final Path path;
        final BusPort port;
        private final VbusConnection bus = new VbusConnection(AtomicClear::bit);
        private final List<VenetDevice> devices = new CopyOnWriteArrayList<>(); // that ever were
        private final List<FrameBridge> bridges = new ArrayList<>();
        private final PortListener listener;

        private ServedBus(Path path) throws IOException {
            this.path = path;
            this.port = BusPort.open(path.getFileName().toString(), bus, control, worker);
            this.listener = PortListener.open(path, port, control);
        }

        /** Plugs in a device on this bridge, which the bus closes in the end. */
        int plugIn(VenetOptions options, FrameBridge bridge) {
            byte[] mac = {0x02, 0, 0, 0, 1, (byte) devices.size()};
            VenetDevice device = new VenetDevice(mac, options, bridge);
            devices.add(device);
            bridges.add(bridge);
            return port.call(() -> bus.plugIn(device));
        }

        /** Plugs in a device that echoes. */
        int plugIn() {
            return plugIn(VenetOptions.DEFAULT, new EchoBridge(1));
        }

        void pullOut(int devid) {
            port.call(
                    () -> {
                        bus.pullOut(devid);
                        return devid;
                    });
        }

        /** The device that was plugged in as the {@code index}th. */
        VenetDevice device(int index) {
            return devices.get(index);
        }

        /** The network behind a device goes away or comes back. */
        void network(int index, boolean isUp) {
            port.call(
                    () -> {
                        devices.get(index).networkUp(isUp);
                        return isUp;
                    });
        }

        /** What the worker says about a device, at its worker. */
        <T> T ask(int index, Function<VenetDevice, T> question) {
            return port.call(() -> question.apply(devices.get(index)));
        }

        @Override
        public void close() {
            listener.close();
            port.close();
            bridges.forEach(FrameBridge::close);
        }
    }

    final Path directory;
    private final AtomicReference<Throwable> bug = new AtomicReference<>();
    private final ControlLoop control = new ControlLoop();
    private final QueueWorker worker = QueueWorker.start("worker", bug::set);
    private int ports;

    Backend() throws IOException {
        directory = Files.createTempDirectory("guest");
    }

    /** A port that listens and echoes. */
    ServedPort listen(VirtioNetOptions options) throws IOException {
        return listen(options, new EchoBridge(options.queuePairs()));
    }

    /** A port that listens, with another network side, which it closes. */
    ServedPort listen(VirtioNetOptions options, FrameBridge bridge) throws IOException {
        return listen(options, bridge, new PolicyOptions.None());
    }

    /** Likewise, with another way to call its guest. */
    ServedPort listen(VirtioNetOptions options, FrameBridge bridge, PolicyOptions coalescing)
            throws IOException {
        return new ServedPort(nextPath(), options, bridge, false, coalescing);
    }

    /** A bus that listens, with so many devices that echo. */
    ServedBus listenBus(int devices) throws IOException {
        ServedBus bus = new ServedBus(nextPath());
        for (int i = 0; i < devices; i++) {
            bus.plugIn();
        }
        return bus;
    }

    /** A port that connects to whoever listens at its path, again and again. */
    ServedPort connect(VirtioNetOptions options) throws IOException {
        return new ServedPort(
                nextPath(),
                options,
                new EchoBridge(options.queuePairs()),
                true,
                new PolicyOptions.None());
    }

    private Path nextPath() {
        return directory.resolve("port" + ports++);
    }

    @Override
    public void close() throws IOException {
        worker.close();
        control.close();
        try (var left = Files.newDirectoryStream(directory)) {
            for (Path path : left) {
                Files.delete(path);
            }
        }
        Files.delete(directory);
        if (bug.get() != null) {
            throw new AssertionError("the worker stopped", bug.get());
        }
    }
}
