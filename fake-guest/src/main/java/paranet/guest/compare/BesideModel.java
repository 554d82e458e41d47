package paranet.guest.compare;

import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.Assumptions;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Flow;
import paranet.guest.sim.Outcome;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What real guests did beside what the model says of the same policy under the nearest workload, in
 * interrupts a frame.
 *
 * <p>The model has two answers: one for a guest of {@code pi2020}, and one for a guest as slow as
 * the real one. How slow that is, is measured under policy {@code none}: CPU time a frame, and the
 * round trip, from which the times to wake follow. No count of interrupts goes in.
 *
 * <p>Threading: immutable.
 */
public final class BesideModel {
    /**
     * A measurement and the two answers, which are missing of a peer.
     *
     * @param modelled interrupts a frame, of a guest of {@code pi2020}
     * @param asSlow interrupts a frame, of a guest as slow as the real one
     * @param asSlowFrames frames a second of that one
     */
    public record Line(
            MeasuredGuest measured, double modelled, double asSlow, double asSlowFrames) {}

    private static final String ERA = Matrix.PI;
    private static final long NANOS = 200_000_000;
    private static final double LINK_BITS = 10e9;
    private static final int SLEEPERS = 4; // on the way of a request and its answer
    private static final long ACK_NANOS = 20_000; // as Workload.TCP_OUT

    private final List<MeasuredGuest> rows;
    private final long seed;

    public BesideModel(List<MeasuredGuest> rows, long seed) {
        this.rows = List.copyOf(rows);
        this.seed = seed;
    }

    /** Prints the table of a file of measurements. */
    public static void main(String[] arguments) throws IOException {
        List<MeasuredGuest> measured = MeasuredGuest.parse(Files.readString(Path.of(arguments[0])));
        System.out.print(new BesideModel(measured, 1).table());
    }

    /** One for each measurement, in its order. */
    public List<Line> lines() {
        List<Line> lines = new ArrayList<>();
        for (MeasuredGuest row : rows) {
            lines.add(row.isPeer() ? new Line(row, Double.NaN, Double.NaN, Double.NaN) : line(row));
        }
        return lines;
    }

    private Line line(MeasuredGuest row) {
        Outcome modelled = run(row, row.policy(), UnitCosts.named(ERA), Assumptions.shipped());
        long service = service(row);
        long pause = pause(row);
        Outcome asSlow = run(row, row.policy(), costs(service, pause), assumptions(service, pause));
        return new Line(row, perFrame(modelled), perFrame(asSlow), frames(asSlow));
    }

    private Outcome run(
            MeasuredGuest row, String policy, UnitCosts costs, Assumptions assumptions) {
        return new Cell(device(row), policy, workload(row), ERA)
                .run(costs, assumptions, seed, NANOS);
    }

    /** User-Mode Linux takes packed rings, QEMU offers its guest split ones unless asked. */
    private static DeviceModel device(MeasuredGuest row) {
        return row.guest().equals("uml") ? DeviceModel.D4 : DeviceModel.D3;
    }

    private static Workload workload(MeasuredGuest row) {
        Flow flow =
                switch (row.workload()) {
                    case "tcp-in" -> new Flow.TcpToGuest();
                    case "tcp-out" -> new Flow.TcpFromGuest(ACK_NANOS);
                    case "rr" -> new Flow.Requests(1, 0);
                    case "udp-in" ->
                            new Flow.Datagrams(
                                    row.received() / row.seconds(), FrameClass.NORMAL, 64);
                    default ->
                            throw new IllegalArgumentException(
                                    "no workload '%s' in the model".formatted(row.workload()));
                };
        return new Workload(row.workload(), row.workload(), LINK_BITS, List.of(flow));
    }

    /** CPU time of the guest for a frame, in nanoseconds. */
    private long service(MeasuredGuest row) {
        MeasuredGuest none = under(row, row.workload());
        return Math.max(1, none.guestCpuNanos() / none.frames());
    }

    /** The measurement of policy none with the same guest; the row itself if there is none. */
    private MeasuredGuest under(MeasuredGuest row, String workload) {
        for (MeasuredGuest each : rows) {
            if (each.guest().equals(row.guest())
                    && each.policy().equals("none")
                    && each.workload().equals(workload)) {
                return each;
            }
        }
        return row;
    }

    /**
     * How much longer than the model's each sleeper needs to wake, so that a request takes what it
     * took: the back end, the guest, the back end again, the client.
     */
    private long pause(MeasuredGuest row) {
        MeasuredGuest requests = under(row, "rr");
        if (requests.roundTripNanos().isEmpty() || !requests.workload().equals("rr")) {
            return 0;
        }
        long service = service(requests);
        Outcome simulated = run(requests, "none", costs(service, 0), assumptions(service, 0));
        double missing = requests.roundTripNanos().getAsLong() - 1e9 / simulated.transactions();
        return Math.max(0, Math.round(missing / SLEEPERS));
    }

    private static UnitCosts costs(long serviceNanos, long pauseNanos) {
        UnitCosts of = UnitCosts.named(ERA);
        return new UnitCosts(
                "measured",
                of.lightNanos(),
                of.deliverNanos(),
                of.eoiNanos(),
                of.heavyNanos(),
                of.callNanos(),
                of.irqNanos(),
                of.wakeNanos() + pauseNanos,
                serviceNanos);
    }

    /**
     * The wire's way, twice a request, is where the model has the client and the way to the guest.
     */
    private static Assumptions assumptions(long serviceNanos, long pauseNanos) {
        Assumptions of = Assumptions.shipped();
        return of.with("guest-send-nanos", serviceNanos)
                .with("host-wake-nanos", of.of("host-wake-nanos") + pauseNanos)
                .with("wire-nanos", of.of("wire-nanos") + pauseNanos);
    }

    private static double frames(Outcome outcome) {
        return outcome.received() + outcome.sent();
    }

    private static double perFrame(Outcome outcome) {
        return frames(outcome) == 0 ? 0 : outcome.interrupts() / frames(outcome);
    }

    /** All lines, for people. */
    public String table() {
        StringBuilder text = new StringBuilder();
        String format = "%-5s %-30s %-8s %9s %10s | %10s %10s %9s%n";
        text.append(
                String.format(
                        Locale.ROOT,
                        format,
                        "",
                        "",
                        "",
                        "measured",
                        "measured",
                        "modelled",
                        "modelled,",
                        "as slow"));
        text.append(
                String.format(
                        Locale.ROOT,
                        format,
                        "guest",
                        "policy",
                        "workload",
                        "frames/s",
                        "irqs/frame",
                        ERA,
                        "as slow",
                        "frames/s"));
        for (Line line : lines()) {
            MeasuredGuest row = line.measured();
            text.append(
                    String.format(
                            Locale.ROOT,
                            format,
                            row.guest(),
                            row.policy(),
                            row.workload(),
                            number("%.0f", row.frames() / row.seconds()),
                            number("%.4f", row.interruptsPerFrame()),
                            number("%.4f", line.modelled()),
                            number("%.4f", line.asSlow()),
                            number("%.0f", line.asSlowFrames())));
        }
        return text.toString();
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }
}
