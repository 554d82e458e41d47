package paranet.guest.compare;

import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.DeviceModel;

import java.util.List;

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
            .d{fill:var(--c)}.l{stroke:var(--c)}.w{stroke-width:1.2;stroke-dasharray:5 3}
            .k,.x{fill:var(--f)}.x{stroke:var(--f);stroke-width:2}
            svg .t{font-weight:600}.m{display:grid;grid-template-columns:1fr 1fr;gap:.4rem}
            svg .h{paint-order:stroke;stroke:var(--b);stroke-width:3px}
            tr.q td{color:var(--q);border-bottom:0}a{color:inherit}
            """;

    private final Results results;
    private final List<MeasuredGuest> measured;
    private final Pictures pictures;
    private final StringBuilder page = new StringBuilder();

    private Report(Results results, List<MeasuredGuest> measured) {
        this.results = results;
        this.measured = measured;
        this.pictures = new Pictures(results, measured);
    }

    static String of(Results results, List<MeasuredGuest> measured) {
        return new Report(results, measured).write();
    }

    private String write() {
        Verdict verdict = new Verdict(results);
        page.append("<!doctype html><html lang='en'><head><meta charset='utf-8'>")
                .append("<meta name='viewport' content='width=device-width,initial-scale=1'>")
                .append("<title>Paranet: devices and policies compared</title><style>")
                .append(STYLE)
                .append("</style></head><body><h1>Devices and policies compared</h1>");
        paragraph(
                "Every figure here is modelled, none is measured, but for those marked so: rings,"
                        + " signals and policies are those that ship, the guest, the wire and the"
                        + " costs are models (listed at the end), time is virtual. Figures marked"
                        + " calibrated rest on a number that was fitted to an observation. Seed "
                        + results.seed()
                        + ", "
                        + results.rows().size()
                        + " cells, all in results.csv; what was not simulated is in pruned.csv.");
        page.append("<p><a href='#conclusion'>What follows from it</a> is at the end.</p>");
        claims();
        goals();
        references();
        realGuests();
        pictures();
        section("conclusion", "What follows", verdict.bus());
        paragraph(verdict.sharing());
        paragraph(verdict.gigabit());
        paragraph(verdict.tenGigabit());
        paragraph(verdict.hypotheses());
        paragraph(verdict.separating());
        verdict.law().forEach(this::paragraph);
        page.append("</section>");
        assumptions();
        return page.append("</body></html>\n").toString();
    }

    private void section(String id, String title, String text) {
        page.append("<section id='").append(id).append("'><h2>").append(title).append("</h2>");
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
        section("goals", "Goals", "What the design promises of policy pace, and what comes out.");
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

    /** Which picture says most about which claim. */
    private void claims() {
        section("claims", "Where to look", "The picture that shows each claim best.");
        page.append("<table><tr><th>claim<th>picture");
        claim("the bus saves exits (R1, R2), INTx (R4), PV EOI (R6), nested (R14)", "waterfall");
        claim("the law of the bus (R3)", "law");
        claim("redundant calls and why none was needed (R5)", "attribution");
        claim("what a hold costs requests (R7) and completions (R11)", "holds");
        claim("dim drifts at a constant rate (R8)", "profiles");
        claim("a lone frame pays a fixed hold (R9)", "tails");
        claim("interrupts over the rate (R10, R13)", "sweep");
        claim("device and guest of different speed (R12)", "speeds");
        claim("mixed traffic (G8)", "pareto");
        claim("many devices (G11)", "scaling");
        page.append("</table></section>\n");
    }

    private void claim(String text, String id) {
        page.append("<tr><td>%s<td><a href='#%s'>%2$s</a>".formatted(text, id));
    }

    private void references() {
        section(
                "references",
                "Results of others",
                "What others published, and what comes out here. paranet compare --only=NAME runs"
                        + " one alone.");
        page.append("<table><tr><th><th>result<th>expected<th>found<th>");
        for (Reference reference : Reference.ALL) {
            List<Reference.Check> checks = reference.judge().checks(results);
            Reference.Standing standing = reference.standing(checks);
            page.append(
                    "<tr><td>%s<td colspan='3'>%s%s<td>%s"
                            .formatted(
                                    reference.name(),
                                    escaped(reference.what()),
                                    standing == Reference.Standing.NOT_REPRODUCED
                                            ? "<br><span class='q'>"
                                                    + escaped(reference.differs())
                                                    + "</span>"
                                            : "",
                                    standing.text()));
            for (Reference.Check check : checks) {
                page.append(
                        "<tr class='q'><td><td>%s<td>%s<td>%s<td>%s"
                                .formatted(
                                        escaped(check.what()),
                                        escaped(check.expected()),
                                        escaped(check.found()),
                                        check.agrees() ? "agrees" : "differs"));
            }
        }
        page.append("</table></section>\n");
    }

    private void realGuests() {
        if (measured.isEmpty()) {
            return;
        }
        section(
                "measured",
                "Real guests beside the model",
                "Measured, and so no part of results.csv: interrupts as the guests count them."
                        + " Beside them is what the model says of the same policy under the nearest"
                        + " workload, of a guest of pi2020 and of one as slow as the real one is under"
                        + " policy none.");
        page.append(
                "<table><tr><th>guest<th>policy<th>workload<th>frames/s<th>interrupts/s<th>a"
                        + " frame<th>model<th>as slow<th>Mbit/s<th>p50, us<th>device, ns/frame");
        for (BesideModel.Line line : new BesideModel(measured, results.seed()).lines()) {
            MeasuredGuest m = line.measured();
            page.append(
                    Verdict.text(
                            "<tr><td>%s<td>%s<td>%s<td class='n'>%.0f<td class='n'>%.0f"
                                    + "<td class='n'>%.3f<td class='n'>%s<td class='n'>%s"
                                    + "<td class='n'>%.0f<td class='n'>%s<td class='n'>%.0f",
                            escaped(m.guest()),
                            escaped(m.policy()).replace(",", ", "),
                            escaped(m.workload()),
                            m.frames() / m.seconds(),
                            m.interrupts() / m.seconds(),
                            m.interruptsPerFrame(),
                            ofModel(line.modelled()),
                            ofModel(line.asSlow()),
                            m.throughputBits() / 1e6,
                            m.roundTripNanos().isEmpty()
                                    ? ""
                                    : Verdict.text("%.1f", m.roundTripNanos().getAsLong() / 1e3),
                            (double) m.backendCpuNanos() / m.frames()));
        }
        page.append("</table></section>\n");
    }

    /** The model says nothing of a peer. */
    private static String ofModel(double interruptsPerFrame) {
        return Double.isNaN(interruptsPerFrame) ? "" : Verdict.text("%.3f", interruptsPerFrame);
    }

    private void pictures() {
        for (String era : Matrix.ERAS) {
            section(
                    era.equals(Matrix.ERAS.getFirst()) ? "waterfall" : "waterfall-" + era,
                    "Why: " + era,
                    "Four devices that send at 1 Gbit/s each, one change at a time: simulated"
                            + " ablations, calibrated. Behind each bar: exits/s, the change, what"
                            + " calls, interrupts, kicks and exits cost, and how busy the guest's CPU"
                            + " is. One that is full never rests, and so is interrupted less often.");
            picture(pictures.waterfall(era));
        }
        section(
                "law",
                "What an event queue saves",
                "Share of signals without an interrupt, N = 1 to 16 devices of 10 k datagrams/s"
                        + " (venet, policy none), and the law s = LW/(1+LW) for each era's best W.");
        picture(pictures.busLaw());
        section(
                "pareto",
                "Interrupts against urgent frames",
                "Mixed traffic (W5, D3, pi2020): each dot is a setting; left and low is better.");
        picture(pictures.pareto());
        section(
                "sweep",
                "Datagrams",
                "Interrupts of each policy over the rate of datagrams (D3, pi2020).");
        picture(pictures.sweep());
        section(
                "tails",
                "How late frames are",
                "Share of the frames of a class that are later than a time, mixed traffic (W5, D3,"
                        + " pi2020).");
        picture(pictures.tails());
        section(
                "scaling",
                "More devices, each for itself",
                "Interrupts, one CPU: " + Workload.APART.label() + ".");
        picture(pictures.scaling(Workload.APART));
        section(
                "scaling-together",
                "More devices, all at once",
                "Interrupts, one CPU: " + Workload.TOGETHER.label() + ".");
        picture(pictures.scaling(Workload.TOGETHER));
        heat();
        section(
                "strips",
                "A millisecond",
                "Mixed traffic (W5, D3, pi2020), the receive queue: frames as they come, while an"
                        + " armed guest's call waits, calls, and the guest from its interrupt to the"
                        + " end of its poll.");
        picture(pictures.strips());
        section(
                "profiles",
                "Where dim goes",
                "Profile of policy dim at a constant rate, from its start (D3, pi2020): 0 holds 1"
                        + " us, 1 holds 8, 2 holds 64, 3 holds 128, 4 holds 256 us.");
        picture(pictures.profiles());
        section(
                "holds",
                "What a hold costs a client",
                "Requests a second of one client over the time at the 99th percentile that a policy"
                        + " adds (D3, pi2020); below it a sender that waits for each completion.");
        page.append(pictures.holds());
        picture(pictures.blocking());
        section(
                "attribution",
                "Why no interrupt",
                "Everything published (mixed traffic, pi2020), by what became of it: a call, or one"
                        + " cause for needing none.");
        picture(pictures.attribution());
        section(
                "speeds",
                "When device and guest differ in speed",
                "A sender as fast as it can, over the device's work for a frame as a share of the"
                        + " guest's (D3, pi2020).");
        picture(pictures.speeds());
    }

    private void heat() {
        section(
                "heat",
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
                            .mapToDouble(
                                    policy ->
                                            results.of(DeviceModel.D3, policy, workload, Matrix.PI)
                                                    .cores())
                            .min()
                            .orElse(1);
            page.append("<tr><td>").append(workload.label());
            for (String policy : Matrix.POLICIES) {
                Results.Row row = results.of(DeviceModel.D3, policy, workload, Matrix.PI);
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

    private void assumptions() {
        section(
                "basis",
                "What this rests on",
                "Unit costs, version %d, in nanoseconds; sources are in docs/mitigation.md and the table of UnitCosts."
                        .formatted(UnitCosts.VERSION));
        page.append(
                "<table><tr><th>era<th>light exit<th>deliver<th>EOI<th>heavy"
                        + " exit<th>call<th>handler<th>wake<th>frame");
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
