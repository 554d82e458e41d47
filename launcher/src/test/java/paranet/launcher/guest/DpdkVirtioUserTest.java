package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * DPDK's virtio_user as the guest: a front end that polls both rings and changes its memory table
 * while they run. Where the back end returns frames, each one's content, order and count is
 * compared.
 */
@RealGuest
final class DpdkVirtioUserTest {
    private static final int FRAMES = 20_000;
    private static final int FRAME_BYTES_MIN = 60;
    private static final int FRAME_BYTES_MAX = 1514;
    private static final int JUMBO_BYTES_MAX = 9014;
    private static final int HUGE_PAGES = 256;
    private static final int FEW_HUGE_PAGES = 16;
    private static final short EXPERIMENTAL = (short) 0x88b5; // an ethertype nobody else uses
    private static final Duration SOON = Duration.ofSeconds(60);

    private Namespace namespace;

    @BeforeEach
    void createNamespace() {
        namespace = Namespace.create();
        namespace.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"); // no chatter
    }

    @AfterEach
    void deleteNamespace() {
        namespace.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "packed_vq=0",
                "packed_vq=1",
                "mrg_rxbuf=0",
                "in_order=0",
                "mrg_rxbuf=0,in_order=0",
                "packed_vq=1,mrg_rxbuf=0",
                "packed_vq=1,in_order=0",
                "packed_vq=1,mrg_rxbuf=0,in_order=0",
                "queue_size=64",
                "queue_size=1024",
                "packed_vq=1,queue_size=64",
                "packed_vq=1,queue_size=1024",
                "vectorized=1,mrg_rxbuf=0"
            })
    void everyFrameComesBack(String device) {
        try (PortUnderTest port = PortUnderTest.listening(namespace, "echo", "--echo");
                EchoingGuest guest = attach(port, device, 1, Testpmd.Memory.SMALL_PAGES)) {
            guest.expectEcho(List.of(frames(1, FRAMES, FRAME_BYTES_MAX)));
            guest.expectEcho(List.of(frames(2, FRAMES, FRAME_BYTES_MAX)));
            guest.testpmd().quit();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"packed_vq=0", "packed_vq=1"})
    void everyFrameComesBackInItsOwnQueue(String device) {
        try (PortUnderTest port =
                        PortUnderTest.listening(namespace, "echo", "--echo", "--queues=2");
                EchoingGuest guest = attach(port, device, 2, Testpmd.Memory.SMALL_PAGES)) {
            guest.expectEcho(
                    List.of(
                            frames(1, FRAMES, FRAME_BYTES_MAX),
                            frames(2, FRAMES / 2, FRAME_BYTES_MAX)));
            guest.testpmd().quit();
        }
    }

    /** With indirect tables or, where there are none, chains in the ring. */
    @ParameterizedTest
    @CsvSource({
        "packed_vq=0, --features=+indirect_desc",
        "in_order=0, --features=+indirect_desc",
        "'packed_vq=0,in_order=0', --features=-indirect_desc",
        "packed_vq=1, --features=+indirect_desc",
        "'packed_vq=1,in_order=0', --features=+indirect_desc",
        "packed_vq=1, --features=-indirect_desc",
        "'packed_vq=1,in_order=0', --features=-indirect_desc"
    })
    void framesLargerThanABufferComeBackInSeveral(String device, String features) {
        try (PortUnderTest port = PortUnderTest.listening(namespace, "echo", "--echo", features);
                EchoingGuest guest = attach(port, device, 1, Testpmd.Memory.SMALL_PAGES)) {
            guest.expectEcho(List.of(frames(1, FRAMES / 4, JUMBO_BYTES_MAX)));
            guest.testpmd().quit();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"packed_vq=0", "packed_vq=1"})
    void aMemoryTableThatGrowsWhileRingsRunIsFollowed(String device) {
        try (HugePages pages = HugePages.adding(HUGE_PAGES);
                PortUnderTest port = PortUnderTest.listening(namespace, "echo", "--echo");
                PortUnderTest other =
                        PortUnderTest.listening(namespace, "other", "--echo", "--queues=4");
                EchoingGuest guest = attach(port, device, 1, Testpmd.Memory.GROWING)) {
            guest.expectEcho(List.of(frames(1, FRAMES, FRAME_BYTES_MAX)));
            long before = port.sharedBytes();
            // The rings of another device need more pages than it has left.
            guest.testpmd()
                    .command(
                            "port attach net_virtio_user1,queues=4,queue_size=8192,path="
                                    + other.socket());
            assertTrue(
                    port.sharedBytes() > before,
                    () -> before + " bytes before and after; " + guest.testpmd().describe());
            guest.testpmd().command("port detach 2"); // else it would take part
            guest.expectEcho(List.of(frames(2, FRAMES, FRAME_BYTES_MAX)));
            guest.testpmd().quit();
            assertTrue(HugePages.size() >= HUGE_PAGES, pages::toString);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"packed_vq=0", "packed_vq=1"})
    void aTableOfSeveralRegionsIsServed(String device) {
        try (HugePages pages = HugePages.adding(FEW_HUGE_PAGES);
                PortUnderTest port = PortUnderTest.listening(namespace, "echo", "--echo");
                EchoingGuest guest = attach(port, device, 1, Testpmd.Memory.EIGHT_REGIONS)) {
            assertTrue(port.sharedMappings() >= 4, () -> port.sharedMappings() + " mappings");
            guest.expectEcho(List.of(frames(1, FRAMES, FRAME_BYTES_MAX)));
            guest.testpmd().quit();
            assertTrue(HugePages.size() >= FEW_HUGE_PAGES, pages::toString);
        }
    }

    @Test
    void everyFrameSentReachesTheTap() {
        List<byte[]> frames = frames(1, 5_000, FRAME_BYTES_MAX);
        Path captured = namespace.file("captured.pcap");
        Path sent = namespace.file("sent.pcap");
        Path returned = namespace.file("returned.pcap");
        Pcap.write(sent, frames);
        try (PortUnderTest port = tapPort();
                Program capture = capture("tap0", captured);
                Testpmd guest = withFiles("guest", port, "packed_vq=0", sent, returned)) {
            guest.command("start");
            Await.until(
                    SOON,
                    () -> Pcap.read(captured).size() >= frames.size(),
                    () ->
                            "%d frames captured; %s; %s"
                                    .formatted(
                                            Pcap.read(captured).size(),
                                            guest.describe(),
                                            capture.tail()));
            EchoingGuest.expectSame("TAP", frames, Pcap.read(captured));
            guest.command("stop");
            guest.quit();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"packed_vq=0", "packed_vq=1"})
    void aGuestThatOnlySendsLosesNothingOnTheWayToTheTap(String device) {
        try (PortUnderTest port = tapPort();
                Testpmd guest = plain(port, device)) {
            guest.command("set fwd txonly");
            guest.command("start");
            Await.until(
                    SOON,
                    () -> guest.statistics(0).sent() > 300_000,
                    () -> guest.statistics(0) + "; " + port.describe());
            guest.command("stop");
            Testpmd.Statistics statistics = guest.statistics(0);
            Await.until(
                    SOON,
                    () -> tapCounter("rx_packets") >= statistics.sent(),
                    () -> tapCounter("rx_packets") + " of " + statistics);
            assertEquals(statistics.sent(), tapCounter("rx_packets"));
            assertEquals(statistics.sentBytes(), tapCounter("rx_bytes"));
            guest.quit();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"packed_vq=0", "packed_vq=1", "mrg_rxbuf=0"})
    void aGuestThatOnlyReceivesGetsEachFrameWhole(String device) {
        Path received = namespace.file("received.pcap");
        Path nothing = namespace.file("nothing.pcap");
        Pcap.write(nothing, List.of());
        try (PortUnderTest port =
                        PortUnderTest.listening(
                                namespace, "source", "--source=" + FRAME_BYTES_MAX);
                Testpmd guest = withFiles("guest", port, device, nothing, received)) {
            guest.command("start");
            Await.until(
                    SOON,
                    () -> guest.statistics(1).sent() > 10_000,
                    () -> guest.describe() + "; " + port.describe());
            guest.command("stop");
            guest.quit();
            List<byte[]> frames = Pcap.read(received);
            assertTrue(frames.size() > 10_000, () -> frames.size() + " frames");
            byte[] addresses = Arrays.copyOf(frames.getFirst(), 14);
            for (byte[] frame : frames) {
                assertEquals(FRAME_BYTES_MAX, frame.length);
                assertArrayEquals(addresses, Arrays.copyOf(frame, 14));
            }
        }
    }

    @Test
    void framesFromTheTapReachTheGuestAsTheyAre() {
        List<byte[]> frames = frames(1, 800, FRAME_BYTES_MAX); // a TAP's own queue holds 1000
        Path sent = namespace.file("sent.pcap");
        Path received = namespace.file("received.pcap");
        Path nothing = namespace.file("nothing.pcap");
        Pcap.write(sent, frames);
        Pcap.write(nothing, List.of());
        try (PortUnderTest port = tapPort();
                PortUnderTest sender = PortUnderTest.listening(namespace, "sender", "--tap=tap1");
                Testpmd guest = withFiles("guest", port, "packed_vq=0", nothing, received);
                Testpmd peer =
                        withFiles(
                                "peer",
                                sender,
                                "packed_vq=0",
                                sent,
                                namespace.file("ignored.pcap"))) {
            bridge("tap0", "tap1");
            guest.command("start");
            peer.command("start");
            Await.until(
                    SOON,
                    () ->
                            Pcap.read(received).stream().filter(DpdkVirtioUserTest::isOurs).count()
                                    >= frames.size(),
                    () -> guest.describe() + peer.describe());
            guest.command("stop");
            guest.quit();
            // The bridge says something of its own now and then.
            EchoingGuest.expectSame(
                    "bridge",
                    frames,
                    Pcap.read(received).stream().filter(DpdkVirtioUserTest::isOurs).toList());
            peer.command("stop");
            peer.quit();
        }
    }

    @Test
    void aClientFindsItsServerAgainAfterEachOneRestarts() throws IOException {
        Path socket = namespace.file("echo.sock");
        String device = "server=1,path=" + socket;
        try (PortUnderTest first = PortUnderTest.connecting(namespace, "echo", "--echo")) {
            // The port is first, and tries until somebody listens.
            try (EchoingGuest guest = server("one", device)) {
                guest.awaitPrompt();
                guest.expectEcho(List.of(frames(1, FRAMES, FRAME_BYTES_MAX)));
                guest.testpmd().quit();
            }
            Files.deleteIfExists(socket);
            // The front end comes anew; the port finds it.
            try (EchoingGuest guest = server("two", device)) {
                guest.awaitPrompt();
                guest.expectEcho(List.of(frames(2, FRAMES, FRAME_BYTES_MAX)));
                // The port is killed and comes anew.
                first.kill();
                Await.until(SOON, () -> !guest.isLinkUp(), guest.testpmd()::describe);
                try (PortUnderTest next = PortUnderTest.connecting(namespace, "echo", "--echo")) {
                    Await.until(SOON, guest::isLinkUp, guest.testpmd()::describe);
                    guest.expectEcho(List.of(frames(3, FRAMES, FRAME_BYTES_MAX)));
                    assertTrue(next.isAlive(), next::describe);
                    guest.testpmd().quit();
                }
            }
        }
    }

    @Test
    void frontEndsThatComeAndGoLeaveNothingBehind() {
        try (PortUnderTest port = PortUnderTest.listening(namespace, "echo", "--echo")) {
            int descriptors = port.openDescriptors();
            for (int round = 0; round < 4; round++) {
                try (EchoingGuest guest =
                        attach(port, "packed_vq=" + round % 2, 1, Testpmd.Memory.SMALL_PAGES)) {
                    guest.expectEcho(List.of(frames(round, FRAMES / 10, FRAME_BYTES_MAX)));
                    if (round < 2) {
                        guest.testpmd().quit();
                    } else {
                        guest.testpmd().kill();
                    }
                }
                Await.until(
                        SOON,
                        () -> port.sharedMappings() == 0 && port.openDescriptors() == descriptors,
                        () ->
                                "%d mappings, %d descriptors instead of %d; %s"
                                        .formatted(
                                                port.sharedMappings(),
                                                port.openDescriptors(),
                                                descriptors,
                                                port.describe()));
            }
        }
    }

    private PortUnderTest tapPort() {
        PortUnderTest port = PortUnderTest.listening(namespace, "tap", "--tap=tap0");
        namespace.run("ip", "link", "set", "tap0", "up");
        return port;
    }

    private long tapCounter(String name) {
        String text = namespace.run("cat", "/sys/class/net/tap0/statistics/" + name);
        return Long.parseLong(text.strip());
    }

    private void bridge(String... interfaces) {
        namespace.run("ip", "link", "add", "bridge0", "type", "bridge");
        for (String name : interfaces) {
            namespace.run("ip", "link", "set", name, "master", "bridge0");
            namespace.run("ip", "link", "set", name, "up");
        }
        namespace.run("ip", "link", "set", "bridge0", "up");
    }

    /** Returns once it captures. */
    private Program capture(String device, Path file) {
        Program tcpdump =
                namespace.start(
                        Provisioned.load().path("tcpdump").toString(),
                        "--immediate-mode",
                        "-U",
                        "-s",
                        "2048",
                        "-B",
                        "32768",
                        "-Z",
                        "root",
                        "-i",
                        device,
                        "-w",
                        file.toString());
        Await.until(SOON, () -> tcpdump.output().contains("listening on"), tcpdump::tail);
        return tcpdump;
    }

    /** A guest with nothing but virtio_user, at its prompt. */
    private Testpmd plain(PortUnderTest port, String device) {
        Testpmd guest =
                Testpmd.start(
                        namespace,
                        "guest",
                        Testpmd.Memory.SMALL_PAGES,
                        List.of("net_virtio_user0,%s,path=%s".formatted(device, port.socket())),
                        List.of());
        guest.awaitPrompt();
        return guest;
    }

    /** A guest that sends the frames of a file and writes what it receives, at its prompt. */
    private Testpmd withFiles(
            String name, PortUnderTest port, String device, Path sent, Path received) {
        Testpmd guest =
                Testpmd.start(
                        namespace,
                        name,
                        Testpmd.Memory.SMALL_PAGES,
                        List.of(
                                "net_virtio_user0,%s,path=%s".formatted(device, port.socket()),
                                "net_pcap0,rx_pcap=%s,tx_pcap=%s".formatted(sent, received)),
                        List.of());
        guest.awaitPrompt();
        guest.waitForRoom();
        return guest;
    }

    private EchoingGuest server(String name, String device) {
        return EchoingGuest.start(namespace, name, device, 1, Testpmd.Memory.SMALL_PAGES);
    }

    private EchoingGuest attach(
            PortUnderTest port, String device, int queuePairs, Testpmd.Memory memory) {
        EchoingGuest guest =
                EchoingGuest.start(
                        namespace,
                        "guest",
                        "path=" + port.socket() + "," + device,
                        queuePairs,
                        memory);
        guest.awaitPrompt();
        return guest;
    }

    private static boolean isOurs(byte[] frame) {
        return ByteBuffer.wrap(frame).getShort(12) == EXPERIMENTAL;
    }

    /** Frames of an experimental type with their number and random content, of random sizes. */
    private static List<byte[]> frames(long seed, int count, int frameBytesMax) {
        Random random = new Random(seed);
        List<byte[]> frames = new ArrayList<>(count);
        for (int number = 0; number < count; number++) {
            byte[] frame = new byte[random.nextInt(FRAME_BYTES_MIN, frameBytesMax + 1)];
            random.nextBytes(frame);
            ByteBuffer.wrap(frame)
                    .putShort((short) 0x5254)
                    .putInt(2)
                    .putShort((short) 0x5254)
                    .putInt(1)
                    .putShort(EXPERIMENTAL)
                    .putInt(number);
            frames.add(frame);
        }
        return frames;
    }
}
