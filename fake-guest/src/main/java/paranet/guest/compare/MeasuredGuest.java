package paranet.guest.compare;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A row of what {@code benchmarks/src/main/sh/guests-beside-model.sh} measured with a real guest.
 *
 * <p>Threading: immutable.
 *
 * @param guest {@code uml} or {@code qemu}
 * @param policy as the operator writes it, or {@code peer-} and whose back end it was instead
 * @param workload {@code tcp-in}, {@code tcp-out}, {@code rr} or {@code udp-in}
 * @param seconds of load
 * @param frames that the guest received and sent
 * @param interrupts that the guest counted for the device's queues
 * @param calls of the back end; unknown of a peer
 * @param kicks of the guest; unknown of a peer
 * @param throughputBits a second, as the receiver counts payload
 * @param roundTripNanos median of rr's own requests, else of echo requests beside the load
 * @param guestCpuNanos of everything that runs the guest
 * @param received frames of the guest
 */
public record MeasuredGuest(
        String guest,
        String policy,
        String workload,
        double seconds,
        long frames,
        long interrupts,
        OptionalLong calls,
        OptionalLong kicks,
        double throughputBits,
        OptionalLong roundTripNanos,
        long backendCpuNanos,
        long guestCpuNanos,
        long received) {
    private static final String PEER = "peer-";

    public MeasuredGuest {
        if (!(seconds > 0) || frames < 1 || interrupts < 0 || received < 0 || received > frames) {
            throw new IllegalArgumentException(
                    "%s/%s/%s: %s s, %d frames of which %d received, %d interrupts"
                            .formatted(
                                    guest,
                                    policy,
                                    workload,
                                    seconds,
                                    frames,
                                    received,
                                    interrupts));
        }
    }

    /** Whether somebody else's back end was measured. */
    public boolean isPeer() {
        return policy.startsWith(PEER);
    }

    public double interruptsPerFrame() {
        return (double) interrupts / frames;
    }

    /**
     * The rows of a file.
     *
     * @throws IllegalArgumentException naming the line that is none
     */
    public static List<MeasuredGuest> parse(String csv) {
        List<String> lines = csv.lines().toList();
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("no header");
        }
        List<String> names = fields(lines.getFirst());
        List<MeasuredGuest> rows = new ArrayList<>();
        for (int i = 1; i < lines.size(); i++) {
            try {
                rows.add(row(names, fields(lines.get(i))));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "line %d: %s".formatted(i + 1, e.getMessage()), e);
            }
        }
        return List.copyOf(rows);
    }

    private static MeasuredGuest row(List<String> names, List<String> values) {
        if (names.size() != values.size()) {
            throw new IllegalArgumentException(
                    "%d values for %d names".formatted(values.size(), names.size()));
        }
        Map<String, String> row = new HashMap<>();
        for (int i = 0; i < names.size(); i++) {
            row.put(names.get(i), values.get(i));
        }
        return new MeasuredGuest(
                text(row, "guest"),
                text(row, "policy"),
                text(row, "workload"),
                Double.parseDouble(text(row, "seconds")),
                Long.parseLong(text(row, "frames")),
                Long.parseLong(text(row, "interrupts")),
                number(row, "calls"),
                number(row, "kicks"),
                Double.parseDouble(text(row, "throughput_bits")),
                number(row, "rtt_p50_nanos"),
                Long.parseLong(text(row, "backend_cpu_nanos")),
                Long.parseLong(text(row, "guest_cpu_nanos")),
                Long.parseLong(text(row, "received")));
    }

    private static String text(Map<String, String> row, String name) {
        String text = row.get(name);
        if (text == null) {
            throw new IllegalArgumentException("no column " + name);
        }
        return text;
    }

    private static OptionalLong number(Map<String, String> row, String name) {
        String text = text(row, name);
        return text.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
    }

    /** Parts between commas; those within quotes separate nothing. */
    private static List<String> fields(String line) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char each = line.charAt(i);
            if (each == '"') {
                quoted = !quoted;
            } else if (each == ',' && !quoted) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(each);
            }
        }
        fields.add(field.toString());
        return fields;
    }
}
