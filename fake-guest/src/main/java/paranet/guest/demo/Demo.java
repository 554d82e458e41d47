package paranet.guest.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Traffic between guests of our own and this machine's kernel, each over a TAP, and a table about
 * it; {@link SideRun} says what traffic.
 *
 * <p>Threading: {@link #run} belongs to one thread, which draws.
 */
public final class Demo {
    private static final long PING_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long DRAW_NANOS_TERMINAL = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long DRAW_NANOS_PLAIN = TimeUnit.SECONDS.toNanos(1);

    private final DemoOptions options;
    private final List<SideRun> sides = new ArrayList<>();
    private final long start = System.nanoTime();

    private Demo(DemoOptions options) {
        this.options = options;
    }

    /**
     * Runs to the end, or until {@code stop} says so, and prints a summary.
     *
     * @return 0, or 1 when something did not pass its verification
     * @throws IOException if a back end cannot be reached or breaks the protocol
     */
    public static int run(DemoOptions options, PrintStream out, BooleanSupplier stop)
            throws IOException {
        Demo demo = new Demo(options);
        try {
            for (DemoSide side : options.sides()) {
                demo.sides.add(SideRun.start(side, options, stop));
            }
            return demo.run(out);
        } finally {
            demo.sides.forEach(SideRun::close);
        }
    }

    private int run(PrintStream out) {
        LiveTable table = new LiveTable(out, options.terminal(), sides.size());
        long interval = options.terminal().redraws() ? DRAW_NANOS_TERMINAL : DRAW_NANOS_PLAIN;
        while (!isOver(interval)) {
            table.show(
                    (System.nanoTime() - start) / 1e9,
                    options.seconds(),
                    sides.stream().map(SideRun::recent).toList());
        }
        sides.forEach(SideRun::interrupt);
        boolean passed = sides.stream().allMatch(SideRun::hasPassed);
        table.summary(
                (System.nanoTime() - start) / 1e9,
                sides.stream().map(SideRun::whole).toList(),
                passed);
        sides.forEach(side -> side.troubles().forEach(out::println));
        return passed ? 0 : 1;
    }

    /** Waits for one drawing interval, pinging meanwhile; true when there is nothing more to do. */
    private boolean isOver(long interval) {
        CompletableFuture<?> work =
                CompletableFuture.allOf(
                        sides.stream().map(SideRun::work).toArray(CompletableFuture<?>[]::new));
        long until = System.nanoTime() + interval;
        while (System.nanoTime() < until) {
            sides.forEach(SideRun::pingOnce);
            try {
                work.get(PING_EVERY_NANOS, TimeUnit.NANOSECONDS);
                return true;
            } catch (TimeoutException e) {
                if (sides.stream().allMatch(SideRun::isOver)) {
                    return true;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return true;
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
        return false;
    }
}
