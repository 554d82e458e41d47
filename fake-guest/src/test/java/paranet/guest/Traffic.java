package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.MacAddress;
import paranet.guest.frame.TestFrame;
import paranet.guest.frame.TrafficVerifier;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Numbered frames through an echoing port on every pair of a driver, and what came of them. What a
 * port's network still held for an earlier guest arrives too, and is none of this guest's streams.
 */
final class Traffic {
    static final MacAddress GUEST = new MacAddress(0x02_00_00_00_00_02L);
    static final MacAddress OTHER = new MacAddress(0x02_00_00_00_00_01L);

    private static final long QUIET_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);
    private static final long AWAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final int PAIRS_MAX = 128;

    private final NetworkDriver driver;
    private final SplittableRandom random;
    private final TestFrame frames;
    private final int frameBytesMax;
    private final boolean busy;
    private final List<TrafficVerifier> verifiers = new ArrayList<>();
    private final long[] sent;
    private final int firstStream;
    private final GuestFrame out = new GuestFrame(2048);
    private final GuestFrame in = new GuestFrame(2048);

    Traffic(NetworkDriver driver, int frameBytesMax, boolean busy, long seed) {
        this.driver = driver;
        this.random = new SplittableRandom(seed);
        this.frames = new TestFrame(seed);
        this.frameBytesMax = frameBytesMax;
        this.busy = busy;
        this.sent = new long[driver.pairs()];
        this.firstStream = (int) seed * PAIRS_MAX;
        for (int i = 0; i < driver.pairs(); i++) {
            verifiers.add(new TrafficVerifier(firstStream + i, frames));
        }
    }

    static Traffic plain(NetworkDriver driver, long seed) {
        return new Traffic(driver, DriverOptions.FRAME_BYTES_PLAIN, false, seed);
    }

    /** Sends so many frames more on each pair and waits until all are back, whole, in order. */
    void exchange(int framesPerPair) throws IOException {
        long[] target = new long[sent.length];
        for (int i = 0; i < sent.length; i++) {
            target[i] = sent[i] + framesPerPair;
        }
        long last = System.nanoTime();
        while (!isDone(target)) {
            boolean moved = false;
            for (int i = 0; i < sent.length; i++) {
                moved |= step(i, target[i]);
            }
            if (moved) {
                last = System.nanoTime();
            } else if (System.nanoTime() - last > QUIET_NANOS_MAX) {
                throw new AssertionError("nothing came for too long: " + describe());
            } else if (!busy) {
                driver.await(AWAIT_NANOS, true);
            } else {
                Thread.onSpinWait();
            }
        }
        for (TrafficVerifier verifier : verifiers) {
            assertEquals(0, verifier.corrupt(), this::describe);
            assertEquals(0, verifier.reordered(), this::describe);
            assertEquals(0, verifier.duplicated(), this::describe);
        }
    }

    private boolean isDone(long[] target) {
        for (int i = 0; i < target.length; i++) {
            if (verifiers.get(i).received() < target[i]) {
                return false;
            }
        }
        return true;
    }

    private boolean step(int index, long target) {
        FramePort pair = driver.pair(index);
        boolean moved = false;
        while (pair.receive(in)) {
            moved = true;
            var _ = verifiers.get(index).accept(in);
        }
        int burst = 1 + random.nextInt(64);
        while (burst-- > 0 && sent[index] < target && send(index)) {
            moved = true;
        }
        pair.flush();
        return moved;
    }

    /** Stages one frame on a pair; false when there is no room. */
    boolean send(int index) {
        int bytes =
                random.nextInt(4) == 0
                        ? random.nextInt(60, 130)
                        : random.nextInt(60, frameBytesMax + 1);
        frames.write(out, OTHER, GUEST, firstStream + index, sent[index], 0, bytes);
        if (!driver.pair(index).send(out)) {
            return false;
        }
        sent[index]++;
        return true;
    }

    String describe() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < sent.length; i++) {
            TrafficVerifier verifier = verifiers.get(i);
            text.append(
                    "pair %d: sent %d, verified %d, corrupt %d, reordered %d, doubled %d; "
                            .formatted(
                                    i,
                                    sent[i],
                                    verifier.verified(),
                                    verifier.corrupt(),
                                    verifier.reordered(),
                                    verifier.duplicated()));
        }
        return text.toString();
    }
}
