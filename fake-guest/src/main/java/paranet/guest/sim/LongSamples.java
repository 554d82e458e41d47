package paranet.guest.sim;

import java.util.Arrays;

/**
 * Numbers in the order in which they came.
 *
 * <p>Threading: confined to its simulation.
 */
final class LongSamples {
    private long[] values = new long[1024];
    private int count;

    void add(long value) {
        if (count == values.length) {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = value;
    }

    void clear() {
        count = 0;
    }

    /** All of them, the least first. */
    long[] sorted() {
        long[] sorted = Arrays.copyOf(values, count);
        Arrays.sort(sorted);
        return sorted;
    }
}
