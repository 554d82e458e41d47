package paranet.guest.compare;

import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What follows from the cells, in sentences: no number and no word of judgement stands here that is
 * not computed.
 *
 * <p>Threading: confined to its caller.
 */
final class Verdict {
    private static final String OLD = "woodcrest2006";

    /** Two predictions that are closer than this cannot be told apart by one count of 2009. */
    private static final double TOLD_APART = 0.01;

    private final Results results;

    Verdict(Results results) {
        this.results = results;
    }

    /** The sentence about the bus. */
    String bus() {
        List<Results.Row> steps = Matrix.waterfall(OLD).stream().map(results::of).toList();
        Results.Row userspace = steps.get(0);
        Results.Row msi = steps.get(2);
        Results.Row events = steps.get(3);
        Results.Row shared = steps.get(4);
        Results.Row venet = steps.get(5);
        double all = userspace.cores() - venet.cores();
        double heavy = userspace.cores() - msi.cores();
        double suppressed = msi.cores() - events.cores();
        double riding = events.cores() - shared.cores();
        double others = shared.cores() - venet.cores();
        return text(
                "Calibrated, for the rate of acknowledgements is fitted: with the unit costs of %s, four devices that send at 1 Gbit/s each, and %.0f"
                        + " signals/s: vbus takes %.2f interrupts a signal (1/(1+LW) says %.2f for the"
                        + " W of %.1f us that is measured) where virtio with a vector"
                        + " for each queue takes %.2f; an interrupt of vbus comes with %.2f exits. From"
                        + " virtio served by a program to vbus, %.0f of %.0f exits/s go and %.1f %% of"
                        + " a core, of which %s is heavy exits (gone with a kernel's or a vhost-user"
                        + " back end), %s suppression by EVENT_IDX (any virtio device has it), %s tx"
                        + " riding on rx (one vector for both does it), and %s devices sharing an"
                        + " interrupt (which queues with vectors of their own cannot). Without EOI exits"
                        + " %.0f exits/s remain of vbus's %.0f (%s are gone), without delivery exits"
                        + " too %.0f. Therefore, by"
                        + " this model, the bus %s the reason.",
                OLD,
                venet.outcome().signals(),
                interruptsPerSignal(venet),
                1 - BusLaw.law(venet.outcome().signals(), venet.outcome().windowNanos()),
                venet.outcome().windowNanos() / 1000,
                interruptsPerSignal(events),
                venet.exits() / Math.max(1, venet.outcome().interrupts()),
                userspace.exits() - venet.exits(),
                userspace.exits(),
                100 * all,
                percent(heavy, all),
                percent(suppressed, all),
                percent(riding, all),
                percent(others, all),
                steps.get(6).exits(),
                venet.exits(),
                percent(venet.exits() - steps.get(6).exits(), venet.exits()),
                steps.get(7).exits(),
                judgement(others, all));
    }

    /** Of a part near the half, neither is said. */
    private static String judgement(double part, double all) {
        if (all <= 0 || part < 0.4 * all) {
            return "was not";
        }
        return part > 0.6 * all ? "was" : "was about half of";
    }

    private static double interruptsPerSignal(Results.Row row) {
        return row.outcome().interrupts() / Math.max(1, row.outcome().signals());
    }

    private static String percent(double part, double all) {
        return all <= 0 ? "no share" : text("%.0f %%", 100 * part / all);
    }

    /** What virtio devices can share, beside what the bus shares. */
    String sharing() {
        StringBuilder text = new StringBuilder("Several devices on one CPU (");
        text.append(OLD).append("), of the interrupts that a vector for each queue takes");
        for (Workload workload : List.of(Workload.APART, Workload.TOGETHER)) {
            for (int devices : new int[] {4, 16}) {
                Results.Row vectors = sharing(DeviceModel.D3, workload, devices);
                Results.Row line = sharing(DeviceModel.D1, workload, devices);
                Results.Row venet = sharing(DeviceModel.D6, workload, devices);
                double batched = vectors.outcome().accompanyingInterrupts();
                text.append(
                        text(
                                "; %d devices, %s: venet saves %s, virtio devices on one INTx line %s"
                                        + " for %.1f k heavy exits/s, and calls batched to the CPU save"
                                        + " none but %s of the exits",
                                devices,
                                workload.name(),
                                percent(saved(venet, vectors), 1),
                                percent(saved(line, vectors), 1),
                                line.outcome().isrReads() / 1000,
                                percent(batched, vectors.exits())));
            }
        }
        return text.append('.').toString();
    }

    private Results.Row sharing(DeviceModel model, Workload workload, int devices) {
        return results.of(new Cell(model, "none", workload, OLD).withDevices(devices, 1));
    }

    private static double saved(Results.Row row, Results.Row of) {
        return 1 - row.outcome().interrupts() / of.outcome().interrupts();
    }

    /** The run of 2009 at 1 Gbit/s, beside its counters. */
    String gigabit() {
        Results.Row venet = results.of(DeviceModel.D6, "none", Workload.GIGABIT_2009, OLD);
        Results.Row virtio = results.of(DeviceModel.D8, "none", Workload.GIGABIT_2009, OLD);
        Outcome o = venet.outcome();
        return text(
                "2009 at 1 Gbit/s (calibrated: the rate of acknowledgements is fitted): signals"
                        + " %.1f k/s against %.1f, interrupts %.1f k/s against %.1f, kicks %.2f k/s"
                        + " against %.2f, saved %.1f %% against %.1f; exits of venet %.1f k/s against"
                        + " %.0f (%s), of virtio %.1f k/s against %.0f (%s).",
                o.signals() / 1000,
                Reference.SIGNALS_2009 / 1000,
                o.interrupts() / 1000,
                Reference.INTERRUPTS_2009 / 1000,
                o.kicks() / 1000,
                Reference.KICKS_2009 / 1000,
                100 * o.saved(),
                100 * (1 - Reference.INTERRUPTS_2009 / Reference.SIGNALS_2009),
                venet.exits() / 1000,
                Reference.EXITS_VENET_2009 / 1000,
                agrees(venet.exits(), Reference.EXITS_VENET_2009),
                virtio.exits() / 1000,
                Reference.EXITS_VIRTIO_2009 / 1000,
                agrees(virtio.exits(), Reference.EXITS_VIRTIO_2009));
    }

    private static String agrees(double modelled, double told) {
        return Math.abs(modelled / told - 1) <= 0.08
                ? "agrees within 8 %"
                : text("%+.0f %%, does not agree", 100 * (modelled / told - 1));
    }

    /** Whether any rate shows what 2009 says of 10 Gbit/s. */
    String tenGigabit() {
        StringBuilder rates = new StringBuilder();
        boolean found = false;
        for (double rate : Matrix.RATES_2009) {
            Workload workload = Workload.tenGigabit2009(rate);
            Results.Row venet = results.of(DeviceModel.D6, "none", workload, OLD);
            Results.Row virtio = results.of(DeviceModel.D8, "none", workload, OLD);
            found |=
                    agrees(venet.exits(), 32_000).startsWith("agrees")
                            && agrees(virtio.exits(), 65_000).startsWith("agrees");
            rates.append(
                    text(
                            "; at %.0f k frames/s venet %.1f k exits/s, virtio %.1f k, saved %.0f"
                                    + " %%",
                            rate / 1000,
                            venet.exits() / 1000,
                            virtio.exits() / 1000,
                            100 * Math.max(0, venet.outcome().saved())));
        }
        return text(
                "2009 at 10 Gbit/s, inbound: 32 k against 65 k exits/s %s at the rates tried%s. Its"
                        + " 55 to 60 %% saved of 174 to 214 k signals/s leave 78 to 86 k interrupts/s,"
                        + " and so more exits than it counts: these figures cannot be of one run.",
                found ? "come out" : "come out at none", rates);
    }

    /** The law of the bus, era by era. */
    List<String> law() {
        List<String> lines = new ArrayList<>();
        for (String era : Matrix.ERAS) {
            BusLaw law = BusLaw.of(results, era);
            lines.add(
                    text(
                            "%s: one W of %.1f us explains %.1f %% of the variance, W as measured"
                                    + " (%.1f to %.1f us) %.1f %%: %s fits better, and the law is %s"
                                    + " at 98 %%.",
                            era,
                            law.constantNanos() / 1000,
                            100 * law.constantFit(),
                            law.points().stream()
                                            .mapToDouble(BusLaw.Point::windowNanos)
                                            .min()
                                            .orElse(0)
                                    / 1000,
                            law.points().stream()
                                            .mapToDouble(BusLaw.Point::windowNanos)
                                            .max()
                                            .orElse(0)
                                    / 1000,
                            100 * law.measuredFit(),
                            law.constantFit() > law.measuredFit()
                                    ? "the constant"
                                    : "the load-dependent one",
                            Math.max(law.constantFit(), law.measuredFit()) >= 0.98
                                    ? "kept"
                                    : "rejected"));
        }
        return lines;
    }

    /** Whether completions ride on receives, or signals coincide. */
    String hypotheses() {
        double riding2009 = Reference.KICKS_2009 / Reference.SIGNALS_2009;
        double window =
                (Reference.SIGNALS_2009 / Reference.INTERRUPTS_2009 - 1)
                        / Reference.SIGNALS_2009
                        * 1e9;
        double coinciding2009 = BusLaw.law(Reference.SIGNALS_2009, window);
        boolean apart = Math.abs(riding2009 - coinciding2009) > TOLD_APART;
        StringBuilder by = new StringBuilder();
        for (int devices : new int[] {1, 4}) {
            Results.Row row =
                    results.of(
                            new Cell(DeviceModel.D6, "none", Workload.GIGABIT_2009, OLD)
                                    .withDevices(devices, 1));
            Outcome o = row.outcome();
            by.append(
                    text(
                            "; with %d device%s riding predicts %.1f %%, coincidence %.1f %%, the"
                                    + " simulation gives %.1f %%",
                            devices,
                            devices == 1 ? "" : "s",
                            100 * o.kicks() / o.signals(),
                            100 * BusLaw.law(o.signals(), o.windowNanos()),
                            100 * o.saved()));
        }
        return text(
                "Of 2009, completions riding on receives predict %.1f %% saved, coincidence within"
                        + " %.1f us (fitted to it) %.1f %%, counted were %.1f %%: %s. More devices at"
                        + " the same kicks a signal separate them, for riding stays and coincidence"
                        + " grows%s.",
                100 * riding2009,
                window / 1000,
                100 * coinciding2009,
                100 * (1 - Reference.INTERRUPTS_2009 / Reference.SIGNALS_2009),
                apart ? "decided by the 2009 counters" : "undecided by the 2009 counters",
                by);
    }

    /** What each hypothesis says as kicks and signals grow, and so which run would tell. */
    String separating() {
        double window =
                (Reference.SIGNALS_2009 / Reference.INTERRUPTS_2009 - 1) / Reference.SIGNALS_2009;
        StringBuilder text =
                new StringBuilder(
                        text(
                                "The run that would tell: change the kicks a signal or the signals a"
                                        + " second of 2009, one at a time"));
        for (double kicks : new double[] {0.5, 1, 2}) {
            text.append(
                    text(
                            "; %.1f times the kicks: riding predicts %.1f %%, coincidence %.1f %%",
                            kicks,
                            100 * kicks * Reference.KICKS_2009 / Reference.SIGNALS_2009,
                            100 * BusLaw.law(Reference.SIGNALS_2009, window * 1e9)));
        }
        for (double signals : new double[] {2, 4, 10}) {
            text.append(
                    text(
                            "; %.0f times the signals: riding %.1f %%, coincidence %.1f %%",
                            signals,
                            100 * Reference.KICKS_2009 / Reference.SIGNALS_2009,
                            100 * BusLaw.law(signals * Reference.SIGNALS_2009, window * 1e9)));
        }
        return text.append('.').toString();
    }

    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be a dependency
    static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
