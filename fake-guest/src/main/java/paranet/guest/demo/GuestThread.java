package paranet.guest.demo;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

import paranet.guest.FramePort;
import paranet.guest.NetworkDriver;
import paranet.guest.frame.GuestFrame;
import paranet.guest.stack.FrameOutput;
import paranet.guest.stack.GuestStack;
import paranet.guest.stack.StackConfig;
import paranet.guest.stack.StackCounters;

import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/**
 * Runs a guest's stack on the first port of its network card.
 *
 * <p>Threading: one thread of its own runs everything; any thread may give it commands, read the
 * counts and close it.
 */
final class GuestThread implements AutoCloseable {
    private static final long COMMANDS_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final int BATCH_MAX = 256;
    private static final long ROUND_TRIP_NANOS_MAX = TimeUnit.MINUTES.toNanos(1);
    private static final long JOIN_MILLIS_MAX = 10_000;

    private final NetworkDriver driver;
    private final FramePort pair;
    private final GuestStack stack;
    private final Thread thread;
    private final Queue<BiConsumer<GuestStack, Long>> commands = new ConcurrentLinkedQueue<>();
    private final Recorder roundTrips = new Recorder(ROUND_TRIP_NANOS_MAX, 3);
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final AtomicLong framesIn = new AtomicLong();
    private final AtomicLong framesOut = new AtomicLong();
    private final AtomicLong bytesIn = new AtomicLong();
    private final AtomicLong bytesOut = new AtomicLong();
    private final AtomicLong pingsAnswered = new AtomicLong();
    private final long start = System.nanoTime();
    private volatile StackCounters counters;
    private volatile boolean closing;

    GuestThread(NetworkDriver driver, StackConfig config) {
        this.driver = driver;
        this.pair = driver.pair(0);
        this.stack = new GuestStack(config, new Output());
        this.counters = stack.counters();
        stack.onPing(
                (address, sequence, nanos) -> {
                    pingsAnswered.incrementAndGet();
                    roundTrips.recordValue(Math.clamp(nanos, 0, ROUND_TRIP_NANOS_MAX));
                });
        this.thread = Thread.ofPlatform().daemon(true).name("guest").unstarted(this::run);
        thread.start();
    }

    /** The stack's way out: the driver's transmit ring. */
    private final class Output implements FrameOutput {
        @Override
        public boolean hasRoom() {
            return pair.hasRoom();
        }

        @Override
        public void send(GuestFrame frame) {
            if (pair.send(frame)) {
                framesOut.incrementAndGet();
                bytesOut.addAndGet(frame.length());
            }
        }
    }

    private void run() {
        try {
            GuestFrame frame = new GuestFrame(1 << 16);
            while (!closing) {
                cycle(frame);
            }
            ended.complete(null);
        } catch (IOException | RuntimeException e) {
            ended.completeExceptionally(e);
        }
    }

    private void cycle(GuestFrame frame) throws IOException {
        long now = System.nanoTime() - start;
        BiConsumer<GuestStack, Long> command = commands.poll();
        while (command != null) {
            command.accept(stack, now);
            command = commands.poll();
        }
        int frames = 0;
        long bytes = 0;
        while (frames < BATCH_MAX && pair.receive(frame)) {
            frames++;
            bytes += frame.length();
            stack.receive(frame, now);
        }
        framesIn.addAndGet(frames);
        bytesIn.addAndGet(bytes);
        stack.poll(now);
        pair.flush();
        counters = stack.counters();
        if (frames == 0) {
            long wait = Math.clamp(stack.deadline() - now, 0, COMMANDS_NANOS);
            driver.await(wait, !pair.hasRoom());
        }
    }

    /** Lets the guest's thread do something with its stack and the time, soon. */
    void execute(BiConsumer<GuestStack, Long> command) {
        commands.add(command);
    }

    /** Round trips since this was asked last. */
    Histogram roundTrips() {
        return roundTrips.getIntervalHistogram();
    }

    /** Completes when the thread ends; exceptionally when it failed. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    StackCounters counters() {
        return counters;
    }

    long framesIn() {
        return framesIn.get();
    }

    long framesOut() {
        return framesOut.get();
    }

    long bytesIn() {
        return bytesIn.get();
    }

    long bytesOut() {
        return bytesOut.get();
    }

    long pingsAnswered() {
        return pingsAnswered.get();
    }

    @Override
    public void close() {
        closing = true;
        try {
            thread.join(JOIN_MILLIS_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        driver.close();
    }
}
