package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;

import java.util.SplittableRandom;

/**
 * Makes the traffic of flows.
 *
 * <p>Threading: confined to its simulation.
 */
final class Traffic {
    private static final int SEGMENT_FRAME = 1514;
    private static final long SEGMENT_NANOS = 1230; // with preamble and gap, at 10 Gbit/s
    private static final int SMALL = 64;
    private static final int SMALL_PAYLOAD = 10;
    private static final int LARGE = 65536;
    private static final long RETRY_NANOS = 1_000_000;

    private final Simulation simulation;
    private final VirtualClock clock;
    private final SplittableRandom random;
    private final long wireNanos;
    private final long answerNanos;
    private final int segmentBytes;

    Traffic(Simulation simulation, SplittableRandom random) {
        this.simulation = simulation;
        this.clock = simulation.clock();
        this.random = random;
        this.wireNanos = simulation.assumptions().of("wire-nanos");
        this.answerNanos = simulation.assumptions().of("guest-answer-nanos");
        this.segmentBytes = (int) simulation.assumptions().of("segment-bytes");
    }

    void start(Flow flow) {
        if (flow instanceof Flow.Together together) {
            together(together);
            return;
        }
        for (SimulatedDevice device : simulation.devices()) {
            switch (flow) {
                case Flow.Datagrams f -> datagrams(device, f);
                case Flow.Bursts f -> bursts(device, f);
                case Flow.Trains f -> trains(device, f);
                case Flow.LargeFrames f -> largeFrames(device, f);
                case Flow.Requests f -> {
                    for (int i = 0; i < f.flows(); i++) {
                        long offset = random.nextLong(1 + wireNanos + f.thinkNanos());
                        int client = device.headers().newClient();
                        clock.after(offset, () -> request(device, client, f.thinkNanos()));
                    }
                }
                case Flow.Questions f -> {
                    for (int i = 0; i < f.flows(); i++) {
                        long offset = random.nextLong(1 + wireNanos + f.thinkNanos());
                        int client = device.headers().newClient();
                        clock.after(offset, () -> question(device, client, f.thinkNanos()));
                    }
                }
                case Flow.TcpToGuest f -> new TcpToGuest(simulation, device).pump();
                case Flow.TcpFromGuest f ->
                        new TcpFromGuest(simulation, device, f.ackNanos(), random).start();
                case Flow.Answered f -> answered(device, f, f.every());
                case Flow.Together f -> throw new IllegalStateException("of no device: " + f);
                case Flow.Blocking f -> blocking(device, f);
                case Flow.Flood f -> new Flood(device, f.bytes()).produce();
            }
        }
    }

    private long exponential(double meanNanos) {
        return Math.round(-StrictMath.log(1 - random.nextDouble()) * meanNanos);
    }

    private Frame frame(FrameClass of, int bytes, Runnable done) {
        return new Frame(clock.nowNanos(), of, bytes, done, Frame.NOTHING);
    }

    private void datagrams(SimulatedDevice device, Flow.Datagrams flow) {
        clock.after(
                exponential(1e9 / flow.rate()),
                () -> {
                    device.receive().offer(frame(flow.of(), flow.bytes(), Frame.NOTHING));
                    datagrams(device, flow);
                });
    }

    private void bursts(SimulatedDevice device, Flow.Bursts flow) {
        long until = clock.nowNanos() + 1_000_000;
        burst(device, flow, until);
        clock.after(10_000_000, () -> bursts(device, flow));
    }

    private void burst(SimulatedDevice device, Flow.Bursts flow, long untilNanos) {
        clock.after(
                exponential(1e8 / flow.rate()),
                () -> {
                    if (clock.nowNanos() < untilNanos) {
                        device.receive()
                                .offer(frame(FrameClass.NORMAL, flow.bytes(), Frame.NOTHING));
                        burst(device, flow, untilNanos);
                    }
                });
    }

    private void trains(SimulatedDevice device, Flow.Trains flow) {
        int frames = random.nextInt(8, 46);
        for (int i = 0; i < frames; i++) {
            boolean last = i == frames - 1;
            clock.after(i * SEGMENT_NANOS, () -> segment(device, last));
        }
        double busy = frames * (double) SEGMENT_NANOS;
        long pause = exponential(busy / flow.load() - busy);
        clock.after(frames * SEGMENT_NANOS + pause, () -> trains(device, flow));
    }

    private void segment(SimulatedDevice device, boolean push) {
        device.receive()
                .offer(
                        frame(FrameClass.BULK, SEGMENT_FRAME, Frame.NOTHING),
                        device.headers().segment(Headers.TRAINS, true, segmentBytes, push));
    }

    private void largeFrames(SimulatedDevice device, Flow.LargeFrames flow) {
        double busy = 45.0 * SEGMENT_NANOS;
        clock.after(
                45 * SEGMENT_NANOS + exponential(busy / flow.load() - busy),
                () -> {
                    device.receive()
                            .offer(
                                    frame(FrameClass.BULK, LARGE, Frame.NOTHING),
                                    device.headers().large(Headers.LARGE_FRAMES, LARGE));
                    largeFrames(device, flow);
                });
    }

    /** A client's request reaches the device now; the next follows the answer. */
    private void request(SimulatedDevice device, int client, long thinkNanos) {
        Runnable next =
                () -> {
                    simulation.tally().transactions++;
                    clock.after(
                            2 * wireNanos + thinkNanos, () -> request(device, client, thinkNanos));
                };
        Runnable answer =
                () -> {
                    device.headers().segment(client, false, SMALL_PAYLOAD, true);
                    device.transmit()
                            .send(
                                    new Frame(
                                            clock.nowNanos(),
                                            FrameClass.URGENT,
                                            SMALL,
                                            next,
                                            Frame.NOTHING));
                };
        boolean taken =
                device.receive()
                        .offer(
                                frame(
                                        FrameClass.URGENT,
                                        SMALL,
                                        () -> device.cpu().run(answerNanos, answer)),
                                device.headers().segment(client, true, SMALL_PAYLOAD, true));
        if (!taken) {
            clock.after(RETRY_NANOS, () -> request(device, client, thinkNanos));
        }
    }

    private void question(SimulatedDevice device, int client, long thinkNanos) {
        Runnable answer =
                () -> {
                    device.headers().segment(client, false, SMALL_PAYLOAD, true);
                    simulation.tally().transactions++;
                    clock.after(
                            2 * wireNanos + thinkNanos, () -> question(device, client, thinkNanos));
                };
        boolean taken =
                device.receive()
                        .offer(
                                frame(
                                        FrameClass.URGENT,
                                        SMALL,
                                        () -> device.cpu().run(answerNanos, answer)),
                                device.headers().segment(client, true, SMALL_PAYLOAD, true));
        if (!taken) {
            clock.after(RETRY_NANOS, () -> question(device, client, thinkNanos));
        }
    }

    private void answered(SimulatedDevice device, Flow.Answered flow, int until) {
        clock.after(
                exponential(1e9 / flow.rate()),
                () -> {
                    boolean answers = until == 1;
                    Runnable done =
                            answers
                                    ? () -> device.cpu().run(0, () -> answer(device))
                                    : Frame.NOTHING;
                    device.receive().offer(frame(FrameClass.NORMAL, SMALL, done));
                    answered(device, flow, answers ? flow.every() : until - 1);
                });
    }

    private void answer(SimulatedDevice device) {
        device.transmit().send(frame(FrameClass.NORMAL, SMALL, Frame.NOTHING));
    }

    private void together(Flow.Together flow) {
        clock.after(
                exponential(1e9 / flow.rate()),
                () -> {
                    for (SimulatedDevice device : simulation.devices()) {
                        clock.after(
                                random.nextLong(flow.spreadNanos()),
                                () ->
                                        device.receive()
                                                .offer(
                                                        frame(
                                                                FrameClass.NORMAL,
                                                                SMALL,
                                                                Frame.NOTHING)));
                    }
                    together(flow);
                });
    }

    private void blocking(SimulatedDevice device, Flow.Blocking flow) {
        Runnable again =
                () -> {
                    simulation.tally().transactions++;
                    blocking(device, flow);
                };
        device.cpu()
                .run(
                        answerNanos,
                        () ->
                                device.transmit()
                                        .send(
                                                new Frame(
                                                        clock.nowNanos(),
                                                        FrameClass.NORMAL,
                                                        flow.bytes(),
                                                        Frame.NOTHING,
                                                        again)));
    }

    /** One sender that stops while the ring is full. */
    private final class Flood {
        private final SimulatedDevice device;
        private final int bytes;
        private int unreaped;
        private boolean producing;

        Flood(SimulatedDevice device, int bytes) {
            this.device = device;
            this.bytes = bytes;
        }

        void produce() {
            if (!producing && unreaped < RingPair.SIZE) {
                producing = true;
                device.cpu().run(0, this::send);
            }
        }

        private void send() {
            producing = false;
            unreaped++;
            device.transmit()
                    .send(
                            new Frame(
                                    clock.nowNanos(),
                                    FrameClass.NORMAL,
                                    bytes,
                                    Frame.NOTHING,
                                    () -> {
                                        unreaped--;
                                        produce();
                                    }));
            produce();
        }
    }
}
