package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameFormat;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Frames for a guest without any capability, and the flow control that all share. */
class VenetReceiveTest {
    private static final int FLUSHRX = 4;

    private final SplittableRandom random = new SplittableRandom(2);

    private byte[] frame(int bytes) {
        return Packets.frame(random, bytes);
    }

    @Test
    void givesFramesAsTheyAreInOrder() {
        try (VenetRig rig = new VenetRig()) {
            assertEquals(List.of(new FrameFormat(12, 0)), rig.bridge.formats);
            assertEquals(8, rig.buffers(8));
            byte[] first = frame(60);
            byte[] second = frame(1514);
            rig.arrive(first);
            rig.arrive(second);
            assertEquals(2, rig.fill());
            List<VenetRig.Received> came = rig.received(false);
            assertEquals(2, came.size());
            assertArrayEquals(first, came.get(0).frame());
            assertArrayEquals(second, came.get(1).frame());
            assertEquals(2, rig.device.receivedFrames());
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void tellsTheGuestOnceABatch() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(8);
            rig.told();
            for (int i = 0; i < 3; i++) {
                rig.arrive(frame(60));
            }
            assertEquals(3, rig.lane.fillReceive());
            assertEquals(List.of("signal 100"), rig.told());
            assertEquals(0, rig.lane.fillReceive());
            assertEquals(List.of(), rig.told());
        }
    }

    @Test
    void readsNothingWithoutAnEmptySlotAndAsksToBeTold() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(VenetRig.SLOTS);
            for (int i = 0; i < VenetRig.SLOTS + 1; i++) {
                rig.arrive(frame(60));
            }
            assertFalse(rig.isAsked(VenetRig.RX), "not congested");
            assertEquals(MemoryBridge.SOURCE_DESCRIPTOR, rig.lane.sourceDescriptor());
            assertEquals(VenetRig.SLOTS, rig.fill());
            assertEquals(1, rig.network.queued.size(), "stays where it is");
            assertEquals(-1, rig.lane.sourceDescriptor());
            int polls = rig.network.polls;
            assertEquals(0, rig.fill());
            assertEquals(polls, rig.network.polls);
            assertTrue(rig.lane.arm());
            assertTrue(rig.isAsked(VenetRig.RX));
            rig.lane.takeWoken();

            assertEquals(VenetRig.SLOTS, rig.received(true).size());
            assertTrue(rig.lane.takeWoken(), "the guest's pop rang");
            assertFalse(rig.isAsked(VenetRig.RX));
            rig.lane.disarm();
            assertEquals(1, rig.fill());
            assertEquals(MemoryBridge.SOURCE_DESCRIPTOR, rig.lane.sourceDescriptor());
            assertTrue(rig.lane.arm());
            assertFalse(rig.isAsked(VenetRig.RX));
        }
    }

    @Test
    void findsASlotThatCameBeforeItAsked() {
        try (VenetRig rig = new VenetRig()) {
            rig.arrive(frame(60));
            assertEquals(0, rig.fill());
            rig.buffers(1);
            assertFalse(rig.lane.arm());
            assertEquals(1, rig.fill());
            assertFalse(rig.isAsked(VenetRig.RX));
        }
    }

    @Test
    void pollsASourceThatHasNoDescriptor() {
        try (VenetRig rig = new VenetRig()) {
            rig.network.sourceDescriptor = -1;
            rig.buffers(2);
            assertEquals(0, rig.fill());
            assertTrue(rig.lane.arm());
            rig.arrive(frame(60));
            assertFalse(rig.lane.arm());
            assertEquals(1, rig.fill());
        }
    }

    @Test
    void dropsWithAReasonWhatCannotBeGiven() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(2);
            rig.arrive(frame(1515));
            rig.arrive(frame(14), new byte[0]);
            rig.network.queued.add(new byte[12 + 13]);
            rig.arrive(Packets.header(12, 1, 0, 0, 0, 34, 16), frame(40)); // beyond its end
            rig.arrive(Packets.header(12, 1, 1, 66, 100, 34, 16), frame(400)); // is not IP
            assertEquals(5, rig.fill());
            assertEquals(
                    Map.of(
                            DropReason.TOO_BIG_FOR_BUFFERS, 1L,
                            DropReason.FRAME_TOO_SHORT, 2L,
                            DropReason.NOT_CHECKSUMMABLE, 1L,
                            DropReason.NOT_SEGMENTABLE, 1L),
                    rig.drops());
            rig.network.loss = DropReason.MEMORY_GONE;
            assertEquals(1, rig.fill());
            assertEquals(1, rig.drops().get(DropReason.MEMORY_GONE));
            assertEquals(0, rig.received(false).size(), "the slots are kept");
            rig.arrive(frame(60));
            assertEquals(1, rig.fill());
            assertEquals(1, rig.received(false).size());
        }
    }

    @Test
    void givesBadBuffersBackEmptyAndUsesTheNext() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(4);
            rig.receive.putLength(0, 13);
            rig.receive.putPtr(1, BusRig.BYTES - 100);
            rig.receive.putLength(2, -1); // more than any frame
            byte[] frame = frame(60);
            rig.arrive(frame);
            assertEquals(3, rig.fill());
            List<VenetRig.Received> came = rig.received(false);
            assertEquals(3, came.size());
            assertEquals(0, came.get(0).pieces());
            assertEquals(0, came.get(1).pieces());
            assertArrayEquals(frame, came.get(2).frame());
            assertEquals(
                    Map.of(DropReason.BUFFER_TOO_SMALL, 1L, DropReason.CHAIN_UNMAPPED, 1L),
                    rig.drops());
        }
    }

    @Test
    void tellsTheGuestOfBuffersThatItGetsBackEmpty() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(1);
            rig.receive.putLength(0, 13);
            rig.told();
            rig.fill();
            assertEquals(List.of("signal 100"), rig.told());
        }
    }

    @Test
    void aBatchIsBoundedThoughNoFrameOfItNeedsABuffer() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(1);
            for (int i = 0; i < 100; i++) {
                rig.network.queued.add(new byte[12 + 13]);
            }
            assertEquals(64, rig.lane.fillReceive());
            assertEquals(36, rig.lane.fillReceive());
            assertEquals(Map.of(DropReason.FRAME_TOO_SHORT, 100L), rig.drops());
        }
    }

    @Test
    void finishesWhatAGuestWithoutOffloadsCannot() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(8);
            Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, 2500);
            byte[] large = Packets.unfinished(random, shape, 0x18);
            rig.arrive(Packets.header(12, 1, 1, 66, 1000, 34, 16), large);
            Packets.Shape small = new Packets.Shape(true, true, 0, 0, 0, 100);
            byte[] unfinished = Packets.unfinished(random, small, 0x10);
            rig.arrive(Packets.header(12, 1, 0, 0, 0, 54, 16), unfinished);
            rig.fill();
            List<VenetRig.Received> came = rig.received(false);
            assertEquals(4, came.size());
            for (VenetRig.Received one : came) {
                Packets.requireChecksums(one.frame());
            }
            assertEquals(66 + 500, came.get(2).frame().length);
            assertEquals(unfinished.length, came.get(3).frame().length);
            assertEquals(4, rig.device.receivedFrames());
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void segmentsWaitForSlotsAndAreLostWithTheLink() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(1);
            Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, 2500);
            byte[] large = Packets.unfinished(random, shape, 0);
            rig.arrive(Packets.header(12, 1, 1, 66, 1000, 34, 16), large);
            rig.arrive(frame(60));
            rig.fill();
            assertEquals(-1, rig.lane.sourceDescriptor());
            assertTrue(rig.lane.arm());
            assertEquals(1, rig.received(false).size());
            rig.down();
            assertEquals(Map.of(DropReason.LINK_DOWN, 3L), rig.drops());
            assertEquals(0, rig.network.queued.size());
        }
    }

    @Test
    void flushingMarksTheRingCongestedAndTellsNobody() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(VenetRig.SLOTS);
            rig.arrive(frame(60));
            assertEquals(1, rig.fill());
            rig.told();
            rig.lane.takeWoken();
            assertEquals(0, rig.rig.call(rig.devh, FLUSHRX, 0, 0));
            assertEquals(List.of(), rig.told());
            assertTrue(rig.lane.takeWoken());
            assertEquals(-1, rig.lane.sourceDescriptor());
            assertEquals(0, rig.fill());
            assertTrue(rig.lane.arm());
            assertTrue(rig.isAsked(VenetRig.RX));
            List<VenetRig.Received> came = rig.received(true);
            assertEquals(VenetRig.SLOTS, came.size());
            assertEquals(60, came.getFirst().frame().length);
            assertEquals(0, came.getLast().frame().length);
            assertTrue(rig.lane.takeWoken());
            rig.arrive(frame(60));
            assertEquals(1, rig.fill());
        }
    }

    @Test
    void stopsWhileTheNetworkIsDown() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(2);
            rig.device.networkUp(false);
            assertTrue(rig.lane.takeWoken());
            rig.arrive(frame(60));
            assertEquals(0, rig.fill());
            assertEquals(-1, rig.lane.sourceDescriptor());
            rig.device.networkUp(true);
            assertEquals(1, rig.fill());
        }
    }

    @Test
    void throwsAwayABoundedNumberOfFramesWhenTheLinkGoesDown() {
        try (VenetRig rig = new VenetRig()) {
            for (int i = 0; i < 1030; i++) {
                rig.arrive(frame(60));
            }
            rig.down();
            assertEquals(6, rig.network.queued.size());
            assertEquals(Map.of(DropReason.LINK_DOWN, 1024L), rig.drops());
        }
    }
}
