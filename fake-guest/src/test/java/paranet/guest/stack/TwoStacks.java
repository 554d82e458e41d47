package paranet.guest.stack;

import paranet.core.offload.VirtioNetHdr;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.InternetChecksum;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Two stacks joined by a wire with a seeded will of its own, in simulated time. The wire does what
 * a device does: it completes checksums and cuts large segments.
 */
final class TwoStacks {
    private record InFlight(long at, long number, boolean toB, GuestFrame frame) {}

    /** Chances in percent and the largest extra delay. */
    record Wire(int lost, int duplicated, int corrupted, long jitterNanos) {
        static final Wire PERFECT = new Wire(0, 0, 0, 0);
    }

    static final long DELAY_NANOS = 50_000;

    final GuestStack a;
    final GuestStack b;
    Wire wire;
    long now = 1_000_000;
    long cut; // large segments that the wire cut up
    private final SplittableRandom random;
    private final PriorityQueue<InFlight> inFlight =
            new PriorityQueue<>(
                    Comparator.comparingLong(InFlight::at).thenComparingLong(InFlight::number));
    private long number;

    TwoStacks(StackConfig configA, StackConfig configB, Wire wire, long seed) {
        this.wire = wire;
        this.random = new SplittableRandom(seed);
        this.a = new GuestStack(configA, output(true));
        this.b = new GuestStack(configB, output(false));
    }

    private FrameOutput output(boolean toB) {
        return new FrameOutput() {
            @Override
            public boolean hasRoom() {
                return inFlight.size() < 512;
            }

            @Override
            public void send(GuestFrame frame) {
                transmit(toB, frame);
            }
        };
    }

    private void transmit(boolean toB, GuestFrame frame) {
        FrameHdr hdr = frame.hdr();
        if (hdr.gsoType() == VirtioNetHdr.GSO_NONE) {
            GuestFrame whole = frame.copy();
            if (hdr.needsCsum()) {
                complete(whole, hdr);
            }
            put(toB, whole);
            return;
        }
        cut++;
        for (int at = hdr.hdrLen(); at < frame.length(); at += hdr.gsoSize()) {
            int bytes = Math.min(hdr.gsoSize(), frame.length() - at);
            byte[] segment = new byte[hdr.hdrLen() + bytes];
            System.arraycopy(frame.bytes(), 0, segment, 0, hdr.hdrLen());
            System.arraycopy(frame.bytes(), at, segment, hdr.hdrLen(), bytes);
            GuestFrame cutFrame = GuestFrame.of(segment, FrameHdr.NONE);
            cutFrame.put16(Ipv4.TOTAL_LENGTH, segment.length - Ipv4.AT);
            cutFrame.put16(Ipv4.CHECKSUM, 0);
            cutFrame.put16(
                    Ipv4.CHECKSUM,
                    InternetChecksum.finish(InternetChecksum.sum(segment, Ipv4.AT, 20)));
            int tcp = Ipv4.PAYLOAD;
            cutFrame.put32(
                    tcp + TcpSegment.SEQUENCE,
                    frame.u32(tcp + TcpSegment.SEQUENCE) + at - hdr.hdrLen());
            if (at + bytes < frame.length()) {
                cutFrame.put8(
                        tcp + TcpSegment.FLAGS,
                        frame.u8(tcp + TcpSegment.FLAGS) & ~(TcpSegment.FIN | TcpSegment.PSH));
            }
            cutFrame.put16(
                    tcp + TcpSegment.CHECKSUM,
                    InternetChecksum.fold(
                            InternetChecksum.pseudoHeader(
                                    frame.u32(Ipv4.SOURCE),
                                    frame.u32(Ipv4.DESTINATION),
                                    Ipv4.TCP,
                                    segment.length - tcp)));
            complete(cutFrame, hdr);
            put(toB, cutFrame);
        }
    }

    private static void complete(GuestFrame frame, FrameHdr hdr) {
        int checksum =
                InternetChecksum.finish(
                        InternetChecksum.sum(
                                frame.bytes(), hdr.csumStart(), frame.length() - hdr.csumStart()));
        frame.put16(hdr.csumStart() + hdr.csumOffset(), checksum);
        frame.set(frame.length(), FrameHdr.NONE);
    }

    private void put(boolean toB, GuestFrame frame) {
        if (random.nextInt(100) < wire.lost) {
            return;
        }
        boolean protectedByChecksums = frame.u16(12) == 0x0800; // ARP relies on Ethernet's own
        if (protectedByChecksums && random.nextInt(100) < wire.corrupted) {
            int bit = random.nextInt(Ipv4.AT * 8, frame.length() * 8);
            frame.bytes()[bit / 8] ^= (byte) (1 << bit % 8);
        }
        int copies = random.nextInt(100) < wire.duplicated ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            long jitter = wire.jitterNanos == 0 ? 0 : random.nextLong(wire.jitterNanos);
            inFlight.add(new InFlight(now + DELAY_NANOS + jitter, number++, toB, frame));
        }
    }

    /** Lets both stacks speak, then moves time to whatever happens next. False: nothing will. */
    boolean step() {
        a.poll(now);
        b.poll(now);
        long next = Math.min(a.deadline(), b.deadline());
        if (!inFlight.isEmpty()) {
            next = Math.min(next, inFlight.peek().at);
        }
        if (next == Long.MAX_VALUE) {
            if (a.connections() + b.connections() == 0) {
                return false;
            }
            next = now + 1_000_000; // applications take and give only so much at a time
        }
        now = Math.max(now, next);
        while (!inFlight.isEmpty() && inFlight.peek().at <= now) {
            InFlight arrived = inFlight.poll();
            (arrived.toB ? b : a).receive(arrived.frame, now);
        }
        return true;
    }

    /** Steps until nothing more happens, at most {@code steps} times. */
    void settle(int steps) {
        for (int i = 0; i < steps; i++) {
            if (!step()) {
                return;
            }
        }
        throw new AssertionError("still busy after %d steps".formatted(steps));
    }
}
