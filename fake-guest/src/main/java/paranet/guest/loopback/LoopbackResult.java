package paranet.guest.loopback;

import org.HdrHistogram.Histogram;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a loopback run came to.
 *
 * @param framesSent given to the back end
 * @param framesReceived that came back, whole or not
 * @param framesVerified distinct ones that came back whole
 * @param lost that never came back, after waiting for those in flight
 * @param corrupt that came back changed
 * @param reordered that came back after a later one
 * @param duplicated that came back twice
 * @param bytesVerified of verified frames, Ethernet header included
 * @param calls interrupts the back end sent
 * @param events signals that those carried, one each unless interrupts are folded
 * @param kicks doorbells that the guest rang
 * @param elapsedNanos from the first frame sent to the last one received
 * @param roundTripNanos of every verified frame
 *     <p>Threading: immutable but for the histogram.
 */
public record LoopbackResult(
        long framesSent,
        long framesReceived,
        long framesVerified,
        long lost,
        long corrupt,
        long reordered,
        long duplicated,
        long bytesVerified,
        long calls,
        long events,
        long kicks,
        long elapsedNanos,
        Histogram roundTripNanos) {
    /** Whether every frame came back once, whole and in order. */
    public boolean isPerfect() {
        return framesVerified > 0 && lost == 0 && corrupt == 0 && reordered == 0 && duplicated == 0;
    }

    public double nanosPerFrame() {
        return framesVerified == 0 ? 0 : (double) elapsedNanos / framesVerified;
    }

    /** The figures in words, by what they are. */
    Map<String, String> rows() {
        double seconds = elapsedNanos / 1e9;
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("frames sent", String.format(Locale.ROOT, "%,d", framesSent));
        rows.put("frames verified", String.format(Locale.ROOT, "%,d", framesVerified));
        rows.put(
                "lost / corrupt / reordered / doubled",
                String.format(
                        Locale.ROOT,
                        "%,d / %,d / %,d / %,d",
                        lost,
                        corrupt,
                        reordered,
                        duplicated));
        rows.put(
                "frames a second, there and back",
                String.format(Locale.ROOT, "%,.0f", framesVerified / seconds));
        rows.put(
                "throughput each way",
                String.format(Locale.ROOT, "%.3f Gbit/s", bytesVerified * 8 / seconds / 1e9));
        rows.put("time per frame", String.format(Locale.ROOT, "%,.0f ns", nanosPerFrame()));
        rows.put(
                "round trip p50 / p90 / p99",
                String.format(
                        Locale.ROOT,
                        "%,.0f / %,.0f / %,.0f us",
                        roundTripMicros(50),
                        roundTripMicros(90),
                        roundTripMicros(99)));
        rows.put(
                "round trip p99.9 / max",
                String.format(
                        Locale.ROOT,
                        "%,.0f / %,.0f us",
                        roundTripMicros(99.9),
                        roundTripMicros(100)));
        rows.put(
                "interrupts",
                String.format(Locale.ROOT, "%,d, %.4f a frame", calls, perFrame(calls)));
        rows.put("kicks", String.format(Locale.ROOT, "%,d, %.4f a frame", kicks, perFrame(kicks)));
        rows.put(
                "signals",
                String.format(Locale.ROOT, "%,d, %.2f an interrupt", events, foldFactor()));
        return rows;
    }

    private double roundTripMicros(double percentile) {
        return roundTripNanos.getValueAtPercentile(percentile) / 1e3;
    }

    /** Signals for each interrupt. */
    public double foldFactor() {
        return calls == 0 ? 0 : (double) events / calls;
    }

    /** Doorbells that the guest rang for each frame. */
    public double kicksPerFrame() {
        return perFrame(kicks);
    }

    private double perFrame(long count) {
        return framesVerified == 0 ? 0 : (double) count / framesVerified;
    }

    /** One JSON object on one line, without an end of line. */
    String json() {
        return String.format(
                Locale.ROOT,
                "{\"framesSent\":%d,\"framesReceived\":%d,\"framesVerified\":%d,\"lost\":%d,"
                        + "\"corrupt\":%d,\"reordered\":%d,\"duplicated\":%d,\"calls\":%d,"
                        + "\"kicks\":%d,\"nanosPerFrame\":%.1f,\"bytesVerified\":%d,"
                        + "\"elapsedNanos\":%d,\"roundTripP50Nanos\":%d,"
                        + "\"roundTripP99Nanos\":%d,\"roundTripMaxNanos\":%d,"
                        + "\"events\":%d,\"foldFactor\":%.4f,\"kicksPerFrame\":%.6f}",
                framesSent,
                framesReceived,
                framesVerified,
                lost,
                corrupt,
                reordered,
                duplicated,
                calls,
                kicks,
                nanosPerFrame(),
                bytesVerified,
                elapsedNanos,
                roundTripNanos.getValueAtPercentile(50),
                roundTripNanos.getValueAtPercentile(99),
                roundTripNanos.getMaxValue(),
                events,
                foldFactor(),
                kicksPerFrame());
    }
}
