package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;

/** Once set up, a ring and its signal make no garbage on either side. */
class IoqAllocationTest {
    private static final int FRAMES = 200_000;
    private static final int BATCH = 20;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void allocatesNothingPerFrameFromTheGuest() {
        try (IoqRig rig = new IoqRig(64, IoqRole.CONSUMER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.BOTH, IoqIterFlag.AUTOUPDATE);
            NorthIterator reaper = rig.north.iterator(IoqIdx.VALID, IoqIterFlag.NOFLIPOWNER);
            rig.southSide.consumer =
                    () -> {
                        while (rig.south.look()) {
                            rig.south.pop();
                        }
                    };
            assertAllocatesNothing(
                    () -> {
                        rig.south.signal().enable();
                        for (int i = 0; i < BATCH; i++) {
                            rig.north.putCookie(tail.slot(), i);
                            rig.north.putLength(tail.slot(), 60);
                            require(tail.push());
                        }
                        require(rig.south.owned(BATCH) == BATCH);
                        require(rig.south.signal().wakeup(2));
                        rig.south.signal().disable();
                        require(rig.south.inuse() == 0);
                        while (rig.north.count(IoqIdx.VALID) > 0) {
                            require(reaper.pop());
                        }
                    });
            assertEquals(2 * FRAMES / BATCH, rig.northSide.rings);
        }
    }

    @Test
    void allocatesNothingPerFrameToTheGuest() {
        try (IoqRig rig = new IoqRig(64, IoqRole.PRODUCER)) {
            rig.postAll(IoqIdx.VALID);
            NorthIterator head = rig.north.iterator(IoqIdx.INUSE, IoqIterFlag.AUTOUPDATE);
            rig.northSide.consumer =
                    () -> {
                        while (!rig.north.isSown(head.slot())) {
                            rig.north.putLength(head.slot(), 1500);
                            require(head.pop());
                        }
                    };
            assertAllocatesNothing(
                    () -> {
                        rig.north.signal().enable();
                        for (int i = 0; i < BATCH; i++) {
                            require(rig.south.look());
                            rig.south.putLength(60);
                            rig.south.push();
                        }
                        rig.south.signal().inject();
                        require(!rig.south.signal().isMissed());
                        require(rig.north.signal().wakeup(2));
                        rig.north.signal().disable();
                    });
            assertEquals(2 * FRAMES / BATCH, rig.southSide.rings);
        }
    }

    private void assertAllocatesNothing(Runnable batch) {
        repeat(batch);
        long before = threads.getCurrentThreadAllocatedBytes();
        repeat(batch);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < FRAMES, allocated + " bytes for " + FRAMES + " frames");
    }

    private static void repeat(Runnable batch) {
        for (int done = 0; done < FRAMES; done += BATCH) {
            batch.run();
        }
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new IllegalStateException("the ring is not as the test left it");
        }
    }
}
