package paranet.tap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.linux.Fd;
import paranet.core.linux.Mapping;
import paranet.core.linux.Memfd;
import paranet.core.memory.IoVec;

import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;

final class EchoBridgeTest {
    private final EchoBridge bridge = new EchoBridge(2);
    private final GuestSide guest = new GuestSide(bridge, 0);
    private final GuestSide other = new GuestSide(bridge, 1);

    @AfterEach
    void close() {
        guest.close();
        other.close();
        bridge.close();
    }

    private static byte[] frame(int bytes, int seed) {
        return Frames.withHeader(12, Frames.plain(bytes, seed));
    }

    @Test
    void givesEachFrameBackOnItsPairInOrder() {
        assertFalse(bridge.source(0).ready());
        assertEquals(0, guest.poll().length);
        for (int i = 0; i < 5; i++) {
            assertEquals(DropReason.NONE, guest.offer(frame(60 + i, i), 50));
        }
        assertEquals(DropReason.NONE, other.offer(frame(100, 9)));
        assertTrue(bridge.source(0).ready());
        for (int i = 0; i < 5; i++) {
            assertArrayEquals(frame(60 + i, i), guest.poll());
        }
        assertFalse(bridge.source(0).ready());
        assertEquals(0, guest.poll().length);
        assertArrayEquals(frame(100, 9), other.poll());
    }

    @Test
    void hasNothingToWatch() {
        assertEquals(FrameSource.NO_DESCRIPTOR, bridge.source(0).descriptor());
        assertEquals(FrameSink.NO_DESCRIPTOR, bridge.sink(0).descriptor());
    }

    /**
     * Strategy: frames of random sizes and seeds are offered and polled in random bursts, the
     * largest size likely.
     *
     * <p>Invariants: what comes out is what went in, in order; SINK_FULL only while at least three
     * frames of the largest size are held; none is lost.
     */
    @Test
    void losesNoFrameWhateverTheSizes() {
        long seed = Long.getLong("paranet.seed", System.nanoTime());
        Random random = new Random(seed);
        Deque<byte[]> held = new ArrayDeque<>();
        int full = 0;
        for (int step = 0; step < 20_000; step++) {
            String where = "seed %d, step %d".formatted(seed, step);
            int burst = random.nextInt(8);
            boolean in = random.nextBoolean();
            for (int i = 0; i < burst; i++) {
                if (in) {
                    byte[] frame = frame(randomBytes(random), random.nextInt(256));
                    DropReason reason = guest.offer(frame);
                    if (reason == DropReason.NONE) {
                        held.add(frame);
                    } else {
                        assertEquals(DropReason.SINK_FULL, reason, where);
                        long bytes = held.stream().mapToLong(each -> each.length).sum();
                        assertTrue(bytes + 3 * 65_600 > EchoQueue.BYTES, where);
                        full++;
                    }
                } else if (held.isEmpty()) {
                    assertEquals(0, guest.poll().length, where);
                } else {
                    assertArrayEquals(held.remove(), guest.poll(), where);
                }
                assertEquals(!held.isEmpty(), bridge.source(0).ready(), where);
            }
        }
        assertTrue(full > 0, "seed %d never filled the buffer".formatted(seed));
    }

    private static int randomBytes(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> EchoBridge.ETHERNET_FRAME_MAX;
            case 1 -> 14 + random.nextInt(20);
            case 2 -> 14 + random.nextInt(2000);
            default -> 14 + random.nextInt(EchoBridge.ETHERNET_FRAME_MAX - 13);
        };
    }

    @Test
    void isFullUntilTheGuestTakesFramesAndThenTakesTheSameFrame() {
        byte[] large = frame(65_000, 1);
        int taken = 0;
        while (taken < 100 && guest.offer(large) == DropReason.NONE) {
            taken++;
        }
        assertEquals(4, taken);
        assertEquals(DropReason.SINK_FULL, guest.offer(large));
        assertEquals(DropReason.NONE, other.offer(large), "pairs are apart");
        assertArrayEquals(large, guest.poll());
        assertEquals(DropReason.NONE, guest.offer(large));
        assertEquals(DropReason.SINK_FULL, guest.offer(large));
    }

    @Test
    void keepsOffloadsButNoFlagsThatOnlyADeviceSets() {
        byte[] sent = Frames.withSegmentation(12, Frames.tcp(5000, 1), 1448);
        byte[] expected = sent.clone();
        sent[0] |= 2; // VIRTIO_NET_HDR_F_DATA_VALID: for the device to say, not the driver
        assertEquals(DropReason.NONE, guest.offer(sent));
        assertArrayEquals(expected, guest.poll());
    }

    @Test
    void givesFramesTheHeaderSizeOfTheMomentTheyAreTaken() {
        byte[] tcp = Frames.tcp(100, 1);
        for (int[] sizes : new int[][] {{10, 12}, {12, 10}, {10, 10}}) {
            bridge.format(new FrameFormat(sizes[0], FrameOffload.NONE));
            assertEquals(DropReason.NONE, guest.offer(Frames.withSegmentation(sizes[0], tcp, 50)));
            bridge.format(new FrameFormat(sizes[1], FrameOffload.NONE));
            byte[] back = guest.poll();
            if (sizes[1] == 12) {
                back[10] = 0; // num_buffers is the device's to write
                back[11] = 0;
            }
            assertArrayEquals(Frames.withSegmentation(sizes[1], tcp, 50), back);
        }
    }

    @Test
    void servesOnlyThePairsInUse() {
        assertEquals(DropReason.NONE, other.offer(frame(60, 1)));
        bridge.usePairs(1);
        assertEquals(DropReason.QUEUE_DISABLED, other.offer(frame(60, 1)));
        assertFalse(bridge.source(1).ready());
        assertEquals(0, other.poll().length);
        bridge.usePairs(2);
        assertArrayEquals(frame(60, 1), other.poll());
        assertThrows(IllegalArgumentException.class, () -> bridge.usePairs(3));
    }

    @Test
    void refusesWhatCanNeverFit() {
        assertEquals(DropReason.NONE, guest.offer(frame(EchoBridge.ETHERNET_FRAME_MAX, 1)));
        assertEquals(
                DropReason.ECHO_FULL, guest.offer(frame(EchoBridge.ETHERNET_FRAME_MAX + 1, 1)));
        assertEquals(DropReason.NETWORK_REFUSED, guest.offer(new byte[11]));
        assertEquals(12 + EchoBridge.ETHERNET_FRAME_MAX, guest.poll().length);
        assertEquals(0, guest.poll().length);
    }

    @Test
    void staysWholeWhenGuestMemoryVanishesUnderACopy() throws Exception {
        assertEquals(DropReason.NONE, guest.offer(frame(60, 1)));
        try (Fd file = Memfd.create("guest", 8192);
                Mapping memory = Mapping.map(file, 8192);
                IoVec vec = new IoVec(1)) {
            vec.add(memory.address() + 4000, 4000);
            Memfd.resize(file, 4096);
            assertThrows(InternalError.class, () -> bridge.sink(0).offer(vec));
            assertThrows(InternalError.class, () -> bridge.source(0).poll(shifted(memory)));
        }
        assertEquals(DropReason.NONE, guest.offer(frame(61, 2)));
        assertArrayEquals(frame(60, 1), guest.poll());
        assertArrayEquals(frame(61, 2), guest.poll());
        assertFalse(bridge.source(0).ready());
    }

    private static IoVec shifted(Mapping memory) {
        IoVec vec = new IoVec(1);
        vec.add(memory.address() + 4096, 4096);
        return vec;
    }

    @Test
    void describesItself() {
        assertEquals("echo, 2 pairs", bridge.describe());
        assertEquals(2, bridge.queuePairs());
        assertEquals(FrameOffload.ALL, bridge.sinkOffloads());
        assertEquals(FrameOffload.ALL, bridge.sourceOffloads());
        assertTrue(bridge.mtu(9000));
        assertEquals(9000, bridge.mtu());
        assertEquals(12 + EchoBridge.ETHERNET_FRAME_MAX, bridge.frameBytesMax());
        assertEquals(DropReason.NONE, bridge.announce(new byte[60]));
        assertThrows(IllegalArgumentException.class, () -> new EchoBridge(0));
        assertThrows(IllegalArgumentException.class, () -> new EchoBridge(129));
    }

    @Test
    void allocatesNothingPerFrame() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] frame = frame(1514, 1);
        exchange(frame, 50_000);
        long before = threads.getCurrentThreadAllocatedBytes();
        exchange(frame, 200_000);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 200_000, allocated + " bytes");
    }

    private void exchange(byte[] frame, int rounds) {
        int room = bridge.frameBytesMax();
        for (int i = 0; i < rounds; i++) {
            if (guest.offer(frame) != DropReason.NONE
                    || (i % 3 == 2 && guest.pollBytes(room) + guest.pollBytes(room) < 3000)
                    || (i % 3 == 2 && guest.pollBytes(room) < 1500)) {
                throw new AssertionError("frame " + i);
            }
        }
    }
}
