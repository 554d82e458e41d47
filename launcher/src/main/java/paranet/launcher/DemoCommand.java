package paranet.launcher;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/**
 * {@code paranet demo}: turns the command line into {@link DemoOptions}.
 *
 * <p>Threading: confined to the main thread.
 */
@Command(
        name = "demo",
        description =
                "Shows real traffic between guests and this kernel's network; nothing to set up.",
        customSynopsis = "paranet demo [OPTION]...",
        sortOptions = false)
final class DemoCommand implements Callable<Integer> {
    /** What to do with checked options. */
    @FunctionalInterface
    interface Demo {
        /** Runs to the end or until {@code stop}, and returns the exit status. */
        int run(DemoOptions options, StopSignal stop) throws Exception;
    }

    private final Demo demo;
    private final StopSignal stop;

    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "prints this, and ends")
    boolean help; // read by picocli

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "15",
            description = "how long, 1 to 86400 s (default: 15)")
    private String seconds;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "both",
            description = "virtio-net, venet, or both (the default) side by side")
    private String device;

    DemoCommand(Demo demo, StopSignal stop) {
        this.demo = demo;
        this.stop = stop;
    }

    @Override
    public Integer call() throws Exception {
        DemoOptions options;
        try {
            options = new DemoOptions(DeviceChoice.parse(device), IntBound.SECONDS.parse(seconds));
        } catch (OptionException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return demo.run(options, stop);
    }
}
