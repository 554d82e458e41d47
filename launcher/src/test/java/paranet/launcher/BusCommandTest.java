package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import paranet.core.host.BusyPoll;
import paranet.core.host.ControlSocket;
import paranet.core.linux.NetworkLink;
import paranet.core.linux.NetworkNamespace;
import paranet.guest.BusFrontend;
import paranet.guest.BusOptions;
import paranet.guest.VenetDriverOptions;
import paranet.guest.VenetGuest;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.MacAddress;
import paranet.guest.frame.TestFrame;
import paranet.tap.EchoBridge;
import paranet.venet.VenetOptions;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** The command against a running bus with a guest, over a real socket, beside a virtio-net port. */
class BusCommandTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);

    @TempDir private Path directory;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @FunctionalInterface
    private interface Body {
        void run() throws Exception;
    }

    /** A port without a bus, a bus with one device that echoes, and somebody who answers. */
    private void served(Body body) throws Exception {
        Path path = directory.resolve("bus");
        PortOptions options =
                new PortOptions(
                        new Endpoint.Listen(path),
                        new DeviceOptions.Venet(List.of(new Network.Echo()), VenetOptions.DEFAULT),
                        paranet.launcher.MacAddress.parse("02:50:00:00:00:00"),
                        OptionalInt.empty(),
                        CoalesceChoice.NONE);
        try (HostThreads threads = new HostThreads(1, BusyPoll.ADAPTIVE, new StopSignal());
                VirtioNetBackEnd other =
                        new VirtioNetBackEnd(
                                "vm", new EchoBridge(1), VirtioNetOptions.DEFAULT, threads);
                VenetBackEnd bus =
                        new VenetBackEnd(
                                "bus",
                                List.of(
                                        PortServer.venet(
                                                new Network.Echo(), options.mac(), options)),
                                threads);
                ControlSocket _ =
                        ControlSocket.open(
                                socket(),
                                threads.control(),
                                new PlugControl(List.of(other, bus), List.of(options, options))
                                        ::answer)) {
            bus.listen(path);
            body.run();
        }
    }

    private Path socket() {
        return directory.resolve("control");
    }

    private VenetGuest guest() throws IOException {
        return VenetGuest.open(
                BusFrontend.connect(directory.resolve("bus"), BusOptions.usual(1)),
                VenetDriverOptions.usual(1).withRings(64),
                1);
    }

    private int bus(String... words) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        List<String> arguments = new ArrayList<>(List.of("bus", "--control-socket=" + socket()));
        arguments.addAll(Arrays.asList(words));
        return Options.commandLine(
                        new StopSignal(), (_, _) -> 0, (_, _) -> 0, (_, _) -> 0, (_, _) -> 0)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments.toArray(String[]::new));
    }

    private void assertDone(String answer, String... words) {
        assertEquals(ExitStatus.DONE, bus(words), err::toString);
        assertEquals(answer, out.toString());
    }

    private static void echo(VenetGuest guest, int index) throws IOException {
        TestFrame frames = new TestFrame(1);
        GuestFrame frame = new GuestFrame(2048);
        MacAddress mac = new MacAddress(0x02_00_00_00_00_02L);
        long start = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            frames.write(frame, mac, mac, 1, i, 0, 100);
            assertTrue(guest.pair(index).send(frame));
            while (!guest.pair(index).receive(frame)) {
                assertTrue(System.nanoTime() - start < SECONDS_30, "nothing came back");
                guest.await(TimeUnit.MILLISECONDS.toNanos(20), false);
            }
        }
    }

    @Test
    void devicesComeAndGoWhileTheGuestRuns() throws Exception {
        served(
                () -> {
                    assertDone("bus: device 0: echo, 1 pair, link down\n", "show");
                    try (VenetGuest guest = guest()) {
                        assertDone("bus: device 0: echo, 1 pair, link up\n", "show");
                        for (int round = 1; round <= 3; round++) {
                            assertDone(
                                    "bus: device 1: 02:50:00:00:00:0%d, echo, 1 pair\n"
                                            .formatted(round),
                                    "add",
                                    "bus",
                                    "--echo");
                            guest.awaitDevices(2);
                            assertEquals(
                                    "02:50:00:00:00:0" + round, guest.pair(1).mac().toString());
                            echo(guest, 1);
                            echo(guest, 0);
                            assertDone("bus: device 1 is gone\n", "drop", "2", "1");
                            guest.awaitDevices(1);
                            echo(guest, 0);
                        }
                        assertDone("bus: device 0: echo, 1 pair, link up\n", "show");
                        assertDone("bus: device 0 is gone\n", "drop", "bus", "0");
                        guest.awaitDevices(0);
                        assertDone("", "show");
                    }
                });
    }

    @Test
    @Tag("tap") // needs /dev/net/tun and a network namespace of its own
    void theTapOfADeviceComesAndGoesWithIt() throws Exception {
        NetworkNamespace.run(
                () ->
                        served(
                                () -> {
                                    try (NetworkLink links = NetworkLink.open()) {
                                        assertEquals(
                                                ExitStatus.DONE,
                                                bus("add", "bus", "--tap=new0"),
                                                err::toString);
                                        assertTrue(links.exists("new0"));
                                        assertEquals(
                                                ExitStatus.FAILED, bus("add", "bus", "--tap=new0"));
                                        assertTrue(err.toString().contains("busy"), err::toString);
                                        assertDone("bus: device 1 is gone\n", "drop", "bus", "1");
                                        assertFalse(links.exists("new0"));
                                    }
                                }));
    }

    @Test
    void namesWhatItRefuses() throws Exception {
        served(
                () -> {
                    assertRefused("bus has no device 1; show lists them", "drop", "bus", "1");
                    assertRefused("DEVICE=x is not a whole number", "drop", "bus", "x");
                    assertRefused("vm has no bus", "add", "vm", "--sink");
                    assertRefused("no port 'vm9'; there are vm, bus", "drop", "vm9", "0");
                    assertRefused("--tap=a/b is no interface name", "add", "bus", "--tap=a/b");
                    assertRefused("--source=59 is out of bounds", "add", "bus", "--source=59");
                    assertRefused("'bus frob' is no request", "frob");
                    assertEquals(ExitStatus.USAGE, bus("add", "bus"));
                    assertTrue(err.toString().contains("one of --tap=NAME"), err::toString);
                    assertEquals(ExitStatus.USAGE, bus("drop", "bus", "0", "--echo"));
                    assertEquals(ExitStatus.USAGE, bus("add", "bus", "--echo", "--sink"));
                    assertEquals(ExitStatus.USAGE, bus());
                    assertDone("bus: device 0: echo, 1 pair, link down\n", "show");
                });
    }

    private void assertRefused(String why, String... words) {
        assertEquals(ExitStatus.FAILED, bus(words));
        assertTrue(err.toString().contains(why), err::toString);
    }
}
