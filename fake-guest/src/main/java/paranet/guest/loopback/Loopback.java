package paranet.guest.loopback;

import org.HdrHistogram.Histogram;

import paranet.core.virtqueue.RingFeature;
import paranet.guest.BusFrontend;
import paranet.guest.BusOptions;
import paranet.guest.DriverOptions;
import paranet.guest.FakeFrontend;
import paranet.guest.FramePort;
import paranet.guest.FrontendOptions;
import paranet.guest.GuestDevice;
import paranet.guest.NetworkDriver;
import paranet.guest.VenetDriverOptions;
import paranet.guest.VenetGuest;
import paranet.guest.VirtioNetDriver;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.MacAddress;
import paranet.guest.frame.TestFrame;
import paranet.guest.frame.TrafficVerifier;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Sends numbered frames through a back end that echoes them, and judges what returns.
 *
 * <p>Threading: confined to the thread that runs it; {@code stop} may be told by any thread.
 */
public final class Loopback {
    /** Without a frame for this long, those in flight count as lost. */
    private static final long QUIET_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);

    private static final long AWAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long ROUND_TRIP_NANOS_MAX = TimeUnit.HOURS.toNanos(1);
    private static final int ROUND_TRIP_DIGITS = 3;
    private static final int FRAME_BYTES_PLAIN = 1514;
    private static final long RAM_PER_PORT = 36L << 20;
    private static final MacAddress NETWORK = new MacAddress(0x02_00_00_00_00_01L);
    private static final MacAddress GUEST = new MacAddress(0x02_00_00_00_00_02L);

    private final LoopbackOptions options;
    private final TestFrame frames;
    private final SplittableRandom sizes;
    private final Histogram roundTrips = new Histogram(ROUND_TRIP_NANOS_MAX, ROUND_TRIP_DIGITS);
    private final GuestFrame out = new GuestFrame(2048);
    private final GuestFrame in = new GuestFrame(2048);
    private final List<Stream> streams = new ArrayList<>();
    private long bytesVerified;
    private long lastReceived;
    private long start;
    private long exitsPaid;

    /** The traffic of one port. */
    private static final class Stream {
        private final FramePort pair;
        private final TrafficVerifier verifier;
        private long sent;
        private long givenUp; // frames in flight that nobody waits for any more

        private Stream(FramePort pair, TrafficVerifier verifier) {
            this.pair = pair;
            this.verifier = verifier;
        }

        private long inFlight() {
            return sent - verifier.received() - givenUp;
        }
    }

    private Loopback(LoopbackOptions options) {
        this.options = options;
        this.frames = new TestFrame(options.seed());
        this.sizes = new SplittableRandom(options.seed());
    }

    /**
     * Runs each until its time is over or {@code stop} says so, and prints the figures side by
     * side.
     *
     * @param runs one after the other, each of another device
     * @return 0 if every frame came back once, whole and in order; else 1
     * @throws IOException if the back end cannot be reached or breaks the protocol
     */
    public static int run(List<LoopbackOptions> runs, PrintStream out, BooleanSupplier stop)
            throws IOException {
        LoopbackTable table = new LoopbackTable();
        boolean perfect = true;
        for (LoopbackOptions options : runs) {
            out.printf(
                    Locale.ROOT,
                    "loopback through %s: %s, %s, %s ring of %d, seed %d, %d s%n",
                    options.socketPath(),
                    options.frameBytes().isPresent()
                            ? "frames of " + options.frameBytes().getAsInt() + " bytes"
                            : "frames of random size",
                    ports(options),
                    ring(options),
                    options.ringSize(),
                    options.seed(),
                    options.seconds());
            LoopbackResult result = measure(options, stop);
            table.add(options.device().word(), result);
            perfect &= result.isPerfect();
        }
        table.print(out);
        if (runs.stream().anyMatch(LoopbackOptions::json)) {
            out.println(table.json());
        }
        return perfect ? 0 : 1;
    }

    private static String ports(LoopbackOptions options) {
        boolean venet = options.device() == GuestDevice.VENET;
        int count = venet ? options.devices() : options.queuePairs();
        return "%d %s%s".formatted(count, venet ? "device" : "pair", count == 1 ? "" : "s");
    }

    private static String ring(LoopbackOptions options) {
        if (options.device() == GuestDevice.VENET) {
            return "venet's";
        }
        return options.packed() ? "packed" : "split";
    }

    /** Runs without printing. */
    public static LoopbackResult measure(LoopbackOptions options, BooleanSupplier stop)
            throws IOException {
        try (NetworkDriver guest =
                options.device() == GuestDevice.VENET ? venet(options) : virtioNet(options)) {
            return new Loopback(options).run(guest, stop);
        }
    }

    private static NetworkDriver virtioNet(LoopbackOptions options) throws IOException {
        long wanted = FrontendOptions.USUAL_FEATURES;
        if (options.packed()) {
            wanted |= RingFeature.RING_PACKED;
        }
        FrontendOptions front =
                FrontendOptions.usual(options.seed())
                        .withFeatures(wanted)
                        .withRings(options.queuePairs(), options.ringSize())
                        .withMemory(3, RAM_PER_PORT * (options.queuePairs() + 1), false);
        boolean large = options.frameBytes().orElse(0) > FRAME_BYTES_PLAIN;
        DriverOptions driver =
                large ? DriverOptions.large(options.seed()) : DriverOptions.plain(options.seed());
        return VirtioNetDriver.open(FakeFrontend.connect(options.socketPath(), front), driver);
    }

    private static NetworkDriver venet(LoopbackOptions options) throws IOException {
        BusOptions front =
                BusOptions.usual(options.seed())
                        .withMemory(3, RAM_PER_PORT * (options.devices() + 1), false);
        return VenetGuest.open(
                BusFrontend.connect(options.socketPath(), front),
                VenetDriverOptions.usual(options.seed()).withRings(options.ringSize()),
                options.devices());
    }

    private LoopbackResult run(NetworkDriver guest, BooleanSupplier stop) throws IOException {
        for (int i = 0; i < guest.pairs(); i++) {
            streams.add(new Stream(guest.pair(i), new TrafficVerifier(i, frames)));
        }
        start = System.nanoTime();
        lastReceived = start;
        long sendNanos = TimeUnit.SECONDS.toNanos(options.seconds());
        while (System.nanoTime() - start < sendNanos && !stop.getAsBoolean()) {
            step(guest, true);
        }
        while (inFlight() > 0) {
            step(guest, false);
        }
        return result(guest);
    }

    private long inFlight() {
        return streams.stream().mapToLong(Stream::inFlight).sum();
    }

    private void step(NetworkDriver guest, boolean sending) throws IOException {
        if (!exchange(sending)) {
            rest(guest);
        }
        if (options.exitNanos() > 0) {
            long exits = guest.kicks() + guest.calls();
            long until = System.nanoTime() + (exits - exitsPaid) * options.exitNanos();
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            exitsPaid = exits;
        }
    }

    /** Waits for frames; gives up those in flight when none came for too long. */
    private void rest(NetworkDriver guest) throws IOException {
        if (System.nanoTime() - lastReceived > QUIET_NANOS_MAX) {
            streams.forEach(each -> each.givenUp += each.inFlight());
            lastReceived = System.nanoTime();
        }
        guest.await(AWAIT_NANOS, false);
    }

    /** One look at every pair. Returns whether a frame moved. */
    private boolean exchange(boolean sending) {
        boolean moved = false;
        for (int i = 0; i < streams.size(); i++) {
            Stream stream = streams.get(i);
            while (stream.pair.receive(in)) {
                moved = true;
                accept(stream);
            }
            while (sending && stream.inFlight() < options.inFlight() && send(i, stream)) {
                moved = true;
            }
            stream.pair.flush();
        }
        return moved;
    }

    private boolean send(int index, Stream stream) {
        int bytes =
                options.frameBytes()
                        .orElseGet(
                                () ->
                                        sizes.nextInt(
                                                LoopbackOptions.FRAME_BYTES_MIN,
                                                FRAME_BYTES_PLAIN + 1));
        if (!stream.pair.hasRoom()) {
            return false;
        }
        frames.write(out, NETWORK, GUEST, index, stream.sent, System.nanoTime(), bytes);
        if (!stream.pair.send(out)) {
            return false;
        }
        stream.sent++;
        return true;
    }

    private void accept(Stream stream) {
        lastReceived = System.nanoTime();
        long before = stream.verifier.verified();
        var _ = stream.verifier.accept(in);
        if (stream.verifier.verified() > before) {
            bytesVerified += in.length();
            roundTrips.recordValue(
                    Math.clamp(lastReceived - TestFrame.sentNanos(in), 0, ROUND_TRIP_NANOS_MAX));
        }
    }

    private LoopbackResult result(NetworkDriver guest) {
        long sent = 0;
        long received = 0;
        long verified = 0;
        long lost = 0;
        long corrupt = 0;
        long reordered = 0;
        long duplicated = 0;
        for (Stream stream : streams) {
            sent += stream.sent;
            received += stream.verifier.received();
            verified += stream.verifier.verified();
            lost += stream.verifier.lost(stream.sent);
            corrupt += stream.verifier.corrupt();
            reordered += stream.verifier.reordered();
            duplicated += stream.verifier.duplicated();
        }
        return new LoopbackResult(
                sent,
                received,
                verified,
                lost,
                corrupt,
                reordered,
                duplicated,
                bytesVerified,
                guest.calls(),
                guest.events(),
                guest.kicks(),
                lastReceived - start,
                roundTrips);
    }
}
