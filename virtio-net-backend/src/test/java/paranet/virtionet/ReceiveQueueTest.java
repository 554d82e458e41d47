package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import paranet.core.frame.DropReason;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;
import paranet.core.virtqueue.RingLayout;
import paranet.virtionet.wire.VirtioNetFeature;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

class ReceiveQueueTest {
    private static final int RX = 0;
    private static final long MERGEABLE = GuestRig.MODERN | VirtioNetFeature.MRG_RXBUF;
    private static final long OFFLOADS =
            VirtioNetFeature.GUEST_CSUM
                    | VirtioNetFeature.GUEST_TSO4
                    | VirtioNetFeature.GUEST_TSO6
                    | VirtioNetFeature.GUEST_UFO
                    | VirtioNetFeature.GUEST_USO4
                    | VirtioNetFeature.GUEST_USO6;

    private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");

    static List<Long> featureSets() {
        return TransmitQueueTest.featureSets();
    }

    @ParameterizedTest
    @MethodSource("featureSets")
    void givesFramesAsTheyAreInOrder(long features) {
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver rx = rig.receiver(RX, 64, features);
            int header = rig.bridge.format().headerBytes();
            List<byte[]> frames = new ArrayList<>();
            List<byte[]> received = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                rx.add(2048);
                byte[] all = plain(header, 14 + random.nextInt(1500));
                frames.add(all);
                rig.network().queued.add(all);
                assertEquals(1, rig.lane().fillReceive());
                received.addAll(rx.frames(header));
            }
            assertEquals(0, rig.lane().fillReceive());
            assertEquals(200, rig.lane().receivedFrames());
            assertReceived(frames, received);
        }
    }

    @ParameterizedTest
    @MethodSource("featureSets")
    void takesAnyLayoutOfBuffers(long features) {
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver rx = rig.receiver(RX, 256, features);
            int header = rig.bridge.format().headerBytes();
            int[][] layouts = {
                {1600}, {header, 1600}, {3, 1600}, {11, 3, 1600}, {header + 14, 1, 1, 1600}
            };
            List<byte[]> frames = new ArrayList<>();
            for (int[] layout : layouts) {
                rx.add(layout);
                frames.add(plain(header, 1000));
                rig.network().queued.add(frames.getLast());
            }
            assertEquals(layouts.length, rig.lane().fillReceive());
            assertReceived(frames, rx.frames(header));
        }
    }

    @ParameterizedTest
    @MethodSource("featureSets")
    void spreadsLargeFramesOverMergeableBuffers(long features) {
        if ((features & VirtioNetFeature.MRG_RXBUF) == 0) {
            return;
        }
        try (GuestRig rig = GuestRig.negotiated(features | OFFLOADS)) {
            GuestRig.Receiver rx = rig.receiver(RX, 256, features);
            List<byte[]> frames = new ArrayList<>();
            List<byte[]> received = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                while (rx.ring.driver.freeDescriptors() > 0) {
                    rx.add(100 + random.nextInt(1500));
                }
                byte[] all = gso(random.nextInt(60_000));
                if (random.nextBoolean()) {
                    all = plain(12, 60);
                }
                frames.add(all);
                rig.network().queued.add(all);
                assertEquals(1, rig.lane().fillReceive());
                received.addAll(rx.frames(12));
            }
            assertReceived(frames, received);
            assertTrue(rig.device.drops().isEmpty(), rig.device.drops().toString());
        }
    }

    private byte[] plain(int header, int bytes) {
        return GuestRig.with(Packets.plainHeader(header), Packets.frame(random, bytes));
    }

    /** A TCP frame to be segmented, as a TAP hands it out. */
    private byte[] gso(int payload) {
        Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, payload);
        return GuestRig.with(
                Packets.header(12, 1, 1, 66, 1448, 34, 16),
                Packets.unfinished(random, shape, 0x18));
    }

    /** All but num_buffers must be as it was sent. */
    static void assertReceived(List<byte[]> expected, List<byte[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            byte[] got = actual.get(i).clone();
            byte[] want = expected.get(i).clone();
            if (want[0] == 0 || got.length > 12) {
                got[10] = want[10];
                got[11] = want[11];
            }
            assertArrayEquals(want, got, "frame " + i);
        }
    }

    @Test
    void givesOneBatchAtATime() {
        try (GuestRig rig = GuestRig.negotiated(MERGEABLE)) {
            GuestRig.Receiver rx = rig.receiver(RX, 256, MERGEABLE);
            rx.addMany(200, 1536);
            for (int i = 0; i < 150; i++) {
                rig.network().queued.add(plain(12, 60));
            }
            assertEquals(64, rig.lane().fillReceive());
            assertEquals(64, rig.lane().fillReceive());
            assertEquals(22, rig.lane().fillReceive());
            assertEquals(0, rig.lane().fillReceive());
        }
    }

    @Test
    void readsStraightIntoOneBufferThatSurelyHoldsTheFrame() {
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.frameBytesMax = 1535;
        try (GuestRig rig = new GuestRig(bridge, VirtioNetOptions.DEFAULT)) {
            rig.device.negotiate(MERGEABLE);
            GuestRig.Receiver rx = rig.receiver(RX, 16, MERGEABLE);
            rx.addMany(2, 1536);
            rig.network().queued.add(plain(12, 1514));
            rig.network().queued.add(plain(12, 60));
            rig.lane().fillReceive();
            assertEquals(List.of(1, 1), rig.network().roomPieces);
        }
    }

    @Test
    void keepsAFrameUntilThereAreBuffersEnough() {
        for (long ring : new long[] {0, 1L << 34, 1L << 29, (1L << 34) | (1L << 29), 1L << 35}) {
            long features = MERGEABLE | OFFLOADS | ring;
            try (GuestRig rig = GuestRig.negotiated(features)) {
                GuestRig.Receiver rx = rig.receiver(RX, 64, features);
                byte[] large = gso(20_000);
                byte[] small = plain(12, 60);
                rig.network().queued.add(large);
                rig.network().queued.add(small);
                rx.addMany(3, 1536);
                rig.lane().fillReceive();
                assertEquals(List.of(), rx.frames(12));
                assertEquals(-1, rig.lane().sourceDescriptor(), "no room for what it announces");
                assertTrue(rig.lane().arm(), "only more buffers are news");
                rx.addMany(3, 1536);
                assertTrue(rx.ring.driver.needsKick(), "the chain behind those there were");
                assertTrue(rig.lane().arm(), "6 of 14 buffers");
                rx.addMany(9, 1536);
                assertFalse(rig.lane().arm());
                assertEquals(2, rig.lane().fillReceive());
                assertReceived(List.of(large, small), rx.frames(12));
                assertTrue(rig.device.drops().isEmpty(), rig.device.drops().toString());
            }
        }
    }

    @Test
    void takesNothingFromTheSourceWithoutBuffers() {
        try (GuestRig rig = GuestRig.negotiated(MERGEABLE)) {
            GuestRig.Receiver rx = rig.receiver(RX, 16, MERGEABLE);
            rig.network().queued.add(plain(12, 60));
            assertEquals(0, rig.lane().fillReceive());
            assertEquals(0, rig.network().polls);
            assertEquals(-1, rig.lane().sourceDescriptor());
            assertTrue(rig.lane().arm());
            rx.addMany(2, 1536);
            assertTrue(rx.ring.driver.needsKick());
            rig.lane().disarm();
            assertEquals(1, rig.lane().fillReceive());
            assertEquals(MemoryBridge.SOURCE_DESCRIPTOR, rig.lane().sourceDescriptor());
        }
    }

    @Test
    void asksForNoKicksWhileBuffersLieReady() {
        try (GuestRig rig = GuestRig.negotiated(MERGEABLE)) {
            GuestRig.Receiver rx = rig.receiver(RX, 16, MERGEABLE);
            rx.addMany(4, 1536);
            assertFalse(rx.ring.driver.needsKick());
            assertEquals(0, rig.lane().fillReceive());
            assertTrue(rig.lane().arm());
            rx.addMany(4, 1536);
            assertFalse(rx.ring.driver.needsKick());
        }
    }

    @Test
    void touchesNothingOfADisabledRing() {
        try (GuestRig rig = GuestRig.negotiated(MERGEABLE)) {
            GuestRig.Receiver rx = rig.receiver(RX, 16, MERGEABLE);
            assertEquals(0, rig.lane().fillReceive());
            assertTrue(rig.lane().arm(), "starved, so kicks were asked for");
            rig.lane().enable(RX, false);
            byte[] reused = new byte[(int) RingLayout.bytesFor(16, false)];
            Arrays.fill(reused, (byte) 0x5a);
            long ring = rx.ring.layout.desc();
            SharedMemory.copy(reused, 0, ring, reused.length);
            rig.network().queued.add(plain(12, 60));
            rig.lane().disarm();
            assertEquals(0, rig.lane().fillReceive());
            assertTrue(rig.lane().arm());
            byte[] now = new byte[reused.length];
            SharedMemory.copy(ring, now, 0, now.length);
            assertArrayEquals(reused, now);
        }
    }

    @Test
    void pollsASourceThatHasNoDescriptor() {
        try (GuestRig rig = GuestRig.negotiated(MERGEABLE)) {
            GuestRig.Receiver rx = rig.receiver(RX, 16, MERGEABLE);
            rig.network().sourceDescriptor = -1;
            rx.addMany(4, 1536);
            assertTrue(rig.lane().arm());
            rig.network().queued.add(plain(12, 60));
            assertFalse(rig.lane().arm());
        }
    }

    @Test
    void holdsNothingOfTheRingBetweenBatches() {
        try (GuestRig rig = GuestRig.negotiated(MERGEABLE)) {
            GuestRig.Receiver rx = rig.receiver(RX, 16, MERGEABLE);
            rx.addMany(8, 1536);
            rig.network().queued.add(plain(12, 9000));
            rig.lane().fillReceive();
            assertEquals(6, rx.ring.device.position().availIndex());
            assertEquals(6, rx.ring.device.position().usedIndex());
            rig.lane().fillReceive();
            assertEquals(6, rx.ring.device.position().availIndex());
        }
    }

    @Test
    void suppliesNothingWhileDisabledOrTheLinkIsDown() {
        try (GuestRig rig = GuestRig.negotiated(MERGEABLE)) {
            GuestRig.Receiver rx = rig.receiver(RX, 16, MERGEABLE);
            rx.addMany(8, 1536);
            rig.network().queued.add(plain(12, 60));
            rig.lane().enable(RX, false);
            assertEquals(0, rig.lane().fillReceive());
            assertEquals(-1, rig.lane().sourceDescriptor());
            assertTrue(rig.lane().arm());
            rig.lane().enable(RX, true);
            rig.device.linkUp(false);
            assertEquals(0, rig.lane().fillReceive());
            assertEquals(-1, rig.lane().sourceDescriptor());
            rig.device.linkUp(true);
            assertEquals(1, rig.lane().fillReceive());
        }
    }

    @Test
    void segmentsWhatTheGuestDoesNotAccept() {
        for (long features : List.of(GuestRig.MODERN, MERGEABLE, 0L, MERGEABLE | (1L << 34))) {
            for (int type : new int[] {1, 4, 5, 3}) {
                try (GuestRig rig = GuestRig.negotiated(features)) {
                    GuestRig.Receiver rx = rig.receiver(RX, 64, features);
                    int header = rig.bridge.format().headerBytes();
                    rx.addMany(40, 2048);
                    boolean tcp = type == 1 || type == 4;
                    Packets.Shape shape = new Packets.Shape(type == 4, tcp, 0, 0, 0, 9000);
                    rig.network()
                            .queued
                            .add(
                                    GuestRig.with(
                                            Packets.header(
                                                    header,
                                                    1,
                                                    type,
                                                    shape.headerBytes(),
                                                    1400,
                                                    shape.transportAt(),
                                                    tcp ? 16 : 6),
                                            Packets.unfinished(random, shape, 0)));
                    rig.lane().fillReceive();
                    List<byte[]> got = rx.frames(header);
                    assertEquals(7, got.size(), "gso_type " + type);
                    for (byte[] frame : got) {
                        assertEquals(0, frame[0]);
                        assertEquals(0, frame[1]);
                        Packets.requireChecksums(Arrays.copyOfRange(frame, header, frame.length));
                    }
                }
            }
        }
    }

    @Test
    void segmentsWhatIsTooBigForTheBuffers() {
        long features = GuestRig.MODERN | OFFLOADS;
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver rx = rig.receiver(RX, 64, features);
            rx.addMany(40, 2048);
            rig.network().queued.add(gso(10_000));
            rig.lane().fillReceive();
            List<byte[]> got = rx.frames(12);
            assertEquals(7, got.size());
            for (byte[] frame : got) {
                Packets.requireChecksums(Arrays.copyOfRange(frame, 12, frame.length));
            }
        }
    }

    @Test
    void completesTheChecksumThatTheGuestDoesNotAccept() {
        for (long features : List.of(GuestRig.MODERN, MERGEABLE)) {
            try (GuestRig rig = GuestRig.negotiated(features)) {
                GuestRig.Receiver rx = rig.receiver(RX, 64, features);
                rx.addMany(4, 2048);
                Packets.Shape shape = new Packets.Shape(true, false, 2, 0, 1, 501);
                rig.network()
                        .queued
                        .add(
                                GuestRig.with(
                                        Packets.header(12, 1, 0, 0, 0, shape.transportAt(), 6),
                                        Packets.unfinished(random, shape, 0)));
                assertEquals(2, rig.lane().fillReceive(), "held, then given");
                byte[] got = rx.frames(12).getFirst();
                assertEquals(0, got[0]);
                Packets.requireChecksums(Arrays.copyOfRange(got, 12, got.length));
            }
        }
    }

    @Test
    void showsNoFlagToAGuestWithoutGuestCsum() {
        for (long features : List.of(MERGEABLE, MERGEABLE | VirtioNetFeature.GUEST_CSUM)) {
            try (GuestRig rig = GuestRig.negotiated(features)) {
                GuestRig.Receiver rx = rig.receiver(RX, 64, features);
                rx.addMany(4, 2048);
                byte[] frame = plain(12, 100);
                frame[0] = 2 | 4; // DATA_VALID, and RSC_INFO, which nobody negotiated
                rig.network().queued.add(frame);
                rig.lane().fillReceive();
                boolean csum = (features & VirtioNetFeature.GUEST_CSUM) != 0;
                assertEquals(csum ? 2 : 0, rx.frames(12).getFirst()[0]);
            }
        }
    }

    @Test
    void dropsWithAReasonWhatCannotBeGiven() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN | VirtioNetFeature.MTU)) {
            GuestRig.Receiver rx = rig.receiver(RX, 64, GuestRig.MODERN);
            rx.addMany(4, 1000);
            byte[] noIp = Packets.frame(random, 3000);
            expectDrop(
                    rig,
                    DropReason.NOT_SEGMENTABLE,
                    GuestRig.with(Packets.header(12, 1, 1, 66, 1000, 34, 16), noIp));
            expectDrop(
                    rig,
                    DropReason.NOT_SEGMENTABLE,
                    GuestRig.with(Packets.header(12, 1, 77, 66, 1000, 34, 16), noIp));
            expectDrop(
                    rig,
                    DropReason.NOT_CHECKSUMMABLE,
                    GuestRig.with(
                            Packets.header(12, 1, 0, 0, 0, 90, 9), Packets.frame(random, 100)));
            expectDrop(rig, DropReason.TOO_BIG_FOR_BUFFERS, plain(12, 989));
            expectDrop(rig, DropReason.LARGER_THAN_MTU, plain(12, 1523));
            expectDrop(rig, DropReason.FRAME_TOO_SHORT, new byte[12 + 13]);
            rig.network().loss = DropReason.MEMORY_GONE;
            expectDrop(rig, DropReason.MEMORY_GONE, plain(12, 100));
            assertEquals(List.of(), rx.frames(12));
            rig.network().queued.add(plain(12, 988));
            rig.lane().fillReceive();
            assertEquals(1, rx.frames(12).size());
            assertEquals(1, rig.lane().receivedFrames());
        }
    }

    private static void expectDrop(GuestRig rig, DropReason reason, byte[] frame) {
        long before = rig.drops(reason);
        rig.network().queued.add(frame);
        assertEquals(1, rig.lane().fillReceive(), reason.meaning());
        assertEquals(before + 1, rig.drops(reason), rig.device.drops().toString());
    }

    @Test
    void dropsAHeldFrameThatTheWholeRingCannotHold() {
        long features = MERGEABLE | OFFLOADS;
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver rx = rig.receiver(RX, 8, features);
            rx.addMany(8, 1536);
            rig.network().queued.add(gso(20_000));
            rig.network().queued.add(plain(12, 60));
            rig.lane().fillReceive();
            assertEquals(1, rig.drops(DropReason.TOO_BIG_FOR_BUFFERS));
            assertEquals(1, rx.frames(12).size());
        }
    }

    @Test
    void countsTheFrameItHoldsWhenTheRingStops() {
        long features = MERGEABLE | OFFLOADS;
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver rx = rig.receiver(RX, 64, features);
            rx.addMany(3, 1536);
            rig.network().queued.add(gso(20_000));
            rig.lane().fillReceive();
            rx.ring.detach();
            assertEquals(1, rig.drops(DropReason.RING_STOPPED));
            assertEquals(-1, rig.lane().sourceDescriptor());
        }
    }

    /** What the JVM throws when the guest's memory vanishes while a frame is copied into it. */
    @Test
    void keepsNothingOfARingWhoseMemoryVanishedUnderAFrame() {
        long features = MERGEABLE | OFFLOADS;
        try (GuestRig rig = GuestRig.negotiated(features)) {
            GuestRig.Receiver gone = rig.receiver(RX, 64, features);
            gone.addMany(3, 1536);
            rig.network().queued.add(plain(12, 1000));
            rig.network().onPoll =
                    () -> {
                        throw new InternalError("memory fault");
                    };
            assertThrows(InternalError.class, rig.lane()::fillReceive);
            gone.ring.detach();
            rig.network().onPoll = () -> {};

            GuestRig.Receiver next = rig.receiver(RX, 64, features);
            next.addMany(3, 1536);
            assertEquals(0, rig.lane().fillReceive());
            assertEquals(List.of(), next.frames(12));
            rig.network().queued.add(plain(12, 500));
            assertEquals(1, rig.lane().fillReceive());
            List<byte[]> frames = next.frames(12);
            assertEquals(1, frames.size());
            assertEquals(512, frames.getFirst().length);
        }
    }

    @Test
    void refusesABadBufferAndGoesOn() {
        for (long ring : new long[] {0, 1L << 34, 1L << 35}) {
            long features = MERGEABLE | OFFLOADS | ring;
            try (GuestRig rig = GuestRig.negotiated(features)) {
                GuestRig.Receiver rx = rig.receiver(RX, 64, features);
                rx.add(11);
                rx.addMany(2, 1536);
                rx.add(5);
                rx.addMany(20, 1536);
                byte[] frame = gso(20_000);
                rig.network().queued.add(frame);
                rig.lane().fillReceive();
                assertEquals(2, rig.drops(DropReason.BUFFER_TOO_SMALL));
                rig.lane().fillReceive();
                int unused = 0;
                List<byte[]> got = new ArrayList<>();
                while (rx.ring.driver.hasUsed() && unused < 4) {
                    assertTrue(rx.ring.driver.poll());
                    assertEquals(0, rx.ring.driver.writtenBytes());
                    unused++;
                }
                got.addAll(rx.frames(12));
                assertReceived(List.of(frame), got);
            }
        }
    }
}
