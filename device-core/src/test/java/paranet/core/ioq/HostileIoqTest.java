package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.memory.SharedMemory;

/** Each thing that a guest may write into its ring and signal, and what the host makes of it. */
class HostileIoqTest {
    private static final int SIZE = 4;
    private static final int[] GARBAGE = {-1, 0x7fff_ffff, 0x8000_0000, SIZE, SIZE + 1, 1 << 20};

    @Test
    void keepsTheHeaderOfTheRegistration() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            rig.postAll(IoqIdx.INUSE);
            for (int offset : new int[] {0, 4, 8, 12, 48}) { // magics, versions, count
                SharedMemory.putLe32(rig.at + offset, 0x7fff_ffff);
            }
            assertEquals(SIZE, rig.south.size());
            for (int slot = 0; slot < SIZE; slot++) {
                assertTrue(rig.south.look());
                assertEquals(slot, rig.south.cookie());
                rig.south.pop();
            }
            assertEquals(0, rig.south.slot());
            rig.south.signal().inject();
            assertEquals(1, rig.u8(18));
        }
    }

    @ParameterizedTest
    @EnumSource
    void takesNoPlaceFromASharedIndex(IoqRole role) {
        for (int garbage : GARBAGE) {
            try (IoqRig rig = new IoqRig(SIZE, role)) {
                rig.postAll(role == IoqRole.PRODUCER ? IoqIdx.VALID : IoqIdx.INUSE);
                for (int slot = 0; slot < SIZE; slot++) {
                    scribbleIndexes(rig, garbage);
                    assertEquals(slot, rig.south.slot());
                    assertTrue(rig.south.look());
                    assertEquals(slot, rig.south.cookie());
                    int next = (slot + 1) % SIZE;
                    if (role == IoqRole.PRODUCER) {
                        rig.south.push();
                        assertEquals(next, rig.u32(40));
                    } else {
                        rig.south.pop();
                        assertEquals(next, rig.u32(36));
                    }
                    assertEquals(0, rig.sown(slot));
                }
                assertFalse(rig.south.look());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void startsInTheRingWhateverTheHeaderSays(IoqRole role) {
        for (int garbage : GARBAGE) {
            try (IoqRig rig = new IoqRig(SIZE, role)) {
                scribbleIndexes(rig, garbage);
                assertEquals(0, rig.attach(0).slot());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void countsWithinTheRingWhateverTheIndexesSay(IoqRole role) {
        try (IoqRig rig = new IoqRig(SIZE, role)) {
            for (int garbage : GARBAGE) {
                scribbleIndexes(rig, garbage);
                for (int full : new int[] {0, 1, 0x80, 0xff}) {
                    SharedMemory.putLe8(rig.at + 44, full);
                    assertEquals(full == 0 ? 0 : SIZE, rig.south.inuse());
                    assertEquals(full == 0 ? SIZE : 0, rig.south.remaining());
                }
            }
            SharedMemory.putLe32(rig.at + 36, 3); // either end, where the other is 0
            SharedMemory.putLe32(rig.at + 40, 3);
            assertEquals(role == IoqRole.PRODUCER ? 1 : 3, rig.south.inuse());
        }
    }

    private static void scribbleIndexes(IoqRig rig, int garbage) {
        for (int offset : new int[] {24, 28, 36, 40}) {
            SharedMemory.putLe32(rig.at + offset, garbage);
        }
    }

    @Test
    void tellsCongestionByTheOwnerOfTheNextDescriptorAlone() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.PRODUCER)) {
            rig.postAll(IoqIdx.VALID);
            SharedMemory.putLe8(rig.at + 44, 0xff); // full, it says
            assertTrue(rig.south.isOwned());
            for (int slot = 0; slot < SIZE; slot++) {
                assertTrue(rig.south.look());
                rig.south.push();
            }
            SharedMemory.putLe8(rig.at + 44, 0); // empty, it says
            assertFalse(rig.south.isOwned());
            assertEquals(0, rig.south.owned(SIZE));
            assertFalse(rig.south.look());
        }
    }

    @Test
    void aDescriptorThatIsTakenBackHurtsOnlyTheGuest() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            rig.postAll(IoqIdx.INUSE);
            assertTrue(rig.south.look());
            setSown(rig, 0, 0); // while the host works on it
            assertEquals(0, rig.south.cookie());
            rig.south.pop();
            setSown(rig, 0, 1); // and given twice
            for (int slot = 1; slot <= SIZE; slot++) {
                assertTrue(rig.south.look());
                assertEquals(slot % SIZE, rig.south.slot());
                rig.south.pop();
            }
            assertFalse(rig.south.look());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 0x80, 0xff})
    void anyOwnerButTheNorthIsTheSouth(int sown) {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            setSown(rig, 0, sown);
            assertTrue(rig.south.look());
            rig.south.pop();
            assertEquals(0, rig.sown(0));
        }
    }

    @Test
    void looksNoFurtherThanOnceAroundARingThatIsAlwaysFull() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            for (int slot = 0; slot < SIZE; slot++) {
                setSown(rig, slot, 1);
            }
            assertEquals(SIZE, rig.south.owned(Integer.MAX_VALUE));
        }
    }

    private static void setSown(IoqRig rig, int slot, int sown) {
        SharedMemory.putLe8(rig.at + 56 + 32L * slot + 25, sown);
    }

    @Test
    void readsEachFieldOfADescriptorOnce() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            rig.postAll(IoqIdx.INUSE);
            rig.south.look();
            rig.south.pop();
            assertTrue(rig.south.look());
            SharedMemory.fill(rig.at + 56 + 32, 32, 0xff);
            assertEquals(1, rig.south.cookie());
            assertEquals(100, rig.south.ptr());
            assertEquals(1500, rig.south.length());
        }
    }

    @Test
    void handsOutPointersAndLengthsAsTheyAre() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.INUSE, 0);
            rig.north.putPtr(0, Long.MIN_VALUE);
            rig.north.putLength(0, 0xffff_ffff_8000_0000L); // for whoever uses it to check
            tail.push();
            assertTrue(rig.south.look());
            assertEquals(Long.MIN_VALUE, rig.south.ptr());
            assertEquals(0xffff_ffff_8000_0000L, rig.south.length());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 0xff})
    void ignoresTheGuestsOwnMark(int valid) {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            rig.postAll(IoqIdx.INUSE);
            SharedMemory.putLe8(rig.at + 56 + 24, valid);
            assertTrue(rig.south.look());
            rig.south.pop();
            assertEquals(valid, rig.u8(56 + 24));
        }
    }

    @Test
    void aRingThatIsNeverDrainedTakesNothingMore() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.PRODUCER)) {
            rig.postAll(IoqIdx.VALID);
            int pushed = 0;
            while (rig.south.look()) {
                rig.south.push();
                pushed++;
            }
            assertEquals(SIZE, pushed);
            assertEquals(0, rig.south.owned(SIZE));
        }
    }

    @Test
    void believesOnlyItselfWhetherItIsEnabled() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            ShmSignal signal = rig.south.signal();
            SharedMemory.putLe8(rig.at + 19, 1); // enabled, in the host's mailbox
            SharedMemory.putLe8(rig.at + 21, 1); // dirty
            assertTrue(signal.wakeup(4));
            assertEquals(0, rig.southSide.services);
            signal.enable();
            SharedMemory.putLe8(rig.at + 19, 0);
            assertTrue(signal.wakeup(4));
            assertEquals(1, rig.southSide.services);
        }
    }

    @Test
    void aStormOfSignalsEndsWithTheBudget() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            ShmSignal signal = rig.south.signal();
            signal.enable();
            rig.southSide.consumer = () -> SharedMemory.putLe16(rig.at + 20, 0xffff);
            SharedMemory.putLe16(rig.at + 20, 0xffff); // pending and dirty
            assertFalse(signal.wakeup(4));
            assertEquals(4, rig.southSide.services);
            assertEquals(1, rig.southSide.scheduled); // goes on behind whoever waits
        }
    }

    @Test
    void bytesThatAreNeitherZeroNorOneCostADoorbellAtMost() {
        try (IoqRig rig = new IoqRig(SIZE, IoqRole.CONSUMER)) {
            SharedMemory.putLe8(rig.at + 16, 0xff); // the guest's mailbox: enabled
            rig.south.signal().inject();
            assertEquals(1, rig.southSide.rings);
            SharedMemory.putLe8(rig.at + 17, 0x80); // pending
            rig.south.signal().inject();
            assertEquals(1, rig.southSide.rings);
        }
    }
}
