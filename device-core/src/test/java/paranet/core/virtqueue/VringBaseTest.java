package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.SharedMemory;

import java.util.Arrays;

/** vhost-user fact 22: the vring base in both formats and both widths. */
class VringBaseTest {
    private static final long SPLIT = RingFeature.VERSION_1;
    private static final long PACKED = SPLIT | RingFeature.RING_PACKED;

    @Test
    void readsTheUsedIndexOfASplitRingFromTheRing() {
        try (RingRig rig = new RingRig(SPLIT, 8)) {
            SharedMemory.putLe16(rig.layout.device() + VirtqUsed.IDX, 0xfffe);

            assertEquals(
                    new RingPosition(0xffff, false, 0xfffe, false),
                    VringBase.decode(0x1234_ffff, rig.layout, SPLIT));
        }
    }

    @Test
    void goesOnAtTheUsedIndexWhereTheBaseContradictsIt() {
        try (RingRig rig = new RingRig(SPLIT, 8)) {
            SharedMemory.putLe16(rig.layout.device() + VirtqUsed.IDX, 100);

            RingPosition used = new RingPosition(100, false, 100, false);
            assertEquals(used, VringBase.decode(0, rig.layout, SPLIT), "far behind");
            assertEquals(used, VringBase.decode(99, rig.layout, SPLIT), "behind");
            assertEquals(used, VringBase.decode(100, rig.layout, SPLIT));
            assertEquals(
                    new RingPosition(108, false, 100, false),
                    VringBase.decode(108, rig.layout, SPLIT),
                    "all in flight");
            assertEquals(used, VringBase.decode(109, rig.layout, SPLIT), "more than it holds");
        }
    }

    @Test
    void takesBothHalvesOfAPackedBaseAsTheyAre() {
        try (RingRig rig = new RingRig(PACKED, 8)) {
            assertEquals(
                    new RingPosition(0, true, 0, true),
                    VringBase.decode(0x8000_8000, rig.layout, PACKED));
            assertEquals(
                    new RingPosition(5, true, 3, true),
                    VringBase.decode(0x8003_8005, rig.layout, PACKED));
            assertEquals(
                    new RingPosition(1, false, 7, true),
                    VringBase.decode(0x8007_0001, rig.layout, PACKED));
        }
    }

    @Test
    void takesUsedLikeAvailWhenThereAreOnly16Bits() {
        try (RingRig rig = new RingRig(PACKED, 8)) {
            assertEquals(
                    new RingPosition(0, true, 0, true),
                    VringBase.decode(0x8000, rig.layout, PACKED));
            assertEquals(
                    new RingPosition(5, false, 5, false),
                    VringBase.decode(0x0005, rig.layout, PACKED));
        }
    }

    @Test
    void startsAFreshRingInTheFirstLapThoughItsBaseSays0() {
        try (RingRig rig = new RingRig(PACKED, 8)) {
            RingPosition first = new RingPosition(0, true, 0, true);
            assertEquals(first, VringBase.decode(0, rig.layout, PACKED), "nothing offered yet");

            rig.addOne(rig.room(0), 10, true, 1);
            rig.driver.publish();

            assertEquals(first, VringBase.decode(0, rig.layout, PACKED), "one chain offered");
            rig.device = DeviceVirtqueue.open(rig.layout, PACKED, first);
            assertTrue(rig.next());
        }
    }

    @Test
    void takesA0LiterallyWhenTheRingIsNotFresh() {
        RingPosition second = new RingPosition(0, false, 0, false);
        try (RingRig rig = new RingRig(PACKED, 8, second)) {
            assertEquals(second, VringBase.decode(0, rig.layout, PACKED));
        }
    }

    @Test
    void isNotFooledByAChainThatCrossedTheEnd() {
        // descriptor 0 as an inner part keeps AVAIL=1 USED=0, as in a fresh ring
        try (RingRig rig = new RingRig(PACKED, 4, new RingPosition(3, false, 3, false))) {
            pass(rig, 3);
            pass(rig, 2);
            RingPosition end = rig.device.position();
            assertEquals(new RingPosition(0, false, 0, false), end);
            int flags = SharedMemory.le16(rig.layout.desc() + PackedDesc.FLAGS);
            assertEquals(PackedDesc.available(true), PackedDesc.ownership(flags));

            assertEquals(0, VringBase.encode(end, PACKED));
            assertEquals(end, VringBase.decode(0, rig.layout, PACKED));
        }
    }

    @Test
    void encodesWhatItDecodes() {
        try (RingRig rig = new RingRig(PACKED, 0x8000)) {
            for (long base : new long[] {0x8000_8000L, 0xffff_7fffL, 0x0001_8000L, 0x8000_0000L}) {
                RingPosition position = VringBase.decode((int) base, rig.layout, PACKED);
                assertEquals(base, VringBase.encode(position, PACKED));
            }
            assertEquals(
                    0xabcd, VringBase.encode(new RingPosition(0xabcd, false, 3, false), SPLIT));
        }
    }

    @Test
    void refusesAnOffsetBeyondTheRing() {
        try (RingRig rig = new RingRig(PACKED, 8)) {
            for (int base : new int[] {0x0008, 0x8008, 0x8008_8000}) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> VringBase.decode(base, rig.layout, PACKED));
            }
        }
    }

    private static void pass(RingRig rig, int descriptors) {
        long[] addresses = new long[descriptors];
        Arrays.fill(addresses, rig.room(0));
        long[] lengths = new long[descriptors];
        Arrays.fill(lengths, 1);
        rig.driver.add(addresses, lengths, descriptors, 0, 0, false);
        rig.driver.publish();
        assertTrue(rig.next());
        rig.device.complete(rig.chain, 0);
        rig.device.flush();
        assertTrue(rig.driver.poll());
    }
}
