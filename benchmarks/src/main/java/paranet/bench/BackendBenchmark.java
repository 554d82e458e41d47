package paranet.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import paranet.core.host.BusPort;
import paranet.core.host.ControlLoop;
import paranet.core.host.FrontendPort;
import paranet.core.host.Port;
import paranet.core.host.PortListener;
import paranet.core.host.QueueWorker;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.CoalesceText;
import paranet.guest.GuestDevice;
import paranet.guest.loopback.Loopback;
import paranet.guest.loopback.LoopbackOptions;
import paranet.guest.loopback.LoopbackResult;
import paranet.tap.EchoBridge;
import paranet.venet.VbusConnection;
import paranet.venet.VenetDevice;
import paranet.venet.VenetOptions;
import paranet.virtionet.VirtioNetDevice;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * A whole back end as it ships, with one device that echoes, and our own guest over its socket: one
 * invocation sends frames for a second and verifies each that returns.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class BackendBenchmark {
    private static final byte[] MAC = {0x02, 0x50, 0, 0, 0, 1};

    @Param({"VIRTIO_NET", "VENET"})
    public GuestDevice device;

    @Param({"64", "1514"})
    public int frameBytes;

    /** What a kick and what an interrupt cost the guest. */
    @Param({"0", "2000"})
    public int exitNanos;

    @Param({"none", "pace"})
    public String policy;

    private EchoBridge bridge;
    private ControlLoop control;
    private QueueWorker worker;
    private FrontendPort port;
    private PortListener listener;
    private Path directory;
    private Path socket;

    /** What JMH reports beside the time of the invocation. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Figures {
        public double framesPerSecond;
        public double notificationsPerFrame;
        public double roundTripP50Micros;
        public double roundTripP99Micros;
        public long framesLost;
        public long heldDecisions;
        public double lateP50Micros;
        public double lateP999Micros;
    }

    @Setup
    public void open() throws IOException {
        directory = Files.createTempDirectory("paranet-bench");
        socket = directory.resolve("port.sock");
        bridge = new EchoBridge(1);
        control = new ControlLoop();
        worker =
                QueueWorker.start(
                        "worker",
                        bug -> {
                            throw new IllegalStateException(bug);
                        });
        port = device == GuestDevice.VENET ? venet() : virtioNet();
        listener = PortListener.open(socket, port, control);
    }

    private FrontendPort virtioNet() {
        return Port.open(
                "bench",
                new VirtioNetDevice(VirtioNetOptions.DEFAULT, bridge),
                control,
                List.of(worker),
                CoalesceText.parse(policy));
    }

    private FrontendPort venet() {
        VbusConnection bus = new VbusConnection(BusPort.atomicBits());
        bus.plugIn(new VenetDevice(MAC, VenetOptions.DEFAULT, bridge));
        BusPort opened = BusPort.open("bench", bus, control, worker);
        opened.coalesce(CoalesceText.parse(policy));
        return opened;
    }

    @TearDown
    public void close() throws IOException {
        listener.close();
        port.close();
        worker.close();
        control.close();
        bridge.close();
        Files.delete(directory);
    }

    /** A second of frames there and back. */
    @Benchmark
    public LoopbackResult echo(Figures figures) throws IOException {
        LoopbackOptions options =
                LoopbackOptions.usual(socket, 1, OptionalInt.of(frameBytes), 1, false);
        LoopbackResult result =
                Loopback.measure(
                        (device == GuestDevice.VENET ? options.withVenet(1) : options)
                                .withExits(exitNanos),
                        () -> false);
        if (!result.isPerfect()) {
            throw new IllegalStateException("frames were lost or changed: " + result);
        }
        figures.framesPerSecond = result.framesVerified() * 1e9 / result.elapsedNanos();
        figures.notificationsPerFrame =
                (double) (result.calls() + result.kicks()) / result.framesVerified();
        figures.roundTripP50Micros = result.roundTripNanos().getValueAtPercentile(50) / 1e3;
        figures.roundTripP99Micros = result.roundTripNanos().getValueAtPercentile(99) / 1e3;
        figures.framesLost = result.lost();
        CallAccounts.Snapshot accounts =
                switch (port) {
                    case Port virtioNet -> virtioNet.snapshot().accounts();
                    case BusPort bus -> bus.snapshot().accounts();
                    default -> throw new IllegalStateException(port.toString());
                };
        figures.heldDecisions = accounts.lateDecisions();
        figures.lateP50Micros = accounts.latenessNanos(0.5) / 1e3;
        figures.lateP999Micros = accounts.latenessNanos(0.999) / 1e3;
        return result;
    }
}
