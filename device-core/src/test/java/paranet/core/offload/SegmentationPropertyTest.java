package paranet.core.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.Packets;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Segments read back byte by byte.
 *
 * <p>Strategy: frames of every kind, version of IP, number of VLAN tags, options and extension
 * headers, with payloads and segment sizes drawn at random, small and largest ones likely; and the
 * same frames with bytes of their headers overwritten.
 *
 * <p>Invariants: each segment is a whole packet with right lengths and checksums; none is larger
 * than asked for; payloads in order are the large frame's payload; sequence numbers, identification
 * and flags follow the rules of TCP and IP. A damaged frame is refused or segmented within the
 * bound, and nothing but the segment's own memory is written.
 */
class SegmentationPropertyTest {
    private static final String SEED = "paranet.seed";
    private static final int RUNS = 3000;
    private static final int GUARD = 0x5a;

    private final NativeBuffer frameMemory = NativeBuffer.allocate(HeldFrame.FRAME_BYTES_MAX);
    private final NativeBuffer segmentMemory =
            NativeBuffer.allocate(Segmentation.segmentBytesMax(HeldFrame.FRAME_BYTES_MAX) + 64);

    @Test
    void segmentsAreThePacketsTheLargeFrameStandsFor() {
        long first = Long.getLong(SEED, 1);
        int runs = System.getProperty(SEED) == null ? RUNS : 1;
        for (long seed = first; seed < first + runs; seed++) {
            try {
                run(new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("replay with -D%s=%d".formatted(SEED, seed), e);
            }
        }
    }

    private void run(SplittableRandom random) {
        int[] kinds = {
            VirtioNetHdr.GSO_TCPV4,
            VirtioNetHdr.GSO_TCPV6,
            VirtioNetHdr.GSO_UDP_L4,
            VirtioNetHdr.GSO_UDP
        };
        int kind = kinds[random.nextInt(kinds.length)];
        boolean tcp = kind == VirtioNetHdr.GSO_TCPV4 || kind == VirtioNetHdr.GSO_TCPV6;
        boolean ipv6 = tcp ? kind == VirtioNetHdr.GSO_TCPV6 : random.nextBoolean();
        int payload =
                switch (random.nextInt(6)) {
                    case 0 -> random.nextInt(3);
                    case 1 -> 65000 - random.nextInt(100);
                    default -> random.nextInt(20_000);
                };
        int segmentBytes = 16 + random.nextInt(random.nextInt(8) == 0 ? 70_000 : 3000);
        segmentBytes = Math.min(segmentBytes, 65535);
        Packets.Shape shape =
                new Packets.Shape(
                        ipv6,
                        tcp,
                        random.nextInt(3),
                        kind == VirtioNetHdr.GSO_UDP ? 0 : random.nextInt(3),
                        random.nextInt(4),
                        payload);
        int tcpFlags = random.nextInt(256);
        byte[] frame = Packets.unfinished(random, shape, tcpFlags);
        int type = tcp && random.nextBoolean() ? kind | VirtioNetHdr.GSO_ECN : kind;
        long word =
                VirtioNetHdr.word(
                        VirtioNetHdr.F_NEEDS_CSUM,
                        type,
                        shape.headerBytes(),
                        segmentBytes,
                        shape.transportAt());
        if (random.nextInt(4) == 0) {
            damage(random, frame, shape, word);
        } else if (kind == VirtioNetHdr.GSO_UDP) {
            requireFragments(frame, shape, segments(frame, word, true), segmentBytes);
        } else {
            requireSegments(frame, shape, segments(frame, word, true), segmentBytes);
        }
    }

    private void damage(SplittableRandom random, byte[] frame, Packets.Shape shape, long word) {
        for (int i = random.nextInt(1, 6); i > 0; i--) {
            frame[random.nextInt(12, Math.min(frame.length, shape.headerBytes() + 4))] =
                    (byte) random.nextInt();
        }
        int cut = random.nextBoolean() ? frame.length : random.nextInt(14, frame.length + 1);
        long changed = random.nextBoolean() ? word : word ^ (1L << random.nextInt(64));
        segments(Arrays.copyOf(frame, cut), changed, false);
    }

    /** All segments; each is written once and nothing behind it is touched. */
    private List<byte[]> segments(byte[] frame, long word, boolean mustBegin) {
        SharedMemory.copy(frame, 0, frameMemory.address(), frame.length);
        Segmentation segmentation = new Segmentation();
        boolean begun = segmentation.begin(frameMemory.address(), frame.length, word);
        if (mustBegin) {
            assertTrue(begun, "refused");
        }
        assertEquals(!begun, segmentation.isDone());
        List<byte[]> segments = new ArrayList<>();
        int max = Segmentation.segmentBytesMax(frame.length);
        while (true) {
            SharedMemory.fill(segmentMemory.address(), max + 64, GUARD);
            int bytes = segmentation.next(segmentMemory.address());
            if (bytes == 0) {
                assertTrue(segmentation.isDone());
                return segments;
            }
            assertTrue(bytes <= max, "segment of %d bytes".formatted(bytes));
            for (int i = bytes; i < Math.min(bytes + 64, max + 64); i++) {
                assertEquals(GUARD, SharedMemory.le8(segmentMemory.address() + i));
            }
            byte[] segment = new byte[bytes];
            SharedMemory.copy(segmentMemory.address(), segment, 0, bytes);
            segments.add(segment);
            assertTrue(segments.size() <= frame.length, "no end");
        }
    }

    private static void requireSegments(
            byte[] frame, Packets.Shape shape, List<byte[]> segments, int segmentBytes) {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        Packets.Parsed whole = Packets.Parsed.of(frame);
        int expected = Math.max(1, Math.ceilDiv(shape.payload(), segmentBytes));
        assertEquals(expected, segments.size());
        for (int i = 0; i < segments.size(); i++) {
            byte[] segment = segments.get(i);
            Packets.requireChecksums(segment);
            Packets.Parsed part = Packets.Parsed.of(segment);
            assertArrayEquals(
                    Arrays.copyOf(frame, shape.networkAt()),
                    Arrays.copyOf(segment, shape.networkAt()),
                    "Ethernet and VLAN");
            assertArrayEquals(whole.addresses, part.addresses);
            if (!shape.ipv6()) {
                assertEquals((whole.identification + i) & 0xffff, part.identification);
            }
            if (shape.tcp()) {
                assertEquals(whole.sequence() + i * segmentBytes, part.sequence());
                int dropped = (i > 0 ? 0x80 : 0) | (i + 1 < segments.size() ? 0x09 : 0);
                assertEquals(whole.tcpFlags() & ~dropped, part.tcpFlags());
            }
            if (i + 1 < segments.size()) {
                assertEquals(segmentBytes, part.payload().length);
            }
            payload.writeBytes(part.payload());
        }
        assertArrayEquals(whole.payload(), payload.toByteArray());
    }

    private static void requireFragments(
            byte[] frame, Packets.Shape shape, List<byte[]> fragments, int segmentBytes) {
        ByteArrayOutputStream datagram = new ByteArrayOutputStream();
        Packets.Parsed whole = Packets.Parsed.of(frame);
        long identification = Packets.Parsed.of(fragments.getFirst()).identification;
        for (int i = 0; i < fragments.size(); i++) {
            Packets.requireChecksums(fragments.get(i));
            Packets.Parsed part = Packets.Parsed.of(fragments.get(i));
            boolean last = i + 1 == fragments.size();
            assertEquals(!last, part.moreFragments);
            assertEquals(datagram.size(), part.fragmentOffset);
            assertEquals(identification, part.identification);
            if (!last) {
                assertEquals(segmentBytes & ~7, part.payloadWithHeader().length);
            }
            datagram.writeBytes(part.payloadWithHeader());
        }
        if (!shape.ipv6()) {
            assertEquals(whole.identification, identification);
        }
        byte[] all = datagram.toByteArray();
        Packets.requireTransportChecksum(whole, all);
        assertArrayEquals(
                Arrays.copyOfRange(whole.payloadWithHeader(), 8, all.length),
                Arrays.copyOfRange(all, 8, all.length));
    }

    @Test
    void refusesATunnelsInnerSegmentation() {
        Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, 3000);
        byte[] frame = Packets.unfinished(new SplittableRandom(1), shape, 0);
        assertBegins(false, frame, VirtioNetHdr.word(1, 1, 0, 1000, 84));
        assertBegins(true, frame, VirtioNetHdr.word(1, 1, 0, 1000, 34));
    }

    @Test
    void refusesWhatTheTypeContradicts() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] tcp = Packets.unfinished(random, new Packets.Shape(false, true, 0, 0, 0, 3000), 0);
        byte[] udp = Packets.unfinished(random, new Packets.Shape(false, false, 0, 0, 0, 3000), 0);
        byte[] options =
                Packets.unfinished(random, new Packets.Shape(false, false, 0, 2, 0, 3000), 0);
        assertBegins(false, tcp, VirtioNetHdr.word(1, 4, 0, 1000, 34));
        assertBegins(false, tcp, VirtioNetHdr.word(1, 5, 0, 1000, 34));
        assertBegins(false, tcp, VirtioNetHdr.word(1, 2, 0, 1000, 34));
        assertBegins(false, tcp, VirtioNetHdr.word(1, 1, 0, 0, 34));
        assertBegins(false, udp, VirtioNetHdr.word(1, 1, 0, 1000, 34));
        assertBegins(false, udp, VirtioNetHdr.word(1, 3, 0, 7, 34));
        assertBegins(true, udp, VirtioNetHdr.word(1, 3, 0, 8, 34));
        assertBegins(false, options, VirtioNetHdr.word(1, 3, 0, 1000, 42));
        tcp[20] |= 0x20; // more fragments
        assertBegins(false, tcp, VirtioNetHdr.word(1, 1, 0, 1000, 34));
    }

    private void assertBegins(boolean expected, byte[] frame, long word) {
        SharedMemory.copy(frame, 0, frameMemory.address(), frame.length);
        Segmentation segmentation = new Segmentation();
        assertEquals(expected, segmentation.begin(frameMemory.address(), frame.length, word));
        if (!expected) {
            assertFalse(segmentation.next(segmentMemory.address()) > 0);
        }
    }
}
