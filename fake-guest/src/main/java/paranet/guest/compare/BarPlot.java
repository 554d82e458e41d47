package paranet.guest.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Horizontal bars, each of one or more parts, as SVG whose colours a style sheet sets.
 *
 * <p>Threading: confined to its caller.
 */
final class BarPlot {
    private static final int WIDTH = 760;
    private static final int LEFT = 200;
    private static final int STEP = 20;

    private record Bar(String name, String note, List<Double> parts) {
        double sum() {
            double sum = 0;
            for (double part : parts) {
                sum += part;
            }
            return sum;
        }
    }

    private final String unit;
    private final List<String> parts;
    private final int right;
    private final List<Bar> bars = new ArrayList<>();

    /**
     * @param parts names of the parts of each bar; one needs no legend
     * @param noteWidth room right of the longest bar
     */
    BarPlot(String unit, List<String> parts, int noteWidth) {
        this.unit = unit;
        this.parts = parts;
        this.right = noteWidth;
    }

    /**
     * A bar.
     *
     * @param note behind its sum
     */
    void add(String name, String note, double... values) {
        bars.add(new Bar(name, note, Arrays.stream(values).boxed().toList()));
    }

    String svg() {
        double max = Math.max(1e-9, bars.stream().mapToDouble(Bar::sum).max().orElse(1));
        double scale = (WIDTH - LEFT - right) / max;
        int legend = parts.size() > 1 ? 18 * ((parts.size() + 3) / 4) + 6 : 0;
        int bottom = legend + STEP * bars.size() + 2;
        StringBuilder svg =
                new StringBuilder(
                        Verdict.text(
                                "<svg viewBox='0 0 %d %d' role='img' aria-label='%s'>",
                                WIDTH, bottom + 38, unit));
        for (int i = 0; i < parts.size() && legend != 0; i++) {
            int x = 8 + i % 4 * 188;
            int y = 14 + i / 4 * 18;
            svg.append(
                    Verdict.text(
                            "<rect class='d s%d' x='%d' y='%d' width='10' height='10'/>"
                                    + "<text x='%d' y='%d'>%s</text>",
                            i, x, y - 9, x + 15, y, parts.get(i)));
        }
        for (double tick : LinePlot.ticks(0, max, false)) {
            double x = LEFT + tick * scale;
            svg.append(
                    Verdict.text(
                            "<line class='g' x1='%.1f' y1='%d' x2='%.1f' y2='%d'/>"
                                    + "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>",
                            x, legend, x, bottom, x, bottom + 14, LinePlot.number(tick)));
        }
        for (int row = 0; row < bars.size(); row++) {
            draw(svg, bars.get(row), legend + STEP * row, scale);
        }
        svg.append(
                Verdict.text(
                        "<text x='%d' y='%d' text-anchor='middle'>%s</text>",
                        (LEFT + WIDTH - right) / 2, bottom + 31, unit));
        return svg.append("</svg>").toString();
    }

    private static void draw(StringBuilder svg, Bar bar, int y, double scale) {
        svg.append(
                Verdict.text(
                        "<text x='%d' y='%d' text-anchor='end'>%s</text>",
                        LEFT - 8, y + 14, bar.name()));
        double x = LEFT;
        for (int i = 0; i < bar.parts().size(); i++) {
            double width = bar.parts().get(i) * scale;
            svg.append(
                    Verdict.text(
                            "<rect class='d s%d' x='%.1f' y='%d' width='%.1f' height='14'/>",
                            i, x, y + 3, width));
            x += width;
        }
        svg.append(
                Verdict.text(
                        "<text class='h' x='%.1f' y='%d'>%s%s</text>",
                        x + 6, y + 14, LinePlot.number(bar.sum()), bar.note()));
    }
}
