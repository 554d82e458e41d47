package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqRingDesc;
import paranet.core.ioq.IoqRingHead;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Large and unfinished frames for a guest that takes them in pages. */
class VenetL4roTest {
    private static final int ALL = VenetRig.SG | VenetRig.TSO;
    private static final int FLUSHRX = 4;

    private final SplittableRandom random = new SplittableRandom(4);

    private byte[] tcp(int payload) {
        return Packets.unfinished(random, new Packets.Shape(false, true, 0, 0, 0, payload), 0x18);
    }

    private static byte[] header(int gsoType, int gsoSize) {
        return Packets.header(12, 1, gsoType, 66, gsoSize, 34, 16);
    }

    private static VenetRig rig() {
        VenetRig rig = new VenetRig(0, 0, ALL);
        rig.buffers(32);
        return rig;
    }

    private static long vsg(VenetRig rig, int slot) {
        return rig.rig.at + VenetRig.L4RO_POOL + 320L * slot;
    }

    @Test
    void theNetworkLeavesWhatWasGranted() {
        try (VenetRig rig = rig()) {
            int granted =
                    FrameOffload.CSUM
                            | FrameOffload.TSO4
                            | FrameOffload.TSO6
                            | FrameOffload.TSO_ECN;
            assertEquals(List.of(new FrameFormat(12, granted)), rig.bridge.formats);
            rig.down();
            rig.up();
            assertEquals(2, rig.bridge.formats.size(), "live at each LINKUP");
        }
        try (VenetRig rig = new VenetRig(0, 0, VenetRig.SG | 0x08)) {
            assertEquals(new FrameFormat(12, FrameOffload.CSUM), rig.bridge.format());
        }
    }

    @Test
    void aSmallFrameFillsTheSlotsOwnBuffer() {
        try (VenetRig rig = rig()) {
            byte[] frame = Packets.frame(random, 1514);
            rig.arrive(frame);
            rig.arrive(Packets.header(12, 2, 0, 0, 0, 0, 0), Packets.frame(random, 60));
            assertEquals(2, rig.fill());
            List<VenetRig.Received> came = rig.received(false);
            assertArrayEquals(frame, came.getFirst().frame());
            assertEquals(1, came.getFirst().pieces());
            assertEquals(0, came.get(0).flags());
            assertEquals(0, came.get(1).flags(), "verified is not a thing it knows");
            assertEquals(0, rig.receive.length(0), "the ring's length is not used");
            assertEquals(BUFFER0, SharedMemory.le64(vsg(rig, 0) + 40));
        }
    }

    private static final long BUFFER0 = VenetRig.BUFFERS;

    @Test
    void aLargeFrameGoesOnInPagesNamedByTheirCookies() {
        try (VenetRig rig = rig()) {
            assertEquals(8, rig.postPages(8));
            byte[] frame = tcp(4000 - 66);
            rig.arrive(header(1, 1448), frame);
            assertEquals(1, rig.fill());
            long at = vsg(rig, 0);
            assertEquals(0xb000, SharedMemory.le64(at));
            assertEquals(3, SharedMemory.le32(at + 8));
            assertEquals(4000, SharedMemory.le32(at + 12));
            assertEquals(34, SharedMemory.le16(at + 16));
            assertEquals(16, SharedMemory.le16(at + 18));
            assertEquals(0, SharedMemory.le8(at + 20));
            assertEquals(66, SharedMemory.le16(at + 22));
            assertEquals(1448, SharedMemory.le16(at + 24));
            assertEquals(2, SharedMemory.le32(at + 28));
            assertEquals(1514, SharedMemory.le32(at + 32));
            assertEquals(BUFFER0, SharedMemory.le64(at + 40));
            assertEquals(2486, SharedMemory.le32(at + 48));
            assertEquals(0x9000, SharedMemory.le64(at + 56));
            assertEquals(0, SharedMemory.le64(at + 64), "nothing behind it is written");
            assertArrayEquals(frame, rig.received(false).getFirst().frame());
            assertFalse(rig.pages.isSown(0), "popped");
            assertTrue(rig.pages.isSown(1));
        }
    }

    @Test
    void theLargestFrameTakes17Pages() {
        try (VenetRig rig = rig()) {
            rig.postPages(40);
            byte[] first = tcp(65536 - 66);
            byte[] second = tcp(65536 - 66);
            rig.arrive(header(0x81, 1448), first);
            rig.arrive(header(1, 1448), second);
            assertEquals(2, rig.fill());
            List<VenetRig.Received> came = rig.received(false);
            assertArrayEquals(first, came.get(0).frame());
            assertArrayEquals(second, came.get(1).frame());
            assertEquals(17, came.get(0).pieces(), "the buffer and 16 pages");
            assertEquals(7, came.get(0).flags());
            assertEquals(8, rig.pages.count(IoqIdx.INUSE));
        }
    }

    @Test
    void unfinishedChecksumsAreTheGuests() {
        try (VenetRig rig = rig()) {
            byte[] frame = tcp(100);
            rig.arrive(header(0, 0), frame);
            rig.fill();
            VenetRig.Received came = rig.received(false).getFirst();
            assertArrayEquals(frame, came.frame());
            assertEquals(1, came.flags());
            assertEquals(34, came.csumStart());
            assertEquals(0, came.gsoSize());
        }
    }

    @Test
    void whatWasNotGrantedIsFinishedHere() {
        try (VenetRig rig = new VenetRig(0, 0, VenetRig.SG | 0x02)) {
            rig.buffers(16);
            rig.postPages(16);
            Packets.Shape shape = new Packets.Shape(true, true, 0, 0, 0, 3000);
            rig.arrive(
                    Packets.header(12, 1, 4, 86, 1000, 54, 16),
                    Packets.unfinished(random, shape, 0));
            rig.arrive(header(0x81, 1000), tcp(2000));
            rig.arrive(header(1, 1000), tcp(2000));
            rig.fill();
            List<VenetRig.Received> came = rig.received(false);
            assertEquals(6, came.size());
            for (int i = 0; i < 5; i++) {
                assertEquals(0, came.get(i).flags());
                Packets.requireChecksums(came.get(i).frame());
            }
            assertEquals(3, came.get(5).flags());
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void aFrameOfOnePacketMustFitTheBuffer() {
        try (VenetRig rig = rig()) {
            rig.postPages(8);
            rig.arrive(Packets.frame(random, 1515));
            rig.arrive(header(0, 0), tcp(1515));
            assertEquals(2, rig.fill());
            assertEquals(Map.of(DropReason.TOO_BIG_FOR_BUFFERS, 2L), rig.drops());
            assertTrue(rig.pages.isSown(0), "no page is lost");
            rig.arrive(Packets.frame(random, 60));
            rig.fill();
            assertEquals(1, rig.received(false).size());
        }
    }

    @Test
    void aFrameThatLacksPagesWaitsForThem() {
        try (VenetRig rig = rig()) {
            rig.postPages(1);
            byte[] frame = tcp(9000);
            rig.arrive(header(1, 1448), frame);
            rig.arrive(Packets.frame(random, 60));
            rig.fill();
            assertEquals(1, rig.network.queued.size(), "the network waits too");
            assertEquals(0, rig.received(false).size());
            assertTrue(rig.pages.isSown(0), "no page is taken before there are enough");
            assertEquals(-1, rig.lane.sourceDescriptor());
            assertTrue(rig.lane.arm());
            assertTrue(rig.isAsked(VenetRig.PAGE_RING));
            rig.lane.takeWoken();
            rig.postPages(1);
            assertTrue(rig.ring(VenetRig.PAGE_RING, rig.pagesHandle));
            assertTrue(rig.lane.takeWoken());
            rig.lane.disarm();
            assertEquals(2, rig.fill());
            List<VenetRig.Received> came = rig.received(false);
            assertArrayEquals(frame, came.getFirst().frame());
            assertEquals(3, came.getFirst().pieces());
            assertEquals(Long.MAX_VALUE, rig.device.dueNanos());
            assertEquals(Map.of(), rig.drops());
        }
    }

    /** What was looked at for a frame is looked at anew: the guest may have taken it back. */
    @Test
    void pagesThatTheGuestTookBackMeanwhileAreNotUsed() {
        try (VenetRig rig = rig()) {
            rig.postPages(1);
            rig.arrive(header(1, 1448), tcp(9000)); // wants two
            rig.fill();
            for (int slot = 0; slot < 2; slot++) {
                long desc = rig.rig.at + VenetRig.PAGE_RING + IoqRingHead.RING;
                SharedMemory.putLe8(
                        desc + (long) slot * IoqRingDesc.BYTES + IoqRingDesc.SOWN, slot);
            }
            assertEquals(0, rig.fill());
            assertFalse(rig.pages.isSown(0));
            assertTrue(rig.device.dueNanos() < Long.MAX_VALUE, "it waits");
        }
    }

    @Test
    void findsPagesThatCameBeforeItAsked() {
        try (VenetRig rig = rig()) {
            rig.arrive(header(1, 1448), tcp(3000));
            rig.fill();
            rig.postPages(4);
            assertFalse(rig.lane.arm());
            assertEquals(1, rig.fill());
        }
    }

    @Test
    void withoutPagesInTimeItIsCutIntoFramesThatNeedNone() {
        try (VenetRig rig = rig()) {
            rig.arrive(header(1, 1448), tcp(3000));
            rig.arrive(header(1, 1448), Packets.frame(random, 3000));
            long now = 7_000_000_000L;
            rig.now = now;
            rig.lane.fillReceive();
            assertTrue(rig.bus.dueNanos() <= now, "to begin to count");
            rig.work();
            assertEquals(now + 10_000_000, rig.bus.dueNanos());
            rig.bus.step(now + 9_999_999);
            rig.lane.takeWoken();
            assertEquals(0, rig.lane.fillReceive());
            rig.bus.step(now + 10_000_000);
            assertTrue(rig.lane.takeWoken());
            while (rig.lane.fillReceive() > 0) {}
            List<VenetRig.Received> came = rig.received(false);
            assertEquals(3, came.size());
            for (VenetRig.Received one : came) {
                assertEquals(0, one.flags());
                Packets.requireChecksums(one.frame());
            }
            assertEquals(Map.of(), rig.drops());
            rig.bus.step(now + 10_000_000);
            assertEquals(now + 20_000_000, rig.bus.dueNanos(), "the next one waits as long");
            rig.bus.step(now + 20_000_000);
            while (rig.lane.fillReceive() > 0) {}
            assertEquals(Map.of(DropReason.NOT_SEGMENTABLE, 1L), rig.drops());
        }
    }

    @Test
    void aFrameThatNoPagesCanHoldIsCutAtOnce() {
        try (VenetRig rig = rig()) {
            rig.postPages(40);
            for (int i = 0; i < 40; i++) {
                rig.pages.putLength(i, 1);
            }
            byte[] frame = tcp(3000);
            rig.arrive(header(1, 1448), frame);
            rig.fill();
            List<VenetRig.Received> came = rig.received(false);
            assertEquals(3, came.size());
            Packets.requireChecksums(came.get(0).frame());
            assertEquals(40, rig.pages.count(IoqIdx.INUSE), "none is lost");
        }
    }

    @Test
    void badPagesGoBackUnused() {
        try (VenetRig rig = rig()) {
            rig.postPages(4);
            rig.pages.putLength(0, 0);
            rig.pages.putPtr(1, BusRig.BYTES - 4095);
            byte[] frame = tcp(3000);
            rig.arrive(header(1, 1448), frame);
            rig.fill();
            VenetRig.Received came = rig.received(false).getFirst();
            assertArrayEquals(frame, came.frame());
            assertEquals(2, came.pieces());
            assertEquals(Map.of(DropReason.CHAIN_UNMAPPED, 2L), rig.drops());
        }
    }

    @Test
    void whatTheGuestChangesWhileAFrameArrivesHurtsOnlyTheGuest() {
        try (VenetRig rig = rig()) {
            rig.postPages(8);
            byte[] first = tcp(4000);
            rig.arrive(header(1, 1448), first);
            rig.fill(); // so that pages are looked at before the next one is read
            byte[] second = tcp(4000);
            rig.arrive(header(1, 1448), second);
            rig.network.onPoll =
                    () -> {
                        SharedMemory.putLe8(rig.rig.at + VenetRig.PAGE_RING + 56 + 32 + 25, 0);
                        rig.pages.putCookie(1, 0xbad);
                        rig.pages.putPtr(1, -1);
                        SharedMemory.fill(vsg(rig, 1) + 8, 312, 0xff);
                    };
            assertEquals(1, rig.fill());
            assertArrayEquals(second, rig.received(false).getLast().frame());
            rig.network.onPoll = () -> {};
            rig.arrive(header(1, 1448), first);
            assertEquals(1, rig.fill());
            assertEquals(0x9002, SharedMemory.le64(vsg(rig, 2) + 56), "the page behind it");
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void aSlotOutsideThePoolIsGivenBackEmpty() {
        try (VenetRig rig = rig()) {
            rig.receive.putPtr(0, 320L * VenetRig.SLOTS - 319);
            rig.receive.putPtr(1, -320);
            SharedMemory.putLe32(vsg(rig, 2) + 32, 13);
            SharedMemory.putLe64(vsg(rig, 3) + 40, BusRig.BYTES - 1513);
            SharedMemory.putLe32(vsg(rig, 4) + 32, -1);
            byte[] frame = Packets.frame(random, 1514);
            rig.arrive(frame);
            assertEquals(5, rig.fill());
            assertFalse(rig.receive.isSown(4));
            assertArrayEquals(frame, rig.read(VenetRig.BUFFERS + 4 * 2048, 1514));
            assertEquals(
                    Map.of(DropReason.CHAIN_UNMAPPED, 3L, DropReason.BUFFER_TOO_SMALL, 1L),
                    rig.drops());
            assertEquals(0, SharedMemory.le32(vsg(rig, 2) + 12));
        }
    }

    @Test
    void flushedSlotsSayThatTheyAreEmpty() {
        try (VenetRig rig = rig()) {
            rig.buffers(32);
            SharedMemory.putLe32(vsg(rig, 1) + 12, 99);
            assertEquals(0, rig.rig.call(rig.devh, FLUSHRX, 0, 0));
            List<VenetRig.Received> came = rig.received(true);
            assertEquals(64, came.size());
            for (VenetRig.Received one : came) {
                assertEquals(0, one.frame().length);
            }
            rig.arrive(Packets.frame(random, 60));
            assertEquals(1, rig.fill());
        }
    }

    @Test
    void withoutAPageRingOnlyWhatFitsIsTaken() {
        try (BusRig rig = new BusRig().ready()) {
            MemoryBridge bridge = new MemoryBridge(1);
            rig.bus.plugIn(new VenetDevice(BusRig.MAC, VenetOptions.DEFAULT, bridge));
            long devh = rig.open(0);
            rig.negotiate(devh, 2, ALL);
            assertEquals(0, rig.pool(devh, 103, 320 * 8, VenetRig.L4RO_POOL));
            rig.ring(devh, 0, BusRig.RX);
            rig.ring(devh, 1, BusRig.TX);
            assertEquals(0, rig.call(devh, 0, 0, 0));
            assertEquals(new FrameFormat(12, FrameOffload.CSUM), bridge.format());
            rig.bus.reset();
        }
    }
}
