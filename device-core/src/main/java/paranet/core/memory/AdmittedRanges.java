package paranet.core.memory;

import java.util.Arrays;

/**
 * The ranges of host memory that the bounded build may touch, sorted by address.
 *
 * <p>Threading: any thread; readers see an immutable array.
 */
final class AdmittedRanges {
    /** Pairs of start and end (exclusive), ascending, never overlapping. */
    private static volatile long[] ranges = {};

    private AdmittedRanges() {}

    static synchronized void add(long address, long bytes) {
        long[] old = ranges;
        long[] grown = Arrays.copyOf(old, old.length + 2);
        int at = old.length;
        while (at > 0 && old[at - 2] > address) {
            grown[at] = old[at - 2];
            grown[at + 1] = old[at - 1];
            at -= 2;
        }
        grown[at] = address;
        grown[at + 1] = address + bytes;
        ranges = grown;
    }

    static synchronized void remove(long address, long bytes) {
        long[] old = ranges;
        for (int at = 0; at < old.length; at += 2) {
            if (old[at] == address && old[at + 1] == address + bytes) {
                long[] shrunk = new long[old.length - 2];
                System.arraycopy(old, 0, shrunk, 0, at);
                System.arraycopy(old, at + 2, shrunk, at, old.length - at - 2);
                ranges = shrunk;
                return;
            }
        }
        throw new IllegalStateException(
                "range 0x%x+%d was never admitted".formatted(address, bytes));
    }

    static void check(long address, long bytes) {
        long[] now = ranges;
        int low = 0;
        int high = now.length / 2 - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (now[2 * middle] <= address) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        if (high < 0 || bytes < 0 || bytes > now[2 * high + 1] - address) {
            throw new IndexOutOfBoundsException(
                    "0x%x+%d lies in no admitted range".formatted(address, bytes));
        }
    }
}
