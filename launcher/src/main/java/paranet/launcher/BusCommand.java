package paranet.launcher;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.concurrent.Callable;

/**
 * {@code paranet bus}: shows the devices on the buses of a running {@code paranet serve}, plugs
 * others in and pulls them out.
 *
 * <p>Threading: confined to the main thread.
 */
@Command(
        name = "bus",
        description = "Shows the venet devices of a running process, and plugs and unplugs them.",
        customSynopsis = {
            "paranet bus --control-socket=PATH show",
            "       paranet bus --control-socket=PATH add PORT NETWORK",
            "       paranet bus --control-socket=PATH drop PORT DEVICE",
            "NETWORK: --tap=NAME | --echo | --sink | --source=BYTES, as for paranet serve"
        },
        footer = {
            "",
            "PORT is the name that show prints, or a number from 1; DEVICE is the number of the",
            "device on its bus. The guest is told of both at once. The network of a device that is",
            "dropped is closed with it. The socket is that of paranet serve --control-socket=PATH."
        },
        sortOptions = false)
final class BusCommand implements Callable<Integer> {
    /** What is behind the new device. */
    static final class NetworkOption {
        @Option(
                names = "--tap",
                paramLabel = "NAME",
                required = true,
                description = "TAP, 1 to 15 bytes: creates it, or attaches to one that is there")
        private String tap;

        @Option(names = "--echo", required = true, description = "frames return to the guest")
        private boolean echo;

        @Option(names = "--sink", required = true, description = "frames are counted and dropped")
        private boolean sink;

        @Option(
                names = "--source",
                paramLabel = "BYTES",
                required = true,
                description = "endless frames of 60 to 65535 bytes for the guest")
        private String source;

        private String word() {
            if (tap != null) {
                return "--tap=" + tap;
            }
            if (source != null) {
                return "--source=" + source;
            }
            return echo ? "--echo" : sink ? "--sink" : "";
        }
    }

    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "prints this, and ends")
    boolean help; // read by picocli

    @Option(
            names = "--control-socket",
            paramLabel = "PATH",
            required = true,
            description = "UNIX socket of the process, 1 to 107 bytes")
    private String controlSocket;

    @ArgGroup(multiplicity = "0..1")
    private NetworkOption network;

    @Parameters(arity = "1..*", paramLabel = "REQUEST", hidden = true)
    private List<String> words;

    @Override
    public Integer call() throws Exception {
        boolean adds = words.getFirst().equals("add");
        if (adds != (network != null)) {
            throw new ParameterException(
                    spec.commandLine(),
                    adds
                            ? "one of --tap=NAME, --echo, --sink and --source=BYTES says where"
                                    + " frames of the new device go"
                            : "a network goes with add");
        }
        String request = PlugControl.BUS + " " + String.join(" ", words);
        return ControlClient.of(controlSocket, spec.commandLine())
                .carryOut(adds ? request + " " + network.word() : request);
    }
}
