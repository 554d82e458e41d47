package paranet.core.mitigation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Reads {@code POLICY[,key=value..]}. Keys are ethtool's where ethtool has one, and mean what they
 * mean there; the rest of ethtool's is refused by name, with the reason.
 *
 * <p>Threading: confined to its caller.
 */
public final class CoalesceText {
    private static final Map<String, String> REFUSED =
            Map.ofEntries(
                    Map.entry("stats-block-usecs", "there is no block of statistics"),
                    Map.entry("tx-usecs-low", "rx-usecs-low bounds both"),
                    Map.entry("tx-usecs-high", "rx-usecs-high bounds both"));

    /** What ethtool says of a guest that polls already, and what is true of one here. */
    private static final List<String> OF_POLLING =
            List.of("rx-usecs-irq", "rx-frames-irq", "tx-usecs-irq", "tx-frames-irq");

    /**
     * What a text comes to.
     *
     * @param values every parameter in force, given or not: {@code key=value,..}
     * @param notes what was given and has no effect, and why
     *     <p>Threading: immutable.
     */
    public record Reading(PolicyOptions options, String values, List<String> notes) {
        public Reading {
            notes = List.copyOf(notes);
        }
    }

    private final Map<String, String> inForce = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final String text;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final TreeSet<String> known = new TreeSet<>();

    private CoalesceText(String text) {
        this.text = text;
    }

    /**
     * The policy that a text says.
     *
     * @throws IllegalArgumentException naming the key, its value, the bound and what to do
     */
    public static PolicyOptions parse(String text) {
        return read(text).options();
    }

    /** The same with all that is to be said about it. */
    public static Reading read(String text) {
        CoalesceText reader = new CoalesceText(text);
        PolicyOptions options = reader.read();
        String values =
                reader.inForce.entrySet().stream()
                        .map(each -> each.getKey() + "=" + each.getValue())
                        .collect(Collectors.joining(","));
        return new Reading(options, values, reader.notes);
    }

    private PolicyOptions read() {
        List<String> parts = List.of(text.split(",", -1));
        String policy = parts.getFirst();
        for (String part : parts.subList(1, parts.size())) {
            int equals = part.indexOf('=');
            if (equals <= 0 || equals == part.length() - 1) {
                throw new IllegalArgumentException(
                        "'%s' in '%s' is no key=value".formatted(part, text));
            }
            String key = part.substring(0, equals);
            if (values.put(key, part.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("%s is given twice".formatted(key));
            }
        }
        PolicyOptions options =
                switch (policy) {
                    case "none" -> new PolicyOptions.None();
                    case "fixed" -> fixed();
                    case "throttle" ->
                            new PolicyOptions.Throttle(
                                    number("rx-usecs", 50), number("tx-usecs", 50));
                    case "dim" -> dim();
                    case "vic" ->
                            new PolicyOptions.Vic(
                                    number("epoch-msecs", 200),
                                    number("in-flight-min", 4),
                                    number("rate-min", 2000),
                                    number("hold-usecs", 1000));
                    case "pace" -> new PolicyOptions.Pace(pace());
                    default ->
                            throw new IllegalArgumentException(
                                    "'%s' is none of none, fixed, throttle, dim, vic, pace"
                                            .formatted(policy));
                };
        for (String key : OF_POLLING) {
            if (values.containsKey(key)) {
                number(key, 0);
                inForce.remove(key);
                notes.add(
                        "%s=%s has no effect here: a guest that polls is never called"
                                .formatted(key, values.get(key)));
            }
        }
        for (String key : values.keySet()) {
            if (!known.contains(key)) {
                throw unknown(policy, key);
            }
        }
        return options;
    }

    private IllegalArgumentException unknown(String policy, String key) {
        String reason = REFUSED.get(key);
        if (reason != null) {
            return new IllegalArgumentException(
                    "%s=%s has no effect here: %s; leave it out"
                            .formatted(key, values.get(key), reason));
        }
        return new IllegalArgumentException(
                "%s=%s is no parameter of policy %s, which has %s"
                        .formatted(
                                key,
                                values.get(key),
                                policy,
                                known.isEmpty() ? "none" : String.join(", ", known)));
    }

    private PolicyOptions fixed() {
        Coalescing.Zero zero =
                switch (word("zero", "ethtool")) {
                    case "ethtool" -> Coalescing.Zero.NO_CRITERION;
                    case "virtio" -> Coalescing.Zero.EVERY_FRAME;
                    default ->
                            throw new IllegalArgumentException(
                                    ("zero=%s must be ethtool (0 is no criterion) or virtio (0 is"
                                                    + " every packet)")
                                            .formatted(values.get("zero")));
                };
        return new PolicyOptions.Fixed(coalescing("rx-", 20, zero), coalescing("tx-", 20, zero));
    }

    private Coalescing coalescing(String side, long micros, Coalescing.Zero zero) {
        long usecs = number(side + "usecs", micros);
        long frames = number(side + "frames", 64);
        try {
            return new Coalescing(usecs, frames, zero);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(side + e.getMessage(), e);
        }
    }

    private PolicyOptions dim() {
        return new PolicyOptions.Dim(
                isOn("adaptive-rx", true),
                isOn("adaptive-tx", false),
                switch (word("mode", "eqe")) {
                    case "eqe" -> DimPolicy.Mode.EQE;
                    case "cqe" -> DimPolicy.Mode.CQE;
                    default ->
                            throw new IllegalArgumentException(
                                    "mode=%s must be eqe or cqe".formatted(values.get("mode")));
                },
                number("rx-usecs-low", 0),
                number("rx-usecs-high", 256),
                new PolicyOptions.Rates(
                        number("pkt-rate-low", 0),
                        number("pkt-rate-high", 0),
                        number("sample-interval", 1)));
    }

    private PaceOptions pace() {
        PaceOptions shipped = PaceOptions.DEFAULT;
        double price = shipped.latencyPrice();
        String preset = word("preset", "balanced");
        try {
            price = PaceOptions.Preset.valueOf(preset.toUpperCase(Locale.ROOT)).price;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "preset=%s must be latency, balanced or throughput".formatted(preset), e);
        }
        String given = word("latency-price", null);
        if (given != null) {
            if (values.containsKey("preset")) {
                throw new IllegalArgumentException(
                        "preset=%s and latency-price=%s set the same; give one"
                                .formatted(preset, given));
            }
            price = price(given);
            inForce.remove("preset");
        }
        return new PaceOptions(
                price,
                number("rx-usecs", shipped.normalMicros()),
                number("rx-bulk-usecs", shipped.bulkMicros()),
                number("tx-usecs", shipped.completionMicros()),
                number("rx-frames", shipped.framesMax()),
                number("hol-usecs", shipped.holMicros()),
                number("urgent-rate", shipped.urgentPerSecond()),
                number("irq-budget", shipped.callsPerSecond()),
                UnitCosts.named(word("wake-model", UnitCosts.DEFAULT)));
    }

    private static double price(String given) {
        try {
            return Double.parseDouble(given);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "latency-price=%s must be a number such as 0.01".formatted(given), e);
        }
    }

    private boolean isOn(String key, boolean otherwise) {
        return switch (word(key, otherwise ? "on" : "off")) {
            case "on" -> true;
            case "off" -> false;
            default ->
                    throw new IllegalArgumentException(
                            "%s=%s must be on or off".formatted(key, values.get(key)));
        };
    }

    private String word(String key, String otherwise) {
        known.add(key);
        String value = values.getOrDefault(key, otherwise);
        if (value != null) {
            inForce.put(key, value);
        }
        return value;
    }

    private long number(String key, long otherwise) {
        String given = word(key, Long.toString(otherwise));
        try {
            return Long.parseLong(given);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "%s=%s must be a whole number".formatted(key, given), e);
        }
    }
}
