package paranet.core.mitigation;

/**
 * Parameters of policy {@code pace}; times in microseconds.
 *
 * @param latencyPrice CPU-seconds that one frame's waiting for a second is worth, 0.0001 to 10
 * @param normalMicros longest hold of a frame that is nothing special, 0 to {@link #MICROS_MAX}
 * @param bulkMicros longest hold of a frame of a bulk flow, likewise
 * @param completionMicros hold of a completion, likewise; four times that when received frames keep
 *     coming
 * @param framesMax most frames held, 1 to 64
 * @param holMicros guest's work that may lie before an urgent frame, 0 to {@link #MICROS_MAX}
 * @param urgentPerSecond frames of a guest that may be urgent; 0 is no bound
 * @param callsPerSecond interrupts that a guest shall get; 0 is no bound; a deadline comes first
 * @param costs of the hardware that the guest runs on
 */
public record PaceOptions(
        double latencyPrice,
        long normalMicros,
        long bulkMicros,
        long completionMicros,
        long framesMax,
        long holMicros,
        long urgentPerSecond,
        long callsPerSecond,
        UnitCosts costs) {
    /** Longer is no coalescing but a fault. */
    public static final long MICROS_MAX = 10_000;

    /** A guest polls so many at once. */
    public static final long FRAMES_MAX = 64;

    static final double PRICE_MIN = 0.0001;
    static final double PRICE_MAX = 10;
    static final long RATE_MAX = 100_000_000;

    /** What is shipped. */
    public static final PaceOptions DEFAULT =
            new PaceOptions(
                    Preset.BALANCED.price,
                    20,
                    100,
                    100,
                    FRAMES_MAX,
                    6,
                    100_000,
                    0,
                    UnitCosts.named(UnitCosts.DEFAULT));

    /** Prices of waiting that have a name. */
    public enum Preset {
        LATENCY(0.1),
        BALANCED(0.01),
        THROUGHPUT(0.002);

        final double price;

        Preset(double price) {
            this.price = price;
        }
    }

    /**
     * @throws IllegalArgumentException if a value is out of bounds, naming it
     */
    public PaceOptions {
        if (!(latencyPrice >= PRICE_MIN && latencyPrice <= PRICE_MAX)) {
            throw new IllegalArgumentException(
                    "latency-price is %s, and must be %s to %s"
                            .formatted(latencyPrice, PRICE_MIN, PRICE_MAX));
        }
        requireWithin("rx-usecs", normalMicros, 0, MICROS_MAX);
        requireWithin("rx-bulk-usecs", bulkMicros, 0, MICROS_MAX);
        requireWithin("tx-usecs", completionMicros, 0, MICROS_MAX);
        requireWithin("rx-frames", framesMax, 1, FRAMES_MAX);
        requireWithin("hol-usecs", holMicros, 0, MICROS_MAX);
        requireWithin("urgent-rate", urgentPerSecond, 0, RATE_MAX);
        requireWithin("irq-budget", callsPerSecond, 0, RATE_MAX);
    }

    static void requireWithin(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "%s is %d, and must be %d to %d".formatted(name, value, least, most));
        }
    }

    GapLaw gapLaw() {
        return new GapLaw(costs.interruptNanos(), latencyPrice);
    }

    /**
     * Of frames that nobody waits for alone: their gap is as much longer as their deadline is, and
     * the gap goes with the root of the price.
     */
    GapLaw bulkGapLaw() {
        double patience = Math.max(1, (double) bulkMicros / Math.max(1, normalMicros));
        return new GapLaw(costs.interruptNanos(), latencyPrice / (patience * patience));
    }
}
