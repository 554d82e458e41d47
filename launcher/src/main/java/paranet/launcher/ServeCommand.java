package paranet.launcher;

import paranet.core.host.BusyPoll;
import paranet.venet.VenetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code paranet serve}: turns the command line into {@link ServeOptions}.
 *
 * <p>Threading: confined to the main thread.
 */
@Command(
        name = "serve",
        description = "Serves ports: a front end on one side, a network on the other.",
        customSynopsis = {
            "paranet serve --socket-path=PATH [--client] NETWORK [OPTION]... [--next ...]",
            "       paranet serve --fd=N NETWORK [OPTION]... [--next ...]",
            "NETWORK: --tap=NAME | --tap-fd=N[,N].. | --echo | --sink | --source=BYTES"
        },
        footer = {
            "",
            "Runs until SIGTERM or SIGINT, and then ends with status 0 and removes its socket.",
            "Logs go to standard error. Sizes are decimal numbers without a unit."
        },
        sortOptions = false)
final class ServeCommand implements Callable<Integer> {
    /** What to do with checked options: the one place where everything meets. */
    @FunctionalInterface
    interface Server {
        /** Serves until {@code stop}, and returns the exit status. */
        int serve(ServeOptions options, StopSignal stop) throws Exception;
    }

    /** Lets picocli print the names. */
    static final class FeatureNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Stream.of(
                            VirtioNetFeature.byName().keySet().stream(),
                            Stream.of(
                                    "of venet: "
                                            + String.join(", ", VenetFeatures.byName().keySet())))
                    .flatMap(names -> names)
                    .iterator();
        }
    }

    private static final String VIRTIO_NET = "virtio-net";
    private static final String VENET = "venet";

    private final Server server;
    private final StopSignal stop;

    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "prints this, and ends")
    boolean help; // read by picocli

    @Option(
            names = "--socket-path",
            paramLabel = "PATH",
            description =
                    "UNIX socket, 1 to 107 bytes: listens there; the file exists as soon as it"
                            + " does")
    private String socketPath;

    @Option(
            names = "--client",
            description =
                    "with --socket-path: connects there instead, and again whenever it is lost")
    private boolean client;

    @Option(
            names = "--fd",
            paramLabel = "N",
            description = "descriptor of a connected socket, 0 to 1048575, instead of a path")
    private String fd;

    @Option(
            names = "--tap",
            paramLabel = "NAME",
            description =
                    "TAP interface, 1 to 15 bytes: attaches to it, or creates it;"
                            + " venet: once for each device, or once with %%d for the device's number")
    private List<String> taps;

    @Option(
            names = "--tap-persist",
            description = "with --tap: the interface stays when the process ends")
    private boolean tapPersist;

    @Option(
            names = "--tap-fd",
            paramLabel = "N[,N]..",
            description =
                    "open descriptors, 0 to 1048575: of a TAP, one for each queue pair;"
                            + " venet: of a TAP each, one for each device")
    private String tapFd;

    @Option(names = "--echo", description = "every frame returns to the guest")
    private boolean echo;

    @Option(names = "--sink", description = "frames are counted and dropped")
    private boolean sink;

    @Option(
            names = "--source",
            paramLabel = "BYTES",
            description = "endless frames for the guest, each of 60 to 65535 bytes")
    private String source;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = VIRTIO_NET,
            description =
                    "virtio-net (the default), or venet[=COUNT]: a bus with 1 to 128 devices of"
                            + " AlacrityVM (default: 1)")
    private String device;

    @Option(
            names = "--queues",
            paramLabel = "N",
            description =
                    "queue pairs, 1 to 127, or 128 with --features=-ctrl_vq"
                            + " (default: 1, or as many as --tap-fd names)")
    private String queues;

    @Option(
            names = "--mac",
            paramLabel = "ADDRESS",
            description =
                    "the guest's address, as in 02:50:00:00:00:01; venet: of its first device"
                            + " (default: always the same for the same --socket-path)")
    private String mac;

    @Option(
            names = "--mtu",
            paramLabel = "BYTES",
            description = "68 to 65535 bytes (default: the network side's)")
    private String mtu;

    @Option(
            names = "--features",
            paramLabel = "[+|-]NAME,..",
            completionCandidates = FeatureNames.class,
            description =
                    "adds or removes what the device offers, as in -packed,-event_idx; the names:"
                            + " ${COMPLETION-CANDIDATES}")
    private String features;

    @Option(
            names = "--txmitigation",
            paramLabel = "N",
            description =
                    "venet: frames sent until the guest is told, 0 to 2048; 0 tells of each"
                            + " (default: 10)")
    private String txMitigation;

    @Option(
            names = "--burstthresh",
            paramLabel = "US",
            description =
                    "venet: takes frames as the guest rings, when it had not rung for so many"
                            + " microseconds, 0 to 1000000; 0 never does (the default)")
    private String burstThreshold;

    @Option(
            names = "--coalesce",
            paramLabel = "POLICY",
            defaultValue = "none",
            description = {
                "when the guest is called: none (the default) calls at once; the",
                "others, each with key=value.. behind it (times in microseconds, the",
                "default in brackets):",
                "fixed     rx-usecs tx-usecs 0-1000000 (20),",
                "          rx-frames tx-frames 0-32768 (64),",
                "          zero=ethtool|virtio (ethtool): 0 is no criterion, or",
                "          is after every packet",
                "throttle  rx-usecs tx-usecs 0-1000000 (50)",
                "dim       adaptive-rx (on) adaptive-tx (off), mode=eqe|cqe (eqe),",
                "          rx-usecs-low (0) rx-usecs-high (256) up to 1000000, in",
                "          force below pkt-rate-low and above pkt-rate-high a second",
                "          (0: not used), sample-interval 1-60 s (1)",
                "vic       epoch-msecs 1-10000 (200), in-flight-min 1-1024 (4),",
                "          rate-min 0-100000000 a second (2000),",
                "          hold-usecs 1-1000000 (1000)",
                "pace      preset=latency|balanced|throughput (balanced) or",
                "          latency-price 0.0001-10, rx-usecs (20)",
                "          rx-bulk-usecs (100) tx-usecs (100) hol-usecs (6) 0-10000,",
                "          rx-frames 1-64 (64), urgent-rate (100000) irq-budget",
                "          (0: none) 0-100000000 a second, wake-model (pi2020)"
            })
    private String coalesce;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "threads that serve queues, of all ports, 1 to 64 (default: 1)")
    private String workers;

    @Option(
            names = "--busy-poll",
            paramLabel = "US",
            description =
                    "microseconds that such a thread polls after each frame before it sleeps,"
                            + " 0 to 1000000: costs processor time and saves latency"
                            + " (default: 150 while 4 frames a millisecond come, else 0)")
    private String busyPoll;

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description =
                    "writes every control message and every call to a bus there, in words, of all"
                            + " ports; what was in the file is lost")
    private String trace;

    @Option(
            names = "--control-socket",
            paramLabel = "PATH",
            description =
                    "UNIX socket for paranet coalesce and paranet bus, 1 to 107 bytes; only this user"
                            + " may connect (default: none)")
    private String controlSocket;

    @Option(
            names = PortSections.NEXT,
            arity = "0",
            preprocessor = PortSections.class,
            description =
                    "one port more in the same process, with options of its own from here on;"
                            + " --workers, --busy-poll, --trace and --control-socket are for all and come before")
    private List<String> rest;

    @Option(
            names = "--print-capabilities",
            description = "prints what this back end can do as a JSON object, and ends")
    private boolean printCapabilities;

    ServeCommand(Server server, StopSignal stop) {
        this.server = server;
        this.stop = stop;
    }

    @Override
    public Integer call() throws Exception {
        if (printCapabilities) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(capabilities());
            out.flush();
            return ExitStatus.DONE;
        }
        try {
            return server.serve(options(), stop);
        } catch (OptionException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private ServeOptions options() throws OptionException {
        List<PortOptions> ports = new ArrayList<>(List.of(port()));
        if (rest != null) {
            for (List<String> section : PortSections.split(rest)) {
                ports.add(another(section, ports.size() + 1));
            }
        }
        requireDistinct(ports);
        return new ServeOptions(
                ports,
                workers == null ? 1 : IntBound.WORKERS.parse(workers),
                busyPoll == null
                        ? BusyPoll.ADAPTIVE
                        : BusyPoll.always(IntBound.BUSY_POLL.parse(busyPoll)),
                trace == null ? Optional.empty() : Optional.of(OptionText.file("--trace", trace)),
                controlSocket == null
                        ? Optional.empty()
                        : Optional.of(OptionText.socketPath("--control-socket", controlSocket)));
    }

    private PortOptions another(List<String> section, int number) throws OptionException {
        ServeCommand command = new ServeCommand(server, stop);
        try {
            new CommandLine(command)
                    .setAbbreviatedOptionsAllowed(false)
                    .setExpandAtFiles(false)
                    .parseArgs(section.toArray(String[]::new));
            if (command.help || command.printCapabilities) {
                throw new OptionException("--help and --print-capabilities come before --next");
            }
            if (command.workers != null
                    || command.busyPoll != null
                    || command.trace != null
                    || command.controlSocket != null) {
                throw new OptionException(
                        "--workers, --busy-poll, --trace and --control-socket are for all ports"
                                + " and come before --next");
            }
            return command.port();
        } catch (OptionException | ParameterException e) {
            throw new OptionException("port %d: %s".formatted(number, e.getMessage()), e);
        }
    }

    private static void requireDistinct(List<PortOptions> ports) throws OptionException {
        List<String> endpoints = new ArrayList<>();
        List<String> sides = new ArrayList<>();
        for (PortOptions port : ports) {
            if (endpoints.contains(port.endpoint().option())) {
                throw new OptionException(
                        "two ports have the same " + port.endpoint().option() + "; each needs one");
            }
            endpoints.add(port.endpoint().option());
            for (Network network : port.device().networks()) {
                for (String side : network.exclusive()) {
                    if (sides.contains(side)) {
                        throw new OptionException(
                                "two ports have the same %s; each needs its own".formatted(side));
                    }
                    sides.add(side);
                }
            }
        }
    }

    private PortOptions port() throws OptionException {
        CoalesceChoice coalescing = CoalesceChoice.parse(coalesce);
        Endpoint endpoint = endpoint();
        return new PortOptions(
                endpoint,
                device(),
                mac == null ? MacAddress.derivedFrom(endpoint.toString()) : MacAddress.parse(mac),
                mtu == null ? OptionalInt.empty() : OptionalInt.of(IntBound.MTU.parse(mtu)),
                coalescing);
    }

    private DeviceOptions device() throws OptionException {
        if (device.equals(VIRTIO_NET)) {
            return virtioNet();
        }
        if (device.equals(VENET)) {
            return venet(1);
        }
        if (device.startsWith(VENET + "=")) {
            return venet(IntBound.VENETS.parse(device.substring(VENET.length() + 1)));
        }
        throw new OptionException(
                "--device=" + device + " is unknown; virtio-net and venet[=COUNT] are there");
    }

    private DeviceOptions.VirtioNet virtioNet() throws OptionException {
        if (txMitigation != null || burstThreshold != null) {
            throw new OptionException("--txmitigation and --burstthresh go with --device=venet");
        }
        Network network = networks(1).getFirst();
        FeatureSelection selection = selection(VirtioNetFeature.byName());
        return new DeviceOptions.VirtioNet(network, queuePairs(network, selection), selection);
    }

    private DeviceOptions.Venet venet(int devices) throws OptionException {
        if (queues != null) {
            throw new OptionException(
                    "--queues goes with --device=virtio-net; a venet device has one queue pair");
        }
        return new DeviceOptions.Venet(
                networks(devices),
                VenetOptions.DEFAULT
                        .withTxMitigation(
                                txMitigation == null
                                        ? VenetOptions.DEFAULT.txMitigation()
                                        : IntBound.TX_MITIGATION.parse(txMitigation))
                        .withBurstMicros(
                                burstThreshold == null
                                        ? VenetOptions.DEFAULT.burstMicros()
                                        : IntBound.BURST_THRESHOLD.parse(burstThreshold))
                        .withFeatures(VenetFeatures.of(selection(VenetFeatures.byName()))));
    }

    private FeatureSelection selection(Map<String, Long> known) throws OptionException {
        return features == null
                ? FeatureSelection.DEFAULT
                : FeatureSelection.parse(features, known);
    }

    private Endpoint endpoint() throws OptionException {
        if ((socketPath == null) == (fd == null)) {
            throw new OptionException(
                    "exactly one of --socket-path=PATH and --fd=N says where the front end is");
        }
        if (fd != null) {
            if (client) {
                throw new OptionException("--client goes with --socket-path; --fd is connected");
            }
            return new Endpoint.Inherited(IntBound.FD.parse(fd));
        }
        return client
                ? new Endpoint.Connect(OptionText.socketPath(socketPath))
                : new Endpoint.Listen(OptionText.socketPath(socketPath));
    }

    private List<Network> networks(int devices) throws OptionException {
        int named = count(taps != null, tapFd != null, echo, sink, source != null);
        if (named != 1) {
            throw new OptionException(
                    "exactly one of --tap=NAME, --tap-fd=N, --echo, --sink and --source=BYTES says"
                            + " where frames go, and here are "
                            + named);
        }
        if (tapPersist && taps == null) {
            throw new OptionException("--tap-persist goes with --tap=NAME");
        }
        if (taps != null) {
            List<Network> networks = new ArrayList<>();
            List<String> names =
                    device.equals(VIRTIO_NET)
                            ? OptionText.interfaceNames(taps)
                            : OptionText.interfaceNames(taps, devices);
            for (String name : names) {
                networks.add(new Network.Tap(name, tapPersist));
            }
            return networks;
        }
        if (tapFd != null) {
            return tapDescriptors(OptionText.tapDescriptors(tapFd), devices);
        }
        Network network =
                source != null
                        ? new Network.Source(IntBound.SOURCE.parse(source))
                        : echo ? new Network.Echo() : new Network.Sink();
        return Collections.nCopies(devices, network);
    }

    /** All of them are one TAP's for virtio-net, and one each for the devices of a bus. */
    private List<Network> tapDescriptors(List<Integer> descriptors, int devices)
            throws OptionException {
        if (device.equals(VIRTIO_NET)) {
            return List.of(new Network.TapDescriptors(descriptors));
        }
        if (descriptors.size() != devices) {
            throw new OptionException(
                    "--tap-fd names %d descriptors for %d devices; each needs one"
                            .formatted(descriptors.size(), devices));
        }
        List<Network> networks = new ArrayList<>();
        for (int descriptor : descriptors) {
            networks.add(new Network.TapDescriptors(List.of(descriptor)));
        }
        return networks;
    }

    private int queuePairs(Network network, FeatureSelection selection) throws OptionException {
        Optional<Integer> descriptors =
                network instanceof Network.TapDescriptors taps
                        ? Optional.of(taps.descriptors().size())
                        : Optional.empty();
        int pairs = queues == null ? descriptors.orElse(1) : IntBound.QUEUES.parse(queues);
        if (descriptors.isPresent() && descriptors.get() != pairs) {
            throw new OptionException(
                    "--queues=%d does not fit --tap-fd, which names %d; each pair needs one"
                            .formatted(pairs, descriptors.get()));
        }
        // A vring's index has 8 bits (vhost-user, Vring descriptor index), and the control queue
        // needs one more.
        if (pairs == IntBound.QUEUES.max() && !selection.removes(VirtioNetFeature.CTRL_VQ)) {
            throw new OptionException(
                    "--queues=128 leaves no index for the control queue; 127 do, or add"
                            + " --features=-ctrl_vq");
        }
        return pairs;
    }

    private static int count(boolean... said) {
        int count = 0;
        for (boolean one : said) {
            count += one ? 1 : 0;
        }
        return count;
    }

    private static String capabilities() {
        return VirtioNetFeature.byName().keySet().stream()
                .collect(Collectors.joining("\",\"", "{\"type\":\"net\",\"features\":[\"", "\"]}"));
    }
}
