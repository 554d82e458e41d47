package paranet.launcher;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * {@code paranet coalesce}: asks a running {@code paranet serve} about when its guests are called,
 * and changes it.
 *
 * <p>Threading: confined to the main thread.
 */
@Command(
        name = "coalesce",
        description = "Shows and changes when guests are called, while they run.",
        customSynopsis = {
            "paranet coalesce --control-socket=PATH show [--json]",
            "       paranet coalesce --control-socket=PATH set PORT POLICY[,key=value..]",
            "       paranet coalesce --control-socket=PATH watch [--json]",
            "       paranet coalesce --control-socket=PATH explain PORT QUEUE",
            "       paranet coalesce --control-socket=PATH metrics"
        },
        footer = {
            "",
            "PORT is the name that show prints, a number from 1, or * for all. POLICY is as for",
            "paranet serve --coalesce. QUEUE is a name that watch prints, such as rx0 or evq0. watch",
            "prints each second, until it is stopped, in microseconds or, with m, milliseconds: p50,",
            "p99 and max of holds (bounds), g the gap or hold and B the frames that a call waits for,",
            "w and s the guest's time to wake and for a frame; metrics prints what it is made from, as",
            "Prometheus reads it. The socket is that of paranet serve --control-socket=PATH."
        },
        sortOptions = false)
final class CoalesceCommand implements Callable<Integer> {
    private static final long WATCH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final StopSignal stop;

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

    @Option(names = "--json", description = "a JSON object for each port, a line each")
    private boolean json;

    @Parameters(arity = "1..*", paramLabel = "REQUEST", hidden = true)
    private List<String> words;

    CoalesceCommand(StopSignal stop) {
        this.stop = stop;
    }

    @Override
    public Integer call() throws Exception {
        ControlClient client = ControlClient.of(controlSocket, spec.commandLine());
        boolean watching = words.equals(List.of("watch"));
        boolean shows = watching || words.equals(List.of("show"));
        if (json && !shows) {
            throw new ParameterException(spec.commandLine(), "--json goes with show and watch");
        }
        if (watching && !json) {
            return watch(client);
        }
        String request = shows ? "show" : String.join(" ", words);
        int status = client.carryOut(json ? request + " json" : request);
        while (watching && status == ExitStatus.DONE && !stop.await(WATCH_NANOS)) {
            status = client.carryOut(json ? request + " json" : request);
        }
        return status;
    }

    private int watch(ControlClient client) throws IOException, InterruptedException {
        CoalesceWatch watch = new CoalesceWatch();
        int status;
        do {
            status = client.carryOut("metrics", metrics -> watch.table(metrics, System.nanoTime()));
        } while (status == ExitStatus.DONE && !stop.await(WATCH_NANOS));
        return status;
    }
}
