package paranet.launcher;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.tap.TapException;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

import java.io.PrintWriter;
import java.util.Collection;

/**
 * The command line as a whole: its commands, its messages and its exit statuses.
 *
 * <p>Threading: confined to the main thread.
 */
@Command(
        name = "paranet",
        version = "paranet 0.1.0",
        description = "Paravirtual network devices for virtual machines, over vhost-user.",
        customSynopsis = "paranet COMMAND [OPTION]...",
        footer = {
            "",
            "  test      runs every test: ./paranet test --help",
            "",
            "paranet COMMAND --help tells more. Exit status: 0 done, 1 failed, 2 wrong usage,",
            "78 a prerequisite is missing (the message says which, and the cure)."
        },
        mixinStandardHelpOptions = true)
final class Options {
    private static final Logger LOG = LoggerFactory.getLogger(Options.class);

    private Options() {}

    /** A command line that hands checked options to the given commands, and {@code stop}. */
    static CommandLine commandLine(
            StopSignal stop,
            ServeCommand.Server server,
            LoopbackCommand.Loopback loopback,
            DemoCommand.Demo demo,
            CompareCommand.Compare compare) {
        return new CommandLine(new Options())
                .addSubcommand(new ServeCommand(server, stop))
                .addSubcommand(new LoopbackCommand(loopback, stop))
                .addSubcommand(new DemoCommand(demo, stop))
                .addSubcommand(new CoalesceCommand(stop))
                .addSubcommand(new BusCommand())
                .addSubcommand(new CompareCommand(compare, stop))
                .setAbbreviatedOptionsAllowed(false)
                .setExpandAtFiles(false)
                .setUsageHelpWidth(100)
                .setExecutionStrategy(Options::run)
                .setParameterExceptionHandler(Options::refuse)
                .setExecutionExceptionHandler(Options::failed);
    }

    /** A word that is no command is refused beside --help too, where picocli overlooks it. */
    private static int run(CommandLine.ParseResult parsed) {
        if (!parsed.unmatched().isEmpty()) {
            throw new UnmatchedArgumentException(
                    parsed.commandSpec().commandLine(), parsed.unmatched());
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    private static int refuse(ParameterException e, String[] arguments) {
        PrintWriter err = e.getCommandLine().getErr();
        err.println("paranet: " + message(e));
        err.println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        err.flush();
        return ExitStatus.USAGE;
    }

    private static String message(ParameterException e) {
        Collection<String> commands = e.getCommandLine().getSubcommands().keySet();
        if (commands.isEmpty()) {
            return e.getMessage();
        }
        String what =
                e instanceof UnmatchedArgumentException unmatched
                        ? "'" + unmatched.getUnmatched().getFirst() + "' is no command or option"
                        : "no command is named";
        return what + "; commands are " + String.join(", ", commands) + ", test";
    }

    private static int failed(Exception e, CommandLine command, CommandLine.ParseResult parsed)
            throws Exception {
        if (e instanceof ParameterException refused) {
            return refuse(refused, new String[0]);
        }
        PrintWriter err = command.getErr();
        err.println("paranet: " + (e.getMessage() == null ? e : e.getMessage()));
        err.flush();
        if (e instanceof MissingPrerequisite) {
            return ExitStatus.PREREQUISITE;
        }
        if (e instanceof TapException tap) {
            return tap.kind().exitStatus();
        }
        LOG.debug("the command failed", e);
        return ExitStatus.FAILED;
    }
}
