package paranet.launcher.guest;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Waiting for something outside this process that sends no event: looked at every few milliseconds,
 * up to a limit.
 */
final class Await {
    private static final long LOOK_EVERY_NANOS = 5_000_000;

    private Await() {}

    /**
     * Returns as soon as the condition holds.
     *
     * @throws AssertionError after the limit, with the text of what was awaited
     */
    static void until(Duration limit, BooleanSupplier condition, Supplier<String> awaited) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + limit + ": " + awaited.get());
            }
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
    }
}
