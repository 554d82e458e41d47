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
    private static final int LEFT = 250;
    private static final int RIGHT = 80;
    private static final int STEP = 20;

    private record Bar(String name, List<Double> parts) {
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
    private final List<Bar> bars = new ArrayList<>();

    /**
     * @param parts names of the parts of each bar; one needs no legend
     */
    BarPlot(String unit, List<String> parts) {
        this.unit = unit;
        this.parts = parts;
    }

    void add(String name, double... values) {
        bars.add(new Bar(name, Arrays.stream(values).boxed().toList()));
    }

    String svg() {
        double max = bars.stream().mapToDouble(Bar::sum).max().orElse(1);
        int legend = parts.size() > 1 ? 18 * ((parts.size() + 3) / 4) + 6 : 0;
        int height = legend + STEP * bars.size() + 24;
        StringBuilder svg =
                new StringBuilder(
                        Verdict.text(
                                "<svg viewBox='0 0 %d %d' role='img' aria-label='%s'>",
                                WIDTH, height, unit));
        for (int i = 0; i < parts.size() && legend != 0; i++) {
            int x = 8 + i % 4 * 188;
            int y = 14 + i / 4 * 18;
            svg.append(
                    Verdict.text(
                            "<rect class='d s%d' x='%d' y='%d' width='10' height='10'/>"
                                    + "<text x='%d' y='%d'>%s</text>",
                            i, x, y - 9, x + 15, y, parts.get(i)));
        }
        for (int row = 0; row < bars.size(); row++) {
            Bar bar = bars.get(row);
            int y = legend + STEP * row;
            double x = LEFT;
            svg.append(
                    Verdict.text(
                            "<text x='%d' y='%d' text-anchor='end'>%s</text>",
                            LEFT - 8, y + 14, bar.name()));
            for (int i = 0; i < bar.parts().size(); i++) {
                double width = bar.parts().get(i) / Math.max(1e-9, max) * (WIDTH - LEFT - RIGHT);
                svg.append(
                        Verdict.text(
                                "<rect class='d s%d' x='%.1f' y='%d' width='%.1f' height='14'/>",
                                i, x, y + 3, width));
                x += width;
            }
            svg.append(
                    Verdict.text(
                            "<text x='%.1f' y='%d'>%s</text>",
                            x + 6, y + 14, LinePlot.number(bar.sum())));
        }
        svg.append(Verdict.text("<text x='%d' y='%d'>%s</text>", LEFT, height - 6, unit));
        return svg.append("</svg>").toString();
    }
}
