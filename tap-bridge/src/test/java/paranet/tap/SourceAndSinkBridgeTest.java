package paranet.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;

final class SourceAndSinkBridgeTest {
    @Test
    void aSourceNumbersTheFramesOfEachPair() {
        try (SourceBridge bridge = new SourceBridge(2, 100);
                GuestSide first = new GuestSide(bridge, 0);
                GuestSide second = new GuestSide(bridge, 1)) {
            for (int i = 0; i < 300; i++) {
                assertTrue(bridge.source(0).ready());
                assertFrame(first.poll(), 12, 100, 0, i);
            }
            assertFrame(second.poll(), 12, 100, 1, 0);
            bridge.format(new FrameFormat(10, FrameOffload.CSUM));
            assertEquals(110, bridge.frameBytesMax());
            assertFrame(second.poll(), 10, 100, 1, 1);
            bridge.format(new FrameFormat(12, FrameOffload.NONE));
            assertFrame(second.poll(), 12, 100, 1, 2);
            assertEquals(FrameSource.NO_DESCRIPTOR, bridge.source(0).descriptor());
        }
    }

    private static void assertFrame(
            byte[] all, int headerBytes, int frameBytes, int pair, long sequence) {
        assertEquals(headerBytes + frameBytes, all.length);
        for (int i = 0; i < headerBytes; i++) {
            assertEquals(0, all[i], "header byte " + i);
        }
        ByteBuffer frame = ByteBuffer.wrap(Frames.withoutHeader(headerBytes, all));
        for (int i = 0; i < 6; i++) {
            assertEquals(-1, frame.get());
        }
        assertEquals(0x0200, frame.getShort());
        assertEquals(pair, frame.getInt());
        assertEquals(0x88b5, frame.getShort() & 0xffff);
        assertEquals(sequence, frame.getLong());
        while (frame.hasRemaining()) {
            assertEquals((byte) frame.position(), frame.get());
        }
    }

    @Test
    void aSourceHasFramesForPairsInUse() {
        try (SourceBridge bridge = new SourceBridge(2, 60);
                GuestSide second = new GuestSide(bridge, 1)) {
            bridge.usePairs(1);
            assertTrue(bridge.source(0).ready());
            assertFalse(bridge.source(1).ready());
            assertEquals(0, second.poll().length);
            bridge.usePairs(2);
            assertFrame(second.poll(), 12, 60, 1, 0);
            assertThrows(IllegalArgumentException.class, () -> bridge.usePairs(0));
        }
    }

    @Test
    void aSourceBoundsItsFramesAndItsMtu() {
        for (int bytes : new int[] {59, 65536}) {
            assertThrows(IllegalArgumentException.class, () -> new SourceBridge(1, bytes));
        }
        try (SourceBridge small = new SourceBridge(1, 60);
                SourceBridge large = new SourceBridge(1, 65535);
                GuestSide guest = new GuestSide(large, 0)) {
            assertEquals(1500, small.mtu());
            assertEquals(65521, large.mtu());
            assertFrame(guest.poll(), 12, 65535, 0, 0);
            assertFalse(large.mtu(1500));
            assertEquals(65521, large.mtu());
            assertTrue(small.mtu(68));
            assertEquals(68, small.mtu());
            assertEquals("source of 60-byte frames, 1 pair", small.describe());
        }
    }

    @Test
    void bothDropWhatTheGuestSends() {
        byte[] frame = Frames.withHeader(12, Frames.plain(60, 1));
        try (SourceBridge source = new SourceBridge(1, 60);
                SinkBridge sink = new SinkBridge(1);
                GuestSide ofSource = new GuestSide(source, 0);
                GuestSide ofSink = new GuestSide(sink, 0)) {
            assertEquals(DropReason.SINK, ofSource.offer(frame));
            assertEquals(DropReason.SINK, ofSink.offer(frame));
            assertEquals(DropReason.SINK, source.announce(frame));
            assertEquals(DropReason.SINK, sink.announce(frame));
            assertEquals(FrameSink.NO_DESCRIPTOR, sink.sink(0).descriptor());
            assertEquals(FrameOffload.ALL, source.sinkOffloads());
            assertEquals(FrameOffload.ALL, sink.sinkOffloads());
            assertEquals(FrameOffload.NONE, source.sourceOffloads());
        }
    }

    @Test
    void aSinkNeverHasAFrame() {
        try (SinkBridge sink = new SinkBridge(3);
                GuestSide guest = new GuestSide(sink, 2)) {
            assertEquals(0, guest.poll().length);
            assertFalse(sink.source(2).ready());
            assertEquals(FrameSource.NO_DESCRIPTOR, sink.source(2).descriptor());
            assertEquals("sink, 3 pairs", sink.describe());
            sink.format(new FrameFormat(10, FrameOffload.NONE));
            assertTrue(sink.mtu(2000));
            assertEquals(10 + 14 + 2000, sink.frameBytesMax());
            sink.usePairs(3);
            assertThrows(IllegalArgumentException.class, () -> sink.usePairs(4));
        }
        assertThrows(IllegalArgumentException.class, () -> new SinkBridge(0));
    }

    @Test
    void neitherAllocatesPerFrame() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] frame = Frames.withHeader(12, Frames.plain(60, 1));
        try (SourceBridge source = new SourceBridge(1, 64);
                GuestSide guest = new GuestSide(source, 0)) {
            exchange(guest, frame, 50_000);
            long before = threads.getCurrentThreadAllocatedBytes();
            exchange(guest, frame, 200_000);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 200_000, allocated + " bytes");
        }
    }

    private static void exchange(GuestSide guest, byte[] frame, int rounds) {
        for (int i = 0; i < rounds; i++) {
            if (guest.offer(frame) != DropReason.SINK || guest.pollBytes(76) != 76) {
                throw new AssertionError("frame " + i);
            }
        }
    }
}
