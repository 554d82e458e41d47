package paranet.guest.compare;

import paranet.core.mitigation.AvoidedBy;
import paranet.guest.sim.Outcome;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Rows as text: the same for the same seed, to the byte. Rates are a second of virtual time, times
 * in nanoseconds.
 *
 * <p>Threading: confined to its caller.
 */
final class CsvText {
    private CsvText() {}

    static String of(Results results) {
        StringBuilder text = new StringBuilder(String.join(",", header())).append('\n');
        for (Results.Row row : results.rows()) {
            text.append(String.join(",", values(results, row))).append('\n');
        }
        return text.toString();
    }

    private static List<String> header() {
        List<String> names =
                new ArrayList<>(
                        List.of(
                                "model",
                                "policy",
                                "workload",
                                "era",
                                "devices",
                                "cpus",
                                "host_percent",
                                "seed",
                                "basis",
                                "opportunities",
                                "signals",
                                "calls",
                                "interrupts",
                                "eois_avoided",
                                "redundant_calls",
                                "kicks",
                                "halts",
                                "isr_reads",
                                "exits",
                                "notification_cores",
                                "guest_busy",
                                "received",
                                "sent",
                                "goodput_bits",
                                "transactions",
                                "dropped_total",
                                "p50",
                                "p99",
                                "p999",
                                "max",
                                "urgent_p50",
                                "urgent_p99",
                                "added_p50",
                                "added_p99",
                                "urgent_added_p50",
                                "urgent_added_p99",
                                "longest_hold",
                                "window",
                                "watchdog_recalls_total",
                                "urgent_demoted_total"));
        for (AvoidedBy cause : AvoidedBy.values()) {
            names.add("avoided_" + cause.name().toLowerCase(Locale.ROOT));
        }
        return names;
    }

    private static List<String> values(Results results, Results.Row row) {
        Cell cell = row.cell();
        Outcome o = row.outcome();
        Results.Row base = results.base(row);
        List<String> values =
                new ArrayList<>(
                        List.of(
                                cell.model().name(),
                                '"' + cell.policy() + '"',
                                cell.workload().name(),
                                cell.era(),
                                "" + cell.devices(),
                                "" + cell.cpus(),
                                "" + cell.hostPercent(),
                                "" + results.seed(),
                                row.isCalibrated() ? "calibrated" : "modelled",
                                rate(o.opportunities()),
                                rate(o.signals()),
                                rate(o.calls()),
                                rate(o.interrupts()),
                                share(o.saved()),
                                rate(o.calls() - o.interrupts()),
                                rate(o.kicks()),
                                rate(o.halts()),
                                rate(o.isrReads()),
                                rate(row.exits()),
                                share(row.cores()),
                                share(o.guestBusy()),
                                rate(o.received()),
                                rate(o.sent()),
                                rate(o.goodputBits()),
                                rate(o.transactions()),
                                "" + o.dropped()));
        for (double quantile : new double[] {0.5, 0.99, 0.999, 1}) {
            values.add("" + o.latencyNanos(quantile));
        }
        values.add("" + o.urgentLatencyNanos(0.5));
        values.add("" + o.urgentLatencyNanos(0.99));
        for (double quantile : new double[] {0.5, 0.99}) {
            values.add(
                    base == null
                            ? ""
                            : ""
                                    + (o.latencyNanos(quantile)
                                            - base.outcome().latencyNanos(quantile)));
        }
        for (double quantile : new double[] {0.5, 0.99}) {
            values.add(
                    base == null
                            ? ""
                            : ""
                                    + (o.urgentLatencyNanos(quantile)
                                            - base.outcome().urgentLatencyNanos(quantile)));
        }
        values.add("" + o.longestHoldNanos());
        values.add(rate(o.windowNanos()));
        values.add("" + o.watchdogRecalls());
        values.add("" + o.demoted());
        for (AvoidedBy cause : AvoidedBy.values()) {
            values.add(rate(o.avoided(cause)));
        }
        return values;
    }

    private static String rate(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String share(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }
}
