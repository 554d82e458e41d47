package paranet.launcher;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A table of what happened between two readings of {@link CoalesceMetrics}, 80 columns wide.
 *
 * <p>Durations are upper bounds, for the metrics count them in classes from one power of two to the
 * next.
 *
 * <p>Threading: confined to its caller.
 */
final class CoalesceWatch {
    /** At most 79 characters with the longest state. */
    private static final String ROW =
            "%-4s %4s %5s %5s %4s %4s %4s %4s %4s %8s %4s %3s %3s %3s %s%n";

    private static final String HEAD =
            ROW.formatted(
                    "ring", "pps", "irq/s", "irq/p", "save", "evap", "p50", "p99", "max", "u/n/b",
                    "g", "B", "w", "s", "state");

    private static final Pattern LINE = Pattern.compile("paranet_(\\w+)\\{(.*)\\} (\\S+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** A line of the metrics: a counter's or gauge's value, and what it is about. */
    private record Point(String family, Map<String, String> labels) {
        boolean isOf(String which, Map<String, String> wanted) {
            return family.equals(which) && labels.entrySet().containsAll(wanted.entrySet());
        }
    }

    /** All lines at one time. */
    private record Reading(Map<Point, Double> points, long nanos) {
        double sum(String family, Map<String, String> wanted) {
            double sum = 0;
            for (Map.Entry<Point, Double> each : points.entrySet()) {
                if (each.getKey().isOf(family, wanted)) {
                    sum += each.getValue();
                }
            }
            return sum;
        }

        /** A label of the only line of this family about it, or "-". */
        String label(String family, Map<String, String> wanted, String label) {
            for (Point each : points.keySet()) {
                if (each.isOf(family, wanted)) {
                    return each.labels().get(label);
                }
            }
            return "-";
        }

        List<String> values(String family, Map<String, String> wanted, String label) {
            List<String> values = new ArrayList<>();
            for (Point each : points.keySet()) {
                if (each.isOf(family, wanted) && !values.contains(each.labels().get(label))) {
                    values.add(each.labels().get(label));
                }
            }
            return values;
        }
    }

    private Reading before;

    /** What happened since the last reading, or since the queues began. */
    String table(String metrics, long nowNanos) {
        Reading now = read(metrics, nowNanos);
        StringBuilder text = new StringBuilder();
        for (String port : now.values("policy_info", Map.of(), "port")) {
            port(port, now, text);
        }
        before = now;
        return text.toString();
    }

    private static Reading read(String metrics, long nowNanos) {
        Map<Point, Double> points = new LinkedHashMap<>();
        for (String line : metrics.lines().toList()) {
            Matcher parts = LINE.matcher(line);
            if (parts.matches()) {
                Map<String, String> labels = new HashMap<>();
                Matcher label = LABEL.matcher(parts.group(2));
                while (label.find()) {
                    labels.put(label.group(1), label.group(2).replaceAll("\\\\(.)", "$1"));
                }
                points.put(new Point(parts.group(1), labels), value(parts.group(3)));
            }
        }
        return new Reading(points, nowNanos);
    }

    private static double value(String text) {
        return text.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
    }

    private void port(String name, Reading now, StringBuilder text) {
        Map<String, String> of = Map.of("port", name);
        String era = now.label("policy_info", of, "era");
        Map<String, String> ofEra = Map.of("port", name, "era", era);
        text.append(
                String.format(
                        Locale.ROOT,
                        "%s: %s; %s kicks/s; %s modelled: %s exits/s, %s cores%n",
                        name,
                        now.label("policy_info", of, "requested"),
                        rate(perSecond(now, "kicks_total", of)),
                        era,
                        rate(perSecond(now, "modelled_exits_total", ofEra)),
                        cores(perSecond(now, "modelled_cpu_seconds_total", ofEra))));
        text.append(HEAD);
        for (String queue : now.values("published_total", of, "queue")) {
            queue(Map.of("port", name, "queue", queue), queue, now, text);
        }
        for (String queue : now.values("eventq_events_total", of, "queue")) {
            eventq(Map.of("port", name, "queue", queue), queue, now, text);
        }
    }

    private void queue(Map<String, String> of, String name, Reading now, StringBuilder text) {
        double published = more(now, "published_total", of);
        double calls = more(now, "calls_total", of);
        double signals = more(now, "signals_total", of);
        double taken =
                more(now, "suppressed_total", with(of, "cause", "evaporated"))
                        + more(now, "suppressed_total", with(of, "cause", "tx_rides_rx"));
        NavigableMap<Double, Double> holds = holds(of, now);
        double frames = now.sum("frames_max", of);
        text.append(
                ROW.formatted(
                        name,
                        rate(perSecond(now, "published_total", of)),
                        rate(perSecond(now, "calls_total", of)),
                        share(calls, published),
                        percent(signals - calls, signals),
                        percent(taken, published),
                        hold(holds, 0.5),
                        hold(holds, 0.99),
                        hold(holds, 1),
                        mix(of, now),
                        micros(now.sum("gap_seconds", of)),
                        frames == Double.POSITIVE_INFINITY || frames > 999
                                ? "-"
                                : Long.toString((long) frames),
                        micros(now.sum("guest_wake_seconds", of)),
                        micros(now.sum("guest_service_seconds", of)),
                        now.label("queue_info", of, "state")));
    }

    private void eventq(Map<String, String> of, String name, Reading now, StringBuilder text) {
        double events = more(now, "eventq_events_total", of);
        double calls = more(now, "eventq_calls_total", of);
        text.append(
                ROW.formatted(
                        name,
                        rate(perSecond(now, "eventq_events_total", of)),
                        rate(perSecond(now, "eventq_calls_total", of)),
                        share(calls, events),
                        percent(events - calls, events),
                        "-",
                        "-",
                        "-",
                        "-",
                        "-",
                        "-",
                        "-",
                        "-",
                        "-",
                        "-"));
    }

    /** How much a counter grew; one that fell began anew. */
    private double more(Reading now, String family, Map<String, String> of) {
        double value = now.sum(family, of);
        double old = before == null ? 0 : before.sum(family, of);
        return value < old ? value : value - old;
    }

    private double perSecond(Reading now, String family, Map<String, String> of) {
        return before == null
                ? Double.NaN
                : more(now, family, of) * 1e9 / (now.nanos() - before.nanos());
    }

    /** Frames that were held, by the bound of their class; all classes of frames together. */
    private NavigableMap<Double, Double> holds(Map<String, String> of, Reading now) {
        NavigableMap<Double, Double> under = new TreeMap<>();
        for (String bound : now.values("hold_seconds_bucket", of, "le")) {
            under.put(value(bound), more(now, "hold_seconds_bucket", with(of, "le", bound)));
        }
        return under;
    }

    private static String hold(NavigableMap<Double, Double> under, double share) {
        double all = under.isEmpty() ? 0 : under.lastEntry().getValue();
        if (all == 0) {
            return "-";
        }
        for (Map.Entry<Double, Double> each : under.entrySet()) {
            if (each.getValue() >= share * all) {
                return micros(each.getKey());
            }
        }
        return "-";
    }

    private String mix(Map<String, String> of, Reading now) {
        double urgent = more(now, "hold_seconds_count", with(of, "class", "urgent"));
        double bulk = more(now, "hold_seconds_count", with(of, "class", "bulk"));
        double normal =
                more(now, "hold_seconds_count", with(of, "class", "normal"))
                        + more(now, "hold_seconds_count", with(of, "class", "ack"));
        double all = urgent + normal + bulk;
        return all == 0
                ? "-"
                : "%d/%d/%d"
                        .formatted(
                                Math.round(100 * urgent / all),
                                Math.round(100 * normal / all),
                                Math.round(100 * bulk / all));
    }

    private static Map<String, String> with(Map<String, String> of, String label, String value) {
        Map<String, String> more = new HashMap<>(of);
        more.put(label, value);
        return more;
    }

    private static String share(double part, double whole) {
        return whole == 0 ? "-" : String.format(Locale.ROOT, "%.3f", part / whole);
    }

    private static String percent(double part, double whole) {
        return whole == 0 ? "-" : Math.max(0, Math.round(100 * part / whole)) + "%";
    }

    /** At most four characters. */
    static String rate(double perSecond) {
        if (Double.isNaN(perSecond)) {
            return "-"; // the first reading
        }
        if (perSecond < 999.5) {
            return String.format(Locale.ROOT, "%.0f", perSecond);
        }
        if (perSecond < 9_950) {
            return String.format(Locale.ROOT, "%.1fk", perSecond / 1e3);
        }
        return perSecond < 999_500
                ? String.format(Locale.ROOT, "%.0fk", perSecond / 1e3)
                : String.format(Locale.ROOT, "%.1fM", perSecond / 1e6);
    }

    private static String cores(double cores) {
        return Double.isNaN(cores) ? "-" : String.format(Locale.ROOT, "%.3f", cores);
    }

    /** Microseconds in three characters, or milliseconds with an m. */
    static String micros(double seconds) {
        double micros = seconds * 1e6;
        if (micros == 0) {
            return "0";
        }
        if (micros < 9.95) {
            return String.format(Locale.ROOT, "%.1f", micros);
        }
        return micros < 999.5
                ? String.format(Locale.ROOT, "%.0f", micros)
                : String.format(Locale.ROOT, "%.0fm", micros / 1e3);
    }
}
