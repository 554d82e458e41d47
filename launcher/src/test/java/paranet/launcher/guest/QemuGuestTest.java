package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Debian kernel under QEMU on a port of {@code ./paranet serve}. Each nested class boots once for
 * its tests; those that reboot or kill leave a running guest behind, so that the order is free.
 */
@RealGuest
final class QemuGuestTest {
    private static final int BIG_BYTES = 64 << 20;
    private static final int SMALL_BYTES = 8 << 20;
    private static final int MSS = 1448; // of MTU 1500 with timestamps
    private static final String MAC = "52:54:00:12:34:56";
    private static final String TAP = "tap0";

    /** A namespace, a port and a guest, which tests may replace. */
    private static final class Lab implements AutoCloseable {
        final Namespace namespace = Namespace.create();
        final GuestNetwork network = new GuestNetwork(namespace, TAP);
        final Path initramfs = QemuGuest.initramfs(namespace);
        private int guests;
        private PortUnderTest port;
        private QemuGuest guest;

        void startPort(String... options) {
            port = PortUnderTest.listening(namespace, "port", options);
            network.configureHost();
        }

        /** Boots a guest with one vhost-user interface on the port, and configures it. */
        void boot(int queuePairs, String chardevOptions, String deviceOptions) {
            boot(QemuGuest.vhostUser(port.socket(), queuePairs, chardevOptions, deviceOptions));
        }

        void boot(List<String> options) {
            guest = QemuGuest.start(namespace, "guest" + ++guests, initramfs, options);
            guest.awaitBoot();
            network.configureGuest(console());
        }

        void reboot() {
            guest.reboot();
            network.configureGuest(console());
        }

        GuestConsole console() {
            return guest.console();
        }

        String describe() {
            return (port == null ? "no port" : port.describe())
                    + "\n"
                    + (guest == null ? "no guest" : guest.describe());
        }

        @Override
        public void close() {
            if (guest != null) {
                guest.close();
            }
            if (port != null) {
                port.close();
            }
            namespace.close();
        }

        /** The orderly end: the guest powers off and the port leaves nothing behind. */
        void end() {
            try (this) {
                if (guest == null) {
                    return; // the boot failed and has told why
                }
                guest.powerOff();
                port.stop();
                assertEquals(
                        "",
                        namespace.run("ip", "-o", "link", "show", "type", "tun"),
                        "TAP left behind");
            }
        }
    }

    @Nested
    final class SplitRings {
        private static Lab lab;

        @RegisterExtension
        static final FailureReport report =
                new FailureReport(() -> lab == null ? "nothing started" : lab.describe());

        @BeforeAll
        static void boot() {
            lab = new Lab();
            lab.startPort("--tap=" + TAP, "--queues=2");
            lab.boot(2, "", ",mac=" + MAC);
        }

        @AfterAll
        static void end() {
            lab.end();
        }

        @Test
        void hasALink() {
            assertEquals("1", lab.console().check("cat /sys/class/net/eth0/carrier"));
            assertEquals(MAC, lab.console().check("cat /sys/class/net/eth0/address"));
            assertEquals('0', feature(lab.console(), 34), "VIRTIO_F_RING_PACKED");
        }

        @Test
        void answersEveryPing() {
            lab.network.pingBothWays(lab.console());
        }

        @Test
        void carriesAFileOverTcpBothWays() {
            lab.network.tcpBothWays(lab.console(), BIG_BYTES, 1);
        }

        @Test
        void carriesDatagramsBothWays() {
            lab.network.udpBothWays(lab.console());
        }

        @Test
        void segmentsAndChecksumsForTheGuest() {
            lab.console().check("ethtool -K eth0 tx on tso on");
            long before = lab.network.framesFromGuest();
            lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 2);
            long frames = lab.network.framesFromGuest() - before;
            assertTrue(
                    frames < SMALL_BYTES / MSS / 2,
                    () -> frames + " frames: none were segmented later");
        }

        @Test
        void carriesWhatTheGuestSegmentedItself() {
            try {
                lab.console().check("ethtool -K eth0 tso off gso off tx on");
                long before = lab.network.framesFromGuest();
                lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 3);
                long frames = lab.network.framesFromGuest() - before;
                assertTrue(frames >= SMALL_BYTES / MSS, () -> frames + " frames of at most " + MSS);
            } finally {
                lab.console().check("ethtool -K eth0 tx on tso on gso on");
            }
        }

        @Test
        void carriesWhatTheGuestChecksummedItself() {
            try {
                lab.console()
                        .check(
                                "ethtool -K eth0 tx off && ethtool -k eth0 | grep -q '^tx-checksumming: off'");
                lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 4);
                lab.network.udpBothWays(lab.console());
            } finally {
                lab.console().check("ethtool -K eth0 tx on tso on gso on");
            }
        }

        @Test
        void leavesSegmentsAndChecksumsToTheGuestOrTheHost() {
            // The guest took GUEST_TSO4 and GUEST_CSUM, so the TAP hands them on; then the host
            // does the work itself.
            String offloads = lab.namespace.run("ethtool", "-k", TAP);
            assertTrue(offloads.contains("tcp-segmentation-offload: on"), offloads);
            assertTrue(offloads.contains("tx-checksumming: on"), offloads);
            try {
                lab.namespace.run("ethtool", "-K", TAP, "tx", "off", "tso", "off");
                lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 5);
                lab.network.udpBothWays(lab.console());
            } finally {
                lab.namespace.run("ethtool", "-K", TAP, "tx", "on", "tso", "on");
            }
        }

        @Test
        void followsAnMtuOf9000() {
            try {
                lab.namespace.run("ip", "link", "set", TAP, "mtu", "9000");
                lab.console().check("ip link set eth0 mtu 9000");
                lab.network.pingUnfragmented(lab.console(), 8972);
                lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 6);
            } finally {
                lab.console().check("ip link set eth0 mtu 1500");
                lab.namespace.run("ip", "link", "set", TAP, "mtu", "1500");
            }
        }

        @Test
        void usesBothQueuePairs() {
            // The driver sends on the queue of the CPU it runs on, and the TAP answers a flow where
            // it came from.
            lab.console().check("head -c " + SMALL_BYTES + " /dev/urandom >/tmp/file");
            String expected = lab.console().check("sha256sum </tmp/file");
            for (int cpu = 0; cpu < 2; cpu++) {
                Map<String, Long> before = queueCounters();
                Path received = lab.namespace.file("received");
                try (Program listener = lab.network.receiveFile(received)) {
                    lab.console().check("taskset " + (1 << cpu) + " " + lab.network.sendFile());
                    listener.expectSuccess(Duration.ofMinutes(1));
                }
                assertEquals(expected, GuestNetwork.sha256(received));
                Map<String, Long> after = queueCounters();
                for (String direction : List.of("rx", "tx")) {
                    String counter = direction + "_queue_" + cpu + "_packets";
                    long packets = after.get(counter) - before.get(counter);
                    assertTrue(packets > 10, () -> counter + " rose by " + packets);
                }
            }
        }

        @Test
        void followsTheLinkDownAndUp() {
            lab.guest.setLink("n0", false);
            lab.network.awaitCarrier(lab.console(), false);
            lab.guest.setLink("n0", true);
            lab.network.awaitCarrier(lab.console(), true);
            lab.network.pingBothWays(lab.console());
        }

        @Test
        void survivesReboots() {
            for (int reboot = 1; reboot <= 2; reboot++) {
                lab.reboot();
                lab.network.pingBothWays(lab.console());
            }
            lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 7);
        }

        @Test
        void servesTheNextGuestAfterOneWasKilled() {
            lab.network.pingBothWays(lab.console());
            int descriptors = lab.port.openDescriptors();
            int mappings = lab.port.sharedMappings();
            for (int kill = 1; kill <= 2; kill++) {
                lab.guest.kill();
                lab.guest.close();
                lab.boot(2, "", ",mac=" + MAC);
                lab.network.pingBothWays(lab.console());
            }
            lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 8);
            assertEquals(descriptors, lab.port.openDescriptors(), "descriptors");
            assertEquals(mappings, lab.port.sharedMappings(), "mappings");
        }

        private static Map<String, Long> queueCounters() {
            Map<String, Long> counters = new HashMap<>();
            lab.console()
                    .check("ethtool -S eth0 | grep -E '[rt]x_queue_[01]_packets'")
                    .lines()
                    .map(String::strip)
                    .forEach(
                            line ->
                                    counters.put(
                                            line.substring(0, line.indexOf(':')),
                                            Long.parseLong(line.substring(line.indexOf(' ') + 1))));
            return counters;
        }
    }

    @Nested
    final class PackedRings {
        private static Lab lab;

        @RegisterExtension
        static final FailureReport report =
                new FailureReport(() -> lab == null ? "nothing started" : lab.describe());

        @BeforeAll
        static void boot() {
            lab = new Lab();
            lab.startPort("--tap=" + TAP, "--mtu=9000");
            lab.boot(1, "", ",packed=on,host_mtu=9000");
        }

        @AfterAll
        static void end() {
            lab.end();
        }

        @Test
        void areNegotiated() {
            assertEquals('1', feature(lab.console(), 34), "VIRTIO_F_RING_PACKED");
        }

        @Test
        void answerEveryPing() {
            lab.network.pingBothWays(lab.console());
        }

        @Test
        void carryAFileOverTcpBothWays() {
            lab.network.tcpBothWays(lab.console(), BIG_BYTES, 9);
        }

        @Test
        void carryDatagramsBothWays() {
            lab.network.udpBothWays(lab.console());
        }

        @Test
        void startWithTheMtuOfTheDevice() {
            assertEquals("9000", lab.console().check("cat /sys/class/net/eth0/mtu"));
            lab.network.pingUnfragmented(lab.console(), 8972);
        }

        @Test
        void followTheLinkDownAndUp() {
            lab.guest.setLink("n0", false);
            lab.network.awaitCarrier(lab.console(), false);
            lab.guest.setLink("n0", true);
            lab.network.awaitCarrier(lab.console(), true);
            lab.network.pingBothWays(lab.console());
        }

        @Test
        void surviveAReboot() {
            lab.reboot();
            lab.network.pingBothWays(lab.console());
        }
    }

    @Nested
    final class Reconnecting {
        private static Lab lab;

        @RegisterExtension
        static final FailureReport report =
                new FailureReport(() -> lab == null ? "nothing started" : lab.describe());

        @BeforeAll
        static void boot() {
            lab = new Lab();
            // A TAP of the namespace's own, which outlives the port with its address.
            lab.namespace.run("ip", "tuntap", "add", "dev", TAP, "mode", "tap", "vnet_hdr");
            lab.startPort("--tap=" + TAP);
            lab.boot(1, ",reconnect-ms=200", "");
        }

        @AfterAll
        static void end() {
            lab.close();
        }

        @Test
        void resumesByItselfAfterThePortWasKilled() {
            lab.console().check("head -c " + BIG_BYTES + " /dev/urandom >/tmp/file");
            String expected = lab.console().check("sha256sum </tmp/file");
            for (int kill = 1; kill <= 2; kill++) {
                Path received = lab.namespace.file("received" + kill);
                try (Program listener = lab.network.receiveFile(received)) {
                    GuestConsole.Background sender =
                            lab.console().background(lab.network.sendFile());
                    Await.until(
                            Duration.ofMinutes(1),
                            () -> received.toFile().length() > 1 << 20,
                            () -> "the first MiB, " + lab.describe());
                    lab.port.kill();
                    assertTrue(received.toFile().length() < BIG_BYTES, "killed too late");
                    lab.network.awaitCarrier(lab.console(), false);
                    lab.port.start();
                    sender.expectSuccess(Duration.ofMinutes(2));
                    listener.expectSuccess(Duration.ofMinutes(1));
                }
                assertEquals(expected, GuestNetwork.sha256(received));
                lab.network.pingBothWays(lab.console());
            }
        }
    }

    /** QEMU listens and the port is its client, in both orders of coming. */
    @Nested
    final class ListeningFrontEnd {
        private static Lab lab;

        @RegisterExtension
        static final FailureReport report =
                new FailureReport(() -> lab == null ? "nothing started" : lab.describe());

        @BeforeAll
        static void boot() {
            lab = new Lab();
            lab.namespace.run("ip", "tuntap", "add", "dev", TAP, "mode", "tap");
            lab.network.configureHost();
            // QEMU does not go on before a port is there: the port comes first and finds nobody.
            lab.port = PortUnderTest.connecting(lab.namespace, "port", "--tap=" + TAP);
            lab.boot(1, ",server=on,wait=off", "");
        }

        @AfterAll
        static void end() {
            lab.close();
        }

        @Test
        void getsItsPortBackAfterAnEndInOrderAndAfterAKill() {
            lab.network.pingBothWays(lab.console());
            lab.port.stop();
            lab.network.awaitCarrier(lab.console(), false);
            lab.port.start();
            lab.network.awaitCarrier(lab.console(), true);
            lab.network.pingBothWays(lab.console());
            lab.port.kill();
            lab.network.awaitCarrier(lab.console(), false);
            lab.port.start();
            lab.network.awaitCarrier(lab.console(), true);
            lab.network.tcpBothWays(lab.console(), SMALL_BYTES, 10);
        }
    }

    /** The lab of docs/attach-qemu.md. */
    @Nested
    final class TwoOnABridge {
        private static final List<String> ADDRESSES = List.of("10.77.0.11", "10.77.0.12");

        private static final List<PortUnderTest> ports = new ArrayList<>();
        private static final List<QemuGuest> guests = new ArrayList<>();
        private static Namespace namespace;

        @RegisterExtension
        static final FailureReport report = new FailureReport(TwoOnABridge::describe);

        @BeforeAll
        static void boot() {
            namespace = Namespace.create();
            Path initramfs = QemuGuest.initramfs(namespace);
            namespace.run("ip", "link", "add", "lab0", "type", "bridge");
            namespace.run("ip", "link", "set", "lab0", "up");
            for (int n = 1; n <= 2; n++) {
                namespace.run("ip", "tuntap", "add", "dev", "tap" + n, "mode", "tap");
                namespace.run("ip", "link", "set", "tap" + n, "master", "lab0", "up");
                PortUnderTest port =
                        PortUnderTest.listening(namespace, "port" + n, "--tap=tap" + n);
                ports.add(port);
                guests.add(
                        QemuGuest.start(
                                namespace,
                                "guest" + n,
                                initramfs,
                                QemuGuest.vhostUser(
                                        port.socket(), 1, "", ",mac=52:54:00:00:00:0" + n)));
            }
            for (int n = 0; n < 2; n++) {
                guests.get(n).awaitBoot();
                guests.get(n)
                        .console()
                        .check(
                                "ip link set eth0 up && ip address add "
                                        + ADDRESSES.get(n)
                                        + "/24 dev eth0");
            }
        }

        @AfterAll
        static void end() {
            guests.forEach(QemuGuest::close);
            ports.forEach(PortUnderTest::close);
            if (namespace != null) {
                namespace.close();
            }
        }

        @Test
        void reachEachOther() {
            GuestConsole first = guests.get(0).console();
            GuestConsole second = guests.get(1).console();
            GuestNetwork.pingHundredTimes(first, ADDRESSES.get(1));
            GuestConsole.Background receiver =
                    second.background(
                            "socat -b 65536 -u TCP-LISTEN:5000 OPEN:/tmp/file,creat,trunc");
            first.check("head -c " + BIG_BYTES + " /dev/urandom >/tmp/file");
            first.check(
                    "socat -b 65536 -u OPEN:/tmp/file TCP:"
                            + ADDRESSES.get(1)
                            + ":5000,retry=200,interval=0.1",
                    Duration.ofMinutes(3));
            receiver.expectSuccess(Duration.ofMinutes(1));
            assertEquals(first.check("sha256sum </tmp/file"), second.check("sha256sum </tmp/file"));
            String frames = namespace.run("cat", "/sys/class/net/tap1/statistics/rx_packets");
            assertTrue(
                    Long.parseLong(frames.strip()) < BIG_BYTES / MSS / 2,
                    () -> frames + " frames: they were not carried in segments");
        }

        private static String describe() {
            return Stream.concat(
                            ports.stream().map(PortUnderTest::describe),
                            guests.stream().map(QemuGuest::describe))
                    .collect(Collectors.joining("\n"));
        }
    }

    /** The character of a feature bit as sysfs shows it: bit 0 first. */
    private static char feature(GuestConsole guest, int bit) {
        return guest.check("cat /sys/class/net/eth0/device/features").charAt(bit);
    }
}
