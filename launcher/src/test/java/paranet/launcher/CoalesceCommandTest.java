package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import paranet.core.host.BusyPoll;
import paranet.core.host.ControlSocket;
import paranet.guest.DriverOptions;
import paranet.guest.FakeFrontend;
import paranet.guest.FrontendOptions;
import paranet.guest.VirtioNetDriver;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.MacAddress;
import paranet.guest.frame.TestFrame;
import paranet.tap.EchoBridge;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The command against a running back end with a guest, over a real socket. */
class CoalesceCommandTest {
    @TempDir private Path directory;

    private HostThreads threads;
    private VirtioNetBackEnd backEnd;
    private ControlSocket control;
    private final StopSignal stop = new StopSignal();
    private Path socket;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void start() throws IOException {
        threads = new HostThreads(1, BusyPoll.ADAPTIVE, new StopSignal());
        backEnd = new VirtioNetBackEnd("vm1", new EchoBridge(1), VirtioNetOptions.DEFAULT, threads);
        backEnd.listen(directory.resolve("vm1"));
        socket = directory.resolve("control");
        control =
                ControlSocket.open(
                        socket, threads.control(), new CoalesceControl(List.of(backEnd))::answer);
    }

    @AfterEach
    void stop() {
        control.close();
        backEnd.close();
        threads.close();
    }

    private int coalesce(String... words) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        List<String> arguments = new ArrayList<>(List.of("coalesce", "--control-socket=" + socket));
        arguments.addAll(Arrays.asList(words));
        return Options.commandLine(stop, (_, _) -> 0, (_, _) -> 0, (_, _) -> 0, (_, _) -> 0)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments.toArray(String[]::new));
    }

    private VirtioNetDriver guest() throws IOException {
        return VirtioNetDriver.open(
                FakeFrontend.connect(directory.resolve("vm1"), FrontendOptions.usual(1)),
                DriverOptions.plain(1));
    }

    private static void echo(VirtioNetDriver guest, int count) throws IOException {
        TestFrame frames = new TestFrame(1);
        GuestFrame frame = new GuestFrame(2048);
        MacAddress mac = new MacAddress(0x02_00_00_00_00_02L);
        for (int i = 0; i < count; i++) {
            frames.write(frame, mac, mac, 1, i, 0, 100);
            assertTrue(guest.pair(0).send(frame));
            guest.pair(0).flush();
            while (!guest.pair(0).receive(frame)) {
                guest.await(1_000_000_000L, false);
            }
        }
    }

    @Test
    void changesALivePortWithoutReconnecting() throws IOException {
        try (VirtioNetDriver guest = guest()) {
            echo(guest, 5);
            assertEquals(ExitStatus.DONE, coalesce("show"), err::toString);
            assertTrue(out.toString().contains("vm1: requested none\n"), out::toString);
            assertEquals(ExitStatus.DONE, coalesce("set", "vm1", "fixed,rx-usecs=50,rx-frames=0"));
            assertTrue(
                    out.toString()
                            .contains(
                                    "vm1: effective rx: timer only, 50 us after the first packet"
                                            + " (ethtool rule)"),
                    out::toString);
            int echoes = 0;
            do { // a frame that is back before the guest sleeps needs no call
                assertTrue(echoes++ < 1000, out::toString);
                echo(guest, 1);
                assertEquals(ExitStatus.DONE, coalesce("explain", "1", "0"));
            } while (!out.toString().contains("DEADLINE"));
            assertEquals(ExitStatus.DONE, coalesce("set", "*", "pace"));
            echo(guest, 5);
            assertEquals(ExitStatus.DONE, coalesce("show", "--json"));
            assertTrue(
                    out.toString().startsWith("{\"port\":\"vm1\",\"policy\":\"pace\""),
                    out::toString);
            assertTrue(out.toString().contains("\"qnotify\":"), out::toString);
            assertEquals(1, backEnd.port().snapshot().connections());
        }
    }

    /** Whoever scrapes needs a type for each family, sums that fit, and the names of the docs. */
    @Test
    void metricsAreWhatPrometheusReads() throws IOException {
        try (VirtioNetDriver guest = guest()) {
            assertEquals(ExitStatus.DONE, coalesce("set", "vm1", "pace"));
            echo(guest, 20);
            assertEquals(ExitStatus.DONE, coalesce("metrics"), err::toString);
        }
        Set<String> families = new HashSet<>();
        Map<String, Double> values = new HashMap<>();
        for (String line : out.toString().lines().toList()) {
            if (line.startsWith("# TYPE ")) {
                assertTrue(families.add(line.split(" ", -1)[2]), line);
            } else if (!line.startsWith("# HELP ")) {
                assertTrue(
                        line.matches(
                                "paranet_\\w+\\{\\w+=\"[^\"]*\"(,\\w+=\"[^\"]*\")*} [-+.\\w]+"),
                        line);
                String name = line.substring(0, line.indexOf('{'));
                assertTrue(families.contains(name.replaceAll("_(bucket|sum|count)$", "")), line);
                values.put(
                        line.substring(0, line.lastIndexOf(' ')),
                        Double.parseDouble(
                                line.substring(line.lastIndexOf(' ') + 1)
                                        .replace("+Inf", "Infinity")));
            }
        }
        for (String name :
                List.of(
                        "calls_total",
                        "signals_total",
                        "suppressed_total",
                        "evaporated_total",
                        "hold_seconds",
                        "deadline_overrun_seconds",
                        "urgent_demoted_total",
                        "watchdog_recalls_total",
                        "guest_wake_seconds",
                        "guest_service_seconds",
                        "modelled_exits_total",
                        "events_total",
                        "qnotify_total",
                        "qinject_total",
                        "notify_total",
                        "inject_total")) {
            assertTrue(families.contains("paranet_" + name), name);
        }
        for (String queue : List.of("rx0", "tx0", "ctl")) {
            String of = "{port=\"vm1\",queue=\"" + queue + "\"";
            double avoided =
                    values.entrySet().stream()
                            .filter(
                                    each ->
                                            each.getKey()
                                                    .startsWith("paranet_suppressed_total" + of))
                            .mapToDouble(Map.Entry::getValue)
                            .sum();
            assertEquals(
                    values.get("paranet_published_total" + of + "}"),
                    values.get("paranet_calls_total" + of + "}") + avoided,
                    queue);
        }
        String urgent = "{port=\"vm1\",queue=\"rx0\",class=\"normal\"";
        assertEquals(
                values.get("paranet_hold_seconds_count" + urgent + "}"),
                values.get("paranet_hold_seconds_bucket" + urgent + ",le=\"+Inf\"}"));
        assertEquals(
                1,
                values.get(
                        "paranet_queue_info{port=\"vm1\",queue=\"ctl\",state=\"idle\",rule=\"operators\"}"));
    }

    @Test
    void saysWhatTheGuestSetAndWhoseLimitsAreInForce() throws Exception {
        try (VirtioNetDriver guest = guest()) {
            guest.control().limitAll(true, 0, 50);
            awaitShown(
                    "vm1: rx0: guest requested usecs 50, frames 0; effective every packet (virtio"
                            + " rule), in place of none\n");
            assertEquals(ExitStatus.DONE, coalesce("set", "vm1", "pace"));
            guest.control().limitAll(false, 8, 30);
            awaitShown(
                    "vm1: tx0: guest requested usecs 30, frames 8; effective 30 us after the first"
                            + " packet or at 8 packets (virtio rule), and within that pace\n");
        }
    }

    /** What the guest sets takes effect when it comes to the worker. */
    private void awaitShown(String line) {
        assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> {
                    do {
                        assertEquals(ExitStatus.DONE, coalesce("show"), err::toString);
                    } while (!out.toString().contains(line));
                },
                line);
    }

    @Test
    void printsEveryValueInForceAndWhatHasNoEffect() {
        assertEquals(
                ExitStatus.DONE, coalesce("set", "vm1", "throttle,rx-usecs=9,rx-frames-irq=3"));
        assertEquals(
                """
                vm1: requested throttle,rx-usecs=9,rx-frames-irq=3
                vm1: values rx-usecs=9, tx-usecs=50
                vm1: rx-frames-irq=3 has no effect here: a guest that polls is never called
                vm1: effective rx: at least 9 us between calls; tx: at least 50 us
                """,
                out.toString());
    }

    @Test
    void watchesUntilItIsStopped() throws IOException {
        try (VirtioNetDriver guest = guest()) {
            echo(guest, 5);
            stop.request();
            assertEquals(ExitStatus.DONE, coalesce("watch"), err::toString);
        }
        assertTrue(out.toString().startsWith("vm1: none; "), out::toString);
        assertTrue(out.toString().contains("\nrx0 "), out::toString);
        assertTrue(out.toString().contains("\nctl "), out::toString);
    }

    @Test
    void explainsAQueueByItsNameAndNamesThoseThereAre() throws IOException {
        try (VirtioNetDriver guest = guest()) {
            echo(guest, 5);
            assertEquals(ExitStatus.DONE, coalesce("explain", "vm1", "rx0"));
            String byName = out.toString().replaceAll("[0-9.]+ us ago", "");
            assertEquals(ExitStatus.DONE, coalesce("explain", "vm1", "0"));
            assertEquals(byName, out.toString().replaceAll("[0-9.]+ us ago", ""));
            assertEquals(ExitStatus.FAILED, coalesce("explain", "vm1", "rx7"));
            assertTrue(
                    err.toString()
                            .contains(
                                    "nothing was decided yet about a queue 'rx7' of vm1; there are"
                                            + " rx0, tx0, ctl"),
                    err::toString);
        }
    }

    @Test
    void namesWhatItRefuses() {
        assertEquals(ExitStatus.FAILED, coalesce("set", "vm1", "pace,rx-usecs=20000"));
        assertTrue(
                err.toString().contains("rx-usecs is 20000, and must be 0 to 10000"),
                err::toString);
        assertEquals(ExitStatus.FAILED, coalesce("set", "vm2", "pace"));
        assertTrue(err.toString().contains("no port 'vm2'; there are vm1"), err::toString);
        assertEquals(ExitStatus.FAILED, coalesce("frob"));
        assertTrue(err.toString().contains("'frob' is no request"), err::toString);
        assertEquals(ExitStatus.FAILED, coalesce("explain", "vm1", "77"));
        assertEquals(ExitStatus.DONE, coalesce("show"));
        assertTrue(out.toString().contains("vm1: requested none\n"), "nothing was changed");
    }

    @Test
    void onlyItsOwnerMayAsk() throws IOException {
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
    }

    /** Clients that say nothing, half a line, too much, or do not read, keep nobody waiting. */
    @Test
    void hostileClientsKeepNobodyWaiting() throws IOException {
        List<SocketChannel> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 12; i++) {
                SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                clients.add(client);
                byte[] bytes =
                        switch (i % 4) {
                            case 0 -> new byte[0];
                            case 1 -> "sho".getBytes(US_ASCII);
                            case 2 -> "x".repeat(900).getBytes(US_ASCII);
                            default -> "show\nshow\nshow".getBytes(US_ASCII);
                        };
                client.write(ByteBuffer.wrap(bytes));
                assertEquals(ExitStatus.DONE, coalesce("show"), err::toString);
            }
            SocketChannel long1 = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            clients.add(long1);
            long1.write(ByteBuffer.wrap("y".repeat(1024).getBytes(US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(100);
            assertTrue(long1.read(answer) > 0);
            assertTrue(
                    new String(answer.array(), US_ASCII).startsWith("error: a request has 1024"));
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }
}
