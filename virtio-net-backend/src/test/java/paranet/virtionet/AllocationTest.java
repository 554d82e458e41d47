package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.device.DeviceLane;
import paranet.core.frame.FrameOffload;
import paranet.core.packet.EndlessBridge;
import paranet.core.packet.Packets;
import paranet.virtionet.wire.VirtioNetFeature;

import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;

/** Nothing is allocated per frame, in either direction and by either path. */
class AllocationTest {
    private static final int FRAMES = 200_000;
    private static final int WARM_UP = 40_000;
    private static final int RING = 256;

    private static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    private static byte[] large(int payload) {
        return GuestRig.with(
                Packets.header(12, 1, 1, 66, 1448, 34, 16),
                Packets.unfinished(
                        new SplittableRandom(1),
                        new Packets.Shape(false, true, 0, 0, 0, payload),
                        0));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void transmitsWithoutAllocating(long ring) {
        long features = GuestRig.MODERN | ring | VirtioNetFeature.EVENT_IDX;
        assertQuietTransmit(features, new byte[12 + 64], FrameOffload.ALL, 1);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void transmitsInSoftwareWithoutAllocating(long ring) {
        long features = GuestRig.MODERN | ring | VirtioNetFeature.CSUM | VirtioNetFeature.HOST_TSO4;
        assertQuietTransmit(features, large(4000), FrameOffload.NONE, 3);
    }

    private static void assertQuietTransmit(
            long features, byte[] all, int sinkOffloads, int framesPerChain) {
        try (EndlessBridge loop = new EndlessBridge(all, sinkOffloads);
                GuestRig rig = new GuestRig(loop)) {
            rig.device.negotiate(features);
            GuestRig.Ring tx = rig.ring(1, RING, features);
            long[] address = {rig.allocate(all.length)};
            long[] length = {all.length};
            rig.write(address[0], all);
            DeviceLane lane = rig.lane();
            long before = 0;
            int sent = 0;
            while (sent < WARM_UP + FRAMES) {
                if (sent <= WARM_UP) {
                    before = allocated();
                }
                while (tx.driver.freeDescriptors() > 0) {
                    tx.driver.add(address, length, 1, 0, 0, false);
                    sent++;
                }
                tx.driver.publish();
                while (lane.drainTransmit() > 0) {}
                while (tx.driver.poll()) {}
                lane.arm();
                lane.disarm();
            }
            double each = (double) (allocated() - before) / FRAMES;
            assertEquals((long) sent * framesPerChain, loop.taken);
            assertTrue(each < 1, each + " bytes a frame");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void receivesWithoutAllocating(long ring) {
        long features = GuestRig.MODERN | ring | VirtioNetFeature.EVENT_IDX;
        assertQuietReceive(features, new byte[12 + 64], 1);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void receivesIntoMergedBuffersWithoutAllocating(long ring) {
        long features =
                GuestRig.MODERN
                        | ring
                        | VirtioNetFeature.MRG_RXBUF
                        | VirtioNetFeature.GUEST_CSUM
                        | VirtioNetFeature.GUEST_TSO4;
        assertQuietReceive(features, large(4000), 3);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, VirtioNetFeature.RING_PACKED})
    void receivesInSoftwareWithoutAllocating(long ring) {
        assertQuietReceive(GuestRig.MODERN | ring, large(4000), 3);
    }

    private static void assertQuietReceive(long features, byte[] all, int buffersPerFrame) {
        try (EndlessBridge loop = new EndlessBridge(all, FrameOffload.ALL);
                GuestRig rig = new GuestRig(loop)) {
            rig.device.negotiate(features);
            GuestRig.Ring rx = rig.ring(0, RING, features);
            long buffers = rig.allocate(1536L * RING);
            int next = 0;
            long[] address = {buffers};
            long[] length = {1536};
            DeviceLane lane = rig.lane();
            long before = 0;
            int received = 0;
            while (received < WARM_UP + FRAMES) {
                if (received <= WARM_UP) {
                    before = allocated();
                }
                while (rx.driver.freeDescriptors() > 0) {
                    address[0] = buffers + 1536L * (next++ % RING);
                    rx.driver.add(address, length, 0, 1, 0, false);
                }
                rx.driver.publish();
                loop.left += RING / buffersPerFrame;
                while (lane.fillReceive() > 0) {}
                int batch = received;
                while (rx.driver.poll()) {
                    received++;
                }
                if (received == batch) {
                    throw new AssertionError(rig.device.drops().toString());
                }
                lane.arm();
                lane.disarm();
            }
            double each = (double) (allocated() - before) / FRAMES;
            assertTrue(each < 1, each + " bytes a frame");
            assertTrue(rig.device.drops().isEmpty(), rig.device.drops().toString());
        }
    }
}
