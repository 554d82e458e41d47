package paranet.guest.compare;

import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.Assumptions;
import paranet.guest.sim.Outcome;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * Runs the matrix of cells, and tells what came of it: rows, a table of goals, and a report. All
 * figures are of virtual time and follow from the seed.
 *
 * <p>Threading: confined to one thread; its cells run on others.
 */
public final class Comparison {
    /** Hears of the progress, several times a second. */
    @FunctionalInterface
    public interface Progress {
        /** So many cells of all are done: whether to go on. */
        boolean goOn(int done, int of);
    }

    private static final long QUICK_NANOS = 50_000_000;
    private static final long FULL_NANOS = 1_000_000_000;
    private static final long PROGRESS_MILLIS = 200;

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
        return run(cells, quick ? QUICK_NANOS : FULL_NANOS, seed, threads, Eras::costs, progress);
    }

    /** The same, of no more than some {@link #references} need. */
    public static Comparison run(
            List<String> references, boolean quick, long seed, int threads, Progress progress)
            throws InterruptedException {
        Map<String, Cell> cells = new LinkedHashMap<>();
        for (String name : references) {
            Reference.named(name).cells().forEach(cell -> cells.put(cell.key(), cell));
        }
        return run(
                List.copyOf(cells.values()),
                quick ? QUICK_NANOS : FULL_NANOS,
                seed,
                threads,
                Eras::costs,
                progress);
    }

    /** Names of the results of others that can be looked for. */
    public static List<String> references() {
        return Reference.ALL.stream().map(Reference::name).toList();
    }

    /** What became of such results, in lines. */
    public String references(List<String> names) {
        StringBuilder text = new StringBuilder("All figures are modelled, none is measured.\n\n");
        names.forEach(name -> text.append(Reference.named(name).text(results)));
        return text.toString();
    }

    static Comparison run(
            List<Cell> cells,
            long nanos,
            long seed,
            int threads,
            Function<String, UnitCosts> costs,
            Progress progress)
            throws InterruptedException {
        Assumptions assumptions = Assumptions.shipped();
        Results results = new Results(seed, assumptions, costs);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Outcome>> outcomes = new ArrayList<>();
            for (Cell cell : cells) {
                outcomes.add(
                        pool.submit(
                                () -> cell.run(costs.apply(cell.era()), assumptions, seed, nanos)));
            }
            for (int i = 0; i < cells.size(); i++) {
                Future<Outcome> outcome = outcomes.set(i, null);
                do {
                    if (!progress.goOn(i, cells.size())) {
                        return null;
                    }
                } while (!isDone(outcome));
                results.add(cells.get(i), outcome.get());
            }
            return new Comparison(results);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a cell failed: " + e.getCause(), e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private static boolean isDone(Future<Outcome> outcome)
            throws InterruptedException, ExecutionException {
        try {
            outcome.get(PROGRESS_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    Results results() {
        return results;
    }

    /**
     * Writes {@code results.csv}, {@code pruned.csv} and {@code report.html}.
     *
     * @param measured counts of real guests, beside which the report puts the model's
     */
    public void write(Path directory, List<MeasuredGuest> measured) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("results.csv"), CsvText.of(results));
        Files.writeString(directory.resolve("pruned.csv"), Pruned.of(results));
        Files.writeString(directory.resolve("report.html"), Report.of(results, measured));
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
