package paranet.guest.demo;

import java.nio.charset.Charset;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The last values of something as a row of bars.
 *
 * <p>Threading: confined to one thread.
 */
final class Sparkline {
    private static final String BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";
    private static final String ASCII = "_.-:=+*#";

    private final Deque<Double> values = new ArrayDeque<>();
    private final int width;
    private final String bars;

    /** {@code width} values, in bars that {@code charset} has. */
    Sparkline(int width, Charset charset) {
        this.width = width;
        this.bars = charset.newEncoder().canEncode(BARS) ? BARS : ASCII;
    }

    void add(double value) {
        values.addLast(value);
        if (values.size() > width) {
            values.removeFirst();
        }
    }

    @Override
    public String toString() {
        double most = 0;
        for (double value : values) {
            most = Math.max(most, value);
        }
        StringBuilder text = new StringBuilder();
        for (double value : values) {
            int level = most == 0 ? 0 : (int) Math.round(value / most * (bars.length() - 1));
            text.append(bars.charAt(level));
        }
        return text.toString();
    }
}
