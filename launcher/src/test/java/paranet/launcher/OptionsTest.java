package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.host.BusyPoll;
import paranet.venet.VenetFeature;
import paranet.venet.VenetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import picocli.CommandLine;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

class OptionsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Object accepted;

    @Test
    void servesWithNothingButAnEndpointAndANetwork() {
        assertEquals(
                new ServeOptions(
                        List.of(
                                new PortOptions(
                                        new Endpoint.Listen(Path.of("/run/vm1.sock")),
                                        new DeviceOptions.VirtioNet(
                                                new Network.Tap("tap0", false),
                                                1,
                                                FeatureSelection.DEFAULT),
                                        MacAddress.derivedFrom("Listen[path=/run/vm1.sock]"),
                                        OptionalInt.empty(),
                                        CoalesceChoice.NONE)),
                        1,
                        BusyPoll.ADAPTIVE,
                        Optional.empty(),
                        Optional.empty()),
                served("--socket-path=/run/vm1.sock", "--tap=tap0"));
    }

    @Test
    void servesWithEveryOptionSaid() throws OptionException {
        assertEquals(
                new ServeOptions(
                        List.of(
                                new PortOptions(
                                        new Endpoint.Connect(Path.of("vm.sock")),
                                        new DeviceOptions.VirtioNet(
                                                new Network.Tap("a-name.of_15ch", true),
                                                128,
                                                new FeatureSelection(
                                                        VirtioNetFeature.MQ
                                                                | VirtioNetFeature.IN_ORDER,
                                                        VirtioNetFeature.CTRL_VQ
                                                                | VirtioNetFeature.RING_PACKED)),
                                        MacAddress.parse("02:50:00:00:00:01"),
                                        OptionalInt.of(9000),
                                        CoalesceChoice.parse("pace,rx-usecs=50"))),
                        64,
                        BusyPoll.always(2500),
                        Optional.of(Path.of("messages.txt")),
                        Optional.of(Path.of("control.sock"))),
                served(
                        "--socket-path=vm.sock",
                        "--client",
                        "--tap=a-name.of_15ch",
                        "--tap-persist",
                        "--device=virtio-net",
                        "--queues=128",
                        "--mac=02:50:00:00:00:01",
                        "--mtu=9000",
                        "--features=-ctrl_vq,+mq,-packed,in_order",
                        "--coalesce=pace,rx-usecs=50",
                        "--control-socket=control.sock",
                        "--workers=64",
                        "--busy-poll=2500",
                        "--trace=messages.txt"));
    }

    @Test
    void takesEveryKindOfNetworkAndEndpoint() {
        assertAll(
                () -> assertEquals(new Network.Echo(), network("--fd=3", "--echo")),
                () -> assertEquals(new Network.Sink(), network("--fd=3", "--sink")),
                () -> assertEquals(new Network.Source(1514), network("--fd=3", "--source=1514")),
                () -> assertEquals(new Endpoint.Inherited(0), port("--fd=0", "--echo").endpoint()));
    }

    @Test
    void hasAsManyQueuePairsAsTapDescriptors() {
        assertEquals(
                new DeviceOptions.VirtioNet(
                        new Network.TapDescriptors(List.of(7, 5, 9)), 3, FeatureSelection.DEFAULT),
                port("--fd=3", "--tap-fd=7,5,9").device());
        assertEquals(
                port("--fd=3", "--tap-fd=7,5,9").device(),
                port("--fd=3", "--tap-fd=7,5,9", "--queues=3").device());
    }

    @Test
    void servesManyPortsEachWithOptionsOfItsOwn() {
        ServeOptions options =
                served(
                        "--workers=2",
                        "--socket-path=/a",
                        "--tap=tap0",
                        "--mtu=9000",
                        "--next",
                        "--fd=3",
                        "--echo",
                        "--next",
                        "--socket-path=/b",
                        "--tap=tap1");

        assertEquals(2, options.workers());
        assertEquals(
                List.of("--socket-path=/a", "--fd=3", "--socket-path=/b"),
                options.ports().stream().map(port -> port.endpoint().option()).toList());
        assertEquals(
                List.of(
                        new Network.Tap("tap0", false),
                        new Network.Echo(),
                        new Network.Tap("tap1", false)),
                options.ports().stream()
                        .flatMap(port -> port.device().networks().stream())
                        .toList());
        assertEquals(
                List.of(OptionalInt.of(9000), OptionalInt.empty(), OptionalInt.empty()),
                options.ports().stream().map(PortOptions::mtuBytes).toList());
    }

    @Test
    void servesVenetDevicesEachWithANetworkOfItsOwn() {
        assertEquals(
                new DeviceOptions.Venet(List.of(new Network.Echo()), VenetOptions.DEFAULT),
                port("--fd=3", "--device=venet", "--echo").device());
        assertEquals(
                new DeviceOptions.Venet(
                        List.of(
                                new Network.Tap("vm0", true),
                                new Network.Tap("vm1", true),
                                new Network.Tap("vm2", true)),
                        new VenetOptions(
                                0, 50, EnumSet.complementOf(EnumSet.of(VenetFeature.TXC)))),
                port(
                                "--fd=3",
                                "--device=venet=3",
                                "--tap=vm%d",
                                "--tap-persist",
                                "--features=+ufo,-txc",
                                "--txmitigation=0",
                                "--burstthresh=50")
                        .device());
        assertEquals(
                List.of(new Network.Tap("a", false), new Network.Tap("b", false)),
                port("--fd=3", "--device=venet=2", "--tap=a", "--tap=b").device().networks());
        assertEquals(
                List.of(
                        new Network.TapDescriptors(List.of(7)),
                        new Network.TapDescriptors(List.of(5))),
                port("--fd=3", "--device=venet=2", "--tap-fd=7,5").device().networks());
    }

    @Test
    void numbersAddressesWithinTheirMaker() throws OptionException {
        MacAddress mac = MacAddress.parse("02:50:00:ff:ff:fe");

        assertEquals("02:50:00:ff:ff:ff", mac.plus(1).toString());
        assertEquals("02:50:00:00:00:00", mac.plus(2).toString());
    }

    @Test
    void derivesTheSameUnicastLocalAddressFromTheSameName() {
        MacAddress one = MacAddress.derivedFrom("one");

        assertEquals(one, MacAddress.derivedFrom("one"));
        assertFalse(one.equals(MacAddress.derivedFrom("two")));
        assertEquals(2, one.toBytes()[0], "locally administered, not a group");
    }

    @Test
    void spellsAnAddressAsItIsParsed() throws OptionException {
        assertEquals("fe:dc:ba:98:76:54", MacAddress.parse("FE:DC:BA:98:76:54").toString());
    }

    static Stream<List<String>> refusals() {
        String socket = "--socket-path=/s";
        return Stream.of(
                // what must be in the message, then the arguments
                List.of("exactly one of --socket-path=PATH and --fd=N", "serve", "--echo"),
                List.of("exactly one of --socket-path", "serve", socket, "--fd=3", "--echo"),
                List.of(
                        "--client goes with --socket-path",
                        "serve",
                        "--fd=3",
                        "--client",
                        "--echo"),
                List.of("and here are 0", "serve", socket),
                List.of("and here are 2", "serve", socket, "--echo", "--sink"),
                List.of(
                        "--tap-persist goes with --tap",
                        "serve",
                        socket,
                        "--echo",
                        "--tap-persist"),
                List.of("1 to 15 are possible", "serve", socket, "--tap=sixteen-letters-"),
                List.of("1 to 15 are possible", "serve", socket, "--tap="),
                List.of("no interface name", "serve", socket, "--tap=a/b"),
                List.of("no interface name", "serve", socket, "--tap=tap%d"),
                List.of("no interface name", "serve", socket, "--tap=.."),
                List.of(
                        "1 to 107 are possible",
                        "serve",
                        "--socket-path=/" + "x".repeat(107),
                        "--echo"),
                List.of("--socket-path is empty", "serve", "--socket-path=", "--echo"),
                List.of("--socket-path=/ names no file", "serve", "--socket-path=/", "--echo"),
                List.of("names 4 twice", "serve", socket, "--tap-fd=4,5,4"),
                List.of("--tap-fd= is not a whole number", "serve", socket, "--tap-fd=4,"),
                List.of("at most 128", "serve", socket, "--tap-fd=" + numbers(3, 132)),
                List.of(
                        "--queues=2 does not fit --tap-fd, which names 1",
                        "serve",
                        socket,
                        "--tap-fd=4",
                        "--queues=2"),
                List.of("--features=-ctrl_vq", "serve", socket, "--echo", "--queues=128"),
                List.of("--device=e1000 is unknown", "serve", socket, "--echo", "--device=e1000"),
                List.of("--device=venets is unknown", "serve", socket, "--echo", "--device=venets"),
                List.of(
                        "--queues goes with --device=virtio-net",
                        "serve",
                        socket,
                        "--echo",
                        "--device=venet",
                        "--queues=1"),
                List.of(
                        "--txmitigation and --burstthresh go with --device=venet",
                        "serve",
                        socket,
                        "--echo",
                        "--txmitigation=1"),
                List.of(
                        "--tap names 1 interfaces, 2 are needed: name each, or one with %d",
                        "serve", socket, "--device=venet=2", "--tap=a"),
                List.of(
                        "--tap names 2 interfaces, 1 is possible",
                        "serve",
                        socket,
                        "--tap=a",
                        "--tap=b"),
                List.of(
                        "--tap=a is named twice",
                        "serve",
                        socket,
                        "--device=venet=2",
                        "--tap=a",
                        "--tap=a"),
                List.of(
                        "--tap=fifteen-letters0 has 16 bytes",
                        "serve",
                        socket,
                        "--device=venet=2",
                        "--tap=fifteen-letters%d"),
                List.of(
                        "--tap-fd names 3 descriptors for 2 devices",
                        "serve",
                        socket,
                        "--device=venet=2",
                        "--tap-fd=4,5,6"),
                List.of(
                        "'csum' is no feature; known are sg, tso4",
                        "serve",
                        socket,
                        "--device=venet",
                        "--echo",
                        "--features=csum"),
                List.of(
                        "--coalesce: 'adaptive' is none of none, fixed, throttle, dim, vic, pace",
                        "serve",
                        socket,
                        "--echo",
                        "--coalesce=adaptive"),
                List.of(
                        "usecs is 2000000, and must be 0 to 1000000",
                        "serve",
                        socket,
                        "--echo",
                        "--coalesce=fixed,rx-usecs=2000000"),
                List.of(
                        "rx-usecs-irq=x must be a whole number",
                        "serve",
                        socket,
                        "--echo",
                        "--coalesce=pace,rx-usecs-irq=x"),
                List.of("Missing required option", "coalesce", "show"),
                List.of(
                        "--json goes with show and watch",
                        "coalesce",
                        "--control-socket=x",
                        "set",
                        "1",
                        "none",
                        "--json"),
                List.of(
                        "'frob' is no feature; known are csum, guest_csum",
                        "serve",
                        socket,
                        "--echo",
                        "--features=-frob"),
                List.of("'' is no feature", "serve", socket, "--echo", "--features=mq,"),
                List.of("mq is named twice", "serve", socket, "--echo", "--features=+mq,-mq"),
                List.of("not six bytes", "serve", socket, "--echo", "--mac=02:50:00:00:00"),
                List.of("not six bytes", "serve", socket, "--echo", "--mac=025000000001"),
                List.of("group address", "serve", socket, "--echo", "--mac=01:00:5e:00:00:01"),
                List.of("no address", "serve", socket, "--echo", "--mac=00:00:00:00:00:00"),
                List.of("--trace is empty", "serve", socket, "--echo", "--trace="),
                List.of("port 2: exactly one of", "serve", socket, "--echo", "--next"),
                List.of(
                        "port 3: --mtu=1 is out of bounds",
                        "serve",
                        socket,
                        "--echo",
                        "--next",
                        "--fd=3",
                        "--echo",
                        "--next",
                        "--fd=4",
                        "--echo",
                        "--mtu=1"),
                List.of(
                        "port 2: Unknown option: '--frob'",
                        "serve",
                        socket,
                        "--echo",
                        "--next",
                        "--frob"),
                List.of(
                        "--workers, --busy-poll, --trace and --control-socket are for all",
                        "serve",
                        socket,
                        "--echo",
                        "--next",
                        "--fd=3",
                        "--echo",
                        "--workers=2"),
                List.of("come before --next", "serve", socket, "--echo", "--next", "--help"),
                List.of(
                        "two ports have the same --socket-path=/s",
                        "serve",
                        socket,
                        "--echo",
                        "--next",
                        socket,
                        "--client",
                        "--sink"),
                List.of(
                        "two ports have the same --tap=tap0",
                        "serve",
                        socket,
                        "--tap=tap0",
                        "--next",
                        "--fd=3",
                        "--tap=tap0"),
                List.of(
                        "two ports have the same --tap-fd=4",
                        "serve",
                        socket,
                        "--tap-fd=4",
                        "--next",
                        "--fd=3",
                        "--tap-fd=5,4"),
                List.of("--device=both needs two", "loopback", "--device=both", socket),
                List.of(
                        "--queues goes with virtio-net",
                        "loopback",
                        "--device=venet",
                        "--queues=2"),
                List.of("only venet and both take", "loopback", "--device=virtio-net=2"),
                List.of("--device=e1000 is unknown", "loopback", "--device=e1000=2"),
                List.of("--device=venet=2 is unknown", "demo", "--device=venet=2"),
                List.of("64 to 1514 bytes", "loopback", "--device=venet", "--size=1515"),
                List.of("--seed=x is not a whole number", "loopback", "--seed=x"),
                List.of("--seed=x is not a whole number", "compare", "--seed=x"),
                List.of("--out is empty", "compare", "--out="),
                List.of("--out=/dev/null is no directory", "compare", "--out=/dev/null"),
                List.of(
                        "--only=R15 is no reference result; known are R1, R2",
                        "compare",
                        "--only=R1,R15"),
                List.of("--only= is no reference result", "compare", "--only="),
                List.of("--measured=/none is no file", "compare", "--measured=/none"),
                List.of("--measured is for the report", "compare", "--only=R1", "--measured=/none"),
                List.of("'comparison' is no command", "comparison"),
                List.of("'comparison' is no command", "comparison", "--help"),
                List.of("no command is named"),
                List.of("Unknown option", "serve", socket, "--echo", "--soc"),
                List.of("Unmatched argument", "serve", socket, "--echo", "leftover"),
                List.of(
                        "should be specified only once",
                        "serve",
                        socket,
                        "--mtu=1500",
                        "--mtu=1500",
                        "--echo"));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void refusesWithTheReasonAndStatus2(List<String> row) {
        refuses(row.getFirst(), row.subList(1, row.size()).toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({
        "serve, --queues, 1, 128",
        "serve, --mtu, 68, 65535",
        "serve, --workers, 1, 64",
        "serve, --busy-poll, 0, 1000000",
        "serve, --device=venet, 1, 128",
        "serve, --txmitigation, 0, 2048",
        "serve, --burstthresh, 0, 1000000",
        "serve, --fd, 0, 1048575",
        "serve, --source, 60, 65535",
        "loopback, --device=venet, 1, 64",
        "loopback, --queues, 1, 127",
        "loopback, --seconds, 1, 86400",
        "loopback, --size, 64, 65549",
        "demo, --seconds, 1, 86400",
    })
    void holdsBoundsAndNamesThemInMessageAndHelp(String command, String option, int min, int max) {
        for (int inside : new int[] {min, max}) {
            assertEquals(
                    ExitStatus.DONE, run(complete(command, option + "=" + inside)), err::toString);
        }
        String bounds = min + " to " + max;
        refuses(bounds, complete(command, option + "=" + (min - 1)));
        refuses(option + "=" + (max + 1L), complete(command, option + "=" + (max + 1L)));
        refuses(bounds, complete(command, option + "=one"));
        refuses(bounds, complete(command, option + "=1.5"));
        refuses(bounds, complete(command, option + "=99999999999"));
        assertEquals(ExitStatus.DONE, run(command, "--help"));
        boolean served = command.equals("serve") && option.equals("--queues");
        String shown = served ? "1 to 127, or 128" : bounds;
        assertTrue(out.toString().contains(shown), out::toString);
    }

    @Test
    void printsCapabilitiesAndNeedsNoOtherOption() {
        assertEquals(ExitStatus.DONE, run("serve", "--print-capabilities"));

        assertTrue(
                out.toString().startsWith("{\"type\":\"net\",\"features\":[\"csum\","),
                out::toString);
        assertTrue(out.toString().endsWith("\"]}\n"), out::toString);
        assertEquals("", err.toString());
        assertNull(accepted);
    }

    @Test
    void helpNamesNothingThatDoesNotExistYet() {
        for (String command : List.of("serve", "loopback", "demo", "compare")) {
            run(command, "--help");
        }
        run("--help");

        String help = out.toString();
        assertTrue(help.contains("--print-capabilities"), help);
        assertTrue(help.contains("event_idx"), help);
        for (String there : List.of("compare", "coalesce", "--version", "--quick")) {
            assertTrue(help.contains(there), () -> there + " in " + help);
        }
    }

    @Test
    void readsLoopbackAndDemo() {
        run("loopback");
        assertEquals(
                new LoopbackOptions(
                        DeviceChoice.VIRTIO_NET,
                        1,
                        Optional.empty(),
                        5,
                        OptionalInt.empty(),
                        1,
                        false),
                accepted);
        run("loopback", "--socket-path=/s", "--seconds=2", "--size=64", "--seed=-9", "--json");
        assertEquals(
                new LoopbackOptions(
                        DeviceChoice.VIRTIO_NET,
                        1,
                        Optional.of(Path.of("/s")),
                        2,
                        OptionalInt.of(64),
                        -9,
                        true),
                accepted);
        run("loopback", "--device=both=16", "--queues=4");
        assertEquals(
                new LoopbackOptions(
                        new DeviceChoice(DeviceChoice.BOTH.devices(), 16),
                        4,
                        Optional.empty(),
                        5,
                        OptionalInt.empty(),
                        1,
                        false),
                accepted);
        run("demo", "--seconds=3");
        assertEquals(new DemoOptions(DeviceChoice.BOTH, 3), accepted);
        run("demo", "--device=virtio-net");
        assertEquals(new DemoOptions(DeviceChoice.VIRTIO_NET, 15), accepted);
    }

    @Test
    void readsCompare() {
        run("compare");
        assertEquals(
                new CompareOptions(
                        false, 1, Path.of("paranet-compare"), List.of(), Optional.empty()),
                accepted);
        run("compare", "--quick", "--seed=-9", "--out=/x/y", "--only=R8,R1");
        assertEquals(
                new CompareOptions(
                        true, -9, Path.of("/x/y"), List.of("R8", "R1"), Optional.empty()),
                accepted);
    }

    @Test
    void comparesWithMeasuredCountsBesideTheReportOrWhereTheyAreNamed(@TempDir Path directory)
            throws IOException {
        Path beside = Files.createFile(directory.resolve("measured.csv"));
        run("compare", "--out=" + directory);
        assertEquals(Optional.of(beside), ((CompareOptions) accepted).measured());
        Path named = Files.createFile(directory.resolve("other.csv"));
        run("compare", "--out=" + directory, "--measured=" + named);
        assertEquals(Optional.of(named), ((CompareOptions) accepted).measured());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 78})
    void passesACommandsStatusOn(int status) {
        CommandLine line =
                Options.commandLine(
                        new StopSignal(),
                        (o, s) -> status,
                        (o, s) -> status,
                        (o, s) -> status,
                        (o, s) -> status);

        assertEquals(status, line.execute("demo"));
        assertEquals(status, line.execute("compare"));
    }

    @Test
    void endsWithOneLineWhenACommandFailsAndWith78WhenAPrerequisiteIsMissing() {
        CommandLine line =
                Options.commandLine(
                                new StopSignal(),
                                (o, s) -> {
                                    throw new IOException("the disk is on fire");
                                },
                                (o, s) -> ExitStatus.DONE,
                                (o, s) -> {
                                    throw new MissingPrerequisite("install a bucket", null);
                                },
                                (o, s) -> ExitStatus.DONE)
                        .setErr(new PrintWriter(err));

        assertEquals(ExitStatus.FAILED, line.execute("serve", "--fd=3", "--echo"));
        assertEquals(ExitStatus.PREREQUISITE, line.execute("demo"));
        assertEquals("paranet: the disk is on fire\nparanet: install a bucket\n", err.toString());
    }

    private ServeOptions served(String... options) {
        String[] arguments =
                Stream.concat(Stream.of("serve"), Stream.of(options)).toArray(String[]::new);
        assertEquals(ExitStatus.DONE, run(arguments), err::toString);
        return (ServeOptions) accepted;
    }

    private PortOptions port(String... options) {
        List<PortOptions> ports = served(options).ports();
        assertEquals(1, ports.size());
        return ports.getFirst();
    }

    private Network network(String... options) {
        List<Network> networks = port(options).device().networks();
        assertEquals(1, networks.size());
        return networks.getFirst();
    }

    private void refuses(String reason, String... arguments) {
        err.getBuffer().setLength(0);
        accepted = null;
        assertEquals(ExitStatus.USAGE, run(arguments), () -> "accepted " + accepted);
        assertTrue(err.toString().contains(reason), err::toString);
        assertTrue(
                err.toString().matches("(?s)paranet: .*\nTry 'paranet.* --help'.\n"),
                err::toString);
        assertNull(accepted);
    }

    private int run(String... arguments) {
        return Options.commandLine(
                        new StopSignal(), this::accept, this::accept, this::accept, this::accept)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    private int accept(Object options, StopSignal stop) {
        accepted = options;
        return ExitStatus.DONE;
    }

    /** A command line that lacks nothing beside {@code option}. */
    private static String[] complete(String command, String option) {
        Stream<String> rest =
                switch (command) {
                    case "serve" ->
                            Stream.of(
                                    option.startsWith("--fd") ? "" : "--fd=3",
                                    option.startsWith("--source") ? "" : "--echo",
                                    option.startsWith("--queues") ? "--features=-ctrl_vq" : "",
                                    isOfVenet(option) ? "--device=venet" : "");
                    default -> Stream.of();
                };
        return Stream.concat(Stream.of(command, option), rest.filter(o -> !o.isEmpty()))
                .toArray(String[]::new);
    }

    private static boolean isOfVenet(String option) {
        return option.startsWith("--txmitigation") || option.startsWith("--burstthresh");
    }

    private static String numbers(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(","));
    }
}
