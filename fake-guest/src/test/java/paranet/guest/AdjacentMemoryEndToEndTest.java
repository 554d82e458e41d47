package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.Readiness;
import paranet.core.memory.SharedMemory;
import paranet.core.offload.VirtioNetHdr;
import paranet.core.vhostuser.MemoryRegion;
import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Buffers that begin in one memory region and end in the next: one piece to the guest, two mappings
 * of two files to the back end.
 */
class AdjacentMemoryEndToEndTest {
    private static final int REGION_BYTES = 1 << 16;
    private static final int FRAME_BYTES = 1000;
    private static final int PACKET_BYTES = VirtioNetHdr.BYTES + FRAME_BYTES;
    private static final int ROOM_BYTES = 2048;
    private static final int MILLIS_MAX = (int) TimeUnit.SECONDS.toMillis(30);

    @Test
    void passesBuffersThatCrossTwoAdjacentRegions() throws Exception {
        for (boolean slots : new boolean[] {false, true}) {
            FrontendOptions options =
                    FrontendOptions.usual(80)
                            .withFeatures(VirtioNetFeature.VERSION_1)
                            .withMemory(2, 1 << 20, slots);
            try (Backend backend = new Backend();
                    Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                    FakeFrontend frontend = FakeFrontend.connect(port.path, options)) {
                exchange(frontend);
            }
        }
    }

    private static void exchange(FakeFrontend frontend) throws Exception {
        GuestRing receive = frontend.openRing(0, 8);
        GuestRing transmit = frontend.openRing(1, 8);
        for (GuestRing ring : new GuestRing[] {receive, transmit}) {
            frontend.start(ring);
            frontend.enable(ring, true);
        }
        frontend.plugMemory(REGION_BYTES);
        MemoryRegion left = frontend.plugMemoryBehind(REGION_BYTES);
        MemoryRegion right = frontend.plugMemoryBehind(REGION_BYTES);
        assertEquals(left.guestAddress() + left.size(), right.guestAddress());
        long transmitBorder = left.guestAddress();
        long receiveBorder = right.guestAddress();

        SplittableRandom random = new SplittableRandom(80);
        // In the header, behind it, in the frame, and before the last byte.
        for (int leftBytes : new int[] {1, 11, 12, 13, 500, PACKET_BYTES - 1}) {
            byte[] packet = new byte[PACKET_BYTES];
            random.nextBytes(packet);
            Arrays.fill(packet, 0, VirtioNetHdr.BYTES, (byte) 0);
            long from = transmitBorder - leftBytes;
            long to = receiveBorder - leftBytes;
            for (int i = 0; i < PACKET_BYTES; i++) {
                SharedMemory.putLe8(frontend.ram().host(from + i, 1), packet[i]);
            }
            add(receive, to, ROOM_BYTES, false);
            add(transmit, from, PACKET_BYTES, true);
            awaitUsed(receive);
            awaitUsed(transmit);

            assertEquals(PACKET_BYTES, receive.queue().writtenBytes());
            byte[] came = new byte[PACKET_BYTES];
            for (int i = 0; i < PACKET_BYTES; i++) {
                came[i] = (byte) SharedMemory.le8(frontend.ram().host(to + i, 1));
            }
            packet[VirtioNetHdr.NUM_BUFFERS] = 1; // always, under VERSION_1
            assertArrayEquals(packet, came, leftBytes + " bytes in the first region");
        }
    }

    private static void add(GuestRing ring, long address, int bytes, boolean readable) {
        int count = readable ? 1 : 0;
        assertTrue(
                ring.queue()
                        .add(new long[] {address}, new long[] {bytes}, count, 1 - count, 0, false));
        ring.publish();
    }

    private static void awaitUsed(GuestRing ring) throws Exception {
        try (Readiness readiness = new Readiness(1)) {
            while (!ring.queue().poll()) {
                if (ring.queue().enableInterrupts()) {
                    readiness.clear();
                    readiness.watch(ring.callEvent().fd());
                    assertTrue(readiness.await(MILLIS_MAX), "not used");
                    ring.calls();
                }
            }
        }
    }
}
