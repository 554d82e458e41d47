package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

/** What the device sees of how far its driver is. */
class DriverProgressTest {
    private static final long FLAGS = RingFeature.VERSION_1;
    private static final long EVENT = FLAGS | RingFeature.EVENT_IDX;
    private static final long PACKED = FLAGS | RingFeature.RING_PACKED;
    private static final long PACKED_EVENT = PACKED | RingFeature.EVENT_IDX;
    private static final int SIZE = 8;

    private static void complete(RingRig rig, int chains) {
        for (int i = 0; i < chains; i++) {
            rig.addOne(rig.room(0), 100, true, 0);
            rig.driver.publish();
            assertTrue(rig.next());
            rig.device.complete(rig.chain, 60);
        }
        rig.device.flush();
    }

    private static void poll(RingRig rig, int chains) {
        for (int i = 0; i < chains; i++) {
            assertTrue(rig.driver.poll());
        }
    }

    @Test
    void aDriverCannotPostMoreThanItFreed() {
        for (long features : new long[] {EVENT, PACKED_EVENT}) {
            try (RingRig rig = new RingRig(features, SIZE)) {
                complete(rig, 8);
                assertEquals(0, rig.device.consumed());
                poll(rig, 5);
                assertEquals(0, rig.device.consumed(), "nothing shows it yet");
                complete(rig, 3);
                assertEquals(3, rig.device.consumed());
                assertEquals(11, rig.device.taken());
            }
        }
    }

    @Test
    void whereADriverArmsItStands() {
        try (RingRig rig = new RingRig(PACKED_EVENT, SIZE)) {
            complete(rig, 6);
            poll(rig, 6);
            assertEquals(0, rig.device.consumed());
            rig.driver.enableInterrupts();
            assertEquals(6, rig.device.consumed());
        }
        try (RingRig rig = new RingRig(EVENT, SIZE)) {
            complete(rig, 6);
            poll(rig, 4);
            rig.driver.enableInterrupts();
            assertEquals(4, rig.device.consumed());
            poll(rig, 2);
            assertEquals(4, rig.device.consumed());
            rig.driver.enableInterrupts();
            assertEquals(6, rig.device.consumed());
        }
    }

    @Test
    void countsWhatIsPostedAndNotTaken() {
        try (RingRig rig = new RingRig(FLAGS, SIZE);
                RingRig packed = new RingRig(PACKED, SIZE)) {
            rig.addOne(rig.room(0), 100, true, 0);
            rig.addOne(rig.room(0), 100, true, 0);
            rig.driver.publish();
            assertEquals(2, rig.device.posted());
            assertTrue(rig.next());
            assertEquals(1, rig.device.posted());
            assertEquals(1, rig.device.taken());
            rig.device.putBack(rig.chain);
            assertEquals(0, rig.device.taken());
            assertEquals(DeviceVirtqueue.UNKNOWN, packed.device.posted());
        }
    }

    @Test
    void aRingSaysThatItsDriverPollsIfItHasAWordForIt() {
        for (long features : new long[] {FLAGS, PACKED, PACKED_EVENT}) {
            try (RingRig rig = new RingRig(features, SIZE)) {
                rig.driver.disableInterrupts();
                assertTrue(rig.device.isDeclined());
                rig.driver.enableInterrupts();
                assertFalse(rig.device.isDeclined());
            }
        }
        try (RingRig rig = new RingRig(EVENT, SIZE)) {
            rig.driver.disableInterrupts();
            assertFalse(rig.device.isDeclined(), "an event index says only where");
        }
    }

    @Test
    void whatItShowsIsNeverMoreThanTheDriverIsDoneWith() {
        SplittableRandom random = new SplittableRandom(7);
        for (long features : new long[] {FLAGS, EVENT, PACKED, PACKED_EVENT}) {
            try (RingRig rig = new RingRig(features, SIZE)) {
                long done = 0;
                for (int step = 0; step < 300_000; step++) {
                    switch (random.nextInt(4)) {
                        case 0 ->
                                complete(rig, random.nextInt(SIZE - rig.driver.outstanding() + 1));
                        case 1 -> done += rig.driver.poll() ? 1 : 0;
                        case 2 -> rig.driver.enableInterrupts();
                        default -> rig.driver.disableInterrupts();
                    }
                    long shown = rig.device.consumed();
                    assertTrue(shown <= done, shown + " of " + done);
                }
                long least = (features & RingFeature.EVENT_IDX) == 0 ? -1 : done - SIZE;
                assertTrue(rig.device.consumed() >= least);
            }
        }
    }
}
