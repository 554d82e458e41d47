package paranet.guest.stack;

import java.util.ArrayList;
import java.util.List;

/**
 * Which stretches of a stream have arrived ahead of the first gap: sorted, disjoint, few.
 *
 * <p>Threading: confined to the stack's thread.
 */
final class ReceivedRanges {
    static final int RANGES_MAX = 64;

    private record Range(long from, long to) {}

    private final List<Range> ranges = new ArrayList<>();

    /**
     * Adds [from, to); false when that would be one range too many, which what starts at {@code
     * next} never is: it closes the gap that the others wait for.
     */
    boolean add(long from, long to, long next) {
        long start = from;
        long end = to;
        int at = 0;
        while (at < ranges.size() && ranges.get(at).to < start) {
            at++;
        }
        int first = at;
        while (at < ranges.size() && ranges.get(at).from <= end) {
            start = Math.min(start, ranges.get(at).from);
            end = Math.max(end, ranges.get(at).to);
            at++;
        }
        if (first == at && ranges.size() == RANGES_MAX && from != next) {
            return false;
        }
        ranges.subList(first, at).clear();
        ranges.add(first, new Range(start, end));
        return true;
    }

    /** Where the stretch that starts at {@code next} ends, forgetting it; else {@code next}. */
    long endOfFirst(long next) {
        if (ranges.isEmpty() || ranges.getFirst().from > next) {
            return next;
        }
        return Math.max(next, ranges.removeFirst().to);
    }

    int count() {
        return ranges.size();
    }
}
