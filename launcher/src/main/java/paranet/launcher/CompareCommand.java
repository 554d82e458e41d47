package paranet.launcher;

import paranet.guest.compare.Comparison;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * {@code paranet compare}: turns the command line into {@link CompareOptions}.
 *
 * <p>Threading: confined to the main thread.
 */
@Command(
        name = "compare",
        description =
                "Compares devices and policies on a virtual clock, and writes a report of it.",
        customSynopsis = "paranet compare [OPTION]...",
        footer = {
            "",
            "Writes report.html, results.csv and pruned.csv, and prints the goals. All figures are",
            "modelled and follow from the seed; progress is on standard error. docs/evidence.md says",
            "what each reference result is."
        },
        sortOptions = false)
final class CompareCommand implements Callable<Integer> {
    /** What to do with checked options. */
    @FunctionalInterface
    interface Compare {
        /** Runs to the end or until {@code stop}, and returns the exit status. */
        int run(CompareOptions options, StopSignal stop) throws Exception;
    }

    private final Compare compare;
    private final StopSignal stop;

    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "prints this, and ends")
    boolean help; // read by picocli

    @Option(
            names = "--quick",
            description =
                    "the cells that the report needs, 50 ms of virtual time each: under a"
                            + " minute on two cores (default: all, 1 s each: under an hour)")
    private boolean quick;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "of all that is random, -2^63 to 2^63-1 (default: 1)")
    private String seed;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "paranet-compare",
            description = "directory to write to, made if needed (default: paranet-compare)")
    private String out;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            split = ",",
            description =
                    "R1 to R14, one or several: runs what these reference results need,"
                            + " prints what was expected and what is found, and writes nothing")
    private List<String> only = List.of();

    @Option(
            names = "--measured",
            paramLabel = "FILE",
            description =
                    "counts of real guests to show beside the model"
                            + " (default: measured.csv in the directory of --out, if there is one)")
    private String measured;

    CompareCommand(Compare compare, StopSignal stop) {
        this.compare = compare;
        this.stop = stop;
    }

    @Override
    public Integer call() throws Exception {
        CompareOptions options;
        try {
            options = options();
        } catch (OptionException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return compare.run(options, stop);
    }

    private CompareOptions options() throws OptionException {
        Path directory = OptionText.file("--out", out);
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new OptionException("--out=%s is no directory; name another".formatted(out));
        }
        List<String> known = Comparison.references();
        for (String name : only) {
            if (!known.contains(name)) {
                throw new OptionException(
                        "--only=%s is no reference result; known are %s"
                                .formatted(name, String.join(", ", known)));
            }
        }
        if (measured != null && !only.isEmpty()) {
            throw new OptionException("--measured is for the report, which --only does not write");
        }
        return new CompareOptions(
                quick, OptionText.seed(seed), directory, List.copyOf(only), measured(directory));
    }

    private Optional<Path> measured(Path directory) throws OptionException {
        if (measured == null) {
            return Optional.of(directory.resolve("measured.csv")).filter(Files::exists);
        }
        Path file = OptionText.file("--measured", measured);
        if (!Files.isRegularFile(file)) {
            throw new OptionException("--measured=%s is no file; name one".formatted(measured));
        }
        return Optional.of(file);
    }
}
