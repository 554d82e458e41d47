package paranet.tap;

/**
 * How many queue pairs a bridge may have.
 *
 * <p>Threading: immutable.
 */
final class PairCount {
    static final int MAX = TapDevice.QUEUES_MAX;

    private PairCount() {}

    static int require(int pairs) {
        return requireWithin(pairs, MAX);
    }

    static int requireWithin(int pairs, int max) {
        if (pairs < 1 || pairs > max) {
            throw new IllegalArgumentException("%d pairs are not in 1..%d".formatted(pairs, max));
        }
        return pairs;
    }
}
