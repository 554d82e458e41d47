package paranet.guest.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import paranet.guest.sim.Assumptions;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The quick matrix, with 12 ms of virtual time for each cell. */
class ComparisonTest {
    private static final long NANOS = 12_000_000;
    private static Comparison comparison;

    @BeforeAll
    static void run() throws InterruptedException {
        comparison = run(1, 1);
    }

    private static Comparison run(long seed, int threads) throws InterruptedException {
        return Comparison.run(Matrix.quick(), NANOS, seed, threads, (done, of) -> true);
    }

    @Test
    void theSameSeedGivesTheSameBytesWhateverTheThreads() throws InterruptedException {
        String csv = CsvText.of(comparison.results());
        assertEquals(csv, CsvText.of(run(1, 2).results()));
        assertNotEquals(csv, CsvText.of(run(2, 2).results()));
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY); // where 0.5 is 0,5
            assertEquals(csv, CsvText.of(comparison.results()));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void everyRowHasEveryColumnAndItsOwnCell() {
        List<String> lines = CsvText.of(comparison.results()).lines().toList();
        int columns = lines.getFirst().split(",", -1).length;
        Set<String> keys = new HashSet<>();
        for (String line : lines.subList(1, lines.size())) {
            String bare = line.replaceAll("\"[^\"]*\"", "policy");
            assertEquals(columns, bare.split(",", -1).length, line);
        }
        for (Cell cell : Matrix.full()) {
            assertTrue(keys.add(cell.key()), cell.key());
        }
        assertTrue(keys.size() >= 700, keys.size() + " cells");
        assertTrue(keys.containsAll(Matrix.quick().stream().map(Cell::key).toList()));
    }

    @Test
    void whatAFittedNumberDecidesIsCalledCalibrated() {
        for (Results.Row row : comparison.results().rows()) {
            assertEquals(
                    row.cell().workload().name().equals("W9-1G"),
                    row.isCalibrated(),
                    row.cell().key());
        }
        assertTrue(Assumptions.shipped().isFitted("peer-ack-nanos"));
        assertTrue(new Verdict(comparison.results()).gigabit().contains("calibrated"));
        assertTrue(new Verdict(comparison.results()).bus().startsWith("Calibrated"));
    }

    @Test
    void theSentenceAboutTheBusIsComputed() {
        String told = new Verdict(comparison.results()).bus();
        Results swapped = new Results(1, Assumptions.shipped());
        for (Results.Row row : comparison.results().rows()) {
            DeviceModel of = row.cell().model();
            DeviceModel other =
                    of == DeviceModel.D6
                            ? DeviceModel.D8
                            : of == DeviceModel.D8 ? DeviceModel.D6 : of;
            swapped.add(row.cell(), outcome(other, row));
        }
        assertNotEquals(told, new Verdict(swapped).bus());
        assertTrue(new Verdict(swapped).bus().contains("the bus was not the reason"));
    }

    private static Outcome outcome(DeviceModel model, Results.Row row) {
        Cell c = row.cell();
        Cell other =
                new Cell(
                        model,
                        c.policy(),
                        c.workload(),
                        c.era(),
                        c.devices(),
                        c.cpus(),
                        c.hostPercent());
        return comparison.results().rows().stream()
                .filter(r -> r.cell().key().equals(other.key()))
                .findFirst()
                .orElse(row)
                .outcome();
    }

    @Test
    void theLawIsFoundWhereItHoldsAndRejectedWhereNot() {
        List<BusLaw.Point> kept =
                List.of(1e4, 3e4, 1e5, 2e5).stream()
                        .map(l -> new BusLaw.Point("x", 1, l, BusLaw.law(l, 7000), 7000))
                        .toList();
        BusLaw law = BusLaw.fitted(kept);
        assertEquals(7000, law.constantNanos());
        assertEquals(1, law.constantFit(), 1e-9);
        List<BusLaw.Point> broken =
                List.of(
                        new BusLaw.Point("x", 1, 1e4, 0.5, 7000),
                        new BusLaw.Point("x", 2, 1e5, 0.1, 7000),
                        new BusLaw.Point("x", 4, 2e5, 0.4, 7000));
        assertTrue(BusLaw.fitted(broken).constantFit() < 0.5);
    }

    @Test
    void theReportIsOnePageWithItsPictures(@TempDir Path directory) throws IOException {
        comparison.write(directory);
        String page = Files.readString(directory.resolve("report.html"));
        assertFalse(page.contains("http:") || page.contains("https:"), "nothing from elsewhere");
        assertTrue(page.split("<svg ", -1).length - 1 >= 14, "pictures");
        assertFalse(page.contains("NaN") || page.contains("Infinity"));
        assertTrue(page.contains("none is measured"));
        assertEquals(page, Report.of(comparison.results()));
        assertEquals(
                CsvText.of(comparison.results()),
                Files.readString(directory.resolve("results.csv")));
        assertTrue(comparison.headline().startsWith("All figures are modelled"));
    }

    @Test
    void stopsWhereItIsAskedTo() throws InterruptedException {
        assertNull(Comparison.run(Matrix.quick(), 1000, 1, 1, (done, of) -> done < 3));
    }
}
