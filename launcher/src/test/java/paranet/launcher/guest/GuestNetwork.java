package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The kernel's stack in a namespace on one side of a TAP, a guest on the other, and the traffic
 * between them that every kind of guest is tested with. Each method fails with an AssertionError
 * unless everything arrived intact.
 *
 * <p>Threading: confined to the test's thread.
 */
final class GuestNetwork {
    /** The address of the TAP's side. */
    static final String HOST = "10.77.0.1";

    /** The address of the guest. */
    static final String GUEST = "10.77.0.2";

    /** The guest's interface: nothing renames it. */
    static final String INTERFACE = "eth0";

    /**
     * Without a deadline, ping waits for the last reply no longer than for any before, and a
     * machine that has other things to do makes it a lost one.
     */
    private static final String HUNDRED_TIMES = "-c 100 -i 0.01 -w 30 ";

    private static final Pattern REPLY_NUMBER = Pattern.compile("bytes from .* icmp_seq=(\\d+)");
    private static final Duration TRANSFERRED_WITHIN = Duration.ofMinutes(3);
    private static final Duration PINGED_WITHIN = Duration.ofMinutes(1);
    private static final String DATAGRAM_SIZES =
            "1 2 17 64 500 1400 1471 1472 1473 4000 9000 30000";
    private static final int DATAGRAM_ROUNDS = 3;

    // Sends a datagram of each size and compares what comes back with it, one after the other.
    private static final String DATAGRAMS =
            """
            exec 3<>/dev/udp/%1$s/%2$d
            for size in %4$s; do
                echo "$size bytes"
                head -c $size /dev/urandom >%3$s/sent
                dd if=%3$s/sent bs=65536 count=1 >&3 2>/dev/null
                timeout 20 dd of=%3$s/received bs=65536 count=1 <&3 2>/dev/null
                cmp %3$s/sent %3$s/received
            done
            """;

    private final Namespace namespace;
    private final String tap;
    private int port =
            5000; // every transfer has a port of its own: none meets another's last segments

    GuestNetwork(Namespace namespace, String tap) {
        this.namespace = namespace;
        this.tap = tap;
    }

    /** Gives the TAP its address and takes it up. */
    void configureHost() {
        namespace.run("ip", "address", "replace", HOST + "/24", "dev", tap);
        namespace.run("ip", "link", "set", tap, "up");
    }

    /** Gives the guest its address and waits for the link. */
    void configureGuest(GuestConsole guest) {
        guest.check(
                "ip link set %1$s up && ip address add %2$s/24 dev %1$s"
                        .formatted(INTERFACE, GUEST));
        awaitCarrier(guest, true);
    }

    /** Waits until the guest sees its link up or down. */
    void awaitCarrier(GuestConsole guest, boolean up) {
        guest.check(
                "until [ \"$(cat /sys/class/net/%s/carrier)\" = %d ]; do usleep 10000; done"
                        .formatted(INTERFACE, up ? 1 : 0));
    }

    /** 100 echo requests from each side; all are answered. */
    void pingBothWays(GuestConsole guest) {
        pingHundredTimes(guest, HOST);
        expectHundredReplies(namespace.shell(PINGED_WITHIN, "ping " + HUNDRED_TIMES + GUEST));
    }

    /** 100 echo requests of a guest to an address; all are answered. */
    static void pingHundredTimes(GuestConsole guest, String address) {
        expectHundredReplies(guest.check("/bin/ping " + HUNDRED_TIMES + address, PINGED_WITHIN));
    }

    /** Echo requests of this many bytes of payload from each side, which must not be fragmented. */
    void pingUnfragmented(GuestConsole guest, int payloadBytes) {
        String options = "-c 10 -i 0.02 -w 30 -M do -s " + payloadBytes;
        expectEveryReply(
                guest.check("/bin/ping " + options + " " + HOST, PINGED_WITHIN), payloadBytes);
        expectEveryReply(
                namespace.shell(PINGED_WITHIN, "ping " + options + " " + GUEST), payloadBytes);
    }

    /**
     * One random file over TCP into the guest and from there back; its sha256 is the same at every
     * station.
     */
    void tcpBothWays(GuestConsole guest, int bytes, long seed) {
        Path sent = randomFile(bytes, seed);
        String expected = sha256(sent);

        GuestConsole.Background receiver =
                guest.background(
                        "socat -b 65536 -u TCP-LISTEN:"
                                + ++port
                                + ",reuseaddr OPEN:/tmp/file,creat,trunc");
        namespace.run(
                TRANSFERRED_WITHIN,
                "socat",
                "-b",
                "65536",
                "-u",
                "OPEN:" + sent,
                "TCP:" + GUEST + ":" + port + ",retry=200,interval=0.1");
        receiver.expectSuccess(TRANSFERRED_WITHIN);
        expectEqual(
                expected,
                guest.check("sha256sum </tmp/file", TRANSFERRED_WITHIN),
                "into the guest");

        Path received = namespace.file("received");
        try (Program listener = receiveFile(received)) {
            guest.check(sendFile(), TRANSFERRED_WITHIN);
            listener.expectSuccess(TRANSFERRED_WITHIN);
        }
        expectEqual(expected, sha256(received), "out of the guest");
        guest.check("rm /tmp/file");
        received.toFile().delete();
    }

    /** Starts a program that accepts one connection and writes what comes to a file. */
    Program receiveFile(Path received) {
        return namespace.start(
                "socat",
                "-b",
                "65536",
                "-u",
                "TCP-LISTEN:" + ++port + ",reuseaddr",
                "OPEN:" + received + ",creat,trunc");
    }

    /** The guest's command that sends its {@code /tmp/file} to the program started last. */
    String sendFile() {
        return "socat -b 65536 -u OPEN:/tmp/file TCP:"
                + HOST
                + ":"
                + port
                + ",retry=200,interval=0.1";
    }

    /**
     * Datagrams of 1 to 30,000 bytes, small ones and ones in fragments, sent from each side and
     * echoed by the other.
     */
    void udpBothWays(GuestConsole guest) {
        String sizes = (DATAGRAM_SIZES + " ").repeat(DATAGRAM_ROUNDS);
        int guestPort = ++port;
        GuestConsole.Background guestEcho =
                guest.background(
                        "echo $$ >/run/echo; exec socat -b 65536 UDP-LISTEN:"
                                + guestPort
                                + " PIPE");
        guest.check(untilBound(guestPort));
        namespace.shell(
                TRANSFERRED_WITHIN,
                DATAGRAMS.formatted(GUEST, guestPort, namespace.file("."), sizes));
        int hostPort = ++port;
        try (Program _ =
                namespace.start(
                        "socat", "-b", "65536", "UDP-LISTEN:" + hostPort + ",reuseaddr", "PIPE")) {
            namespace.shell(Duration.ofSeconds(30), untilBound(hostPort));
            guest.check(
                    "bash -euo pipefail <<'END'\n"
                            + DATAGRAMS.formatted(HOST, hostPort, "/tmp", sizes)
                            + "END",
                    TRANSFERRED_WITHIN);
        }
        guest.check("kill $(cat /run/echo)");
        guestEcho.await(TRANSFERRED_WITHIN);
    }

    /**
     * Frames which the TAP's kernel side has received from the guest; a segmented one counts once.
     */
    long framesFromGuest() {
        return Long.parseLong(
                namespace.run("cat", "/sys/class/net/" + tap + "/statistics/rx_packets").strip());
    }

    /** A file of pseudorandom bytes in the namespace's directory. */
    Path randomFile(int bytes, long seed) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        Path file = namespace.file("random");
        try {
            return Files.write(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The sha256 of a file as sha256sum prints it for its standard input. */
    static String sha256(Path file) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file))) + "  -";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String untilBound(int port) {
        return "until grep -q ':%04X 00000000:0000' /proc/net/udp; do sleep 0.02; done"
                .formatted(port);
    }

    /** One each for the numbers 1 to 100; ping goes on until it has so many replies. */
    private static void expectHundredReplies(String output) {
        List<Integer> numbers =
                REPLY_NUMBER
                        .matcher(output)
                        .results()
                        .map(reply -> Integer.parseInt(reply.group(1)))
                        .sorted()
                        .toList();
        if (!numbers.equals(IntStream.rangeClosed(1, 100).boxed().toList())) {
            throw new AssertionError(output);
        }
    }

    private static void expectEveryReply(String output, int payloadBytes) {
        long replies =
                output.lines()
                        .filter(line -> line.startsWith(payloadBytes + 8 + " bytes from"))
                        .count();
        if (replies != 10) {
            throw new AssertionError(replies + " of 10: " + output);
        }
    }

    private static void expectEqual(String expected, String actual, String where) {
        if (!expected.equals(actual)) {
            throw new AssertionError(where + ": sha256 " + actual + " instead of " + expected);
        }
    }
}
