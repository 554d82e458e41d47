package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * User-Mode Linux on a TAP: a guest whose config space and control queue are the back end's own.
 * What a command of the control queue asks for is proved by what then happens to frames.
 */
@RealGuest
final class UmlGuestTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final int MTU_BYTES = 1400;
    private static final int IP_AND_ICMP_BYTES = 28;
    private static final int PINGS = 400;
    private static final int TRANSFER_BYTES = 32 << 20;
    private static final String MAC = "52:54:00:0a:0b:0c";
    private static final String OTHER = "52:54:00:0a:0b:0d";
    private static final String GROUP = "01:00:5e:01:02:03";
    private static final String OTHER_GROUP = "01:00:5e:01:02:04";

    private static Namespace namespace;
    private static PortUnderTest port;
    private static UmlGuest uml;
    private static GuestConsole guest;
    private static GuestNetwork network;
    private static FrameProbe probe;

    @RegisterExtension
    static final FailureReport REPORT =
            new FailureReport(
                    () ->
                            (uml == null ? "no guest" : uml.describe())
                                    + "\n"
                                    + (port == null ? "no port" : port.describe()));

    @BeforeAll
    static void boot() {
        namespace = Namespace.create();
        namespace.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"); // no chatter
        port =
                PortUnderTest.listening(
                        namespace,
                        "port",
                        "--tap=tap0",
                        "--queues=2",
                        "--mac=" + MAC,
                        "--mtu=" + MTU_BYTES,
                        "--control-socket=" + namespace.file("control"));
        network = new GuestNetwork(namespace, "tap0");
        network.configureHost();
        probe = new FrameProbe(namespace, "tap0");
        uml =
                UmlGuest.start(
                        namespace,
                        "uml",
                        UmlGuest.initramfs(namespace),
                        UmlGuest.virtioNet(port.socket()));
        uml.awaitBoot();
        guest = uml.console();
        network.configureGuest(guest);
    }

    @AfterAll
    static void end() {
        if (uml != null) {
            uml.close();
        }
        if (port != null) {
            port.close();
        }
        if (namespace != null) {
            namespace.close();
        }
    }

    @Test
    void pingsBothWays() {
        network.pingBothWays(guest);
    }

    @Test
    void carriesAFileOverTcpBothWays() {
        network.tcpBothWays(guest, TRANSFER_BYTES, 1);
    }

    @Test
    void carriesDatagramsBothWays() {
        network.udpBothWays(guest);
    }

    @Test
    void readsItsAddressAndMtuInConfigSpace() {
        assertEquals(MAC, guest.check("cat /sys/class/net/eth0/address"));
        assertEquals(Integer.toString(MTU_BYTES), guest.check("cat /sys/class/net/eth0/mtu"));
        network.pingUnfragmented(guest, MTU_BYTES - IP_AND_ICMP_BYTES);
    }

    @Test
    void showsTheNegotiatedOffloads() {
        String features = guest.check("ethtool -k eth0");
        for (String on :
                List.of(
                        "rx-checksumming: on [fixed]",
                        "tx-checksum-ip-generic: on",
                        "tx-scatter-gather: on",
                        "tx-tcp-segmentation: on",
                        "tx-tcp-ecn-segmentation: on",
                        "tx-tcp6-segmentation: on",
                        "rx-gro-hw: on",
                        "rx-vlan-filter: on [fixed]")) {
            assertTrue(
                    features.lines().anyMatch(line -> line.strip().equals(on)),
                    () -> on + " is not in\n" + features);
        }
    }

    @Test
    void receivesItsOwnAddressBroadcastsAndTheGroupsItJoined() {
        assertEquals(Set.of(MAC), probe.delivered(guest, MAC, OTHER, GROUP, OTHER_GROUP));
        guest.check("/bin/ip maddress add %s dev eth0".formatted(GROUP));
        assertEquals(Set.of(MAC, GROUP), probe.delivered(guest, MAC, OTHER, GROUP, OTHER_GROUP));
        guest.check("/bin/ip maddress del %s dev eth0".formatted(GROUP));
        assertEquals(Set.of(MAC), probe.delivered(guest, MAC, OTHER, GROUP, OTHER_GROUP));
    }

    @Test
    void receivesEverythingWhilePromiscuous() {
        guest.check("/bin/ip link set eth0 promisc on");
        assertEquals(Set.of(MAC, OTHER, GROUP), probe.delivered(guest, MAC, OTHER, GROUP));
        guest.check("/bin/ip link set eth0 promisc off");
        assertEquals(Set.of(MAC), probe.delivered(guest, MAC, OTHER, GROUP));
    }

    @Test
    void receivesEveryGroupWhileItWantsAllMulticast() {
        guest.check("/bin/ip link set eth0 allmulticast on");
        assertEquals(
                Set.of(MAC, GROUP, OTHER_GROUP),
                probe.delivered(guest, MAC, OTHER, GROUP, OTHER_GROUP));
        guest.check("/bin/ip link set eth0 allmulticast off");
        assertEquals(Set.of(MAC), probe.delivered(guest, MAC, OTHER, GROUP, OTHER_GROUP));
    }

    @Test
    void receivesTheGroupsOfALongTableAndNoOthers() {
        List<String> groups = groups(50);
        changeGroups("add", 50);
        assertEquals(Set.copyOf(groups), probe.delivered(guest, withOthers(groups)));
        changeGroups("del", 50);
        assertEquals(Set.of(), probe.delivered(guest, withOthers(groups)));
    }

    @Test
    void missesNoGroupOfATableLongerThanADeviceKeeps() {
        List<String> groups = groups(200);
        changeGroups("add", 200);
        assertEquals(Set.copyOf(groups), probe.delivered(guest, groups.toArray(String[]::new)));
        changeGroups("del", 200);
        assertEquals(Set.of(MAC), probe.delivered(guest, MAC, OTHER, GROUP, groups.getLast()));
    }

    @Test
    void receivesASecondUnicastAddressInItsTable() {
        guest.check("bridge fdb add %s dev eth0 self permanent".formatted(OTHER));
        assertEquals(Set.of(MAC, OTHER), probe.delivered(guest, MAC, OTHER, GROUP));
        guest.check("bridge fdb del %s dev eth0 self permanent".formatted(OTHER));
        assertEquals(Set.of(MAC), probe.delivered(guest, MAC, OTHER, GROUP));
    }

    @Test
    void receivesItsNewAddressAndNotTheOldOne() {
        guest.check("/bin/ip link set eth0 address " + OTHER);
        assertEquals(Set.of(OTHER), probe.delivered(guest, MAC, OTHER, GROUP));
        network.pingBothWays(guest);
        guest.check("/bin/ip link set eth0 address " + MAC);
        assertEquals(Set.of(MAC), probe.delivered(guest, MAC, OTHER, GROUP));
        network.pingBothWays(guest);
    }

    @Test
    void receivesOnlyTheVlansItJoined() {
        FrameProbe.Frame untagged = FrameProbe.Frame.to(MAC);
        FrameProbe.Frame five = new FrameProbe.Frame(MAC, 5);
        FrameProbe.Frame last = new FrameProbe.Frame(MAC, 4094);
        List<FrameProbe.Frame> all = List.of(untagged, five, last);
        assertEquals(Set.of(untagged), probe.delivered(guest, all));
        guest.check("/bin/ip link add link eth0 name eth0.5 type vlan id 5");
        assertEquals(Set.of(untagged, five), probe.delivered(guest, all));
        guest.check("/bin/ip link add link eth0 name eth0.4094 type vlan id 4094");
        assertEquals(Set.of(untagged, five, last), probe.delivered(guest, all));
        guest.check("/bin/ip link del eth0.5");
        assertEquals(Set.of(untagged, last), probe.delivered(guest, all));
        guest.check("/bin/ip link del eth0.4094");
        assertEquals(Set.of(untagged), probe.delivered(guest, all));
    }

    @Test
    void receivesInAsManyQueuesAsItAskedFor() {
        guest.check("ethtool -L eth0 combined 2");
        assertTrue(guest.check("ethtool -l eth0").endsWith("2"));
        long second = packetsOfSecondQueue();
        sendManyFlows();
        assertTrue(packetsOfSecondQueue() > second, "no flow came to the second queue");
        network.pingBothWays(guest);

        second = packetsOfSecondQueue();
        guest.check("ethtool -L eth0 combined 1");
        sendManyFlows();
        network.pingBothWays(guest);
        guest.check("ethtool -L eth0 combined 2"); // a queue not in use is not shown
        assertEquals(second, packetsOfSecondQueue());
        guest.check("ethtool -L eth0 combined 1");
    }

    /**
     * Linux announces itself just before it takes its carrier up, and drops that if it has had the
     * time to take down its queues: a second time soon after the first one it has not. A guest that
     * had not acknowledged an announcement would repeat it when its link goes down.
     */
    @Test
    void seesTheTapsLinkAndAnnouncesItselfOnceWhenItIsBack() {
        guest.check(
                ": >/run/seen; tcpdump -Z root -p -n -l --immediate-mode -i eth0 arp >>/run/seen 2>&1 & echo $! >/run/tcpdump; until grep -q 'listening on' /run/seen; do usleep 1000; done");
        int times = 0;
        while (times < 20 && announcements() < 2) {
            namespace.run("ip", "link", "set", "tap0", "down");
            network.awaitCarrier(guest, false);
            namespace.run("ip", "link", "set", "tap0", "up");
            network.awaitCarrier(guest, true);
            times++;
        }
        network.configureHost();
        network.pingBothWays(guest);
        guest.check("kill $(cat /run/tcpdump)");
        int announced = announcements();
        assertTrue(
                announced >= 2 && announced <= times,
                announced + " announcements, the link came back " + times + " times");
    }

    private static int announcements() {
        return Integer.parseInt(
                guest.check(
                        "grep -c 'who-has %1$s .*tell %1$s' /run/seen || true"
                                .formatted(GuestNetwork.GUEST)));
    }

    @Test
    void receivesSegmentsOnlyWhileItOffersToTakeThem() {
        guest.check("ethtool -K eth0 gro off"); // else the guest itself would join segments
        assertNotEquals(List.of(), oversizedFramesOfATransfer());
        guest.check("ethtool -K eth0 rx-gro-hw off");
        assertEquals(List.of(), oversizedFramesOfATransfer());
        guest.check("ethtool -K eth0 rx-gro-hw on");
        assertNotEquals(List.of(), oversizedFramesOfATransfer());
        guest.check("ethtool -K eth0 gro on");
    }

    @Test
    void carriesAFileWithoutAnyOffloadOfTheGuests() {
        guest.check("ethtool -K eth0 tx off sg off tso off gso off gro off rx-gro-hw off");
        network.tcpBothWays(guest, TRANSFER_BYTES / 4, 2);
        guest.check("ethtool -K eth0 tx on sg on tso on gso on gro on rx-gro-hw on");
        network.tcpBothWays(guest, TRANSFER_BYTES / 4, 3);
    }

    /**
     * Echo requests come one by one, so without limits there are about as many interrupts. With a
     * tenth of a second the guest is called for many at once, however slow the machine is.
     */
    @Test
    void limitsItsOwnInterrupts() {
        assertEquals(List.of("rx-usecs: 0", "rx-frames: 0"), limits());
        long plain = interruptsOfPings();
        guest.check("ethtool -C eth0 tx-frames 1"); // 0 would switch NAPI off, to Linux 6.1
        guest.check("ethtool -C eth0 rx-usecs 100000 rx-frames 64");
        assertEquals(List.of("rx-usecs: 100000", "rx-frames: 64"), limits());
        awaitShown(
                "port.sock: rx0: guest requested usecs 100000, frames 64; effective 100000 us after the"
                        + " first packet or at 64 packets (virtio rule), in place of none");
        long limited = interruptsOfPings();
        assertTrue(
                limited < plain / 2, "%d interrupts, %d without limits".formatted(limited, plain));

        guest.check("ethtool -C eth0 rx-usecs 50 rx-frames 16");
        assertEquals(List.of("rx-usecs: 50", "rx-frames: 16"), limits());
        awaitShown(
                "port.sock: rx0: guest requested usecs 50, frames 16; effective 50 us after the first"
                        + " packet or at 16 packets (virtio rule), in place of none");
        namespace.shell(LONG, "ping -c 20 -i 0.01 " + GuestNetwork.GUEST);
        String decisions = coalesce("explain", "1", "rx0");
        assertTrue(decisions.contains(": HELD, 1, until 50.0 us later"), decisions);

        coalesce("set", "1", "pace");
        awaitShown("(virtio rule), and within that pace");
        coalesce("set", "1", "none");
    }

    /** As the guest reads them back. */
    private static List<String> limits() {
        return guest.check(
                        "ethtool -c eth0 | grep -E '^rx-(usecs|frames):' | tr '\\t' ' ' | tr -s ' '")
                .lines()
                .map(String::strip)
                .toList();
    }

    private static long interruptsOfPings() {
        String count = "awk '/virtio/ {n += $2} END {print n}' /proc/interrupts";
        long before = Long.parseLong(guest.check(count));
        namespace.shell(
                LONG, "ping -q -c %d -i 0.004 -w 60 %s".formatted(PINGS, GuestNetwork.GUEST));
        return Long.parseLong(guest.check(count)) - before;
    }

    private static String coalesce(String... words) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                PortUnderTest.executable(),
                                "coalesce",
                                "--control-socket=" + namespace.file("control")));
        command.addAll(List.of(words));
        return Program.run(LONG, command);
    }

    /** What the guest sets takes effect when it comes to the back end's worker. */
    private static void awaitShown(String text) {
        String[] shown = new String[1];
        Await.until(
                LONG,
                () -> {
                    shown[0] = coalesce("show");
                    return shown[0].contains(text);
                },
                () -> text + " in\n" + shown[0]);
    }

    private static List<String> groups(int count) {
        return IntStream.range(0, count).mapToObj("01:00:5e:7f:00:%02x"::formatted).toList();
    }

    private static String[] withOthers(List<String> groups) {
        List<String> all = new ArrayList<>(groups);
        all.addAll(List.of(OTHER, GROUP, OTHER_GROUP));
        return all.toArray(String[]::new);
    }

    /** Joins or leaves the first groups of {@link #groups}. */
    private static void changeGroups(String how, int count) {
        guest.check(
                "for group in $(seq 0 %d); do /bin/ip maddress %s $(printf 01:00:5e:7f:00:%%02x $group) dev eth0; done"
                        .formatted(count - 1, how),
                LONG);
    }

    private static long packetsOfSecondQueue() {
        Matcher packets =
                Pattern.compile("rx_queue_1_packets: (\\d+)")
                        .matcher(guest.check("ethtool -S eth0"));
        assertTrue(packets.find());
        return Long.parseLong(packets.group(1));
    }

    /** From 64 ports to one where nobody listens: the guest counts each, whatever its queue. */
    private static void sendManyFlows() {
        String count = "awk '/^Udp: [0-9]/ {print $3}' /proc/net/snmp"; // NoPorts
        long before = Long.parseLong(guest.check(count));
        namespace.shell(
                LONG,
                "for flow in {1..64}; do echo flow >/dev/udp/%s/9; done"
                        .formatted(GuestNetwork.GUEST));
        guest.check("until [ $(%s) -ge %d ]; do usleep 5000; done".formatted(count, before + 64));
    }

    /** The frames larger than the MTU that the guest receives while a file comes in over TCP. */
    private static List<String> oversizedFramesOfATransfer() {
        guest.check(
                ": >/run/seen; : >/run/errors; tcpdump -Z root -p -n -l -s 128 --immediate-mode -i eth0 inbound and greater %d >>/run/seen 2>>/run/errors & echo $! >/run/tcpdump; until grep -q 'listening on' /run/errors; do usleep 1000; done"
                        .formatted(MTU_BYTES + 14 + 1));
        network.tcpBothWays(guest, TRANSFER_BYTES / 8, 4);
        return guest.check("kill $(cat /run/tcpdump); cat /run/seen").lines().toList();
    }
}
