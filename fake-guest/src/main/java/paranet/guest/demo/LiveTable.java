package paranet.guest.demo;

import org.HdrHistogram.Histogram;

import paranet.core.frame.DropReason;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a demo shows while it runs: a table that stays in place on a terminal, a line each time
 * elsewhere.
 *
 * <p>Threading: confined to one thread.
 */
final class LiveTable {
    private static final String ESCAPE = "\u001b[";
    private static final String BOLD = "1";
    private static final String GREEN = "32";
    private static final String RED = "31";
    private static final String YELLOW = "33";
    private static final String CYAN = "36";
    private static final int LABEL = 18;
    private static final int SPARK_MIN = 8;
    private static final int FIGURES = 40;

    private final PrintStream out;
    private final Terminal terminal;
    private final List<Sparklines> lines = new ArrayList<>();
    private int linesDrawn;

    /** The recent rates of one guest. */
    private record Sparklines(Sparkline toKernel, Sparkline toGuest) {}

    LiveTable(PrintStream out, Terminal terminal, int sides) {
        this.out = out;
        this.terminal = terminal;
        int width = Math.clamp(terminal.columns() - LABEL - FIGURES, SPARK_MIN, 60);
        for (int i = 0; i < sides; i++) {
            lines.add(
                    new Sparklines(
                            new Sparkline(width, out.charset()),
                            new Sparkline(width, out.charset())));
        }
    }

    /** Shows one interval. */
    void show(double second, int seconds, List<SideView> sides) {
        List<String> drawn = new ArrayList<>();
        for (int i = 0; i < sides.size(); i++) {
            SideView side = sides.get(i);
            lines.get(i).toKernel.add(side.rates().toKernelBits());
            lines.get(i).toGuest.add(side.rates().toGuestBits());
            if (terminal.redraws()) {
                block(second, seconds, side, lines.get(i), drawn);
            } else {
                plain(second, side);
            }
        }
        if (terminal.redraws()) {
            redraw(drawn);
        }
    }

    private void block(
            double second, int seconds, SideView side, Sparklines recent, List<String> drawn) {
        Rates rates = side.rates();
        drawn.add(
                paint(BOLD, side.title())
                        + String.format(Locale.ROOT, "   %.0f of %d s", second, seconds));
        drawn.add(
                row(
                        "guest to kernel",
                        rates.toKernelBits(),
                        rates.toKernelFrames(),
                        recent.toKernel));
        drawn.add(
                row("kernel to guest", rates.toGuestBits(), rates.toGuestFrames(), recent.toGuest));
        drawn.add(label("round trip") + roundTrip(side.roundTrips()));
        drawn.add(label("notifications") + notifications(rates));
        drawn.add(
                label("drops")
                        + (side.drops().isEmpty()
                                ? "none"
                                : paint(YELLOW, describe(side.drops()))));
        for (Check check : side.checks()) {
            drawn.add(label(check.name()) + mark(check) + " " + check.detail());
        }
    }

    private void redraw(List<String> drawn) {
        StringBuilder frame = new StringBuilder();
        if (linesDrawn > 0) {
            frame.append(ESCAPE).append(linesDrawn).append('A');
        }
        for (String line : drawn) {
            frame.append('\r').append(fit(line)).append(ESCAPE).append("0m");
            frame.append(ESCAPE).append("K\n");
        }
        linesDrawn = drawn.size();
        out.print(frame);
        out.flush();
    }

    /** Cuts a line to the terminal's width, not counting colours. */
    private String fit(String line) {
        StringBuilder cut = new StringBuilder();
        int shown = 0;
        boolean escaped = false;
        for (int i = 0; i < line.length() && shown < terminal.columns() - 1; i++) {
            char c = line.charAt(i);
            cut.append(c);
            if (c == '\u001b') {
                escaped = true;
            } else if (escaped) {
                escaped = c != 'm';
            } else {
                shown++;
            }
        }
        return cut.toString();
    }

    private String row(String name, double bits, double frames, Sparkline line) {
        return label(name)
                + String.format(Locale.ROOT, "%14s %14s/s  ", bits(bits), frames(frames))
                + paint(CYAN, line.toString());
    }

    private void plain(double second, SideView side) {
        Rates rates = side.rates();
        StringBuilder running = new StringBuilder();
        for (Check check : side.checks()) {
            if (check.state() == Check.State.RUNNING) {
                running.append(running.isEmpty() ? "" : ", ").append(check.name());
            }
        }
        out.printf(
                Locale.ROOT,
                "%3.0f s  %s  to kernel %s %s/s  to guest %s %s/s  round trip %s  %s  drops %s  [%s]%n",
                second,
                side.title().replaceFirst(":.*", ""),
                bits(rates.toKernelBits()),
                frames(rates.toKernelFrames()),
                bits(rates.toGuestBits()),
                frames(rates.toGuestFrames()),
                roundTrip(side.roundTrips()),
                notifications(rates),
                side.drops().isEmpty() ? "none" : describe(side.drops()),
                running);
        out.flush();
    }

    /** What came of each check, the whole run's rates, and the verdict. */
    void summary(double seconds, List<SideView> sides, boolean passed) {
        if (terminal.redraws() && linesDrawn > 0) {
            out.print(ESCAPE + linesDrawn + "A" + ESCAPE + "J");
        }
        boolean proved = false;
        for (SideView side : sides) {
            out.println(
                    paint(BOLD, String.format(Locale.ROOT, "%s: %.1f s", side.title(), seconds)));
            for (Check check : side.checks()) {
                out.println("  " + label(check.name()) + mark(check) + " " + check.detail());
                proved |= check.state() == Check.State.DONE;
            }
            out.println("  " + label("guest to kernel") + whole(side.rates().toKernelBits()));
            out.println("  " + label("kernel to guest") + whole(side.rates().toGuestBits()));
            out.println("  " + label("round trip") + roundTrip(side.roundTrips()));
            out.println("  " + label("notifications") + notifications(side.rates()));
            out.println(
                    "  "
                            + label("drops")
                            + (side.drops().isEmpty() ? "none" : describe(side.drops())));
        }
        if (!passed) {
            out.println(paint(RED, "something failed"));
        } else if (proved) {
            out.println(paint(GREEN, "everything that ran was verified"));
        } else {
            out.println("stopped before anything was verified");
        }
        out.flush();
    }

    private static String whole(double bits) {
        return bits(bits).strip() + " on average";
    }

    private String mark(Check check) {
        return switch (check.state()) {
            case WAITING -> "  ..";
            case RUNNING -> paint(CYAN, "  >>");
            case DONE -> paint(GREEN, "  ok");
            case FAILED -> paint(RED, "FAIL");
        };
    }

    private String paint(String colour, String text) {
        return terminal.coloured() ? ESCAPE + colour + "m" + text + ESCAPE + "0m" : text;
    }

    private static String label(String name) {
        return String.format(Locale.ROOT, "%-" + LABEL + "s", name);
    }

    private static String bits(double perSecond) {
        if (perSecond >= 1e9) {
            return String.format(Locale.ROOT, "%.2f Gbit/s", perSecond / 1e9);
        }
        if (perSecond >= 1e6) {
            return String.format(Locale.ROOT, "%.2f Mbit/s", perSecond / 1e6);
        }
        return String.format(Locale.ROOT, "%.2f kbit/s", perSecond / 1e3);
    }

    private static String frames(double perSecond) {
        return String.format(Locale.ROOT, "%,.0f frames", perSecond);
    }

    private static String roundTrip(Histogram nanos) {
        if (nanos.getTotalCount() == 0) {
            return "-";
        }
        return String.format(
                Locale.ROOT,
                "p50 %,.0f us, p90 %,.0f us, p99 %,.0f us",
                nanos.getValueAtPercentile(50) / 1e3,
                nanos.getValueAtPercentile(90) / 1e3,
                nanos.getValueAtPercentile(99) / 1e3);
    }

    private static String notifications(Rates rates) {
        return String.format(
                Locale.ROOT,
                "%.3f calls, %.3f kicks a frame",
                rates.callsPerFrame(),
                rates.kicksPerFrame());
    }

    private static String describe(Map<DropReason, Long> drops) {
        StringBuilder text = new StringBuilder();
        drops.forEach(
                (reason, count) ->
                        text.append(text.isEmpty() ? "" : "; ")
                                .append(String.format(Locale.ROOT, "%,d ", count))
                                .append(reason.meaning()));
        return text.toString();
    }
}
