package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.memory.SharedMemory;

/** What the driver side does with devices other than ours, and with its caller's mistakes. */
class DriverVirtqueueTest {
    private static final long SPLIT = RingFeature.VERSION_1;
    private static final long PACKED = SPLIT | RingFeature.RING_PACKED;
    private static final long IN_ORDER = RingFeature.IN_ORDER;

    @ParameterizedTest
    @ValueSource(longs = {SPLIT | IN_ORDER, PACKED | IN_ORDER})
    void takesOneUsedEntryForABatch(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            for (int lap = 0; lap < 5; lap++) {
                for (int i = 0; i < 3; i++) {
                    rig.addOne(rig.room(0), 10L + i, true, 10 * lap + i);
                }
                rig.driver.publish();
                useBatchOfThree(rig, lap);

                for (int i = 0; i < 3; i++) {
                    assertTrue(rig.driver.hasUsed());
                    assertTrue(rig.driver.poll());
                    assertEquals(10 * lap + i, rig.driver.token());
                    // skipped chains count as wholly written
                    assertEquals(i == 2 ? 5 : 10 + i, rig.driver.writtenBytes());
                }
                assertFalse(rig.driver.poll());
                assertEquals(4, rig.driver.freeDescriptors());
            }
        }
    }

    /** Writes one used entry, at the place of the first, that names the last of three chains. */
    private static void useBatchOfThree(RingRig rig, int lap) {
        int first = 3 * lap;
        if (rig.packed()) {
            int slot = first % 4;
            boolean wrap = first / 4 % 2 == 0;
            long at = rig.layout.desc() + 16L * slot;
            long last = rig.layout.desc() + 16L * ((slot + 2) % 4);
            int id = SharedMemory.le16(last + PackedDesc.ID);
            int flags = PackedDesc.used(wrap) | PackedDesc.F_WRITE;
            SharedMemory.releaseLe64(at + PackedDesc.LEN, PackedDesc.tail(5, id, flags));
        } else {
            long used = rig.layout.device();
            long avail = rig.layout.driver();
            int head = SharedMemory.le16(avail + VirtqAvail.slot((first + 2) % 4));
            SharedMemory.putLe64(used + VirtqUsed.slot(first % 4), VirtqUsed.element(head, 5));
            SharedMemory.releaseLe16(used + VirtqUsed.IDX, first + 3);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void refusesWhatItNeverGave(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.driver.publish();
            if (rig.packed()) {
                long tail = PackedDesc.tail(0, 3, PackedDesc.used(true));
                SharedMemory.releaseLe64(rig.layout.desc() + PackedDesc.LEN, tail);
            } else {
                long used = rig.layout.device();
                SharedMemory.putLe64(used + VirtqUsed.slot(0), VirtqUsed.element(3, 0));
                SharedMemory.releaseLe16(used + VirtqUsed.IDX, 1);
            }
            assertThrows(IllegalStateException.class, rig.driver::poll);
        }
    }

    @Test
    void usesTheTableInRingOrderWhereOrderWasPromised() {
        try (RingRig rig = new RingRig(SPLIT | IN_ORDER, 4)) {
            long[] two = {rig.room(0), rig.room(10)};
            for (int lap = 0; lap < 6; lap++) {
                rig.driver.add(two, new long[] {1, 1}, 2, 0, lap, false);
                rig.driver.publish();
                int head = SharedMemory.le16(rig.layout.driver() + VirtqAvail.slot(lap % 4));
                assertEquals(2 * lap % 4, head);
                long desc = rig.layout.desc() + 16L * head;
                assertEquals(head + 1, SharedMemory.le16(desc + VirtqDesc.NEXT));
                assertTrue(rig.next());
                rig.device.complete(rig.chain, 0);
                rig.device.flush();
                assertTrue(rig.driver.poll());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void refusesWhatCanNeverFit(long features) {
        try (RingRig rig = new RingRig(features, 2)) {
            long[] three = {rig.room(0), rig.room(1), rig.room(2)};
            long[] lengths = {1, 1, 1};
            DriverVirtqueue driver = rig.driver;
            assertThrows(
                    IllegalArgumentException.class,
                    () -> driver.add(three, lengths, 3, 0, 0, false));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> driver.add(three, lengths, 0, 0, 0, false));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> driver.add(three, lengths, 3, 0, 0, true),
                    "indirect tables were not negotiated");
            assertThrows(
                    IllegalArgumentException.class,
                    () -> driver.reset(new RingPosition(1, true, 0, true)));
            assertTrue(driver.add(three, lengths, 1, 1, 0, false));
            assertFalse(driver.add(three, lengths, 1, 0, 0, false), "no room now");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void startsAfreshAfterAReset(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.driver.publish();

            rig.driver.reset(DriverVirtqueue.FRESH);

            assertEquals(4, rig.driver.freeDescriptors());
            assertEquals(0, rig.driver.outstanding());
            assertFalse(rig.device.hasAvailable());
            rig.addOne(rig.room(0), 7, true, 2);
            rig.driver.publish();
            assertTrue(rig.next());
            assertEquals(7, rig.chain.writableBytes());
        }
    }
}
