package paranet.guest.compare;

import paranet.guest.sim.Assumptions;
import paranet.guest.sim.Outcome;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Runs the matrix of cells, and tells what came of it: rows, a table of goals, and a report. All
 * figures are of virtual time and follow from the seed.
 *
 * <p>Threading: confined to one thread; its cells run on others.
 */
public final class Comparison {
    /** Hears of the progress. */
    @FunctionalInterface
    public interface Progress {
        /**
         * So many cells of all are done.
         *
         * @return whether to go on
         */
        boolean done(int cells, int of);
    }

    private static final long QUICK_NANOS = 50_000_000;
    private static final long FULL_NANOS = 1_000_000_000;

    private final Results results;

    private Comparison(Results results) {
        this.results = results;
    }

    /**
     * Simulates all cells.
     *
     * @param quick only what the report cannot do without, and 50 ms of virtual time of each
     *     instead of a second
     * @param threads 1 or more; the figures do not depend on it
     * @return null if the progress said not to go on
     */
    public static Comparison run(boolean quick, long seed, int threads, Progress progress)
            throws InterruptedException {
        List<Cell> cells = quick ? Matrix.quick() : Matrix.full();
        return run(cells, quick ? QUICK_NANOS : FULL_NANOS, seed, threads, progress);
    }

    static Comparison run(List<Cell> cells, long nanos, long seed, int threads, Progress progress)
            throws InterruptedException {
        Assumptions assumptions = Assumptions.shipped();
        Results results = new Results(seed, assumptions);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Outcome>> outcomes = new ArrayList<>();
            for (Cell cell : cells) {
                outcomes.add(
                        pool.submit(
                                () -> cell.run(Eras.costs(cell.era()), assumptions, seed, nanos)));
            }
            for (int i = 0; i < cells.size(); i++) {
                results.add(cells.get(i), outcomes.get(i).get());
                outcomes.set(i, null);
                if (!progress.done(i + 1, cells.size())) {
                    return null;
                }
            }
            return new Comparison(results);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a cell failed: " + e.getCause(), e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    Results results() {
        return results;
    }

    /** Writes {@code results.csv} and {@code report.html}. */
    public void write(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("results.csv"), CsvText.of(results));
        Files.writeString(directory.resolve("report.html"), Report.of(results));
    }

    /** The headline table, and the sentence about the bus. */
    public String headline() {
        StringBuilder text = new StringBuilder("All figures are modelled, none is measured.\n\n");
        for (Headline.Line line : Headline.of(results)) {
            text.append(
                    Verdict.text(
                            "%-4s %-7s %s%n             wanted %s%n             found  %s%n",
                            line.goal(),
                            line.reached() ? "reached" : "missed",
                            line.what(),
                            line.wanted(),
                            line.found()));
        }
        return text.append('\n').append(new Verdict(results).bus()).append('\n').toString();
    }
}
