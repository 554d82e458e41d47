package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;
import paranet.core.virtqueue.RingFeature;
import paranet.virtionet.wire.VirtioNetFeature;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

class TransmitQueueTest {
    private static final int TX = 1;
    private static final long OFFLOADS =
            VirtioNetFeature.CSUM
                    | VirtioNetFeature.HOST_TSO4
                    | VirtioNetFeature.HOST_TSO6
                    | VirtioNetFeature.HOST_UFO
                    | VirtioNetFeature.HOST_USO;

    private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");

    /** Both ring formats, with and without the events and the order, both headers. */
    static List<Long> featureSets() {
        List<Long> sets = new ArrayList<>();
        for (long ring :
                new long[] {
                    0,
                    RingFeature.VERSION_1,
                    RingFeature.VERSION_1 | RingFeature.EVENT_IDX,
                    RingFeature.VERSION_1 | RingFeature.IN_ORDER,
                    RingFeature.VERSION_1 | RingFeature.RING_PACKED,
                    RingFeature.VERSION_1 | RingFeature.RING_PACKED | RingFeature.EVENT_IDX,
                    RingFeature.VERSION_1 | RingFeature.RING_PACKED | RingFeature.IN_ORDER
                }) {
            sets.add(ring);
            sets.add(ring | VirtioNetFeature.MRG_RXBUF);
        }
        return sets;
    }

    @ParameterizedTest
    @MethodSource("featureSets")
    void sendsFramesAsTheyAreInOrder(long features) {
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Ring tx = rig.ring(TX, 64, features);
            int headerBytes = rig.bridge.format().headerBytes();
            assertEquals(features == 0 ? 10 : 12, headerBytes);
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                byte[] all =
                        GuestRig.with(
                                Packets.plainHeader(headerBytes),
                                Packets.frame(random, 14 + random.nextInt(1500)));
                frames.add(all);
                tx.send(all);
                assertEquals(1, rig.lane().drainTransmit());
                assertEquals(List.of(0L), tx.used());
            }
            assertEquals(0, rig.lane().drainTransmit());
            assertEquals(200, rig.lane().transmittedFrames());
            assertFrames(frames, rig.network().sent);
        }
    }

    @ParameterizedTest
    @MethodSource("featureSets")
    void takesAnyLayoutOfHeaderAndFrame(long features) {
        try (GuestRig rig = GuestRig.negotiated(features | VirtioNetFeature.CSUM)) {
            GuestRig.Ring tx = rig.ring(TX, 64, features);
            int header = rig.bridge.format().headerBytes();
            Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, 100);
            byte[] frame = Packets.unfinished(random, shape, 0);
            byte[] all = GuestRig.with(Packets.header(header, 1, 0, 0, 0, 34, 16), frame);
            int[][] layouts = {
                {all.length},
                {header, frame.length},
                {header, 14, frame.length - 14},
                {3, header - 3, frame.length},
                {header + 5, frame.length - 5},
                {1, 1, 1, all.length - 3}
            };
            for (int[] layout : layouts) {
                tx.send(all, layout);
                assertEquals(1, rig.lane().drainTransmit());
                assertArrayEquals(all, rig.network().sent.getLast());
            }
            assertEquals(layouts.length, tx.used().size());
            assertTrue(rig.device.drops().isEmpty(), rig.device.drops().toString());
        }
    }

    @Test
    void takesOneBatchAtATime() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 256, GuestRig.MODERN);
            for (int i = 0; i < 150; i++) {
                tx.send(new byte[12 + 60]);
            }
            assertEquals(64, rig.lane().drainTransmit());
            assertEquals(64, rig.lane().drainTransmit());
            assertEquals(22, rig.lane().drainTransmit());
            assertEquals(0, rig.lane().drainTransmit());
        }
    }

    @Test
    void putsTheFrameBackWhileTheSinkIsFull() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            for (int i = 0; i < 3; i++) {
                tx.send(GuestRig.with(Packets.plainHeader(12), Packets.frame(random, 100 + i)));
            }
            rig.network().accept = 1;
            assertEquals(1, rig.lane().drainTransmit());
            assertEquals(1, tx.used().size());
            assertEquals(MemoryBridge.SINK_DESCRIPTOR, rig.lane().sinkDescriptor());
            assertTrue(rig.lane().arm(), "a full sink's descriptor will tell");
            assertEquals(0, rig.lane().drainTransmit());
            assertEquals(1, tx.device.position().availIndex(), "the second frame is put back");

            rig.network().accept = Integer.MAX_VALUE;
            assertEquals(2, rig.lane().drainTransmit());
            assertEquals(-1, rig.lane().sinkDescriptor());
            assertEquals(3, rig.network().sent.size());
            assertEquals(12 + 102, rig.network().sent.get(2).length);
            assertTrue(rig.device.drops().isEmpty());
        }
    }

    /**
     * Strategy: bursts of frames of random sizes, short ones that are copied and long ones that are
     * not, to a sink that takes a random number of them before it is full.
     *
     * <p>Invariants: each frame is sent once, whole, in order; each chain is used in order.
     */
    @ParameterizedTest
    @MethodSource("featureSets")
    void sendsEachFrameOnceHoweverOftenTheSinkIsFull(long features) {
        long seed = Long.getLong("paranet.seed", System.nanoTime());
        Random drawn = new Random(seed);
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Ring tx = rig.ring(TX, 64, features);
            int headerBytes = rig.bridge.format().headerBytes();
            List<byte[]> frames = new ArrayList<>();
            int used = 0;
            for (int round = 0; round < 100; round++) {
                int burst = drawn.nextInt(64 - (frames.size() - used));
                for (int i = 0; i < burst; i++) {
                    byte[] all =
                            GuestRig.with(
                                    Packets.plainHeader(headerBytes),
                                    Packets.frame(random, drawn.nextInt(60, 3500)));
                    frames.add(all);
                    tx.send(all);
                }
                rig.network().accept = drawn.nextInt(80);
                int moved = rig.lane().drainTransmit();
                assertEquals(moved, tx.used().size(), "seed " + seed);
                used += moved;
            }
            rig.network().accept = Integer.MAX_VALUE;
            used += rig.lane().drainTransmit();
            assertEquals(frames.size(), used, "seed " + seed);
            assertFrames(frames, rig.network().sent);
            assertTrue(rig.device.drops().isEmpty(), "seed " + seed);
        }
    }

    @Test
    void sleepsOnAFullSinkThatOnlyItsOwnReceiveSideDrains() {
        long features = GuestRig.MODERN | VirtioNetFeature.MRG_RXBUF;
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Ring tx = rig.ring(TX, 16, features);
            tx.send(new byte[12 + 60]);
            rig.network().accept = 0;
            rig.network().sinkDescriptor = -1;
            rig.network().queued.add(new byte[12 + 60]);
            assertEquals(0, rig.lane().drainTransmit());
            assertEquals(-1, rig.lane().sinkDescriptor());
            assertTrue(rig.lane().arm(), "nothing moves until the guest receives");
            rig.receiver(0, 16, features).addMany(2, 1536);
            assertFalse(rig.lane().arm());
            assertEquals(1, rig.lane().fillReceive());
        }
    }

    /**
     * A front end may disable a ring and reuse its memory without a word (User-Mode Linux does).
     */
    @Test
    void looksAtADisabledRingOnlyWhenKicked() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            rig.lane().enable(TX, false);
            assertEquals(0, rig.lane().drainTransmit());
            assertTrue(rig.lane().arm());
            tx.send(new byte[12 + 60]); // or whatever the memory is used for now
            rig.lane().disarm();
            assertEquals(0, rig.lane().drainTransmit());
            assertTrue(rig.lane().arm());
            rig.lane().kicked(TX);
            assertEquals(1, rig.lane().drainTransmit());
            assertEquals(1, rig.drops(DropReason.QUEUE_DISABLED));
        }
    }

    @Test
    void ignoresFlagsItDoesNotKnow() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            byte[] all =
                    GuestRig.with(
                            Packets.header(12, 0xfe, 0, 0, 0, 0xffff, 0xffff),
                            Packets.frame(random, 60));
            tx.send(all);
            assertEquals(1, rig.lane().drainTransmit());
            assertArrayEquals(all, rig.network().sent.getFirst());
        }
    }

    @Test
    void discardsWhatADisabledQueueHolds() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            rig.lane().enable(TX, false);
            tx.send(new byte[12 + 60]);
            assertEquals(1, rig.lane().drainTransmit());
            assertEquals(List.of(0L), tx.used());
            assertEquals(1, rig.drops(DropReason.QUEUE_DISABLED));
            assertTrue(rig.network().sent.isEmpty());
        }
    }

    @Test
    void discardsWhileTheLinkIsDown() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            rig.device.linkUp(false);
            tx.send(new byte[12 + 60]);
            rig.lane().drainTransmit();
            assertEquals(1, rig.drops(DropReason.LINK_DOWN));
            assertEquals(0, rig.lane().transmittedFrames());
        }
    }

    @Test
    void countsWhyTheSinkRefused() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            for (DropReason reason :
                    new DropReason[] {
                        DropReason.NETWORK_REFUSED,
                        DropReason.NETWORK_OUT_OF_MEMORY,
                        DropReason.MEMORY_GONE
                    }) {
                rig.network().answer = reason;
                tx.send(new byte[12 + 60]);
                assertEquals(1, rig.lane().drainTransmit());
                assertEquals(1, rig.drops(reason));
                assertEquals(List.of(0L), tx.used());
            }
            assertEquals(0, rig.lane().transmittedFrames());
        }
    }

    @Test
    void asksForKicksAndLooksOnceMore() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            assertTrue(rig.lane().arm());
            tx.send(new byte[12 + 60]);
            assertTrue(tx.driver.needsKick());
            assertFalse(rig.lane().arm());
            rig.lane().disarm();
            rig.lane().drainTransmit();
            tx.send(new byte[12 + 60]);
            assertFalse(tx.driver.needsKick());
        }
    }

    @Test
    void finishesInSoftwareWhatTheSinkDoesNotTake() {
        for (long ring : new long[] {0, GuestRig.MODERN, GuestRig.MODERN | 1L << 34}) {
            try (GuestRig rig = softwareRig(ring)) {
                GuestRig.Ring tx = rig.ring(TX, 16, ring);
                int header = rig.bridge.format().headerBytes();
                Packets.Shape shape = new Packets.Shape(false, true, 1, 0, 0, 5000);
                byte[] frame = Packets.unfinished(random, shape, 0x18);
                tx.send(
                        GuestRig.with(
                                Packets.header(header, 1, 1, 70, 1448, shape.transportAt(), 16),
                                frame));
                Packets.Shape small = new Packets.Shape(true, false, 0, 0, 0, 33);
                byte[] datagram = Packets.unfinished(random, small, 0);
                tx.send(
                        GuestRig.with(
                                Packets.header(header, 1, 0, 0, 0, small.transportAt(), 6),
                                datagram));
                rig.lane().drainTransmit();
                assertEquals(2, tx.used().size());
                assertEquals(5, rig.network().sent.size());
                assertEquals(5, rig.lane().transmittedFrames());
                for (byte[] sent : rig.network().sent) {
                    byte[] plain = Arrays.copyOfRange(sent, header, sent.length);
                    assertEquals(0, sent[0], "flags");
                    assertEquals(0, sent[1], "gso_type");
                    Packets.requireChecksums(plain);
                }
            }
        }
    }

    private static GuestRig softwareRig(long ring) {
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.sinkOffloads = FrameOffload.NONE;
        GuestRig rig = new GuestRig(bridge, VirtioNetOptions.DEFAULT);
        rig.device.negotiate(ring | OFFLOADS);
        return rig;
    }

    @Test
    void resumesSegmentsWhenTheSinkHasRoomAgain() {
        try (GuestRig rig = softwareRig(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            sendLarge(tx, 10_000);
            rig.network().accept = 3;
            assertEquals(4, rig.lane().drainTransmit(), "a chain and three segments");
            assertEquals(MemoryBridge.SINK_DESCRIPTOR, rig.lane().sinkDescriptor());
            rig.network().accept = Integer.MAX_VALUE;
            assertEquals(7, rig.lane().drainTransmit());
            assertEquals(10, rig.network().sent.size());
        }
    }

    @Test
    void boundsABatchByTheSegmentsToo() {
        try (GuestRig rig = softwareRig(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            sendLarge(tx, 200_000 / 4);
            assertEquals(51, rig.lane().drainTransmit());
            rig.network().sent.clear();
            sendLarge(tx, 60_000);
            sendLarge(tx, 60_000);
            assertEquals(64, rig.lane().drainTransmit());
            assertFalse(rig.lane().arm(), "segments are still in our hands");
            assertEquals(58, rig.lane().drainTransmit());
            assertEquals(120, rig.network().sent.size());
        }
    }

    private void sendLarge(GuestRig.Ring tx, int payload) {
        Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, payload);
        tx.send(
                GuestRig.with(
                        Packets.header(12, 1, 1, 66, 1000, 34, 16),
                        Packets.unfinished(random, shape, 0)));
    }

    @Test
    void countsWhatItHoldsWhenTheRingStops() {
        try (GuestRig rig = softwareRig(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            sendLarge(tx, 10_000);
            rig.network().accept = 3;
            rig.lane().drainTransmit();
            tx.detach();
            assertEquals(1, rig.drops(DropReason.RING_STOPPED));
            assertEquals(-1, rig.lane().sinkDescriptor());
        }
    }

    @Test
    void dropsWhatSoftwareCannotSegment() {
        try (GuestRig rig = softwareRig(GuestRig.MODERN)) {
            GuestRig.Ring tx = rig.ring(TX, 16, GuestRig.MODERN);
            byte[] noIp = Packets.frame(random, 3000);
            tx.send(GuestRig.with(Packets.header(12, 1, 1, 66, 1000, 34, 16), noIp));
            rig.lane().drainTransmit();
            assertEquals(1, rig.drops(DropReason.NOT_SEGMENTABLE));
            assertEquals(List.of(0L), tx.used());
        }
    }

    static void assertFrames(List<byte[]> expected, List<byte[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "frame " + i);
        }
    }
}
