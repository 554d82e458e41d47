package paranet.guest.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * Lines or dots over two axes, as SVG whose colours a style sheet sets.
 *
 * <p>Threading: confined to its caller.
 */
final class LinePlot {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 360;
    private static final int LEFT = 70;
    private static final int RIGHT = 220; // the legend
    private static final int TOP = 16;
    private static final int BOTTOM = 48;

    private record Series(String name, boolean isLine, List<double[]> points) {}

    private final String x;
    private final String y;
    private final boolean logX;
    private final boolean logY;
    private final List<Series> all = new ArrayList<>();
    private double minX = Double.MAX_VALUE;
    private double maxX = -Double.MAX_VALUE;
    private double minY = Double.MAX_VALUE;
    private double maxY = -Double.MAX_VALUE;

    LinePlot(String x, boolean logX, String y, boolean logY) {
        this.x = x;
        this.y = y;
        this.logX = logX;
        this.logY = logY;
    }

    /** Points of (x, y); those that a logarithmic axis cannot show are left out. */
    void add(String name, boolean isLine, List<double[]> points) {
        List<double[]> shown = new ArrayList<>();
        for (double[] point : points) {
            if ((!logX || point[0] > 0) && (!logY || point[1] > 0)) {
                shown.add(point);
                minX = Math.min(minX, point[0]);
                maxX = Math.max(maxX, point[0]);
                minY = Math.min(minY, point[1]);
                maxY = Math.max(maxY, point[1]);
            }
        }
        all.add(new Series(name, isLine, shown));
    }

    private static double scaled(double value, double min, double max, boolean log) {
        double from = log ? StrictMath.log10(min) : min;
        double to = log ? StrictMath.log10(max) : max;
        double at = log ? StrictMath.log10(value) : value;
        return to == from ? 0.5 : (at - from) / (to - from);
    }

    private double atX(double value) {
        return LEFT + scaled(value, minX, maxX, logX) * (WIDTH - LEFT - RIGHT);
    }

    private double atY(double value) {
        return HEIGHT - BOTTOM - scaled(value, minY, maxY, logY) * (HEIGHT - TOP - BOTTOM);
    }

    String svg() {
        if (!logX) {
            minX = Math.min(0, minX);
        }
        if (!logY) {
            minY = Math.min(0, minY);
        }
        StringBuilder svg =
                new StringBuilder(
                        Verdict.text(
                                "<svg viewBox='0 0 %d %d' role='img' aria-label='%s over %s'>",
                                WIDTH, HEIGHT, y, x));
        for (double tick : ticks(minX, maxX, logX)) {
            double at = atX(tick);
            svg.append(
                    Verdict.text(
                            "<line class='g' x1='%.1f' y1='%d' x2='%.1f' y2='%d'/>"
                                    + "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>",
                            at, TOP, at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 16, number(tick)));
        }
        for (double tick : ticks(minY, maxY, logY)) {
            double at = atY(tick);
            svg.append(
                    Verdict.text(
                            "<line class='g' x1='%d' y1='%.1f' x2='%d' y2='%.1f'/>"
                                    + "<text x='%d' y='%.1f' text-anchor='end'>%s</text>",
                            LEFT, at, WIDTH - RIGHT, at, LEFT - 6, at + 4, number(tick)));
        }
        svg.append(
                Verdict.text(
                        "<text x='%d' y='%d' text-anchor='middle'>%s</text>"
                                + "<text transform='translate(14 %d) rotate(-90)'"
                                + " text-anchor='middle'>%s</text>",
                        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x, (TOP + HEIGHT - BOTTOM) / 2, y));
        for (int i = 0; i < all.size(); i++) {
            draw(svg, all.get(i), i);
        }
        return svg.append("</svg>").toString();
    }

    private void draw(StringBuilder svg, Series series, int index) {
        String mark = "s" + index % 10;
        if (series.isLine() && series.points().size() > 1) {
            svg.append("<polyline class='l ").append(mark).append("' points='");
            for (double[] point : series.points()) {
                svg.append(Verdict.text("%.1f,%.1f ", atX(point[0]), atY(point[1])));
            }
            svg.append("'/>");
        }
        for (double[] point : series.points()) {
            if (!series.isLine() || series.points().size() < 20) {
                svg.append(dot(atX(point[0]), atY(point[1]), mark, index));
            }
        }
        double at = TOP + 12 + 17.0 * index;
        svg.append(dot(WIDTH - RIGHT + 14, at - 4, mark, index));
        svg.append(
                Verdict.text(
                        "<text x='%d' y='%.1f'>%s</text>", WIDTH - RIGHT + 24, at, series.name()));
    }

    /** Shapes differ too, for paper without colours. */
    private static String dot(double x, double y, String mark, int index) {
        return switch (index % 4) {
            case 0 ->
                    Verdict.text("<circle class='d %s' cx='%.1f' cy='%.1f' r='3.6'/>", mark, x, y);
            case 1 ->
                    Verdict.text(
                            "<rect class='d %s' x='%.1f' y='%.1f' width='6.6' height='6.6'/>",
                            mark, x - 3.3, y - 3.3);
            case 2 ->
                    Verdict.text(
                            "<path class='d %s' d='M%.1f %.1fl4.4 7.6h-8.8z'/>", mark, x, y - 4.4);
            default ->
                    Verdict.text(
                            "<path class='d %s' d='M%.1f %.1fl4.6 4.6l-4.6 4.6l-4.6 -4.6z'/>",
                            mark, x, y - 4.6);
        };
    }

    private static List<Double> ticks(double min, double max, boolean log) {
        List<Double> ticks = new ArrayList<>();
        if (log) {
            int first = (int) Math.floor(StrictMath.log10(min));
            for (int power = first; power <= StrictMath.log10(max); power++) {
                for (int digit : new int[] {1, 2, 5}) {
                    double tick = digit * StrictMath.pow(10, power);
                    boolean few = StrictMath.log10(max / min) < 2.5 || digit == 1;
                    if (few && tick >= min * 0.999 && tick <= max * 1.001) {
                        ticks.add(tick);
                    }
                }
            }
            return ticks;
        }
        double step = StrictMath.pow(10, Math.floor(StrictMath.log10((max - min) / 4)));
        while ((max - min) / step > 6) {
            step *= 2;
        }
        for (double tick = Math.ceil(min / step) * step; tick <= max * 1.0001; tick += step) {
            ticks.add(tick);
        }
        return ticks;
    }

    static String number(double value) {
        if (value == 0) {
            return "0"; // nor -0
        }
        double size = Math.abs(value);
        if (size >= 1e6) {
            return Verdict.text("%.1f M", value / 1e6).replace(".0 ", " ");
        }
        if (size >= 1000) {
            return Verdict.text("%.1f k", value / 1000).replace(".0 ", " ");
        }
        return size >= 10 || size == Math.rint(size)
                ? Verdict.text("%.0f", value)
                : size >= 0.1 ? Verdict.text("%.1f", value) : Verdict.text("%.1g", value);
    }
}
