package paranet.guest.compare;

import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.FrameClass;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;
import paranet.guest.sim.Strip;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * The pictures of the report, as SVG.
 *
 * <p>Threading: confined to its caller.
 */
final class Pictures {
    /** What each step of a waterfall changes, and so what causes its difference. */
    static final List<String> STEPS =
            List.of(
                    "virtio INTx of a program",
                    "kicks served by kernel (D1)",
                    "no ISR reads (D2)",
                    "EVENT_IDX (D3)",
                    "tx rides on rx (D7)",
                    "devices share (D6, venet)",
                    "no EOI exits",
                    "no delivery exits",
                    "pace");

    private static final List<String> FAMILIES =
            List.of("none", "fixed", "throttle", "dim", "vic", "spdk", "pace");
    private static final List<DeviceModel> SCALED =
            List.of(DeviceModel.D1, DeviceModel.D3, DeviceModel.D6);
    private static final long STRIP_SETTLE_NANOS = 20_000_000;
    private static final long STRIP_NANOS = 1_000_000;
    private static final long PROFILE_NANOS = 100_000_000;

    private final Results results;
    private final List<MeasuredGuest> measured;

    Pictures(Results results, List<MeasuredGuest> measured) {
        this.results = results;
        this.measured = measured;
    }

    private Results.Row d3(String policy, Workload workload) {
        return results.of(DeviceModel.D3, policy, workload, Matrix.PI);
    }

    private static String family(String policy) {
        return policy.split(",", -1)[0];
    }

    String waterfall(String era) {
        BarPlot plot = new BarPlot("modelled exits/s", List.of("exits"), 305);
        List<Cell> cells = Matrix.waterfall(era);
        double before = 0;
        for (int i = 0; i < cells.size(); i++) {
            Results.Row row = results.of(cells.get(i));
            double change = row.exits() - before;
            String step =
                    i == 0
                            ? ""
                            : Verdict.text(
                                    "%s%s, ",
                                    Math.abs(change) < 1 ? "" : change > 0 ? "+" : "-",
                                    LinePlot.number(Math.rint(Math.abs(change))));
            plot.add(
                    STEPS.get(i),
                    Verdict.text(
                            " (%s%.0f %% of a core), guest %.0f %% busy",
                            step, 100 * row.cores(), 100 * row.outcome().guestBusy()),
                    row.exits());
            before = row.exits();
        }
        return plot.svg();
    }

    String busLaw() {
        LinePlot plot = new LinePlot("signals/s", false, "share saved", false);
        for (String era : Matrix.ERAS) {
            plot.add(
                    era,
                    LinePlot.Drawn.DOTS,
                    BusLaw.of(results, era).points().stream()
                            .map(p -> new double[] {p.signals(), p.saved()})
                            .toList());
        }
        for (int i = 0; i < Matrix.ERAS.size(); i++) {
            double window = BusLaw.of(results, Matrix.ERAS.get(i)).constantNanos();
            List<double[]> line = new ArrayList<>();
            for (double rate = 0; rate <= 150_000; rate += 5000) {
                line.add(new double[] {rate, BusLaw.law(rate, window)});
            }
            plot.add(Verdict.text("law, W %.1f us", window / 1000), LinePlot.Drawn.THIN, line, i);
        }
        return plot.svg();
    }

    String pareto() {
        LinePlot plot =
                new LinePlot(
                        "us added to urgent p99", false, "interrupts per frame received", true);
        List<double[]> dots = new ArrayList<>();
        for (String family : FAMILIES) {
            List<double[]> some = new ArrayList<>();
            for (Results.Row row : results.rows()) {
                Cell cell = row.cell();
                if (cell.workload().equals(Workload.MIXED)
                        && cell.model() == DeviceModel.D3
                        && cell.era().equals(Matrix.PI)
                        && family(cell.policy()).equals(family)) {
                    long added =
                            row.outcome().urgentLatencyNanos(0.99)
                                    - results.base(row).outcome().urgentLatencyNanos(0.99);
                    some.add(new double[] {added / 1000.0, row.interruptsPerFrame()});
                }
            }
            dots.addAll(some);
            plot.add(family, LinePlot.Drawn.DOTS, some);
        }
        plot.add("frontier: none is better in both", LinePlot.Drawn.THIN, frontier(dots));
        return plot.svg();
    }

    /** Those that no other is left of and below. */
    static List<double[]> frontier(List<double[]> dots) {
        List<double[]> sorted = new ArrayList<>(dots);
        sorted.sort(
                Comparator.<double[]>comparingDouble(dot -> dot[0])
                        .thenComparingDouble(dot -> dot[1]));
        List<double[]> frontier = new ArrayList<>();
        for (double[] dot : sorted) {
            if (frontier.isEmpty() || dot[1] < frontier.getLast()[1]) {
                frontier.add(dot);
            }
        }
        return frontier;
    }

    String sweep() {
        LinePlot plot = new LinePlot("frames/s", true, "interrupts/s", true);
        for (String policy : Matrix.POLICIES) {
            List<double[]> line = new ArrayList<>();
            for (double rate : Workload.DATAGRAM_RATES) {
                Outcome o = d3(policy, Workload.datagrams(rate)).outcome();
                line.add(new double[] {rate, o.interrupts()});
            }
            plot.add(policy, LinePlot.Drawn.LINE, line);
        }
        if (!measured.isEmpty()) {
            plot.add(
                    "measured (any workload)",
                    LinePlot.Drawn.CROSSES,
                    measured.stream()
                            .map(
                                    m ->
                                            new double[] {
                                                m.frames() / m.seconds(),
                                                m.interrupts() / m.seconds()
                                            })
                            .toList());
        }
        return plot.svg();
    }

    /** A small plot for each class of frames, and what its lines are. */
    String tails() {
        StringBuilder svg = new StringBuilder("<div class='m'>");
        LinePlot plot = null;
        for (FrameClass of : List.of(FrameClass.URGENT, FrameClass.NORMAL, FrameClass.BULK)) {
            plot =
                    LinePlot.small(
                            of.toString().toLowerCase(Locale.ROOT) + " frames",
                            "us to the end of the guest's work",
                            true,
                            "share later",
                            true);
            for (String policy : Matrix.POLICIES) {
                Outcome o = d3(policy, Workload.MIXED).outcome();
                List<double[]> line = new ArrayList<>();
                for (double later = 1; later >= 0.002; later *= 0.85) {
                    line.add(new double[] {o.latencyNanos(of, 1 - later) / 1000.0, later});
                }
                plot.add(policy, LinePlot.Drawn.LINE, line);
            }
            svg.append(plot.svg());
        }
        return svg.append("</div>").append(plot.legend()).toString();
    }

    /** A small plot for each era. */
    String scaling(Workload workload) {
        StringBuilder svg = new StringBuilder("<div class='m'>");
        LinePlot plot = null;
        for (String era : Matrix.ERAS) {
            plot = LinePlot.small(era, "devices", false, "interrupts/s", false);
            for (DeviceModel model : SCALED) {
                for (String policy : Matrix.BOTH) {
                    List<double[]> line = new ArrayList<>();
                    for (int devices : Matrix.DEVICES) {
                        Cell cell = new Cell(model, policy, workload, era).withDevices(devices, 1);
                        line.add(new double[] {devices, results.of(cell).outcome().interrupts()});
                    }
                    plot.add(model.label() + ", " + policy, LinePlot.Drawn.LINE, line);
                }
            }
            svg.append(plot.svg());
        }
        return svg.append("</div>").append(plot.legend()).toString();
    }

    String holds() {
        LinePlot plot = new LinePlot("us added at p99", false, "requests/s", false);
        List<String> policies = new ArrayList<>(Matrix.POLICIES);
        policies.addAll(Matrix.MORE_FIXED);
        for (String family : FAMILIES) {
            List<double[]> dots = new ArrayList<>();
            for (String policy : policies) {
                if (family(policy).equals(family)) {
                    Results.Row row = d3(policy, Workload.requests(1, 0));
                    long added =
                            row.outcome().latencyNanos(0.99)
                                    - results.base(row).outcome().latencyNanos(0.99);
                    dots.add(new double[] {added / 1000.0, row.outcome().transactions()});
                }
            }
            plot.add(family, LinePlot.Drawn.DOTS, dots);
        }
        return plot.svg();
    }

    /** A sender that waits for completions, over the hold of these. */
    String blocking() {
        LinePlot plot = new LinePlot("us held", false, "sends/s", false);
        double none = d3("none", Workload.BLOCKING).outcome().transactions();
        plot.add(
                "fixed, and none at 0",
                LinePlot.Drawn.DOTS,
                List.of(
                        new double[] {0, none},
                        new double[] {8, sends("fixed,rx-usecs=8,tx-usecs=8")},
                        new double[] {64, sends("fixed,rx-usecs=64,tx-usecs=64")}));
        plot.add("pace, at no hold", LinePlot.Drawn.DOTS, List.of(new double[] {0, sends("pace")}));
        List<double[]> line = new ArrayList<>();
        for (int micros = 0; micros <= 64; micros += 2) {
            line.add(new double[] {micros, 1e6 / (1e6 / none + micros)});
        }
        plot.add("1 / (time of none + hold)", LinePlot.Drawn.THIN, line);
        return plot.svg();
    }

    private double sends(String policy) {
        return d3(policy, Workload.BLOCKING).outcome().transactions();
    }

    String attribution() {
        List<String> parts = new ArrayList<>(List.of("called"));
        for (AvoidedBy cause : AvoidedBy.values()) {
            parts.add(cause.name().toLowerCase(Locale.ROOT).replace('_', ' '));
        }
        BarPlot plot = new BarPlot("opportunities/s", parts, 60);
        for (String policy : Matrix.POLICIES) {
            Outcome o = d3(policy, Workload.MIXED).outcome();
            double[] values = new double[parts.size()];
            double avoided = 0;
            int part = 1;
            for (AvoidedBy cause : AvoidedBy.values()) {
                values[part] = o.avoided(cause);
                avoided += values[part++];
            }
            values[0] = Math.max(0, o.opportunities() - avoided);
            plot.add(policy, "", values);
        }
        return plot.svg();
    }

    String speeds() {
        LinePlot plot = new LinePlot("device's work / guest's work", true, "frames/s", false);
        for (String policy : Matrix.SPEED_POLICIES) {
            List<double[]> line = new ArrayList<>();
            for (int percent : Matrix.HOST_PERCENT) {
                Cell cell =
                        new Cell(DeviceModel.D3, policy, Workload.FLOOD, Matrix.PI, 1, 1, percent);
                line.add(new double[] {percent / 100.0, results.of(cell).outcome().sent()});
            }
            plot.add(policy, LinePlot.Drawn.LINE, line);
        }
        return plot.svg();
    }

    /** A millisecond of mixed traffic under some policies. */
    String strips() {
        StripPlot plot = new StripPlot(STRIP_SETTLE_NANOS, STRIP_SETTLE_NANOS + STRIP_NANOS);
        for (String policy : List.of("none", "fixed,rx-usecs=64,tx-usecs=64", "dim", "pace")) {
            Strip strip =
                    new Cell(DeviceModel.D3, policy, Workload.MIXED, Matrix.PI)
                            .strip(results, STRIP_SETTLE_NANOS, STRIP_NANOS + 500_000);
            plot.add(policy, strip);
        }
        return plot.svg();
    }

    /** Where policy dim goes at constant rates, from its start. */
    String profiles() {
        LinePlot plot = new LinePlot("ms", false, "profile of dim", false);
        for (double rate : new double[] {10e3, 30e3, 100e3, 300e3}) {
            Workload workload = Workload.datagrams(rate);
            List<Strip.Profile> profiles =
                    new Cell(DeviceModel.D3, "dim", workload, Matrix.PI)
                            .strip(results, 0, PROFILE_NANOS)
                            .profiles();
            List<double[]> steps = new ArrayList<>();
            for (Strip.Profile profile : profiles) {
                steps.add(new double[] {profile.nanos() / 1e6, profile.profile()});
            }
            steps.add(new double[] {PROFILE_NANOS / 1e6, profiles.getLast().profile()});
            plot.add(Verdict.text("%.0f k datagrams/s", rate / 1e3), LinePlot.Drawn.STEPS, steps);
        }
        return plot.svg();
    }
}
