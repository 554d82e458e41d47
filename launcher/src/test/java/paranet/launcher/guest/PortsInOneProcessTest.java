package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import paranet.guest.BusFrontend;
import paranet.guest.BusOptions;
import paranet.guest.FramePort;
import paranet.guest.GuestDevice;
import paranet.guest.NetworkDriver;
import paranet.guest.VenetDriverOptions;
import paranet.guest.VenetGuest;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.MacAddress;
import paranet.guest.frame.TestFrame;
import paranet.guest.frame.TrafficVerifier;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One process with a port of each device, its TAPs on one bridge of Linux. */
@RealGuest
final class PortsInOneProcessTest {
    private static final Duration PASSED_WITHIN = Duration.ofSeconds(60);
    private static final long AWAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int FRAMES = 5_000;
    private static final int IN_FLIGHT = 100;
    private static final MacAddress VIRTIO = new MacAddress(0x02_00_00_00_00_10L);
    private static final MacAddress VENET = new MacAddress(0x02_00_00_00_00_20L);
    private static final MacAddress OTHER_VENET = new MacAddress(0x02_00_00_00_00_21L);

    private Namespace namespace;
    private PortUnderTest process;
    private Path bus;
    private Path trace;

    @RegisterExtension
    final FailureReport report =
            new FailureReport(
                    () ->
                            process == null
                                    ? "no port"
                                    : process.describe()
                                            + namespace.shell(
                                                    Duration.ofSeconds(10),
                                                    "ip -s link; bridge fdb; bridge link"));

    @BeforeEach
    void startProcess() {
        namespace = Namespace.create();
        bus = namespace.file("bus.sock");
        trace = namespace.file("trace.txt");
        process =
                PortUnderTest.listening(
                        namespace,
                        "vm",
                        "--tap=tap0",
                        "--trace=" + trace,
                        "--workers=2",
                        "--next",
                        "--socket-path=" + bus,
                        "--device=venet=2",
                        "--tap=vm%d");
        namespace.shell(
                Duration.ofSeconds(10),
                """
                set -e
                sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
                ip link add br0 type bridge
                for link in tap0 vm0 vm1; do ip link set $link master br0 up; done
                ip link set br0 up
                """);
    }

    @AfterEach
    void deleteNamespace() {
        if (process != null) {
            process.close();
        }
        namespace.close();
    }

    @Test
    void framesGoFromEitherDeviceOverTapsAndABridgeToTheOther() throws Exception {
        try (NetworkDriver virtio = GuestDevice.VIRTIO_NET.openLarge(process.socket(), 1);
                NetworkDriver venet =
                        VenetGuest.open(
                                BusFrontend.connect(bus, BusOptions.usual(1)),
                                VenetDriverOptions.usual(1),
                                2)) {
            // Their TAPs have a carrier only now, and the bridge notices that in its own time.
            namespace.shell(
                    Duration.ofSeconds(10),
                    """
                    for link in vm0 vm1; do
                        until bridge link show dev $link | grep -q 'state forwarding'; do :; done
                    done
                    """);
            introduce(virtio.pair(0), VIRTIO);
            introduce(venet.pair(0), VENET);
            introduce(venet.pair(1), OTHER_VENET);
            exchange(1, virtio, virtio.pair(0), VIRTIO, venet, venet.pair(0), VENET);
            exchange(2, venet, venet.pair(0), VENET, virtio, virtio.pair(0), VIRTIO);
            exchange(3, venet, venet.pair(1), OTHER_VENET, venet, venet.pair(0), VENET);
            exchange(4, virtio, virtio.pair(0), VIRTIO, venet, venet.pair(1), OTHER_VENET);
        }
        process.stop();
        List<String> lines = Files.readAllLines(trace);
        assertTrue(lines.contains("vm.sock > GET_FEATURES"), () -> lines.getFirst());
        assertTrue(
                lines.contains("bus.sock = DEVOPEN devid=1 version=1 handle=0 -> 0 handle=2"),
                () -> String.join("\n", lines));
    }

    /** So that the bridge floods no frame to a guest that does not look, whose TAP overflows. */
    private static void introduce(FramePort port, MacAddress address) {
        GuestFrame frame = new GuestFrame(64);
        new TestFrame(0).write(frame, address, address, 0, 0, System.nanoTime(), 60);
        assertTrue(port.send(frame));
        port.flush();
    }

    /** Frames of all sizes, few enough at a time that no queue of Linux overflows. */
    private static void exchange(
            int stream,
            NetworkDriver from,
            FramePort out,
            MacAddress source,
            NetworkDriver to,
            FramePort in,
            MacAddress destination)
            throws IOException {
        TestFrame frames = new TestFrame(stream);
        TrafficVerifier verifier = new TrafficVerifier(stream, frames);
        GuestFrame frame = new GuestFrame(1 << 16);
        long deadline = System.nanoTime() + PASSED_WITHIN.toNanos();
        long sent = 0;
        while (verifier.received() < FRAMES) {
            assertTrue(
                    System.nanoTime() < deadline,
                    "%d of %d sent, %d received".formatted(sent, FRAMES, verifier.received()));
            boolean moved = false;
            while (sent < FRAMES && sent - verifier.received() < IN_FLIGHT) {
                int bytes = 60 + (int) (sent * 131 % 1455);
                frames.write(frame, destination, source, stream, sent, System.nanoTime(), bytes);
                if (!out.send(frame)) {
                    break;
                }
                sent++;
                moved = true;
            }
            out.flush();
            while (in.receive(frame)) {
                var _ = verifier.accept(frame);
                moved = true;
            }
            in.flush();
            if (!moved) {
                to.await(AWAIT_NANOS, false);
                from.await(0, false); // it may have completions to look at
            }
        }
        assertEquals(
                "%d verified, 0 corrupt, 0 reordered, 0 duplicated".formatted(FRAMES),
                "%d verified, %d corrupt, %d reordered, %d duplicated"
                        .formatted(
                                verifier.verified(),
                                verifier.corrupt(),
                                verifier.reordered(),
                                verifier.duplicated()));
    }
}
