package paranet.guest.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.Assumptions;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/** The quick matrix, with 12 ms of virtual time for each cell. */
class ComparisonTest {
    private static final long NANOS = 12_000_000;
    private static Comparison comparison;

    @BeforeAll
    static void run() throws InterruptedException {
        comparison = run(1, 1);
    }

    private static Comparison run(long seed, int threads) throws InterruptedException {
        return Comparison.run(
                Matrix.quick(), NANOS, seed, threads, Eras::costs, (done, of) -> true);
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
        Results swapped =
                copy(
                        row -> {
                            DeviceModel of = row.cell().model();
                            DeviceModel other =
                                    of == DeviceModel.D6
                                            ? DeviceModel.D8
                                            : of == DeviceModel.D8 ? DeviceModel.D6 : of;
                            return outcome(other, row);
                        });
        String other = new Verdict(swapped).bus();
        assertNotEquals(told, other);
        assertTrue(other.endsWith("by this model, the bus was not the reason."), other);
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
        comparison.write(directory, List.of());
        String page = Files.readString(directory.resolve("report.html"));
        assertFalse(page.contains("http:") || page.contains("https:"), "nothing from elsewhere");
        assertTrue(page.split("<svg ", -1).length - 1 >= 29, "pictures");
        assertFalse(page.contains("NaN") || page.contains("Infinity"));
        assertTrue(page.contains("none is measured"));
        for (String link : page.split("href='#", -1)) {
            String id = link.substring(0, Math.max(0, link.indexOf('\'')));
            assertTrue(link.startsWith("<!") || page.contains("id='" + id + "'"), id);
        }
        assertEquals(page, Report.of(comparison.results(), List.of()));
        assertEquals(
                CsvText.of(comparison.results()),
                Files.readString(directory.resolve("results.csv")));
        assertTrue(comparison.headline().startsWith("All figures are modelled"));
    }

    @Test
    void stopsWhereItIsAskedTo() throws InterruptedException {
        assertNull(Comparison.run(Matrix.quick(), 1000, 1, 1, Eras::costs, (done, of) -> done < 3));
    }

    @Test
    void twentyCellsGiveTheSameBytesTwice() throws InterruptedException {
        List<Cell> cells = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            cells.add(Matrix.full().get(i * Matrix.full().size() / 20));
        }
        String first = CsvText.of(run(cells, 1, Eras::costs).results());
        assertEquals(21, first.lines().count());
        assertEquals(first, CsvText.of(run(cells, 2, Eras::costs).results()));
    }

    private static Comparison run(List<Cell> cells, int threads, Function<String, UnitCosts> costs)
            throws InterruptedException {
        return Comparison.run(cells, NANOS, 1, threads, costs, (done, of) -> true);
    }

    /** M1: what is found rests on every unit cost, and so on none that was chosen for it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void theReportChangesWithEveryUnitCost(int cost) throws InterruptedException {
        List<Cell> cells = Matrix.waterfall(Reference.WOODCREST);
        Comparison scaled = run(cells, 1, era -> scaled(Eras.costs(era), cost));
        Results changed = copy(row -> row.outcome());
        for (Results.Row row : scaled.results().rows()) {
            changed.put(row);
        }
        assertNotEquals(new Verdict(comparison.results()).bus(), new Verdict(changed).bus());
        assertNotEquals(Report.of(comparison.results(), List.of()), Report.of(changed, List.of()));
    }

    private static UnitCosts scaled(UnitCosts c, int cost) {
        long[] nanos = {
            c.lightNanos(),
            c.deliverNanos(),
            c.eoiNanos(),
            c.heavyNanos(),
            c.callNanos(),
            c.irqNanos(),
            c.wakeNanos(),
            c.serviceNanos()
        };
        nanos[cost] = nanos[cost] * 3 / 2;
        return new UnitCosts(
                c.name(), nanos[0], nanos[1], nanos[2], nanos[3], nanos[4], nanos[5], nanos[6],
                nanos[7]);
    }

    private static Results copy(Function<Results.Row, Outcome> outcome) {
        Results copy = new Results(1, Assumptions.shipped(), Eras::costs);
        comparison.results().rows().forEach(row -> copy.add(row.cell(), outcome.apply(row)));
        return copy;
    }

    @Test
    void everyReferenceResultHasItsCellsAndSaysHowItStands() {
        assertEquals(14, Reference.ALL.size());
        for (Reference reference : Reference.ALL) {
            List<Reference.Check> checks = reference.judge().checks(comparison.results());
            assertFalse(checks.isEmpty(), reference.name());
            String text = reference.text(comparison.results());
            assertTrue(text.contains(reference.standing(checks).text()), text);
            boolean calibrated = reference.cells().stream().anyMatch(Results::isCalibrated);
            assertFalse(
                    calibrated && reference.standing(checks) == Reference.Standing.REPRODUCED,
                    text);
        }
    }

    @Test
    void aResultThatAgreesByAFittedNumberIsNeverCalledReproduced() {
        List<Reference.Check> agreeing = List.of(new Reference.Check("x", "1", "1", true));
        List<Reference.Check> differing = List.of(new Reference.Check("x", "1", "2", false));
        Reference fitted = Reference.named("R1");
        assertEquals(Reference.Standing.CALIBRATED, fitted.standing(agreeing));
        assertEquals(Reference.Standing.NOT_REPRODUCED, fitted.standing(differing));
        assertEquals(Reference.Standing.REPRODUCED, Reference.named("R9").standing(agreeing));
    }

    /** Those that hold to the number, at any length of run. */
    @ParameterizedTest
    @ValueSource(strings = {"R4", "R7", "R9", "R11", "R12"})
    void exactResultsAreReproduced(String name) {
        Reference reference = Reference.named(name);
        List<Reference.Check> checks = reference.judge().checks(comparison.results());
        assertEquals(Reference.Standing.REPRODUCED, reference.standing(checks), checks::toString);
    }

    @Test
    void whatWasNotSimulatedIsListedWithTheReason() {
        List<String> lines = Pruned.of(comparison.results()).lines().toList();
        Set<String> there = new HashSet<>();
        for (Results.Row row : comparison.results().rows()) {
            Cell c = row.cell();
            there.add(
                    "%s,\"%s\",%s,%s,"
                            .formatted(c.model(), c.policy(), c.workload().name(), c.era()));
        }
        for (String line : lines.subList(1, lines.size())) {
            int reason = line.lastIndexOf(',') + 1;
            assertTrue(reason < line.length(), line);
            assertFalse(there.contains(line.substring(0, reason)), line);
        }
        assertTrue(lines.stream().anyMatch(line -> line.endsWith("left out by --quick")));
    }

    @Test
    void measuredCountsStandBesideTheModelAndAreMarked() {
        List<MeasuredGuest> measured =
                List.of(
                        new MeasuredGuest(
                                "qemu",
                                "peer-dpdk",
                                "rr",
                                2,
                                80_000,
                                70_000,
                                OptionalLong.empty(),
                                OptionalLong.empty(),
                                3200,
                                OptionalLong.empty(),
                                2_000_000_000,
                                500_000_000,
                                40_000));
        String page = Report.of(comparison.results(), measured);
        assertTrue(page.contains("Real guests beside the model"));
        assertTrue(page.contains("<path class='x'"), "crosses");
        assertFalse(page.contains("NaN") || page.contains("Infinity"));
        assertFalse(Report.of(comparison.results(), List.of()).contains("<path class='x'"));
    }

    @Test
    void theFrontierIsWhatNoOtherIsLeftOfAndBelow() {
        List<double[]> frontier =
                Pictures.frontier(
                        List.of(
                                new double[] {3, 1},
                                new double[] {1, 5},
                                new double[] {2, 5},
                                new double[] {4, 1},
                                new double[] {2, 2}));
        assertEquals(
                List.of(List.of(1.0, 5.0), List.of(2.0, 2.0), List.of(3.0, 1.0)),
                frontier.stream().map(dot -> List.of(dot[0], dot[1])).toList());
    }
}
