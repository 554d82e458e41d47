package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.memory.SharedMemory;
import paranet.core.offload.HeldFrame;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;
import paranet.core.virtqueue.RingFault;
import paranet.core.virtqueue.VirtqDesc;
import paranet.virtionet.wire.VirtioNetFeature;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The rows "chain bad" of docs/threat-model.md: the chain is completed with length 0, the reason is
 * counted, the ring stays sound and the next frame passes.
 */
class HostileChainTest {
    private static final int RX = 0;
    private static final int TX = 1;
    private static final long BAD_ADDRESS = 0x10;
    private static final long OFFLOADS =
            VirtioNetFeature.CSUM
                    | VirtioNetFeature.HOST_TSO4
                    | VirtioNetFeature.HOST_TSO6
                    | VirtioNetFeature.HOST_UFO
                    | VirtioNetFeature.HOST_USO;

    private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");

    private static GuestRig rig(long ring) {
        return GuestRig.negotiated(GuestRig.MODERN | OFFLOADS | ring);
    }

    /** The chain just published is refused for this reason, and the port goes on. */
    private static void expectRefused(GuestRig rig, GuestRig.Ring tx, DropReason reason) {
        long before = rig.drops(reason);
        int sent = rig.network().sent.size();
        assertEquals(1, rig.lane().drainTransmit());
        assertEquals(List.of(0L), tx.used());
        assertEquals(before + 1, rig.drops(reason), rig.device.drops().toString());
        assertEquals(sent, rig.network().sent.size());
        assertEquals(RingFault.NONE, tx.device.fault());
        tx.send(new byte[12 + 60]);
        assertEquals(1, rig.lane().drainTransmit());
        assertEquals(List.of(0L), tx.used());
        assertEquals(sent + 1, rig.network().sent.size());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED, VirtioNetFeature.IN_ORDER})
    void refusesMemoryThatIsNotTheGuests(long ring) {
        try (GuestRig rig = rig(ring)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN | ring);
            long good = rig.allocate(64);
            long end = GuestRig.GUEST + rig.memory.bytes();
            long[][] bad = {
                {BAD_ADDRESS, 72}, {end - 10, 72}, {end, 1}, {-1L, 72}, {-8L, 0xffff_ff00L}
            };
            for (long[] range : bad) {
                tx.add(new long[] {range[0]}, new long[] {range[1]}, 1, 0);
                expectRefused(rig, tx, DropReason.CHAIN_UNMAPPED);
                tx.add(new long[] {good, range[0]}, new long[] {64, range[1]}, 2, 0);
                expectRefused(rig, tx, DropReason.CHAIN_UNMAPPED);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void refusesWhatIsTooShortForAnEthernetFrame(long ring) {
        try (GuestRig rig = rig(ring)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN | ring);
            for (int bytes : new int[] {0, 1, 11, 12, 25}) {
                tx.add(new long[] {rig.allocate(64)}, new long[] {bytes}, 1, 0);
                expectRefused(rig, tx, DropReason.CHAIN_TOO_SHORT);
            }
            tx.send(new byte[12 + 14]);
            assertEquals(1, rig.lane().drainTransmit());
            assertEquals(1, tx.used().size());
            assertEquals(26, rig.network().sent.getLast().length);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void refusesWhatIsLongerThanAnyFrame(long ring) {
        try (GuestRig rig = rig(ring)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN | ring);
            int longest = 12 + HeldFrame.FRAME_BYTES_MAX;
            tx.add(new long[] {rig.allocate(1 << 17)}, new long[] {longest + 1}, 1, 0);
            expectRefused(rig, tx, DropReason.CHAIN_TOO_LONG);
            long all = GuestRig.GUEST;
            tx.add(new long[] {all, all, all}, new long[] {20 << 20, 20 << 20, 20 << 20}, 3, 0);
            expectRefused(rig, tx, DropReason.CHAIN_TOO_LONG);
            tx.send(new byte[longest]);
            assertEquals(1, rig.lane().drainTransmit());
            assertEquals(longest, rig.network().sent.getLast().length);
        }
    }

    @Test
    void refusesMorePiecesThanOneCallTakes() {
        try (GuestRig rig = rig(0)) {
            GuestRig.Ring tx = rig.ring(TX, 2048, GuestRig.MODERN);
            long memory = rig.allocate(4 * 1025);
            long[] addresses = new long[1025];
            long[] lengths = new long[1025];
            for (int i = 0; i < addresses.length; i++) {
                addresses[i] = memory + 4L * i; // with gaps, so that no two are merged
                lengths[i] = 1;
            }
            tx.add(addresses, lengths, 1025, 0);
            expectRefused(rig, tx, DropReason.CHAIN_TOO_MANY_PIECES);
            tx.add(Arrays.copyOf(addresses, 1024), Arrays.copyOf(lengths, 1024), 1024, 0);
            assertEquals(1, rig.lane().drainTransmit());
            assertEquals(1024, rig.network().sent.getLast().length);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void refusesTheWrongDirection(long ring) {
        try (GuestRig rig = rig(ring)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN | ring);
            long m = rig.allocate(4096);
            tx.add(new long[] {m}, new long[] {100}, 0, 1);
            expectRefused(rig, tx, DropReason.CHAIN_WRONG_DIRECTION);
            tx.add(new long[] {m, m + 200, m + 400}, new long[] {100, 1, 1}, 1, 2);
            expectRefused(rig, tx, DropReason.CHAIN_WRONG_DIRECTION);
        }
    }

    @Test
    void refusesAReadableBufferBehindAWritableOne() {
        try (GuestRig rig = rig(0)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            long m = rig.allocate(4096);
            assertTrue(
                    tx.driver.add(new long[] {m, m + 200}, new long[] {100, 100}, 2, 0, 0, false));
            SharedMemory.putLe16(
                    tx.layout.desc() + VirtqDesc.FLAGS, VirtqDesc.F_NEXT | VirtqDesc.F_WRITE);
            tx.driver.publish();
            expectRefused(rig, tx, DropReason.CHAIN_WRONG_DIRECTION);
        }
    }

    @Test
    void refusesChecksumFieldsOutsideTheFrame() {
        try (GuestRig rig = rig(0)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            int[][] bad = {{100, 0}, {99, 0}, {0, 99}, {84, 16}, {65535, 65535}, {34, 65535}};
            for (int[] fields : bad) {
                tx.send(
                        GuestRig.with(
                                Packets.header(12, 1, 0, 0, 0, fields[0], fields[1]),
                                Packets.frame(random, 100)));
                expectRefused(rig, tx, DropReason.BAD_CHECKSUM_FIELDS);
            }
            tx.send(
                    GuestRig.with(
                            Packets.header(12, 1, 0, 0, 0, 82, 16), Packets.frame(random, 100)));
            rig.lane().drainTransmit();
            assertEquals(1, rig.network().sent.getLast()[0], "the last that fits");
        }
    }

    @Test
    void refusesBadFieldsOfAHeaderInPieces() {
        try (GuestRig rig = rig(0)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            byte[] all =
                    GuestRig.with(
                            Packets.header(12, 1, 0, 0, 0, 84, 16), Packets.frame(random, 100));
            for (int first : new int[] {1, 5, 7, 9, 11}) {
                tx.send(all, first, all.length - first);
                expectRefused(rig, tx, DropReason.BAD_CHECKSUM_FIELDS);
            }
        }
    }

    @Test
    void refusesAChecksumThatWasNotNegotiated() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            tx.send(
                    GuestRig.with(
                            Packets.header(12, 1, 0, 0, 0, 34, 16), Packets.frame(random, 100)));
            expectRefused(rig, tx, DropReason.BAD_CHECKSUM_FIELDS);
        }
    }

    @Test
    void refusesSegmentationFieldsThatContradictFrameOrFeatures() {
        int[][] bad = { // flags, type, hdr_len, gso_size, csum_start, csum_offset
            {1, 2, 66, 1000, 34, 16}, // no such type
            {1, 0x7f, 66, 1000, 34, 16},
            {1, 0x81, 66, 1000, 34, 16}, // ECN was not negotiated
            {1, 0x80, 66, 1000, 34, 16}, // ECN of nothing
            {0, 1, 66, 1000, 34, 16}, // no checksum to complete
            {1, 1, 66, 0, 34, 16}, // segments of nothing
            {1, 1, 3001, 1000, 34, 16}, // headers longer than the frame
            {1, 1, 66, 1000, 34, 6}, // the checksum of UDP
            {1, 5, 42, 1000, 34, 16}, // the checksum of TCP
            {1, 3, 42, 1000, 34, 16},
            {1, 1, 66, 1000, 2981, 16}, // no room for a TCP header
            {1, 5, 42, 1000, 2992, 6} // it fits the frame: this one is the last that passes
        };
        try (GuestRig rig = rig(0)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            for (int[] f : bad) {
                tx.send(
                        GuestRig.with(
                                Packets.header(12, f[0], f[1], f[2], f[3], f[4], f[5]),
                                Packets.frame(random, 3000)));
                if (f[4] == 2992) {
                    assertEquals(1, rig.lane().drainTransmit());
                    assertEquals(5, rig.network().sent.getLast()[1]);
                } else {
                    expectRefused(rig, tx, DropReason.BAD_GSO_FIELDS);
                }
            }
        }
    }

    @Test
    void refusesASegmentationThatWasNotNegotiated() {
        int[] types = {1, 4, 5, 3};
        for (int type : types) {
            try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN | VirtioNetFeature.CSUM)) {
                GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
                tx.send(
                        GuestRig.with(
                                Packets.header(12, 1, type, 66, 1000, 34, type % 3 == 1 ? 16 : 6),
                                Packets.frame(random, 3000)));
                expectRefused(rig, tx, DropReason.BAD_GSO_FIELDS);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED, VirtioNetFeature.IN_ORDER})
    void refusesBadReceiveBuffersAndUsesTheNext(long ring) {
        long features = GuestRig.MODERN | VirtioNetFeature.MRG_RXBUF | ring;
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver rx = rig.receiver(RX, 16, features);
            long m = rig.allocate(4096);
            rx.ring.add(new long[] {BAD_ADDRESS}, new long[] {1536}, 0, 1);
            rx.ring.add(new long[] {m, m + 2000}, new long[] {16, 1536}, 1, 1);
            rx.ring.add(new long[] {m}, new long[] {11}, 0, 1);
            rx.ring.room(1536);
            rig.network().queued.add(GuestRig.with(new byte[12], Packets.frame(random, 60)));
            assertEquals(4, rig.lane().fillReceive());
            assertEquals(1, rig.drops(DropReason.CHAIN_UNMAPPED));
            assertEquals(1, rig.drops(DropReason.CHAIN_WRONG_DIRECTION));
            assertEquals(1, rig.drops(DropReason.BUFFER_TOO_SMALL));
            assertEquals(List.of(0L, 0L, 0L, 72L), rx.ring.used());
        }
    }

    @Test
    void boundsABatchOfBadReceiveBuffers() {
        long features = GuestRig.MODERN | VirtioNetFeature.MRG_RXBUF;
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver rx = rig.receiver(RX, 256, features);
            for (int i = 0; i < 100; i++) {
                rx.ring.add(new long[] {BAD_ADDRESS}, new long[] {1536}, 0, 1);
            }
            assertEquals(64, rig.lane().fillReceive());
            assertEquals(36, rig.lane().fillReceive());
            assertEquals(0, rig.lane().fillReceive());
            assertTrue(rig.lane().arm());
        }
    }

    @Test
    void segmentsFromACopyThatTheGuestCannotChange() {
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.sinkOffloads = FrameOffload.NONE;
        try (GuestRig rig = new GuestRig(bridge, VirtioNetOptions.DEFAULT)) {
            rig.device.negotiate(GuestRig.MODERN | OFFLOADS);
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, 5000);
            byte[] all =
                    GuestRig.with(
                            Packets.header(12, 1, 1, 66, 1000, 34, 16),
                            Packets.unfinished(random, shape, 0));
            long address = rig.allocate(all.length);
            rig.write(address, all);
            tx.add(new long[] {address}, new long[] {all.length}, 1, 0);
            byte[] garbage = new byte[all.length];
            Arrays.fill(garbage, (byte) 0xff);
            rig.network().onOffer = () -> rig.write(address, garbage);
            rig.lane().drainTransmit();
            assertEquals(5, rig.network().sent.size());
            for (byte[] sent : rig.network().sent) {
                Packets.requireChecksums(Arrays.copyOfRange(sent, 12, sent.length));
            }
        }
    }
}
