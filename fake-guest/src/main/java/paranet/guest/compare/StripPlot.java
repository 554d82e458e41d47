package paranet.guest.compare;

import paranet.core.mitigation.FrameClass;
import paranet.guest.sim.Strip;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a receive queue went through, for several policies one below the other, over the same time.
 *
 * <p>Threading: confined to its caller.
 */
final class StripPlot {
    private static final int WIDTH = 760;
    private static final int LEFT = 130;
    private static final int RIGHT = 24;
    private static final int TOP = 26;
    private static final int ROW = 15;
    private static final List<String> ROWS = List.of("frames", "held", "calls", "polling");

    /** In the order of their colours. */
    private static final List<FrameClass> CLASSES =
            List.of(FrameClass.URGENT, FrameClass.NORMAL, FrameClass.BULK);

    private record Part(String name, Strip strip) {}

    private final long fromNanos;
    private final long toNanos;
    private final List<Part> parts = new ArrayList<>();

    StripPlot(long fromNanos, long toNanos) {
        this.fromNanos = fromNanos;
        this.toNanos = toNanos;
    }

    void add(String name, Strip strip) {
        parts.add(new Part(name, strip));
    }

    private double at(long nanos) {
        double share = (double) (nanos - fromNanos) / (toNanos - fromNanos);
        return LEFT + Math.clamp(share, 0, 1) * (WIDTH - LEFT - RIGHT);
    }

    private boolean isShown(long nanos) {
        return nanos >= fromNanos && nanos < toNanos;
    }

    String svg() {
        int part = ROW * ROWS.size() + 22;
        int bottom = TOP + part * parts.size();
        StringBuilder svg =
                new StringBuilder(
                        Verdict.text(
                                "<svg viewBox='0 0 %d %d' role='img'"
                                        + " aria-label='frames, holds, calls and polls over time'>",
                                WIDTH, bottom + 34));
        for (int i = 0; i < CLASSES.size(); i++) {
            svg.append(
                    Verdict.text(
                            "<rect class='d s%d' x='%d' y='3' width='3' height='11'/>"
                                    + "<text x='%d' y='13'>%s</text>",
                            i,
                            LEFT + 110 * i,
                            LEFT + 8 + 110 * i,
                            CLASSES.get(i).toString().toLowerCase(Locale.ROOT) + " frame"));
        }
        for (int micros = 0; micros <= (toNanos - fromNanos) / 1000; micros += 100) {
            double x = at(fromNanos + micros * 1000L);
            svg.append(
                    Verdict.text(
                            "<line class='g' x1='%.1f' y1='%d' x2='%.1f' y2='%d'/>"
                                    + "<text x='%.1f' y='%d' text-anchor='middle'>%d</text>",
                            x, TOP, x, bottom, x, bottom + 14, micros));
        }
        for (int i = 0; i < parts.size(); i++) {
            draw(svg, parts.get(i), TOP + part * i);
        }
        return svg.append(
                        Verdict.text(
                                "<text x='%d' y='%d' text-anchor='middle'>us</text></svg>",
                                (LEFT + WIDTH - RIGHT) / 2, bottom + 30))
                .toString();
    }

    private void draw(StringBuilder svg, Part part, int top) {
        svg.append(Verdict.text("<text class='t' x='4' y='%d'>%s</text>", top + 14, part.name()));
        int[] rows = new int[ROWS.size()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = top + 18 + ROW * i;
            svg.append(
                    Verdict.text(
                            "<text x='%d' y='%d' text-anchor='end'>%s</text>",
                            LEFT - 8, rows[i] + 10, ROWS.get(i)));
        }
        for (Strip.Arrival arrival : part.strip().arrivals()) {
            if (isShown(arrival.nanos())) {
                tick(
                        svg,
                        "d s" + Math.max(0, CLASSES.indexOf(arrival.of())),
                        arrival.nanos(),
                        rows[0]);
            }
        }
        stretches(svg, "d s4", part.strip().holds(), rows[1]);
        for (long call : part.strip().calls()) {
            if (isShown(call)) {
                tick(svg, "k", call, rows[2]);
            }
        }
        stretches(svg, "d s9", part.strip().polls(), rows[3]);
    }

    private void tick(StringBuilder svg, String mark, long nanos, int y) {
        svg.append(
                Verdict.text(
                        "<rect class='%s' x='%.1f' y='%d' width='1.4' height='11'/>",
                        mark, at(nanos), y));
    }

    private void stretches(StringBuilder svg, String mark, List<Strip.Stretch> all, int y) {
        for (Strip.Stretch stretch : all) {
            if (stretch.toNanos() > fromNanos && stretch.fromNanos() < toNanos) {
                double from = at(stretch.fromNanos());
                svg.append(
                        Verdict.text(
                                "<rect class='%s' x='%.1f' y='%d' width='%.1f' height='11'/>",
                                mark, from, y, Math.max(0.6, at(stretch.toNanos()) - from)));
            }
        }
    }
}
