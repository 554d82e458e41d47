package paranet.core.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.SplittableRandom;

class IoVecTest {
    private static final long BASE = 0x7000_0000_0000L; // not touched where it is used

    @Test
    void isAnArrayOfStructIovec() {
        try (IoVec vec = new IoVec(2)) {
            vec.add(BASE, 10);
            vec.add(BASE + 100, 20);
            assertEquals(BASE, SharedMemory.le64(vec.address()));
            assertEquals(10, SharedMemory.le64(vec.address() + 8));
            assertEquals(BASE + 100, SharedMemory.le64(vec.address() + 16));
            assertEquals(20, SharedMemory.le64(vec.address() + 24));
        }
    }

    @Test
    void mergesNeighboursThatTouch() {
        try (IoVec vec = new IoVec(1)) {
            assertTrue(vec.add(BASE, 10));
            assertTrue(vec.add(BASE + 10, 5));
            assertEquals(1, vec.count());
            assertEquals(15, vec.length());
            assertFalse(vec.add(BASE, 10), "before is not after");
            assertTrue(vec.add(BASE, 0), "nothing always has room");
            assertEquals(15, vec.length());
        }
    }

    @Test
    void truncatesToAnyLength() {
        try (IoVec vec = new IoVec(4)) {
            vec.add(BASE, 10);
            vec.add(BASE + 100, 20);
            vec.truncate(30);
            assertEquals(2, vec.count());
            vec.truncate(11);
            assertEquals(2, vec.count());
            assertEquals(1, vec.lengthOf(1));
            vec.truncate(10);
            assertEquals(1, vec.count());
            vec.truncate(0);
            assertEquals(0, vec.count());
            assertThrows(IllegalArgumentException.class, () -> vec.truncate(1));
        }
    }

    @Test
    void appendsTheRestOfAnother() {
        try (IoVec vec = new IoVec(4);
                IoVec rest = new IoVec(2)) {
            vec.add(BASE, 10);
            vec.add(BASE + 100, 20);
            assertTrue(rest.addAll(vec, 12));
            assertEquals(1, rest.count());
            assertEquals(BASE + 102, rest.baseOf(0));
            assertEquals(18, rest.length());
            assertFalse(rest.addAll(vec, 0), "no room for two more");
        }
    }

    @Test
    void findsBytesThatLieInOnePiece() {
        try (IoVec vec = new IoVec(4)) {
            vec.add(BASE, 10);
            vec.add(BASE + 100, 20);
            assertEquals(BASE + 4, vec.contiguous(4, 6));
            assertEquals(GuestMemory.NOT_MAPPED, vec.contiguous(4, 7));
            assertEquals(BASE + 100, vec.contiguous(10, 20));
            assertEquals(GuestMemory.NOT_MAPPED, vec.contiguous(30, 0));
        }
    }

    @Test
    void refusesACapacityThatTheKernelWouldRefuse() {
        assertThrows(IllegalArgumentException.class, () -> new IoVec(0));
        assertThrows(IllegalArgumentException.class, () -> new IoVec(1025));
        new IoVec(1024).close();
    }

    /** Random pieces against one flat array: what is copied in or out is the same bytes. */
    @Test
    void copiesLikeAFlatArray() {
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            try (IoVec vec = new IoVec(8);
                    NativeBuffer scattered = NativeBuffer.allocate(1024);
                    NativeBuffer flat = NativeBuffer.allocate(1024)) {
                byte[] model = new byte[1024];
                random.nextBytes(model);
                SharedMemory.copy(model, 0, scattered.address(), 1024);
                int length = 0;
                byte[] frame = new byte[1024];
                for (int at = 0; vec.count() < 8 && at < 900; ) {
                    int bytes = random.nextInt(1, 100);
                    assertTrue(vec.add(scattered.address() + at, bytes));
                    System.arraycopy(model, at, frame, length, bytes);
                    length += bytes;
                    at += bytes + random.nextInt(3);
                }
                int offset = random.nextInt(length + 1);
                int bytes = random.nextInt(length - offset + 1);
                vec.copyOut(offset, flat.address(), bytes);
                byte[] out = new byte[bytes];
                SharedMemory.copy(flat.address(), out, 0, bytes);
                assertArrayEquals(Arrays.copyOfRange(frame, offset, offset + bytes), out);

                byte[] in = new byte[bytes];
                random.nextBytes(in);
                SharedMemory.copy(in, 0, flat.address(), bytes);
                vec.copyIn(offset, flat.address(), bytes);
                System.arraycopy(in, 0, frame, offset, bytes);
                vec.copyOut(0, flat.address(), length);
                byte[] all = new byte[length];
                SharedMemory.copy(flat.address(), all, 0, length);
                assertArrayEquals(Arrays.copyOf(frame, length), all);

                int over = length - offset + 1;
                long to = flat.address();
                assertThrows(IndexOutOfBoundsException.class, () -> vec.copyOut(offset, to, over));
                assertThrows(IndexOutOfBoundsException.class, () -> vec.copyIn(-1, to, 1));
            }
        }
    }
}
