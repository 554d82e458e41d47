package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.List;

/** Examples of the host's side; numbers in shared memory are literals. */
class SouthIoqTest {
    private static final long GUEST = IoqRig.GUEST;
    private static final int EINVAL = -22;
    private static final int EFAULT = -14;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 1000, 2048})
    void takesAnyCountUpTo2048(int count) {
        try (IoqRig rig = new IoqRig(count, IoqRole.CONSUMER)) {
            assertEquals(count, rig.south.size());
            assertFalse(rig.south.isOwned());
            assertEquals(0, rig.south.inuse());
            assertEquals(count, rig.south.remaining());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0x47FA2FE5", // magic
        "4, 3", // version
        "4, 5",
        "8, 0x58FA39DE", // the signal's magic
        "12, 0", // the signal's version
        "12, 2",
        "48, 0", // count
        "48, 3",
        "48, 5",
        "48, -1",
    })
    void refusesAnotherHeader(int offset, String value) {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER)) {
            assertEquals(0, attach(rig, GUEST, 56 + 4 * 32, 8));
            SharedMemory.putLe32(rig.at + offset, Long.decode(value).intValue());
            assertEquals(EINVAL, attach(rig, GUEST, 56 + 4 * 32, 8));
        }
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                0,
                16,
                55,
                56,
                57,
                87,
                89,
                119,
                121,
                183,
                185,
                65593,
                65624,
                -1,
                -32,
                0xffff_ffffL,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                Long.MIN_VALUE + 56
            })
    void refusesALengthThatIsNoRings(long length) {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER)) {
            assertEquals(EINVAL, attach(rig, GUEST, length, 8));
            assertEquals(EINVAL, attach(rig, 0x123_4567, length, 8)); // before the mapping
        }
    }

    @Test
    void refusesARingOfNoDescriptors() {
        try (IoqRig rig = new IoqRig(1, IoqRole.CONSUMER)) {
            SharedMemory.putLe32(rig.at + 48, 0);
            assertEquals(EINVAL, attach(rig, GUEST, 56, 8));
            assertEquals(EINVAL, attach(rig, GUEST, 88, 8));
        }
    }

    @Test
    void refusesMoreThan2048Descriptors() {
        try (NativeBuffer buffer = NativeBuffer.allocate(56 + 32 * 2049)) {
            GuestMemory memory = region(0, buffer);
            NorthIoq.layOut(
                    buffer.address(),
                    2048,
                    IoqRole.PRODUCER,
                    new SignalSide().wiring(),
                    ShmSignal.Fences.FULL);
            assertEquals(0, attach(memory, 0, 56 + 32 * 2048, 8));
            SharedMemory.putLe32(buffer.address() + 48, 2049);
            assertEquals(EINVAL, attach(memory, 0, 56 + 32 * 2049, 8));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0xffff_ffffL, -1, -16, 169, 172, 184, 9, 10, 0x8000_0000L, 0x7fff_fffcL})
    void refusesASignalThatIsNotThereOrNotInTheRing(long signalOffset) {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER)) {
            assertEquals(EINVAL, attach(rig, GUEST, 184, signalOffset));
        }
    }

    @Test
    void takesASignalAtAnyMultipleOf4InTheRing() {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER)) {
            ShmSignal.layOut(rig.at + 168); // its last byte is the ring's
            SharedMemory.putLe32(rig.at + 8, 0);
            Attachment attachment = attachTo(rig.memory, GUEST, 184, 168);
            assertEquals(0, attachment.result());
            attachment.ioq().signal().enable();
            assertEquals(1, rig.u8(168 + 11));
            ShmSignal.layOut(rig.at + 150);
            assertEquals(EINVAL, attach(rig, GUEST, 184, 150)); // no multiple of 4
        }
    }

    @Test
    void refusesWhatIsNotInOneRegion() {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER)) {
            assertEquals(EFAULT, attach(rig, GUEST - 8, 184, 8));
            assertEquals(EFAULT, attach(rig, GUEST + 8, 184, 8));
            assertEquals(EFAULT, attach(rig, GUEST, 184 + 32, 8));
            assertEquals(EFAULT, attach(rig, -8, 184, 8)); // wraps around
            assertEquals(EFAULT, attach(rig, GUEST + 1, 184, 8)); // before the alignment
            Attachment refused = attachTo(rig.memory, GUEST + 1, 184, 8);
            assertNull(refused.ioq());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 4, 7})
    void refusesARingThatIsNotAMultipleOf8(long offset) {
        try (NativeBuffer buffer = NativeBuffer.allocate(64 + 88)) {
            SharedMemory.putLe32(buffer.address() + offset, 0x47FA2FE4);
            SharedMemory.putLe32(buffer.address() + offset + 4, 4);
            SharedMemory.putLe32(buffer.address() + offset + 48, 1);
            ShmSignal.layOut(buffer.address() + offset + 8);
            assertEquals(EINVAL, attach(region(0, buffer), offset, 88, 8));
            assertEquals(EINVAL, attach(region(8 - offset, buffer), 8, 88, 8)); // only here
            SharedMemory.copy(buffer.address() + offset, buffer.address() + 64, 56);
            assertEquals(EINVAL, attach(region(offset, buffer), offset + 64, 88, 8)); // there
        }
    }

    @Test
    void popsWhatTheGuestPushed() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            NorthIterator tail = rig.north.iterator(IoqIdx.INUSE, 0);
            for (int lap = 0; lap < 7; lap++) {
                int slot = lap % 3;
                assertFalse(rig.south.look());
                rig.north.putCookie(slot, ~lap);
                rig.north.putPtr(slot, lap);
                rig.north.putLength(slot, -lap);
                assertTrue(tail.push());
                assertTrue(rig.south.isOwned());
                assertEquals(1, rig.south.inuse());
                assertTrue(rig.south.look());
                assertEquals(slot, rig.south.slot());
                assertEquals(~lap, rig.south.cookie());
                assertEquals(lap, rig.south.ptr());
                assertEquals(-lap, rig.south.length());
                rig.south.pop();
                assertEquals(0, rig.sown(slot));
                assertEquals((lap + 1) % 3, rig.u32(36)); // INUSE head
            }
            assertEquals(0, rig.southSide.rings + rig.southSide.skips);
        }
    }

    @Test
    void pushesIntoDescriptorsTheGuestGaveIt() {
        try (IoqRig rig = new IoqRig(3, IoqRole.PRODUCER)) {
            rig.postAll(IoqIdx.VALID);
            assertEquals(3, rig.south.owned(5));
            for (int slot = 0; slot < 3; slot++) {
                assertEquals(slot, rig.south.inuse());
                assertTrue(rig.south.look());
                assertEquals(100L * slot, rig.south.ptr());
                rig.south.putLength(60 + slot);
                assertEquals(1, rig.sown(slot));
                rig.south.push();
                assertEquals(0, rig.sown(slot));
                assertEquals(60 + slot, rig.north.length(slot));
                assertEquals((slot + 1) % 3, rig.u32(40)); // INUSE tail
                assertEquals(slot == 2 ? 1 : 0, rig.u8(44)); // INUSE full
            }
            assertFalse(rig.south.look());
            assertEquals(3, rig.south.inuse());
            assertEquals(0, rig.south.remaining());
        }
    }

    @Test
    void startsWhereTheHeaderSays() {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER)) {
            rig.postAll(IoqIdx.INUSE);
            rig.south.look();
            rig.south.pop();
            rig.south = rig.attach(0);
            assertEquals(1, rig.south.slot());
            assertEquals(3, rig.south.inuse());
            assertTrue(rig.south.look());
            assertEquals(1, rig.south.cookie());
        }
    }

    @Test
    void countsWhatItOwnsInARow() {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER)) {
            rig.postAll(IoqIdx.INUSE);
            rig.south.look();
            rig.south.pop();
            assertEquals(0, rig.south.owned(0));
            assertEquals(2, rig.south.owned(2));
            assertEquals(3, rig.south.owned(Integer.MAX_VALUE));
        }
    }

    @Test
    void tellsTheGuestAfterEachPopIfAskedTo() {
        try (IoqRig rig = new IoqRig(4, IoqRole.CONSUMER, IoqIterFlag.AUTOUPDATE)) {
            rig.postAll(IoqIdx.INUSE);
            rig.north.signal().enable();
            int[] sownWhenRung = {-1};
            rig.southSide.bell = () -> sownWhenRung[0] = rig.sown(0);
            rig.south.look();
            rig.south.pop();
            assertEquals(1, rig.southSide.rings);
            assertEquals(0, sownWhenRung[0]); // ownership before the signal
            rig.south.look();
            rig.south.pop();
            assertEquals(1, rig.southSide.rings);
            assertEquals(1, rig.southSide.skips);
        }
    }

    @Test
    void handsOverLaterAndInAnyOrderWhatItKeeps() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER, IoqIterFlag.NOFLIPOWNER)) {
            rig.postAll(IoqIdx.INUSE);
            for (int i = 0; i < 3; i++) {
                assertTrue(rig.south.look());
                rig.south.pop();
            }
            assertEquals(1, rig.sown(0));
            assertFalse(rig.south.look()); // a lap on, what it kept is not new
            rig.south.flip(1);
            assertEquals(0, rig.sown(1));
            assertFalse(rig.south.look());
            assertEquals(0, rig.south.owned(3));
            rig.south.flip(0);
            assertFalse(rig.south.look());
            rig.north.iterator(IoqIdx.INUSE, 0).push();
            assertTrue(rig.south.look());
            assertThrows(IllegalStateException.class, () -> rig.south.flip(0));
            rig.south.flip(2);
        }
    }

    @Test
    void passesOnOnlyWhatItLookedAt() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER)) {
            rig.postAll(IoqIdx.INUSE);
            assertThrows(IllegalStateException.class, rig.south::pop);
            rig.south.look();
            rig.south.pop();
            assertThrows(IllegalStateException.class, rig.south::pop);
            rig.south.look();
            assertThrows(IllegalStateException.class, rig.south::push); // not the producer
        }
    }

    @Test
    void goesOnAfterItsMemoryMoved() {
        try (IoqRig rig = new IoqRig(3, IoqRole.CONSUMER);
                NativeBuffer elsewhere = NativeBuffer.allocate(rig.buffer.bytes())) {
            rig.postAll(IoqIdx.INUSE);
            rig.south.look();
            rig.south.pop();
            SharedMemory.copy(rig.at, elsewhere.address(), rig.buffer.bytes());
            SharedMemory.fill(rig.at, rig.buffer.bytes(), 0);
            rig.south.relocate(elsewhere.address());
            assertTrue(rig.south.look());
            assertEquals(1, rig.south.cookie());
            rig.south.pop();
            rig.south.signal().enable();
            assertEquals(0, SharedMemory.le8(elsewhere.address() + 56 + 32 + 25));
            assertEquals(2, SharedMemory.le32(elsewhere.address() + 36));
            assertEquals(1, SharedMemory.le8(elsewhere.address() + 19));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> rig.south.relocate(elsewhere.address() + 4));
        }
    }

    private static GuestMemory region(long guestAddress, NativeBuffer buffer) {
        return GuestMemory.of(
                List.of(new GuestRegion(guestAddress, 0x1000, buffer.bytes(), buffer.address())));
    }

    private static int attach(IoqRig rig, long guestAddress, long length, long signalOffset) {
        return attach(rig.memory, guestAddress, length, signalOffset);
    }

    private static int attach(
            GuestMemory memory, long guestAddress, long length, long signalOffset) {
        return attachTo(memory, guestAddress, length, signalOffset).result();
    }

    private static Attachment attachTo(
            GuestMemory memory, long guestAddress, long length, long signalOffset) {
        return SouthIoq.attach(
                new IoqSegment(memory, guestAddress, length, signalOffset),
                IoqRole.CONSUMER,
                0,
                new SignalSide().wiring());
    }
}
