package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.QueueCalls;

import java.util.ArrayDeque;

/**
 * Frames of the guest: its sends and kicks, the device's work, the wire behind it, and completions.
 *
 * <p>Threading: confined to its simulation.
 */
final class TransmitQueue extends SimulatedQueue {
    private final ArrayDeque<Frame> given = new ArrayDeque<>(); // to the device
    private final ArrayDeque<Frame> waiting = new ArrayDeque<>(); // for room in the ring
    private final long sendNanos;
    private final long reapNanos;
    private final long kickNanos;
    private final long hostNanos;
    private final long hostWakeNanos;
    private final int batchMax;
    private final double wireNanosPerByte;
    private boolean serving;
    private int batch;
    private long wireFreeNanos;
    private Frame current;

    /**
     * @param kickNanos what a kick costs the guest
     * @param batchMax completions before the guest is told of them
     * @param wireNanosPerByte of the link behind the device
     */
    TransmitQueue(
            VirtualClock clock,
            Tally tally,
            RingPair ring,
            QueueCalls calls,
            Theorems theorems,
            VirtualCpu cpu,
            Assumptions assumptions,
            long kickNanos,
            int batchMax,
            double wireNanosPerByte) {
        super(clock, tally, ring, calls, theorems, cpu);
        this.sendNanos = assumptions.of("guest-send-nanos");
        this.reapNanos = assumptions.of("guest-reap-nanos");
        this.hostNanos = assumptions.of("host-frame-nanos");
        this.hostWakeNanos = assumptions.of("host-wake-nanos");
        this.kickNanos = kickNanos;
        this.batchMax = batchMax;
        this.wireNanosPerByte = wireNanosPerByte;
        ring.armKicks();
        ring.arm();
    }

    /** The guest sends, in whatever it is doing; what finds no room waits for some. */
    void send(Frame frame) {
        cpu.spend(sendNanos);
        reapBeside();
        if (waiting.isEmpty() && ring.post()) {
            given.add(frame);
            publish();
        } else {
            waiting.add(frame);
        }
    }

    private void publish() {
        if (ring.publish()) {
            tally.kicks++;
            cpu.spend(kickNanos);
            if (!serving) {
                serving = true;
                clock.after(
                        hostWakeNanos,
                        () -> {
                            ring.disarmKicks();
                            serve();
                        });
            }
        }
    }

    @Override
    void stop() {
        super.stop();
        batch = 0;
    }

    @Override
    void goOn() {
        super.goOn();
        if (!serving) {
            serving = true;
            ring.disarmKicks();
            serve();
        }
    }

    private void serve() {
        if (isStopped()) {
            serving = false;
            return;
        }
        if (ring.take()) {
            Frame frame = given.remove();
            clock.after(hostNanos, () -> served(frame));
            return;
        }
        tell();
        if (ring.armKicks()) {
            serving = false;
        } else {
            ring.disarmKicks();
            serve();
        }
    }

    private void served(Frame frame) {
        if (isStopped()) { // what it took it gives back before it lets go, or after
            clock.after(hostNanos, () -> served(frame));
            return;
        }
        complete(frame, FrameClass.COMPLETION);
        wireFreeNanos =
                Math.max(clock.nowNanos(), wireFreeNanos)
                        + Math.round(frame.bytes() * wireNanosPerByte);
        clock.at(
                wireFreeNanos,
                () -> {
                    tally.sent++;
                    tally.sentBytes += frame.bytes();
                    frame.done().run();
                });
        if (++batch == batchMax) {
            tell();
        }
        serve();
    }

    private void tell() {
        if (batch != 0) {
            batch = 0;
            ask();
        }
    }

    /** By a send, or a poll of received frames, which asks anew to be told. */
    void reapBeside() {
        if (ring.hasDone()) {
            ring.disarm();
            do {
                reapAll();
            } while (!arm());
        }
    }

    private void reapAll() {
        while (ring.poll()) {
            cpu.spend(reapNanos);
            reap(completed.remove());
        }
    }

    private void reap(Frame frame) {
        frame.reaped().run();
        boolean posted = false;
        while (!waiting.isEmpty() && ring.post()) {
            given.add(waiting.remove());
            posted = true;
        }
        if (posted) {
            publish();
        }
    }

    @Override
    public long begin() {
        while (!ring.poll()) {
            if (rest()) {
                return VirtualCpu.NOTHING;
            }
        }
        current = completed.remove();
        return reapNanos;
    }

    @Override
    public void end() {
        reap(current);
    }
}
