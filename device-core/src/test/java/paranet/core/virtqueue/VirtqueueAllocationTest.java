package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;

/** Once set up, a ring makes no garbage on either side. */
class VirtqueueAllocationTest {
    private static final int FRAMES = 200_000;
    private static final int BATCH = 20;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final long[] addresses = new long[3];
    private final long[] lengths = {12, 60, 1500};

    @ParameterizedTest
    @CsvSource({
        "false,false,false",
        "false,true,true",
        "true,false,false",
        "true,true,true",
    })
    void allocatesNothingPerFrame(boolean packed, boolean eventIdx, boolean indirect) {
        long features =
                RingFeature.VERSION_1
                        | (packed ? RingFeature.RING_PACKED : 0)
                        | (eventIdx ? RingFeature.EVENT_IDX : 0)
                        | (indirect ? RingFeature.INDIRECT_DESC : 0);
        try (RingRig rig = new RingRig(features, 64)) {
            pass(rig, indirect, FRAMES);

            long before = threads.getCurrentThreadAllocatedBytes();
            pass(rig, indirect, FRAMES);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            assertTrue(allocated < FRAMES, allocated + " bytes for " + FRAMES + " frames");
        }
    }

    private void pass(RingRig rig, boolean indirect, int frames) {
        for (int i = 0; i < 3; i++) {
            addresses[i] = rig.room(2000L * i);
        }
        int kicks = 0;
        int calls = 0;
        for (int done = 0; done < frames; done += BATCH) {
            for (int i = 0; i < BATCH; i++) {
                if (!rig.driver.add(addresses, lengths, 2, 1, i, indirect)) {
                    throw new IllegalStateException("ring is full");
                }
            }
            rig.driver.publish();
            kicks += rig.driver.needsKick() ? 1 : 0;
            rig.device.disableKicks();
            int taken = 0;
            while (rig.next()) {
                if (++taken == 5) {
                    rig.device.putBack(rig.chain);
                } else {
                    rig.device.complete(rig.chain, 100);
                }
            }
            rig.device.flush();
            if (rig.device.needsNotification()) {
                rig.device.notified();
                calls++;
            }
            rig.device.enableKicks();
            while (rig.driver.poll()) {
                taken -= (int) rig.driver.writtenBytes() / 100;
            }
            rig.driver.enableInterrupts();
            assertSame(1, taken); // the one put back was taken twice
        }
        assertSame(frames / BATCH, kicks);
        assertSame(frames / BATCH, calls);
    }

    /** Without the boxes of a call with objects. */
    private static void assertSame(int expected, int actual) {
        if (expected != actual) {
            assertEquals(expected, actual);
        }
    }
}
