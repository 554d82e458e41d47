package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.core.explore.VirtqueueModel;
import paranet.core.memory.SharedMemory;

import java.util.SplittableRandom;

/**
 * One comparison in three places: as the specification writes it, as the explorer's model has it,
 * and as a ring answers.
 */
class NeedsEventTest {
    private static final int RANDOM = Boolean.getBoolean("paranet.long") ? 100_000_000 : 1_000_000;
    private static final int SIZE = 256;
    private static final long SPLIT = RingFeature.VERSION_1 | RingFeature.EVENT_IDX;
    private static final long PACKED = SPLIT | RingFeature.RING_PACKED;

    /** vring_need_event, virtio 1.3, 2.7.10. */
    private static boolean specified(int event, int to, int old) {
        return (char) (to - event - 1) < (char) (to - old);
    }

    private static boolean model(int event, int to, int old) {
        return VirtqueueModel.splitNeedsEvent(to, event, (to - old) & 0xffff);
    }

    @Test
    void theModelComparesAsTheSpecificationDoes() {
        for (int triple = 0; triple < 1 << 24; triple++) {
            int event = triple & 0xff;
            int to = triple >>> 8 & 0xff;
            int old = triple >>> 16;
            if (model(event, to, old) != specified(event, to, old)) {
                assertEquals(specified(event, to, old), model(event, to, old), "" + triple);
            }
        }
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < RANDOM; i++) {
            long triple = random.nextLong();
            int event = (char) triple;
            int to = (char) (triple >>> 16);
            int old = (char) (triple >>> 32);
            if (model(event, to, old) != specified(event, to, old)) {
                assertEquals(specified(event, to, old), model(event, to, old), "" + triple);
            }
        }
    }

    /** Each distance of 8 bits from the event, after each number of entries. */
    @Test
    void aSplitRingComparesAsTheModelDoes() {
        try (RingRig rig = new RingRig(SPLIT, SIZE)) {
            rig.device.notified();
            for (int behind = 1; behind < SIZE; behind++) {
                publish(rig, behind);
                for (int distance = 0; distance < SIZE; distance++) {
                    if (!ask(rig, distance, behind)) {
                        publish(rig, behind); // what was told went on
                    }
                }
                rig.device.notified();
            }
        }
    }

    @Test
    void aSplitRingComparesAllSixteenBits() {
        SplittableRandom random = new SplittableRandom(1);
        try (RingRig rig = new RingRig(SPLIT, SIZE)) {
            rig.device.notified();
            for (int i = 0; i < 300_000; i++) {
                int behind = random.nextInt(1, 5);
                publish(rig, behind);
                boolean near = random.nextBoolean();
                if (ask(rig, random.nextInt(near ? 8 : 1 << 16), behind)) {
                    rig.device.notified();
                }
            }
        }
    }

    private static void publish(RingRig rig, int chains) {
        for (int i = 0; i < chains; i++) {
            rig.addOne(rig.room(0), 1, true, 0);
        }
        rig.driver.publish();
        for (int i = 0; i < chains; i++) {
            rig.next();
            rig.device.complete(rig.chain, 0);
        }
        rig.device.flush();
        for (int i = 0; i < chains; i++) {
            rig.driver.poll();
        }
    }

    private static boolean ask(RingRig rig, int distance, int behind) {
        int to = SharedMemory.le16(rig.layout.device() + VirtqUsed.IDX);
        int event = (to - 1 - distance) & 0xffff;
        SharedMemory.putLe16(rig.layout.driver() + VirtqAvail.usedEvent(SIZE), event);
        boolean answer = rig.device.needsNotification();
        if (answer != VirtqueueModel.splitNeedsEvent(to, event, behind)) {
            assertEquals(
                    !answer, answer, "to %d, event %d, behind %d".formatted(to, event, behind));
        }
        return answer;
    }

    /**
     * Each offset and wrap counter, after each number of descriptors, from each place in the ring.
     */
    @Test
    void aPackedRingComparesAsTheModelDoes() {
        for (int size = 1; size <= 8; size++) {
            for (int place = 0; place < 2 * size; place++) {
                for (int behind = 1; behind <= size; behind++) {
                    try (RingRig rig = new RingRig(PACKED, size)) {
                        for (int i = 0; i < place; i++) {
                            publish(rig, 1);
                        }
                        rig.device.notified();
                        comparePacked(rig, size, (place + behind) % (2 * size), behind);
                    }
                }
            }
        }
    }

    private static void comparePacked(RingRig rig, int size, int to, int behind) {
        for (int event = 0; event < 2 * size; event++) {
            publish(rig, behind);
            int reached = (to + event * behind) % (2 * size);
            int armed = PackedEvent.event(event % size, event < size, PackedEvent.DESC_ONLY);
            SharedMemory.putLe32(rig.layout.driver(), armed);
            assertEquals(
                    VirtqueueModel.packedNeedsEvent(size, reached, event, behind),
                    rig.device.needsNotification(),
                    "size %d, to %d, event %d, behind %d".formatted(size, reached, event, behind));
            rig.device.notified();
        }
    }
}
