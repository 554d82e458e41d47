package paranet.launcher;

import paranet.guest.compare.Comparison;
import paranet.guest.compare.MeasuredGuest;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Carries {@code paranet compare} out, and tells on standard error how far it is.
 *
 * <p>Threading: confined to the main thread.
 */
final class CompareRun implements Comparison.Progress {
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final StopSignal stop;
    private final PrintStream err;
    private final long startNanos = System.nanoTime();
    private long lineNanos = startNanos;
    private int cells;
    private int all;

    private CompareRun(StopSignal stop, PrintStream err) {
        this.stop = stop;
        this.err = err;
    }

    /** Runs to the end or until {@code stop}; the exit status. */
    static int run(CompareOptions options, StopSignal stop) throws Exception {
        List<MeasuredGuest> measured = measured(options.measured());
        if (options.only().isEmpty()) {
            prepare(options.out());
        }
        CompareRun run = new CompareRun(stop, System.err);
        Comparison comparison = run.compare(options);
        if (comparison == null) {
            System.err.printf(
                    "paranet: stopped after %d of %d cells; nothing is written%n",
                    run.cells, run.all);
            return ExitStatus.FAILED;
        }
        if (options.only().isEmpty()) {
            comparison.write(options.out(), measured);
            System.out.print(comparison.headline());
            System.out.printf("%nThe report: %s%n", options.out().resolve("report.html"));
        } else {
            System.out.print(comparison.references(options.only()));
        }
        return ExitStatus.DONE;
    }

    private Comparison compare(CompareOptions options) throws InterruptedException {
        int threads = Runtime.getRuntime().availableProcessors();
        return options.only().isEmpty()
                ? Comparison.run(options.quick(), options.seed(), threads, this)
                : Comparison.run(options.only(), options.quick(), options.seed(), threads, this);
    }

    private static List<MeasuredGuest> measured(Optional<Path> file) throws IOException {
        if (file.isEmpty()) {
            return List.of();
        }
        try {
            return MeasuredGuest.parse(Files.readString(file.get()));
        } catch (IllegalArgumentException e) {
            throw new IOException(file.get() + ": " + e.getMessage(), e);
        }
    }

    /** What cannot be written to is said at once, not after an hour. */
    private static void prepare(Path directory) throws IOException {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new IOException("--out=%s cannot be made or reached".formatted(directory), e);
        }
        if (!Files.isWritable(directory)) {
            throw new IOException("--out=%s cannot be written to".formatted(directory));
        }
    }

    @Override
    public boolean goOn(int done, int of) {
        cells = done;
        all = of;
        long now = System.nanoTime();
        if (now - lineNanos >= LINE_NANOS && done > 0) {
            lineNanos = now;
            long left = (now - startNanos) / done * (of - done);
            err.printf(
                    "paranet: %d of %d cells, about %s left%n",
                    done, of, text(TimeUnit.NANOSECONDS.toSeconds(left)));
        }
        return !stop.isRequested();
    }

    private static String text(long seconds) {
        return seconds < 120 ? seconds + " s" : (seconds + 59) / 60 + " min";
    }
}
