package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.List;

/**
 * A ring in one region of guest memory, of exactly its size, with both its sides.
 *
 * <p>Threading: confined to one thread, but for what its two sides say themselves.
 */
final class IoqRig implements AutoCloseable {
    static final long GUEST = 0xffff_8000_0000_0000L; // over 2^63: unsigned

    final int size;
    final IoqRole southRole;
    final NativeBuffer buffer;
    final long at;
    final GuestMemory memory;
    final SignalSide northSide = new SignalSide();
    final SignalSide southSide = new SignalSide();
    final NorthIoq north;
    SouthIoq south;

    IoqRig(int size, IoqRole southRole) {
        this(size, southRole, 0);
    }

    IoqRig(int size, IoqRole southRole, int southFlags) {
        this.size = size;
        this.southRole = southRole;
        buffer = NativeBuffer.allocate(IoqRingHead.bytes(size));
        at = buffer.address();
        memory = GuestMemory.of(List.of(new GuestRegion(GUEST, 0x1000, buffer.bytes(), at)));
        north =
                NorthIoq.layOut(
                        at,
                        size,
                        southRole == IoqRole.PRODUCER ? IoqRole.CONSUMER : IoqRole.PRODUCER,
                        northSide.wiring(),
                        ShmSignal.Fences.FULL);
        south = attach(southFlags);
    }

    /** Attaches anew, as after the ring was filled. */
    SouthIoq attach(int southFlags) {
        Attachment attachment =
                SouthIoq.attach(
                        new IoqSegment(memory, GUEST, buffer.bytes(), 8),
                        southRole,
                        southFlags,
                        southSide.wiring());
        assertEquals(0, attachment.result());
        return attachment.ioq();
    }

    /** Gives each descriptor to the south by a push at the tail, with its slot as cookie. */
    void postAll(IoqIdx idx) {
        NorthIterator tail = north.iterator(idx, 0);
        for (int slot = 0; slot < size; slot++) {
            tail.seekTail();
            north.putCookie(slot, slot);
            north.putPtr(slot, 100L * slot);
            north.putLength(slot, 1500);
            tail.push();
        }
    }

    int u8(long offset) {
        return SharedMemory.le8(at + offset);
    }

    int u32(long offset) {
        return SharedMemory.le32(at + offset);
    }

    int sown(int slot) {
        return u8(56 + 32L * slot + 25);
    }

    @Override
    public void close() {
        buffer.close();
    }
}
