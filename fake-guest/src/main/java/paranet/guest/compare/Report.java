package paranet.guest.compare;

import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * All of it as one page of HTML without anything from elsewhere: pictures, what follows from them,
 * and what it rests on.
 *
 * <p>Threading: confined to its caller.
 */
final class Report {
    private static final String STYLE =
            """
            :root{color-scheme:light dark;--f:#1b1b1b;--b:#fff;--g:#ddd;--q:#666}
            @media(prefers-color-scheme:dark){:root{--f:#e6e6e6;--b:#16181b;--g:#3a3d42;--q:#9aa0a6}}
            @media print{:root{--f:#000;--b:#fff;--g:#ddd;--q:#444}section{break-inside:avoid}}
            body{font:15px/1.5 system-ui,sans-serif;color:var(--f);background:var(--b);
            max-width:50rem;margin:2rem auto;padding:0 1rem}
            h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}
            p.q,td.q{color:var(--q)}svg{width:100%;height:auto}svg text{font-size:11.5px;fill:var(--f)}
            .g{stroke:var(--g);stroke-width:1}.l{fill:none;stroke-width:1.8}
            table{border-collapse:collapse;width:100%;font-size:.85rem}
            td,th{border-bottom:1px solid var(--g);padding:.25rem .4rem;text-align:left}
            td.n{text-align:right}
            .s0{--c:#3b7dd8}.s1{--c:#d9792b}.s2{--c:#2f9e5b}.s3{--c:#b04fc4}.s4{--c:#c83e4d}
            .s5{--c:#8a8d2c}.s6{--c:#1fa3a8}.s7{--c:#7a6ff0}.s8{--c:#a0765b}.s9{--c:#8c8c8c}
            .d{fill:var(--c)}.l{stroke:var(--c)}
            """;

    private final Results results;
    private final StringBuilder page = new StringBuilder();

    private Report(Results results) {
        this.results = results;
    }

    static String of(Results results) {
        return new Report(results).write();
    }

    private String write() {
        Verdict verdict = new Verdict(results);
        page.append("<!doctype html><html lang='en'><head><meta charset='utf-8'>")
                .append("<meta name='viewport' content='width=device-width,initial-scale=1'>")
                .append("<title>Paranet: devices and policies compared</title><style>")
                .append(STYLE)
                .append("</style></head><body><h1>Devices and policies compared</h1>");
        paragraph(
                "Every figure here is modelled, none is measured: rings, signals and policies are"
                        + " those that ship, the guest, the wire and the costs are models (listed at the"
                        + " end), time is virtual. Figures marked calibrated rest on a number that was"
                        + " fitted to an observation. Seed "
                        + results.seed()
                        + ", "
                        + results.rows().size()
                        + " cells, all in results.csv.");
        goals();
        waterfall();
        busLaw();
        pareto();
        sweep();
        tails();
        scaling();
        heat();
        holds();
        attribution();
        speeds();
        section("What follows", verdict.bus());
        paragraph(verdict.gigabit());
        paragraph(verdict.tenGigabit());
        paragraph(verdict.hypotheses());
        verdict.law().forEach(this::paragraph);
        page.append("</section>");
        assumptions();
        return page.append("</body></html>\n").toString();
    }

    private void section(String title, String text) {
        page.append("<section><h2>").append(title).append("</h2>");
        paragraph(text);
    }

    private void paragraph(String text) {
        page.append("<p>").append(escaped(text)).append("</p>\n");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private void picture(String svg) {
        page.append(svg).append("</section>\n");
    }

    private void goals() {
        section("Goals", "What the design promises of policy pace, and what comes out.");
        page.append("<table><tr><th>goal<th>of<th>wanted<th>found<th>");
        for (Headline.Line line : Headline.of(results)) {
            page.append(
                    "<tr><td>%s<td>%s<td>%s<td>%s<td>%s"
                            .formatted(
                                    line.goal(),
                                    escaped(line.what()),
                                    escaped(line.wanted()),
                                    escaped(line.found()),
                                    line.reached() ? "reached" : "missed"));
        }
        page.append("</table></section>\n");
    }

    private void waterfall() {
        List<String> steps =
                List.of(
                        "virtio INTx, a program",
                        "kicks in the kernel (D1)",
                        "no ISR reads (D2)",
                        "EVENT_IDX (D3)",
                        "tx rides rx (D7)",
                        "devices share (D6, venet)",
                        "no EOI exits",
                        "no delivery exits",
                        "pace");
        for (String era : Matrix.ERAS) {
            section(
                    "Why: " + era,
                    "Four devices that send at 1 Gbit/s each, one change at a time: simulated"
                            + " ablations, calibrated. How busy the guest's CPU is, is beside each: one that"
                            + " is full never rests, and so is interrupted less often.");
            BarPlot plot = new BarPlot("modelled exits/s", List.of("exits"));
            List<Cell> cells = Matrix.waterfall(era);
            for (int i = 0; i < cells.size(); i++) {
                Results.Row row = results.of(cells.get(i));
                plot.add(
                        Verdict.text(
                                "%s, %.0f %% busy", steps.get(i), 100 * row.outcome().guestBusy()),
                        row.exits());
            }
            picture(plot.svg());
        }
    }

    private void busLaw() {
        section(
                "What an event queue saves",
                "Share of signals without an interrupt, N = 1 to 16 devices of 10 k datagrams/s"
                        + " (venet, policy none), and the law s = LW/(1+LW) for each era's best W.");
        LinePlot plot = new LinePlot("signals/s", false, "share saved", false);
        for (String era : Matrix.ERAS) {
            BusLaw law = BusLaw.of(results, era);
            plot.add(
                    era,
                    false,
                    law.points().stream().map(p -> new double[] {p.signals(), p.saved()}).toList());
        }
        for (String era : Matrix.ERAS) {
            double window = BusLaw.of(results, era).constantNanos();
            List<double[]> line = new ArrayList<>();
            for (double rate = 0; rate <= 150_000; rate += 5000) {
                line.add(new double[] {rate, BusLaw.law(rate, window)});
            }
            plot.add(Verdict.text("law, W %.1f us", window / 1000), true, line);
        }
        picture(plot.svg());
    }

    private void pareto() {
        section(
                "Interrupts against urgent frames",
                "Mixed traffic (W5, D3, pi2020): each dot is a setting; left and low is better.");
        LinePlot plot =
                new LinePlot(
                        "us added to urgent p99", false, "interrupts per frame received", true);
        for (String family : List.of("none", "fixed", "throttle", "dim", "vic", "spdk", "pace")) {
            List<double[]> dots = new ArrayList<>();
            for (Results.Row row : results.rows()) {
                Cell cell = row.cell();
                if (cell.workload().equals(Workload.MIXED)
                        && cell.model() == DeviceModel.D3
                        && cell.era().equals(Matrix.PI)
                        && cell.policy().split(",", -1)[0].equals(family)) {
                    long added =
                            row.outcome().urgentLatencyNanos(0.99)
                                    - results.base(row).outcome().urgentLatencyNanos(0.99);
                    dots.add(new double[] {added / 1000.0, row.interruptsPerFrame()});
                }
            }
            plot.add(family, false, dots);
        }
        picture(plot.svg());
    }

    private void sweep() {
        section("Datagrams", "Interrupts of each policy over the rate of datagrams (D3, pi2020).");
        LinePlot plot = new LinePlot("datagrams/s", true, "interrupts/s", true);
        for (String policy : Matrix.POLICIES) {
            List<double[]> line = new ArrayList<>();
            for (double rate : Workload.DATAGRAM_RATES) {
                Outcome o = d3(policy, Workload.datagrams(rate)).outcome();
                line.add(new double[] {rate, o.interrupts()});
            }
            plot.add(policy, true, line);
        }
        picture(plot.svg());
    }

    private Results.Row d3(String policy, Workload workload) {
        return results.of(DeviceModel.D3, policy, workload, Matrix.PI);
    }

    private void tails() {
        section(
                "How late urgent frames are",
                "Share of urgent frames later than a time, mixed traffic (W5, D3, pi2020).");
        LinePlot plot = new LinePlot("us from arrival to the guest", true, "share later", true);
        for (String policy : Matrix.POLICIES) {
            Outcome o = d3(policy, Workload.MIXED).outcome();
            List<double[]> line = new ArrayList<>();
            for (double later = 1; later >= 0.002; later *= 0.85) {
                line.add(new double[] {o.urgentLatencyNanos(1 - later) / 1000.0, later});
            }
            plot.add(policy, true, line);
        }
        picture(plot.svg());
    }

    private void scaling() {
        for (Workload workload : List.of(Workload.APART, Workload.TOGETHER)) {
            section("More devices", "nehalem2009, one CPU: " + workload.label() + ".");
            LinePlot plot = new LinePlot("devices", false, "interrupts/s", false);
            for (DeviceModel model : List.of(DeviceModel.D1, DeviceModel.D3, DeviceModel.D6)) {
                for (String policy : List.of("none", "pace")) {
                    List<double[]> line = new ArrayList<>();
                    for (int devices : Matrix.DEVICES) {
                        Cell cell =
                                new Cell(model, policy, workload, "nehalem2009")
                                        .withDevices(devices, 1);
                        line.add(new double[] {devices, results.of(cell).outcome().interrupts()});
                    }
                    plot.add(model.label() + ", " + policy, true, line);
                }
            }
            picture(plot.svg());
        }
    }

    private void heat() {
        section(
                "Cost of each policy",
                "Cores that calls, interrupts, kicks and exits take (D3, pi2020), as multiples of"
                        + " the least of the row; the time at the 99th percentile in microseconds is"
                        + " beside it. Neither alone says which is better.");
        page.append("<table><tr><th>");
        for (String policy : Matrix.POLICIES) {
            page.append("<th>")
                    .append(
                            policy.replace(",", ", ")
                                    .replace("=", "=<wbr>")
                                    .replace("-", "-<wbr>"));
        }
        for (Workload workload : Matrix.single()) {
            double least =
                    Matrix.POLICIES.stream()
                            .mapToDouble(policy -> d3(policy, workload).cores())
                            .min()
                            .orElse(1);
            page.append("<tr><td>").append(workload.label());
            for (String policy : Matrix.POLICIES) {
                Results.Row row = d3(policy, workload);
                double times = Math.max(1, row.cores() / Math.max(1e-6, least));
                int shade = (int) Math.min(60, 12 * StrictMath.log(times) / StrictMath.log(2));
                page.append(
                        Verdict.text(
                                "<td class='n' style='background:color-mix(in srgb,#c83e4d %d%%,"
                                        + "transparent)'>%.1f<br>%.0f",
                                shade, times, row.outcome().latencyNanos(0.99) / 1000.0));
            }
        }
        page.append("</table></section>\n");
    }

    private void holds() {
        section(
                "What a hold costs a client",
                "Requests a second of one client over the time at the 99th percentile that a policy"
                        + " adds (D3, pi2020).");
        LinePlot plot = new LinePlot("us added at p99", false, "requests/s", false);
        List<String> policies = new ArrayList<>(Matrix.POLICIES);
        policies.addAll(Matrix.MORE_FIXED);
        for (String family : List.of("none", "fixed", "throttle", "dim", "vic", "spdk", "pace")) {
            List<double[]> dots = new ArrayList<>();
            for (String policy : policies) {
                if (policy.split(",", -1)[0].equals(family)) {
                    Results.Row row = d3(policy, Workload.requests(1, 0));
                    long added =
                            row.outcome().latencyNanos(0.99)
                                    - results.base(row).outcome().latencyNanos(0.99);
                    dots.add(new double[] {added / 1000.0, row.outcome().transactions()});
                }
            }
            plot.add(family, false, dots);
        }
        picture(plot.svg());
    }

    private void attribution() {
        section(
                "Why no interrupt",
                "Everything published (mixed traffic, pi2020), by what became of it: a call, or one"
                        + " cause for needing none.");
        List<String> parts = new ArrayList<>(List.of("called"));
        for (AvoidedBy cause : AvoidedBy.values()) {
            parts.add(cause.name().toLowerCase(Locale.ROOT).replace('_', ' '));
        }
        BarPlot plot = new BarPlot("opportunities/s", parts);
        Function<Outcome, double[]> split =
                o -> {
                    double[] values = new double[parts.size()];
                    double avoided = 0;
                    int part = 1;
                    for (AvoidedBy cause : AvoidedBy.values()) {
                        values[part] = o.avoided(cause);
                        avoided += values[part++];
                    }
                    values[0] = Math.max(0, o.opportunities() - avoided);
                    return values;
                };
        for (String policy : Matrix.POLICIES) {
            plot.add(policy, split.apply(d3(policy, Workload.MIXED).outcome()));
        }
        picture(plot.svg());
    }

    private void speeds() {
        section(
                "When device and guest differ in speed",
                "A sender as fast as it can, over the device's work for a frame as a share of the"
                        + " guest's (D3, pi2020).");
        LinePlot plot = new LinePlot("device's work / guest's work", true, "frames/s", false);
        for (String policy : List.of("none", "fixed,rx-usecs=64,tx-usecs=64", "pace")) {
            List<double[]> line = new ArrayList<>();
            for (int percent : Matrix.HOST_PERCENT) {
                Cell cell =
                        new Cell(DeviceModel.D3, policy, Workload.FLOOD, Matrix.PI, 1, 1, percent);
                line.add(new double[] {percent / 100.0, results.of(cell).outcome().sent()});
            }
            plot.add(policy, true, line);
        }
        picture(plot.svg());
    }

    private void assumptions() {
        section(
                "What this rests on",
                "Unit costs, version %d, in nanoseconds; sources are in docs/mitigation.md and the table of UnitCosts."
                        .formatted(UnitCosts.VERSION));
        page.append(
                "<table><tr><th>era<th>light exit<th>deliver<th>EOI<th>heavy exit<th>call<th>handler"
                        + "<th>wake<th>frame");
        for (UnitCosts c : UnitCosts.all()) {
            page.append(
                    "<tr><td>%s<td>%d<td>%d<td>%d<td>%d<td>%d<td>%d<td>%d<td>%d"
                            .formatted(
                                    c.name(),
                                    c.lightNanos(),
                                    c.deliverNanos(),
                                    c.eoiNanos(),
                                    c.heavyNanos(),
                                    c.callNanos(),
                                    c.irqNanos(),
                                    c.wakeNanos(),
                                    c.serviceNanos()));
        }
        page.append("</table><table><tr><th>assumption<th>value, source");
        results.assumptions()
                .described()
                .forEach(
                        (name, value) ->
                                page.append("<tr><td>%s<td>%s".formatted(name, escaped(value))));
        page.append("</table></section>\n");
    }
}
