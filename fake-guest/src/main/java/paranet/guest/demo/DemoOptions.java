package paranet.guest.demo;

import java.util.List;

/**
 * What a demo is asked to do.
 *
 * @param sides the guests, side by side
 * @param seconds how long traffic runs, 1 to 86400
 * @param seed of everything random
 * @param terminal how to draw
 *     <p>Threading: immutable.
 */
public record DemoOptions(List<DemoSide> sides, int seconds, long seed, Terminal terminal) {
    public DemoOptions {
        sides = List.copyOf(sides);
        if (sides.isEmpty()) {
            throw new IllegalArgumentException("no guest");
        }
        if (seconds < 1 || seconds > 86_400) {
            throw new IllegalArgumentException("%d seconds are not in 1..86400".formatted(seconds));
        }
    }
}
