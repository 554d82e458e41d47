package paranet.launcher;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.frame.FrameBridge;
import paranet.core.host.ControlSocket;
import paranet.tap.EchoBridge;
import paranet.tap.SinkBridge;
import paranet.tap.SourceBridge;
import paranet.tap.TapBridge;
import paranet.tap.TapDevice;
import paranet.venet.VenetDevice;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/**
 * Carries {@code paranet serve} out: from checked options to a running port, until it is stopped.
 *
 * <p>Threading: confined to the main thread.
 */
final class PortServer {
    private static final Logger LOG = LoggerFactory.getLogger(PortServer.class);

    private PortServer() {}

    /**
     * Serves until {@code stop}, until the front end of {@code --fd} left, or until a bug of ours.
     *
     * @return the exit status
     */
    static int serve(ServeOptions options, StopSignal stop) throws Exception {
        try (TraceFile trace =
                        options.trace().isPresent() ? new TraceFile(options.trace().get()) : null;
                HostThreads threads =
                        new HostThreads(options.workers(), options.busyPoll(), stop)) {
            List<BackEnd> backEnds = new ArrayList<>();
            ControlSocket asked = null;
            try {
                for (PortOptions port : options.ports()) {
                    BackEnd backEnd = open(port, threads);
                    backEnds.add(backEnd);
                    backEnd.coalesce(port.coalescing());
                    if (trace != null) {
                        String prefix =
                                options.ports().size() == 1 ? "" : backEnd.port().name() + " ";
                        backEnd.port().traceTo(trace.withPrefix(prefix));
                    }
                }
                for (int i = 0; i < backEnds.size(); i++) {
                    meet(backEnds.get(i), options.ports().get(i).endpoint(), stop);
                }
                if (options.controlSocket().isPresent()) {
                    asked =
                            ControlSocket.open(
                                    options.controlSocket().get(),
                                    threads.control(),
                                    commands(backEnds, options.ports()));
                }
                stop.await();
            } finally {
                if (asked != null) {
                    asked.close();
                }
                backEnds.reversed().forEach(BackEnd::close);
            }
            return threads.hasBug() ? ExitStatus.FAILED : ExitStatus.DONE;
        }
    }

    private static UnaryOperator<String> commands(List<BackEnd> backEnds, List<PortOptions> ports) {
        PlugControl plugs = new PlugControl(backEnds, ports);
        CoalesceControl coalescing = new CoalesceControl(backEnds);
        return request ->
                request.startsWith(PlugControl.BUS + " ")
                        ? plugs.answer(request)
                        : coalescing.answer(request);
    }

    private static BackEnd open(PortOptions options, HostThreads threads) throws IOException {
        String name = name(options.endpoint());
        BackEnd backEnd =
                switch (options.device()) {
                    case DeviceOptions.VirtioNet device ->
                            new VirtioNetBackEnd(
                                    name,
                                    bridge(
                                            device.network(),
                                            device.queuePairs(),
                                            options.mtuBytes()),
                                    virtioNet(device, options),
                                    threads);
                    case DeviceOptions.Venet device ->
                            new VenetBackEnd(name, venets(device, options), threads);
                };
        LOG.info("{}: {}, {}", name, options.mac(), backEnd.describe());
        return backEnd;
    }

    private static void meet(BackEnd backEnd, Endpoint endpoint, StopSignal stop)
            throws IOException, OptionException {
        switch (endpoint) {
            case Endpoint.Listen(var path) -> backEnd.listen(path);
            case Endpoint.Connect(var path) -> backEnd.connect(path);
            case Endpoint.Inherited(int descriptor) -> adopt(backEnd, descriptor, stop);
        }
    }

    private static void adopt(BackEnd backEnd, int descriptor, StopSignal stop)
            throws OptionException {
        try {
            backEnd.adopt(descriptor, stop::request);
        } catch (IOException e) {
            throw new OptionException(
                    "--fd=%d is no open socket; whoever starts paranet hands down a connected one"
                            .formatted(descriptor),
                    e);
        }
    }

    private static String name(Endpoint endpoint) {
        return switch (endpoint) {
            case Endpoint.Listen(var path) -> path.getFileName().toString();
            case Endpoint.Connect(var path) -> path.getFileName().toString();
            case Endpoint.Inherited(int descriptor) -> "fd " + descriptor;
        };
    }

    private static VirtioNetOptions virtioNet(DeviceOptions.VirtioNet device, PortOptions port) {
        return VirtioNetOptions.DEFAULT
                .withQueuePairs(device.queuePairs())
                .withMac(paranet.virtionet.MacAddress.of(port.mac().toBytes()))
                .withMtu(port.mtuBytes().orElse(0))
                .withFeatures(device.features().added(), device.features().removed());
    }

    private static List<VenetBackEnd.Plugged> venets(DeviceOptions.Venet device, PortOptions port)
            throws IOException {
        List<VenetBackEnd.Plugged> devices = new ArrayList<>();
        try {
            for (Network network : device.networks()) {
                devices.add(venet(network, port.mac().plus(devices.size()), port));
            }
        } catch (IOException | RuntimeException e) {
            devices.forEach(each -> each.bridge().close());
            throw e;
        }
        return devices;
    }

    /** A device as the others of its port are, on this network. */
    static VenetBackEnd.Plugged venet(Network network, MacAddress mac, PortOptions port)
            throws IOException {
        if (!(port.device() instanceof DeviceOptions.Venet(var _, var options))) {
            throw new IllegalArgumentException("no bus: " + port.device());
        }
        FrameBridge bridge = bridge(network, 1, port.mtuBytes());
        return new VenetBackEnd.Plugged(new VenetDevice(mac.toBytes(), options, bridge), bridge);
    }

    private static FrameBridge bridge(Network network, int queuePairs, OptionalInt mtuBytes)
            throws IOException {
        FrameBridge bridge =
                switch (network) {
                    case Network.Tap(String name, boolean persist) ->
                            new TapBridge(TapDevice.open(name, queuePairs, persist));
                    case Network.TapDescriptors(var descriptors) ->
                            new TapBridge(TapDevice.adopt(descriptors));
                    case Network.Echo() -> new EchoBridge(queuePairs);
                    case Network.Sink() -> new SinkBridge(queuePairs);
                    case Network.Source(int frameBytes) -> new SourceBridge(queuePairs, frameBytes);
                };
        if (mtuBytes.isPresent() && !bridge.mtu(mtuBytes.getAsInt())) {
            bridge.close();
            throw new IOException(
                    "--mtu=%d does not fit %s".formatted(mtuBytes.getAsInt(), bridge.describe()));
        }
        return bridge;
    }
}
