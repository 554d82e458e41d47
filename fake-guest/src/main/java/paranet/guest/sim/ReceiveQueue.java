package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.QueueCalls;

/**
 * Frames to the guest, who works as Linux's NAPI does: frame by frame, with new buffers when half
 * of the ring is free, and a look at the device's transmit queue with each poll.
 *
 * <p>Threading: confined to its simulation.
 */
final class ReceiveQueue extends SimulatedQueue {
    private static final int PLAIN_BYTES = 1514;

    private final long serviceNanos;
    private final long bytePicos;
    private TransmitQueue reaped; // with each poll, or null
    private Frame current;

    ReceiveQueue(
            VirtualClock clock,
            Tally tally,
            RingPair ring,
            QueueCalls calls,
            Theorems theorems,
            VirtualCpu cpu,
            long serviceNanos,
            long bytePicos) {
        super(clock, tally, ring, calls, theorems, cpu);
        this.serviceNanos = serviceNanos;
        this.bytePicos = bytePicos;
        refill();
        ring.arm();
    }

    /** Polls of this take back what that one has sent. */
    void reaps(TransmitQueue transmit) {
        reaped = transmit;
    }

    /** A frame of which the class is given. */
    boolean offer(Frame frame) {
        return offer(frame, frame.of());
    }

    /** A frame comes from the network, and is taken for one of a class; false if it is lost. */
    boolean offer(Frame frame, FrameClass as) {
        arrived(frame.of());
        if (isStopped() || !ring.take()) {
            tally.dropped++;
            return false;
        }
        complete(frame, as);
        ask();
        return true;
    }

    @Override
    public long begin() {
        if (reaped != null) {
            reaped.reapBeside();
        }
        while (!ring.poll()) {
            if (rest()) {
                return VirtualCpu.NOTHING;
            }
        }
        current = completed.remove();
        return serviceNanos + Math.max(0, current.bytes() - PLAIN_BYTES) * bytePicos / 1000;
    }

    @Override
    public void end() {
        tally.received++;
        tally.receivedBytes += current.bytes();
        long latency = clock.nowNanos() - current.bornNanos();
        tally.latencies.add(latency);
        tally.latencies(current.of()).add(latency);
        if (RingPair.SIZE - ring.outstanding() >= RingPair.SIZE / 2) {
            refill();
        }
        current.done().run();
    }

    private void refill() {
        boolean posted = false;
        while (ring.outstanding() < RingPair.SIZE && ring.post()) {
            posted = true;
        }
        if (posted) {
            ring.publish(); // the device looks when a frame comes, and never asks for a kick
        }
    }
}
