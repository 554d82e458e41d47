package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/** Examples of the guest's side; numbers in shared memory are literals. */
class NorthIoqTest {
    @Test
    void laysARingOutEmptyAndItsOwn() {
        try (NativeBuffer buffer = NativeBuffer.allocate(56 + 2 * 32)) {
            long at = buffer.address();
            SharedMemory.fill(at, buffer.bytes(), 0xff);
            NorthIoq.layOut(
                    at, 2, IoqRole.PRODUCER, new SignalSide().wiring(), ShmSignal.Fences.FULL);
            assertEquals(0x4_47FA_2FE4L, SharedMemory.le64(at));
            assertEquals(0x1_58FA_39DFL, SharedMemory.le64(at + 8));
            assertEquals(2, SharedMemory.le64(at + 48));
            for (long offset = 16; offset < buffer.bytes(); offset += 8) {
                if (offset != 48) {
                    assertEquals(0, SharedMemory.le64(at + offset), "at " + offset);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0,0", "2049,0", "-1,0", "4,4", "4,1"})
    void laysOutNoIllegalRing(int count, long offset) {
        try (NativeBuffer buffer = NativeBuffer.allocate(1 << 17)) {
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            NorthIoq.layOut(
                                    buffer.address() + offset,
                                    count,
                                    IoqRole.PRODUCER,
                                    new SignalSide().wiring(),
                                    ShmSignal.Fences.FULL));
        }
    }

    @Test
    void postsBuffersAtValidAndLeavesInuseAlone() {
        try (IoqRig rig = new IoqRig(3, IoqRole.PRODUCER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.VALID, 0);
            for (int slot = 0; slot < 3; slot++) {
                assertEquals(slot, tail.slot());
                rig.north.putValid(slot, true);
                assertTrue(tail.push());
                assertEquals(1, rig.sown(slot));
                assertEquals(1, rig.u8(56 + 32L * slot + 24)); // valid
                assertEquals(slot + 1, rig.north.count(IoqIdx.VALID));
                assertEquals(2 - slot, rig.north.remaining(IoqIdx.VALID));
            }
            assertEquals(0, rig.u32(24)); // VALID head, tail and full
            assertEquals(0, rig.u32(28));
            assertEquals(1, rig.u8(32));
            assertEquals(0, rig.u32(36) + rig.u32(40) + rig.u8(44)); // INUSE likewise
            assertEquals(0, rig.north.count(IoqIdx.INUSE));
            assertFalse(tail.push());
        }
    }

    @Test
    void aPushOfBothMovesBothTails() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.BOTH, 0);
            tail.push();
            tail.push();
            assertEquals(2, rig.u32(28));
            assertEquals(2, rig.u32(40));
            assertEquals(2, rig.north.count(IoqIdx.BOTH));
            assertEquals(2, rig.north.count(IoqIdx.INUSE));
            tail.push();
            assertEquals(0, rig.u32(28));
            assertEquals(0, rig.u32(40));
            assertEquals(1, rig.u8(32));
            assertEquals(1, rig.u8(44));
            assertEquals(3, rig.north.count(IoqIdx.INUSE));
        }
    }

    @Test
    void aPushOfBothFaultsWhenTheTailsPart() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            assertTrue(rig.north.iterator(IoqIdx.INUSE, 0).push());
            NorthIterator tail = rig.north.iterator(IoqIdx.BOTH, 0);
            tail.seekTail();
            assertEquals(0, tail.slot()); // that of VALID
            rig.south.look();
            rig.south.pop();
            assertThrows(IllegalStateException.class, tail::push);
        }
    }

    @Test
    void reapsAtValidWithoutGivingAnythingAway() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.BOTH, 0);
            tail.push();
            tail.push();
            NorthIterator head = rig.north.iterator(IoqIdx.VALID, IoqIterFlag.NOFLIPOWNER);
            assertFalse(head.pop()); // the south's
            rig.south.look();
            rig.south.pop();
            assertTrue(head.pop());
            assertEquals(0, rig.sown(0));
            assertEquals(1, rig.u32(24));
            assertEquals(1, rig.north.count(IoqIdx.VALID));
            assertFalse(head.pop());
        }
    }

    @Test
    void aPopClearsFull() {
        try (IoqRig rig = new IoqRig(2, IoqRole.PRODUCER)) {
            rig.postAll(IoqIdx.VALID);
            rig.south.look();
            rig.south.push();
            rig.south.look();
            rig.south.push();
            assertEquals(1, rig.u8(44));
            assertEquals(2, rig.north.count(IoqIdx.INUSE));
            assertTrue(rig.north.iterator(IoqIdx.INUSE, 0).pop());
            assertEquals(0, rig.u8(44));
            assertEquals(1, rig.u32(36));
            assertEquals(1, rig.sown(0));
            assertEquals(1, rig.north.count(IoqIdx.INUSE));
        }
    }

    @Test
    void tellsTheHostAfterEachMoveIfAskedTo() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            rig.south.signal().enable();
            NorthIterator tail = rig.north.iterator(IoqIdx.INUSE, IoqIterFlag.AUTOUPDATE);
            int[] sownWhenRung = new int[1];
            rig.northSide.bell = () -> sownWhenRung[0] = rig.sown(0);
            assertTrue(tail.push());
            assertEquals(1, rig.northSide.rings);
            assertEquals(1, sownWhenRung[0]); // ownership before the signal
            assertTrue(tail.push());
            assertEquals(1, rig.northSide.skips);
        }
    }

    @Test
    void movesOnlyFromTheEndOfItsIndex() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.INUSE, 0);
            tail.seekNext();
            assertFalse(tail.push());
            tail.seek(2);
            tail.seekNext();
            assertEquals(0, tail.slot());
            assertTrue(tail.push());
            assertEquals(1, tail.slot());
            tail.seekHead();
            assertEquals(0, tail.slot());
            tail.seekTail();
            assertEquals(1, tail.slot());
            NorthIterator reaper = rig.north.iterator(IoqIdx.VALID, 0);
            reaper.seek(2);
            assertFalse(reaper.pop()); // its own, and not the head
            assertThrows(IllegalArgumentException.class, () -> tail.seek(3));
            assertThrows(IllegalArgumentException.class, () -> tail.seek(-1));
            assertEquals(1, rig.u32(40));
        }
    }

    @Test
    void staysOnItsOwnEndOfInuse() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            assertThrows(IllegalStateException.class, rig.north.iterator(IoqIdx.INUSE, 0)::pop);
        }
        try (IoqRig rig = new IoqRig(3, IoqRole.PRODUCER)) {
            assertThrows(IllegalStateException.class, rig.north.iterator(IoqIdx.INUSE, 0)::push);
        }
    }

    @Test
    void believesNoEndThatItMovesItself() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.BOTH, 0);
            SharedMemory.putLe32(rig.at + 28, 0x7fff_ffff); // VALID tail
            SharedMemory.putLe32(rig.at + 40, -1); // INUSE tail
            SharedMemory.putLe32(rig.at + 36, 1 << 20); // INUSE head, the host's
            tail.seekTail();
            assertEquals(0, tail.slot());
            assertTrue(tail.push());
            assertEquals(1, rig.u32(28));
            assertEquals(1, rig.u32(40));
            assertEquals(1, rig.north.count(IoqIdx.INUSE));
        }
    }
}
