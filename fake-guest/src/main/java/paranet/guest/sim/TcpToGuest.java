package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;

/**
 * A sender behind the wire and a receiver in the guest: slow start, congestion avoidance, half the
 * window after a loss, an acknowledgement for two segments or after 40 ms. What was lost is not
 * sent again, it is merely not counted.
 *
 * <p>Threading: confined to its simulation.
 */
final class TcpToGuest {
    private static final int FRAME_BYTES = 1514;
    private static final int ACK_BYTES = 66;
    private static final int WRITE_SEGMENTS = 45; // 64 KiB
    private static final long SEGMENT_NANOS = 1230;
    private static final long DELAYED_ACK_NANOS = 40_000_000;

    private final VirtualClock clock;
    private final SimulatedDevice device;
    private final long wireNanos;
    private final double windowMax;
    private final int segmentBytes;
    private long arrived;
    private double window = 10;
    private double threshold = Double.MAX_VALUE;
    private int inFlight;
    private long freeNanos; // of the sender's link
    private long lossNanos = Long.MIN_VALUE / 4;
    private int unacknowledged;
    private long acknowledgements;

    TcpToGuest(Simulation simulation, SimulatedDevice device) {
        this.clock = simulation.clock();
        this.device = device;
        Assumptions assumptions = simulation.assumptions();
        this.wireNanos = assumptions.of("wire-nanos");
        this.segmentBytes = (int) assumptions.of("segment-bytes");
        this.windowMax = (double) assumptions.of("send-window-bytes") / segmentBytes;
    }

    void pump() {
        while (inFlight < (int) Math.min(window, windowMax)) {
            inFlight++;
            freeNanos = Math.max(freeNanos, clock.nowNanos()) + SEGMENT_NANOS;
            clock.at(freeNanos + wireNanos, this::arrive);
        }
    }

    private void arrive() {
        Frame segment =
                new Frame(
                        clock.nowNanos(),
                        FrameClass.BULK,
                        FRAME_BYTES,
                        this::received,
                        Frame.NOTHING);
        boolean push = ++arrived % WRITE_SEGMENTS == 0;
        FrameClass as = device.headers().segment(Headers.STREAM, true, segmentBytes, push);
        if (!device.receive().offer(segment, as)) {
            clock.after(2 * wireNanos, this::lost);
        }
    }

    private void lost() {
        inFlight--;
        if (clock.nowNanos() - lossNanos > 4 * wireNanos) { // one loss, one halving
            lossNanos = clock.nowNanos();
            window = Math.max(2, Math.min(window, windowMax) / 2);
            threshold = window;
        }
        pump();
    }

    private void received() {
        unacknowledged++;
        if (unacknowledged == 2) {
            acknowledge();
        } else {
            long before = acknowledgements;
            clock.after(
                    DELAYED_ACK_NANOS,
                    () -> {
                        if (acknowledgements == before && unacknowledged > 0) {
                            acknowledge();
                        }
                    });
        }
    }

    private void acknowledge() {
        int segments = unacknowledged;
        unacknowledged = 0;
        acknowledgements++;
        device.transmit()
                .send(
                        new Frame(
                                clock.nowNanos(),
                                FrameClass.ACK,
                                ACK_BYTES,
                                () -> clock.after(wireNanos, () -> acknowledged(segments)),
                                Frame.NOTHING));
    }

    private void acknowledged(int segments) {
        inFlight -= segments;
        window += window < threshold ? segments : segments / window;
        window = Math.min(window, windowMax);
        pump();
    }
}
