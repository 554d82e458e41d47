package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Frames that a guest sends in pieces and unfinished (SG), also from a pool (PMTD). */
class VenetScatterTest {
    private static final int ALL = VenetRig.SG | VenetRig.TSO;

    private final SplittableRandom random = new SplittableRandom(3);

    private byte[] tcp(boolean ipv6, int payload) {
        return Packets.unfinished(random, new Packets.Shape(ipv6, true, 0, 0, 0, payload), 0x18);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {ALL, ALL | VenetRig.PMTD})
    void sendsPiecesAsOneFrame(int bits) {
        try (VenetRig rig = new VenetRig(bits, 0, 0)) {
            byte[] plain = Packets.frame(random, 1514);
            rig.send(plain, 14, 1500);
            byte[] pieces = Packets.frame(random, 1000);
            int[] lengths = new int[18];
            Arrays.fill(lengths, 50);
            lengths[17] = 150;
            rig.send(pieces, lengths);
            rig.send(plain, 14, 0, 1500);
            assertEquals(3, rig.drain());
            assertArrayEquals(plain, rig.sent(0));
            assertArrayEquals(pieces, rig.sent(1));
            assertArrayEquals(plain, rig.sent(2));
            assertEquals("00000000000000000000", hex(rig.sentHeader(0)));
            assertEquals(3, rig.reap());
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void passesOnWhatTheSinkFinishes() {
        try (VenetRig rig = new VenetRig(ALL, 0, 0)) {
            byte[] small = tcp(false, 100);
            byte[] large = tcp(true, 30_000);
            VenetRig.Sg ecn = VenetRig.Sg.tcp(tcp(false, 5000), false, 1448);
            ecn.flags |= 4;
            ecn.hdrLen = 0xffff;
            rig.send(VenetRig.Sg.tcp(small, false, 0));
            rig.send(VenetRig.Sg.tcp(large, true, 1428), 100, large.length - 100);
            rig.send(ecn);
            assertEquals(3, rig.drain());
            assertEquals("01000000000022001000", hex(rig.sentHeader(0)));
            assertEquals("01045600940536001000", hex(rig.sentHeader(1)));
            assertEquals("0181ca13a80522001000", hex(rig.sentHeader(2)));
            assertArrayEquals(large, rig.sent(1));
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void finishesWhatTheSinkDoesNot() {
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.sinkOffloads = FrameOffload.NONE;
        try (VenetRig rig = new VenetRig(VenetOptions.DEFAULT, bridge, ALL, VenetRig.TXC, 0)) {
            byte[] small = tcp(false, 100);
            byte[] large = tcp(true, 3000);
            long first = rig.send(VenetRig.Sg.tcp(small, false, 0));
            long second = rig.send(VenetRig.Sg.tcp(large, true, 1428), 100, large.length - 100);
            assertEquals(6, rig.drain(), "two frames, and what became of them");
            assertEquals(4, rig.network.sent.size());
            for (int i = 0; i < 4; i++) {
                assertEquals("00000000000000000000", hex(rig.sentHeader(i)));
                Packets.requireChecksums(rig.sent(i));
            }
            assertEquals(4, rig.device.transmittedFrames());
            assertEquals(
                    List.of("txc " + Long.toHexString(first), "txc " + Long.toHexString(second)),
                    rig.events());
        }
    }

    @Test
    void segmentsWaitForAFullSinkAndAreLostWithTheDevice() {
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.sinkOffloads = FrameOffload.NONE;
        try (VenetRig rig = new VenetRig(VenetOptions.DEFAULT, bridge, ALL, 0, 0)) {
            rig.network.accept = 1;
            rig.send(VenetRig.Sg.tcp(tcp(false, 3000), false, 1000));
            rig.drain();
            assertEquals(1, rig.network.sent.size());
            assertEquals(MemoryBridge.SINK_DESCRIPTOR, rig.lane.sinkDescriptor());
            assertTrue(rig.lane.arm());
            rig.network.accept = 1;
            rig.drain();
            assertEquals(2, rig.network.sent.size());
            rig.bus.negotiate(0);
            assertEquals(Map.of(DropReason.DEVICE_CLOSED, 1L), rig.drops());
        }
    }

    @Test
    void segmentsItselfWhatSaysThatItsChecksumIsComplete() {
        try (VenetRig rig = new VenetRig(ALL, 0, 0)) {
            VenetRig.Sg sg = VenetRig.Sg.tcp(tcp(false, 2000), false, 1000);
            sg.flags = 2;
            rig.send(sg);
            rig.drain();
            assertEquals(2, rig.network.sent.size());
            Packets.requireChecksums(rig.sent(0));
            Packets.requireChecksums(rig.sent(1));
        }
    }

    @Test
    void dropsWhatSoftwareCannotSegment() {
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.sinkOffloads = FrameOffload.CSUM;
        try (VenetRig rig = new VenetRig(VenetOptions.DEFAULT, bridge, ALL, 0, 0)) {
            rig.send(VenetRig.Sg.tcp(Packets.frame(random, 3000), false, 1000));
            rig.drain();
            assertEquals(Map.of(DropReason.NOT_SEGMENTABLE, 1L), rig.drops());
            assertEquals(1, rig.reap());
        }
    }

    @Test
    void refusesWhatWasNotGranted() {
        try (VenetRig rig = new VenetRig(VenetRig.SG | 0x02, 0, 0)) {
            rig.send(VenetRig.Sg.tcp(tcp(true, 3000), true, 1000));
            VenetRig.Sg ecn = VenetRig.Sg.tcp(tcp(false, 3000), false, 1000);
            ecn.flags |= 4;
            rig.send(ecn);
            rig.send(VenetRig.Sg.tcp(tcp(false, 3000), false, 1000));
            assertEquals(3, rig.drain());
            assertEquals(1, rig.network.sent.size());
            assertEquals(Map.of(DropReason.BAD_GSO_FIELDS, 2L), rig.drops());
        }
    }

    @Test
    void ufoIsGrantedWhereItIsOfferedAndTheNetworkTakesIt() {
        VenetOptions ufo = VenetOptions.DEFAULT.withFeatures(EnumSet.allOf(VenetFeature.class));
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.sinkOffloads = FrameOffload.ALL & ~FrameOffload.UFO;
        CapabilityNegotiation offered = ufo.capabilities(bridge);
        assertEquals(0x2f, offered.negotiate(0, -1));
        assertEquals(0x1f, offered.negotiate(2, -1));
        bridge.sinkOffloads = FrameOffload.ALL;
        assertEquals(0x3f, ufo.capabilities(bridge).negotiate(0, -1));
        assertEquals(0x2f, VenetOptions.DEFAULT.capabilities(bridge).negotiate(0, -1));
        try (VenetRig rig = new VenetRig(ufo, bridge, ALL | VenetRig.UFO, 0, 0)) {
            Packets.Shape shape = new Packets.Shape(false, false, 0, 0, 0, 4000);
            VenetRig.Sg sg = VenetRig.Sg.tcp(Packets.unfinished(random, shape, 0), false, 1480);
            sg.gsoType = 1;
            sg.csumOffset = 6;
            rig.send(sg);
            rig.drain();
            assertEquals("01034200c80522000600", hex(rig.sentHeader(0)));
        }
    }

    @Test
    void thePoolCountsFromItsRegistrationOn() {
        try (VenetRig rig = new VenetRig(ALL, 0, 0)) {
            rig.rig.call(rig.devh, 1, 0, 0);
            rig.rig.negotiate(rig.devh, 0, ALL | VenetRig.PMTD);
            rig.up();
            byte[] frame = Packets.frame(random, 100);
            rig.send(frame);
            assertEquals(1, rig.drain(), "an address while there is no pool");
            assertEquals(0, rig.rig.pool(rig.devh, 100, 320, VenetRig.PMTD_POOL));
            rig.send(frame);
            assertEquals(1, rig.drain(), "an offset now, beyond the pool");
            assertEquals(Map.of(DropReason.CHAIN_UNMAPPED, 1L), rig.drops());
            SharedMemory.copy(
                    rig.rig.at + rig.transmit.ptr(1), rig.rig.at + VenetRig.PMTD_POOL, 48);
            rig.post(0, 0, 48);
            assertEquals(1, rig.drain());
            assertArrayEquals(frame, rig.sent(1));
        }
    }

    @Test
    void refusesDescriptorsOutsideThePoolOrOfNoLegalLength() {
        try (VenetRig rig = new VenetRig(ALL | VenetRig.PMTD, VenetRig.TXC, 0)) {
            rig.send(Packets.frame(random, 60));
            rig.drain();
            assertEquals(1, rig.events().size());
            SharedMemory.putLe64(rig.rig.at + VenetRig.PMTD_POOL + 320 * 64 - 8, 0xabc);
            rig.post(1, 320 * 64, 48); // beyond
            rig.post(1, 320 * 64 - 47, 48); // a byte too far, with a cookie inside
            rig.post(1, -1, 48);
            rig.post(1, -48, 48);
            rig.post(1, 1L << 63, 48);
            rig.post(1, 0, -1); // a length that wraps
            rig.post(1, 320 * 64 - 8, 321);
            rig.post(1, 320 * 64 - 8, 7);
            assertEquals(8, rig.drain());
            assertEquals(
                    Map.of(DropReason.CHAIN_UNMAPPED, 5L, DropReason.CHAIN_CONTRADICTORY, 3L),
                    rig.drops());
            List<String> events = rig.events();
            assertEquals(3, events.size(), "where a cookie could be read: " + events);
            assertEquals("txc abc", events.getLast());
        }
    }

    @Test
    void theRingTellsOfAFrameWithoutACookieToo() {
        try (VenetRig rig = new VenetRig(ALL, 0, 0)) {
            rig.told();
            rig.post(1, BusRig.BYTES - 7, 48);
            assertEquals(1, rig.drain());
            assertEquals(List.of("signal 101"), rig.told());
            assertEquals(1, rig.reap());
        }
    }

    @Test
    void refusesPiecesThatAreNotTheGuests() {
        try (VenetRig rig = new VenetRig(ALL | VenetRig.PMTD, VenetRig.TXC, 0)) {
            long cookie = rig.send(Packets.frame(random, 60), 14, 46);
            SharedMemory.putLe64(rig.lastDesc() + 32 + 16 + 8, BusRig.BYTES - 45);
            assertEquals(1, rig.drain());
            assertEquals(Map.of(DropReason.CHAIN_UNMAPPED, 1L), rig.drops());
            assertEquals(
                    List.of("txc " + Long.toHexString(cookie)),
                    rig.events(),
                    "a frame that is dropped is completed as well");
        }
    }

    @Test
    void tellsOfAFrameWith19PiecesThatItIsDropped() {
        try (VenetRig rig = new VenetRig(ALL, VenetRig.TXC, 0)) {
            byte[] frame = Packets.frame(random, 190);
            int[] lengths = new int[19];
            Arrays.fill(lengths, 10);
            long at = rig.place(new byte[336]);
            rig.post(0, at, 336);
            SharedMemory.putLe32(rig.rig.at + at + 12, 190);
            SharedMemory.putLe32(rig.rig.at + at + 28, 19);
            assertEquals(1, rig.drain());
            assertEquals(Map.of(DropReason.CHAIN_CONTRADICTORY, 1L), rig.drops());
            assertEquals(List.of("txc 0"), rig.events());
            assertEquals(19 * 10, frame.length);
        }
    }

    @Test
    void usesTheCopyWhileTheGuestChangesItsOwn() {
        MemoryBridge bridge = new MemoryBridge(1);
        bridge.sinkOffloads = FrameOffload.CSUM;
        int bits = ALL | VenetRig.PMTD;
        try (VenetRig rig = new VenetRig(VenetOptions.DEFAULT, bridge, bits, VenetRig.TXC, 0)) {
            byte[] frame = tcp(false, 2000);
            long cookie = rig.send(VenetRig.Sg.tcp(frame, false, 1000), 66, 2000);
            long desc = rig.lastDesc();
            rig.network.onOffer = () -> SharedMemory.fill(desc, 320, 0xff);
            rig.drain();
            assertEquals(2, rig.network.sent.size());
            Packets.requireChecksums(rig.sent(1));
            assertEquals(List.of("txc " + Long.toHexString(cookie)), rig.events());
        }
    }
}
