package paranet.guest.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * Lines or dots over two axes, as SVG whose colours a style sheet sets.
 *
 * <p>Threading: confined to its caller.
 */
final class LinePlot {
    private static final int LEGEND_COLUMNS = 3;
    private static final double ROOM = 0.03; // beyond the greatest value of a linear axis

    /** How a series is drawn. */
    enum Drawn {
        LINE,
        DOTS,
        /** With corners, each value until the next. */
        STEPS,
        /** Without dots, of something computed. */
        THIN,
        /** Of something measured. */
        CROSSES
    }

    /** How large a plot is. */
    private record Size(int width, int height, int left, int right, int top, int bottom) {
        /** With its legend to the right. */
        static final Size WIDE = new Size(760, 360, 70, 220, 16, 48);

        /** One of several that have a legend in common. */
        static final Size SMALL = new Size(380, 250, 62, 12, 28, 44);
    }

    private record Series(String name, Drawn drawn, List<double[]> points, int colour) {}

    private final Size size;
    private final String title;
    private final String x;
    private final String y;
    private final boolean logX;
    private final boolean logY;
    private final List<Series> all = new ArrayList<>();
    private double minX = Double.MAX_VALUE;
    private double maxX = -Double.MAX_VALUE;
    private double minY = Double.MAX_VALUE;
    private double maxY = -Double.MAX_VALUE;

    private LinePlot(Size size, String title, String x, boolean logX, String y, boolean logY) {
        this.size = size;
        this.title = title;
        this.x = x;
        this.y = y;
        this.logX = logX;
        this.logY = logY;
    }

    LinePlot(String x, boolean logX, String y, boolean logY) {
        this(Size.WIDE, "", x, logX, y, logY);
    }

    /** One of several; {@link #legend} is below them. */
    static LinePlot small(String title, String x, boolean logX, String y, boolean logY) {
        return new LinePlot(Size.SMALL, title, x, logX, y, logY);
    }

    /** Points of (x, y); those that a logarithmic axis cannot show are left out. */
    void add(String name, Drawn drawn, List<double[]> points) {
        add(name, drawn, points, all.size());
    }

    /**
     * The same.
     *
     * @param colour that of the series of this number, from 0
     */
    void add(String name, Drawn drawn, List<double[]> points, int colour) {
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
        all.add(new Series(name, drawn, shown, colour));
    }

    private static double scaled(double value, double min, double max, boolean log) {
        double from = log ? StrictMath.log10(min) : min;
        double to = log ? StrictMath.log10(max) : max;
        double at = log ? StrictMath.log10(value) : value;
        return to == from ? 0.5 : (at - from) / (to - from);
    }

    private int right() {
        return size.width() - size.right();
    }

    private int bottom() {
        return size.height() - size.bottom();
    }

    private double atX(double value) {
        return size.left() + scaled(value, minX, maxX, logX) * (right() - size.left());
    }

    private double atY(double value) {
        return bottom() - scaled(value, minY, maxY, logY) * (bottom() - size.top());
    }

    String svg() {
        if (!logX) {
            minX = Math.min(0, minX);
            maxX += ROOM * (maxX - minX);
        }
        if (!logY) {
            minY = Math.min(0, minY);
            maxY += ROOM * (maxY - minY);
        }
        StringBuilder svg =
                new StringBuilder(
                        Verdict.text(
                                "<svg viewBox='0 0 %d %d' role='img' aria-label='%s%s over %s'>",
                                size.width(),
                                size.height(),
                                title.isEmpty() ? "" : title + ": ",
                                y,
                                x));
        svg.append(
                Verdict.text(
                        "<text class='t' x='%d' y='%d'>%s</text>",
                        size.left(), size.top() - 10, title));
        for (double tick : ticks(minX, maxX, logX)) {
            double at = atX(tick);
            svg.append(
                    Verdict.text(
                            "<line class='g' x1='%.1f' y1='%d' x2='%.1f' y2='%d'/>"
                                    + "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>",
                            at, size.top(), at, bottom(), at, bottom() + 16, number(tick)));
        }
        for (double tick : ticks(minY, maxY, logY)) {
            double at = atY(tick);
            svg.append(
                    Verdict.text(
                            "<line class='g' x1='%d' y1='%.1f' x2='%d' y2='%.1f'/>"
                                    + "<text x='%d' y='%.1f' text-anchor='end'>%s</text>",
                            size.left(), at, right(), at, size.left() - 6, at + 4, number(tick)));
        }
        svg.append(
                Verdict.text(
                        "<text x='%d' y='%d' text-anchor='middle'>%s</text>"
                                + "<text transform='translate(14 %d) rotate(-90)'"
                                + " text-anchor='middle'>%s</text>",
                        (size.left() + right()) / 2,
                        size.height() - 8,
                        x,
                        (size.top() + bottom()) / 2,
                        y));
        for (int i = 0; i < all.size(); i++) {
            draw(svg, all.get(i));
            if (size.equals(Size.WIDE)) {
                key(svg, all.get(i), right() + 14, size.top() + 8 + 17.0 * i);
            }
        }
        return svg.append("</svg>").toString();
    }

    /** Names of the series of the small plots above it. */
    String legend() {
        int rows = (all.size() + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS;
        StringBuilder svg =
                new StringBuilder(
                        Verdict.text(
                                "<svg viewBox='0 0 %d %d' role='img' aria-label='legend'>",
                                Size.WIDE.width(), 18 * rows + 6));
        for (int i = 0; i < all.size(); i++) {
            int row = i / LEGEND_COLUMNS;
            double at = 12 + 18.0 * row;
            key(svg, all.get(i), 12 + i % LEGEND_COLUMNS * 250.0, at);
        }
        return svg.append("</svg>").toString();
    }

    private static void key(StringBuilder svg, Series series, double x, double y) {
        String mark = "s" + series.colour() % 10;
        if (series.drawn() == Drawn.THIN) {
            svg.append(
                    Verdict.text(
                            "<line class='l w %s' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>",
                            mark, x - 6, y, x + 6, y));
        } else {
            svg.append(dot(series, x, y, mark));
        }
        svg.append(Verdict.text("<text x='%.1f' y='%.1f'>%s</text>", x + 10, y + 4, series.name()));
    }

    private void draw(StringBuilder svg, Series series) {
        String mark = "s" + series.colour() % 10;
        boolean lined = series.drawn() != Drawn.DOTS && series.drawn() != Drawn.CROSSES;
        if (lined && series.points().size() > 1) {
            svg.append("<polyline class='l ")
                    .append(series.drawn() == Drawn.THIN ? "w " : "")
                    .append(mark)
                    .append("' points='");
            double before = Double.NaN; // at the first
            for (double[] point : series.points()) {
                if (series.drawn() == Drawn.STEPS && !Double.isNaN(before)) {
                    svg.append(Verdict.text("%.1f,%.1f ", atX(point[0]), before));
                }
                before = atY(point[1]);
                svg.append(Verdict.text("%.1f,%.1f ", atX(point[0]), before));
            }
            svg.append("'/>");
        }
        boolean dotted = series.drawn() == Drawn.LINE && series.points().size() < 20;
        if (!lined || dotted) {
            for (double[] point : series.points()) {
                svg.append(dot(series, atX(point[0]), atY(point[1]), mark));
            }
        }
    }

    /** Shapes differ too, for paper without colours. */
    private static String dot(Series series, double x, double y, String mark) {
        if (series.drawn() == Drawn.CROSSES) {
            return Verdict.text("<path class='x' d='M%.1f %.1fl9 9m0 -9l-9 9'/>", x - 4.5, y - 4.5);
        }
        return switch (series.colour() % 4) {
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

    static List<Double> ticks(double min, double max, boolean log) {
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
        int[] times = {1, 2, 5, 10, 20};
        int i = 0;
        while ((max - min) / (step * times[i]) > 6) {
            i++;
        }
        step *= times[i];
        for (double tick = Math.ceil(min / step) * step; tick <= max * 1.0001; tick += step) {
            ticks.add(tick);
        }
        return ticks;
    }

    static String number(double value) {
        if (Math.abs(value) < 1e-12) {
            return "0"; // nor -0, nor what sums of steps leave of it
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
