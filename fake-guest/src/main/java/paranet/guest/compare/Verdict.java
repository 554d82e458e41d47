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

    /** The counters that the thread of 2009 gives of its run at 1 Gbit/s, over 10.01 s. */
    private static final double SIGNALS_2009 = 170_047 / 10.01;

    private static final double INTERRUPTS_2009 = 151_918 / 10.01;
    private static final double KICKS_2009 = 18_238 / 10.01;
    private static final double EXITS_VENET_2009 = 36_000;
    private static final double EXITS_VIRTIO_2009 = 65_000;

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
                        + " signals/s: vbus takes %.2f interrupts a signal where virtio with a vector"
                        + " for each queue takes %.2f; an interrupt of vbus comes with %.2f exits. From"
                        + " virtio served by a program to vbus, %.0f of %.0f exits/s go and %.1f %% of"
                        + " a core, of which %s is heavy exits (gone with a kernel's or a vhost-user"
                        + " back end), %s suppression by EVENT_IDX (any virtio device has it), %s tx"
                        + " riding on rx (one vector for both does it), and %s devices sharing an"
                        + " interrupt (which queues with vectors of their own cannot). Without EOI exits"
                        + " %.0f exits/s remain of vbus's %.0f, without delivery exits too %.0f. So by"
                        + " this model the bus %s the reason.",
                OLD,
                venet.outcome().signals(),
                interruptsPerSignal(venet),
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
                SIGNALS_2009 / 1000,
                o.interrupts() / 1000,
                INTERRUPTS_2009 / 1000,
                o.kicks() / 1000,
                KICKS_2009 / 1000,
                100 * o.saved(),
                100 * (1 - INTERRUPTS_2009 / SIGNALS_2009),
                venet.exits() / 1000,
                EXITS_VENET_2009 / 1000,
                agrees(venet.exits(), EXITS_VENET_2009),
                virtio.exits() / 1000,
                EXITS_VIRTIO_2009 / 1000,
                agrees(virtio.exits(), EXITS_VIRTIO_2009));
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
                            100 * venet.outcome().saved()));
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
        double riding2009 = KICKS_2009 / SIGNALS_2009;
        double window = (SIGNALS_2009 / INTERRUPTS_2009 - 1) / SIGNALS_2009 * 1e9;
        double coinciding2009 = BusLaw.law(SIGNALS_2009, window);
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
                100 * (1 - INTERRUPTS_2009 / SIGNALS_2009),
                apart ? "decided by the 2009 counters" : "undecided by the 2009 counters",
                by);
    }

    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be a dependency
    static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
