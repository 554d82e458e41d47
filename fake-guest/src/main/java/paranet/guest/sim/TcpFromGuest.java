package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;

import java.util.SplittableRandom;

/**
 * A sender in the guest and a receiver behind the wire: sends of up to 64 KiB while the congestion
 * window has room and no more than the small-queue limit waits for completions. The peer's card
 * tells it of what came in intervals, and it acknowledges that.
 *
 * <p>Threading: confined to its simulation.
 */
final class TcpFromGuest {
    private static final int LARGE = 65536;
    private static final int ACK_BYTES = 66;
    private static final int WINDOW_FIRST = 10 * 1448;

    private final VirtualClock clock;
    private final SimulatedDevice device;
    private final long ackNanos;
    private final SplittableRandom random;
    private final long wireNanos;
    private final long windowMax;
    private final long queueMax;
    private long window = WINDOW_FIRST;
    private long inFlight;
    private long unreaped;
    private long peerGot;
    private boolean ackPlanned;

    TcpFromGuest(
            Simulation simulation, SimulatedDevice device, long ackNanos, SplittableRandom random) {
        this.random = random;
        this.clock = simulation.clock();
        this.device = device;
        this.ackNanos = ackNanos;
        Assumptions assumptions = simulation.assumptions();
        this.wireNanos = assumptions.of("wire-nanos");
        this.windowMax = assumptions.of("send-window-bytes");
        this.queueMax = assumptions.of("small-queue-bytes");
    }

    void start() {
        // Senders know nothing of each other: they are not to begin, or to be told, in step.
        clock.after(random.nextLong(1_000_000), () -> device.cpu().run(0, this::pump));
    }

    private void pump() {
        while (unreaped < queueMax) {
            int bytes = (int) Math.min(LARGE, window - inFlight);
            // Less than a whole send waits for more room, unless nothing else will make it.
            if (bytes <= 0 || (bytes < LARGE && inFlight != 0)) {
                return;
            }
            inFlight += bytes;
            unreaped += bytes;
            device.transmit()
                    .send(
                            new Frame(
                                    clock.nowNanos(),
                                    FrameClass.BULK,
                                    bytes,
                                    () -> clock.after(wireNanos, () -> peerReceives(bytes)),
                                    () -> {
                                        unreaped -= bytes;
                                        device.cpu().run(0, this::pump);
                                    }));
        }
    }

    private void peerReceives(int bytes) {
        peerGot += bytes;
        if (!ackPlanned) {
            ackPlanned = true;
            planAck();
        }
    }

    private void planAck() {
        long nanos = ackNanos / 2 + random.nextLong(ackNanos);
        clock.after(nanos, () -> acknowledge(nanos));
    }

    /** What the card tells of at once: a share of it is in by now, for it came piece by piece. */
    private void acknowledge(long nanos) {
        long share = Math.min(peerGot, Math.max(1448, device.bytesIn(nanos)));
        peerGot -= share;
        ackPlanned = peerGot > 0;
        if (ackPlanned) {
            planAck();
        }
        clock.after(wireNanos, () -> arrive(share));
    }

    private void arrive(long bytes) {
        Frame ack =
                new Frame(
                        clock.nowNanos(),
                        FrameClass.ACK,
                        ACK_BYTES,
                        () -> acknowledged(bytes),
                        Frame.NOTHING);
        if (!device.receive().offer(ack)) {
            inFlight -= bytes; // the next acknowledgement says it too
        }
    }

    private void acknowledged(long bytes) {
        inFlight -= bytes;
        window = Math.min(windowMax, window + bytes);
        pump();
    }
}
