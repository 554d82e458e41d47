package paranet.guest.compare;

import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;

import java.util.ArrayList;
import java.util.List;

/**
 * Goals of the design against what the cells say: a line for each, reached or how far off.
 *
 * <p>Threading: confined to its caller.
 */
final class Headline {
    /** One line. */
    record Line(String goal, String what, String wanted, String found, boolean reached) {}

    private final Results results;
    private final List<Line> lines = new ArrayList<>();

    private Headline(Results results) {
        this.results = results;
    }

    static List<Line> of(Results results) {
        return new Headline(results).lines();
    }

    private Results.Row d3(String policy, Workload workload) {
        return results.of(DeviceModel.D3, policy, workload, Matrix.PI);
    }

    private void add(
            String goal, String what, String wanted, boolean reached, String found, Object... of) {
        lines.add(new Line(goal, what, wanted, Verdict.text(found, of), reached));
    }

    private static double micros(long nanos) {
        return nanos / 1000.0;
    }

    private static double fewer(double some, double all) {
        return 100 * (1 - some / all);
    }

    private List<Line> lines() {
        immediacy();
        requests();
        for (String policy : List.of("pace", "pace,preset=throughput")) {
            bulk(policy, Workload.trains(0.5), 75);
            bulk(policy, Workload.trains(0.9), 85);
        }
        mixed();
        datagrams();
        completions();
        devices();
        return lines;
    }

    private void immediacy() {
        Outcome none = d3("none", Workload.datagrams(1e3)).outcome();
        Outcome pace = d3("pace", Workload.datagrams(1e3)).outcome();
        long added = pace.latencyNanos(0.5) - none.latencyNanos(0.5);
        add("G4", "pace, 1 k datagrams/s, median added", "0 ns", added == 0, "%d ns", added);
        long hold = 0;
        for (Results.Row row : results.rows()) {
            if (row.cell().policy().equals("pace")) {
                hold = Math.max(hold, row.outcome().longestHoldNanos());
            }
        }
        add(
                "G5",
                "pace, longest hold of all cells",
                "400 us, completions' bound",
                hold <= 400_000,
                "%.1f us",
                micros(hold));
    }

    private void requests() {
        Outcome none = d3("none", Workload.requests(1, 0)).outcome();
        Outcome pace = d3("pace", Workload.requests(1, 0)).outcome();
        double share = 100 * pace.transactions() / none.transactions();
        double added = micros(pace.urgentLatencyNanos(0.99) - none.urgentLatencyNanos(0.99));
        add(
                "G6",
                "pace, one client: requests/s, and 99th percentile added",
                ">= 99 %, <= 1 us",
                share >= 99 && added <= 1,
                "%.1f %%, %.1f us",
                share,
                added);
    }

    private void bulk(String policy, Workload workload, int wanted) {
        Outcome none = d3("none", workload).outcome();
        Outcome pace = d3(policy, workload).outcome();
        double saved = fewer(pace.interrupts(), none.interrupts());
        double late = micros(pace.latencyNanos(0.99));
        double goodput = 100 * pace.goodputBits() / none.goodputBits();
        add(
                "G7",
                policy + ", " + workload.label() + ": interrupts, p99, goodput",
                ">= %d %% fewer, <= 100 us, >= 99.5 %%".formatted(wanted),
                saved >= wanted && late <= 100 && goodput >= 99.5,
                "%.0f %% fewer, %.0f us, %.1f %%",
                saved,
                late,
                goodput);
    }

    private void mixed() {
        Outcome none = d3("none", Workload.MIXED).outcome();
        Outcome pace = d3("pace", Workload.MIXED).outcome();
        double saved = fewer(pace.interrupts(), none.interrupts());
        double median = micros(pace.urgentLatencyNanos(0.5) - none.urgentLatencyNanos(0.5));
        double late = micros(pace.urgentLatencyNanos(0.99) - none.urgentLatencyNanos(0.99));
        List<String> asGood = new ArrayList<>();
        for (Results.Row row : results.rows()) {
            Cell cell = row.cell();
            Outcome o = row.outcome();
            if (cell.workload().equals(Workload.MIXED)
                    && cell.model() == DeviceModel.D3
                    && cell.era().equals(Matrix.PI)
                    && (cell.policy().startsWith("fixed")
                            || cell.policy().startsWith("throttle")
                            || cell.policy().startsWith("dim"))
                    && o.interrupts() <= pace.interrupts()
                    && o.urgentLatencyNanos(0.5) <= pace.urgentLatencyNanos(0.5)
                    && o.urgentLatencyNanos(0.99) <= pace.urgentLatencyNanos(0.99)) {
                asGood.add(cell.policy());
            }
        }
        add(
                "G8",
                "pace, mixed (classes given): interrupts, urgent p50 and p99 added, as good",
                ">= 38 % fewer, <= 1 us, <= 5 us, none",
                saved >= 38 && median <= 1 && late <= 5 && asGood.isEmpty(),
                "%.0f %% fewer, %.1f us, %.1f us, %s",
                saved,
                median,
                late,
                asGood.isEmpty() ? "none" : String.join(" ", asGood));
    }

    private void datagrams() {
        Outcome none = d3("none", Workload.datagrams(100e3)).outcome();
        Outcome pace = d3("pace", Workload.datagrams(100e3)).outcome();
        double saved = fewer(pace.interrupts(), none.interrupts());
        double late = micros(pace.latencyNanos(0.99) - none.latencyNanos(0.99));
        add(
                "G9",
                "pace, 100 k datagrams/s: interrupts, p99 added",
                ">= 45 % fewer, <= 20 us",
                saved >= 45 && late <= 20,
                "%.0f %% fewer, %.1f us",
                saved,
                late);
    }

    private void completions() {
        Outcome none = d3("none", Workload.BLOCKING).outcome();
        Outcome pace = d3("pace", Workload.BLOCKING).outcome();
        double share = 100 * pace.transactions() / none.transactions();
        add(
                "G10b",
                "pace, a sender that waits for completions (W7)",
                ">= 95 %",
                share >= 95,
                "%.1f %%",
                share);
    }

    private void devices() {
        Outcome vectors =
                results.of(
                                new Cell(DeviceModel.D3, "none", Workload.TOGETHER, "nehalem2009")
                                        .withDevices(16, 1))
                        .outcome();
        Outcome bus =
                results.of(
                                new Cell(DeviceModel.D6, "pace", Workload.TOGETHER, "nehalem2009")
                                        .withDevices(16, 1))
                        .outcome();
        double saved = fewer(bus.interrupts(), vectors.interrupts());
        double median = (double) vectors.latencyNanos(0.5) / bus.latencyNanos(0.5);
        add(
                "G11",
                "pace, 16 venet devices at once against virtio's vectors: interrupts, median",
                ">= 80 % fewer, >= 2 times lower",
                saved >= 80 && median >= 2,
                "%.0f %% fewer, %.1f times lower",
                saved,
                median);
    }
}
