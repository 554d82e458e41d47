package paranet.guest.sim;

/**
 * What is kept of many numbers: a thousand quantiles, half of them of the greatest hundredth.
 *
 * <p>Threading: immutable.
 */
final class Quantiles {
    private static final int STEPS = 512;
    private static final double TAIL = 0.99;

    private final int count;
    private final long[] values;

    /**
     * @param sorted the least first
     */
    Quantiles(long[] sorted) {
        this.count = sorted.length;
        this.values = new long[count == 0 ? 0 : 2 * STEPS + 1];
        for (int i = 0; i < values.length; i++) {
            double share = i < STEPS ? TAIL * i / STEPS : TAIL + (1 - TAIL) * (i - STEPS) / STEPS;
            values[i] = sorted[Math.min(count - 1, (int) (share * count))];
        }
    }

    int count() {
        return count;
    }

    /** Of a share of 0 to 1; 0 if there were no numbers. */
    long of(double share) {
        if (count == 0) {
            return 0;
        }
        int step =
                share < TAIL
                        ? (int) (share / TAIL * STEPS)
                        : STEPS + (int) Math.round((share - TAIL) / (1 - TAIL) * STEPS);
        return values[step];
    }
}
