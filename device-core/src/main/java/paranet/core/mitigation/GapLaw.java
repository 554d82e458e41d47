package paranet.core.mitigation;

/**
 * The gap between interrupts that costs least, when an interrupt has a price and waiting has one:
 * an economic order quantity (docs/mitigation.md). With C the cost of an interrupt, L the rate of
 * frames and B the price of a frame's waiting, a gap g costs C / (g + 1/L) + B L g / 2 a second;
 * least at g = sqrt(2 C / (B L)) - 1/L, or at 0.
 *
 * <p>Threading: immutable.
 */
public final class GapLaw {
    private final double rateMin; // frames per nanosecond, below which no gap pays
    private final double factor;

    /**
     * @param interruptNanos what an interrupt costs
     * @param latencyPrice CPU-seconds that one frame's waiting for a second is worth, over 0
     */
    public GapLaw(long interruptNanos, double latencyPrice) {
        this.factor = 2.0 * interruptNanos / latencyPrice;
        this.rateMin = 1 / factor;
    }

    /** The gap in nanoseconds, at so many frames per nanosecond. */
    public long gapNanos(double framesPerNano) {
        if (framesPerNano <= rateMin) {
            return 0;
        }
        return (long) (Math.sqrt(factor / framesPerNano) - 1 / framesPerNano);
    }
}
