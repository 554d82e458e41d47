package paranet.guest.compare;

import paranet.guest.sim.DeviceModel;

import java.util.ArrayList;
import java.util.List;

/**
 * Whether one number W explains what an event queue saves: s = L W / (1 + L W) at L signals a
 * second, where an interrupt covers all that is signalled while it is pending.
 *
 * <p>Threading: immutable.
 *
 * @param points one for each number of devices and era
 * @param constantNanos the W that fits all points of one era best
 * @param constantFit share of the variance that it explains, 1 at most
 * @param measuredFit the same, of W as measured for each point
 */
record BusLaw(List<Point> points, double constantNanos, double constantFit, double measuredFit) {
    /** One simulation; W is the mean time that the signal was pending. */
    record Point(String era, int devices, double signals, double saved, double windowNanos) {
        double predicted() {
            return law(signals, windowNanos);
        }
    }

    static double law(double signals, double windowNanos) {
        double product = signals * windowNanos / 1e9;
        return product / (1 + product);
    }

    /** Of devices that know nothing of each other, in one era. */
    static BusLaw of(Results results, String era) {
        List<Point> points = new ArrayList<>();
        for (int devices : Matrix.DEVICES) {
            Results.Row row =
                    results.of(
                            new Cell(DeviceModel.D6, "none", Workload.APART, era)
                                    .withDevices(devices, 1));
            points.add(
                    new Point(
                            era,
                            devices,
                            row.outcome().signals(),
                            row.outcome().saved(),
                            row.outcome().windowNanos()));
        }
        return fitted(points);
    }

    static BusLaw fitted(List<Point> points) {
        double best = 0;
        for (double window = 100; window <= 50_000; window += 10) {
            if (squares(points, window) < squares(points, best)) {
                best = window;
            }
        }
        double measured = 0;
        for (Point point : points) {
            measured += square(point.saved() - point.predicted());
        }
        return new BusLaw(
                List.copyOf(points),
                best,
                1 - squares(points, best) / spread(points),
                1 - measured / spread(points));
    }

    /** Greatest distance of a point from the law with one W. */
    double constantResidual() {
        return points.stream()
                .mapToDouble(p -> Math.abs(p.saved() - law(p.signals(), constantNanos)))
                .max()
                .orElse(0);
    }

    /** The same, of W as measured for each point. */
    double measuredResidual() {
        return points.stream()
                .mapToDouble(p -> Math.abs(p.saved() - p.predicted()))
                .max()
                .orElse(0);
    }

    private static double squares(List<Point> points, double windowNanos) {
        double sum = 0;
        for (Point point : points) {
            sum += square(point.saved() - law(point.signals(), windowNanos));
        }
        return sum;
    }

    private static double spread(List<Point> points) {
        double mean = points.stream().mapToDouble(Point::saved).average().orElse(0);
        return points.stream().mapToDouble(p -> square(p.saved() - mean)).sum();
    }

    private static double square(double value) {
        return value * value;
    }
}
