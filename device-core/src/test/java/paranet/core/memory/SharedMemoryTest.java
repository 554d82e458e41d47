package paranet.core.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharedMemoryTest {
    private final NativeBuffer buffer = NativeBuffer.allocate(64);
    private final long at = buffer.address();

    @AfterEach
    void free() {
        buffer.close();
    }

    @Test
    void isLittleEndianAndUnsignedUpTo16Bits() {
        SharedMemory.putLe64(at, 0xf8f7_f6f5_f4f3_f2f1L);
        assertEquals(0xf1, SharedMemory.le8(at));
        assertEquals(0xf1, SharedMemory.opaqueLe8(at));
        assertEquals(0xf1, SharedMemory.acquireLe8(at));
        assertEquals(0xf2f1, SharedMemory.le16(at));
        assertEquals(0xf2f1, SharedMemory.acquireLe16(at));
        assertEquals(0xf2f1, SharedMemory.opaqueLe16(at));
        assertEquals(0xf4f3_f2f1, SharedMemory.le32(at));
        assertEquals(0xf4f3_f2f1, SharedMemory.acquireLe32(at));
        assertEquals(0xf4f3_f2f1, SharedMemory.opaqueLe32(at));
        assertEquals(0xf8f7_f6f5_f4f3_f2f1L, SharedMemory.le64(at));
        assertEquals(0xf8f7_f6f5_f4f3_f2f1L, SharedMemory.acquireLe64(at));
        assertEquals(0xf8f7_f6f5_f4f3_f2f1L, SharedMemory.opaqueLe64(at));
    }

    @Test
    void readsAndWritesPlainlyAtAnyAddress() {
        SharedMemory.putLe64(at + 1, 0x8877_6655_4433_2211L);
        assertEquals(0x8877_6655_4433_2211L, SharedMemory.le64(at + 1));
        assertEquals(0x5544_3322, SharedMemory.le32(at + 2));
        assertEquals(0x4433, SharedMemory.le16(at + 3));
        SharedMemory.putLe32(at + 3, 0x0403_0201);
        SharedMemory.putLe16(at + 7, 0x0605);
        SharedMemory.putLe8(at + 9, 0x107);
        byte[] bytes = new byte[10];
        SharedMemory.copy(at, bytes, 0, 10);
        assertArrayEquals(new byte[] {0, 0x11, 0x22, 1, 2, 3, 4, 5, 6, 7}, bytes);
    }

    @Test
    void writesInOrderWhatItWritesPlainly() {
        SharedMemory.releaseLe64(at, 0x8877_6655_4433_2211L);
        assertEquals(0x8877_6655_4433_2211L, SharedMemory.le64(at));
        SharedMemory.releaseLe32(at, 0xaabb_ccdd);
        assertEquals(0x8877_6655_aabb_ccddL, SharedMemory.le64(at));
        SharedMemory.releaseLe16(at, 0x1_0001);
        assertEquals(0x8877_6655_aabb_0001L, SharedMemory.le64(at));
        SharedMemory.opaquePutLe32(at, 7);
        SharedMemory.opaquePutLe16(at + 4, 0xeeee);
        assertEquals(0x8877_eeee_0000_0007L, SharedMemory.le64(at));
        SharedMemory.releaseLe8(at + 3, 0x1aa);
        SharedMemory.opaquePutLe8(at + 5, 0xbb);
        assertEquals(0x8877_bbee_aa00_0007L, SharedMemory.le64(at));
    }

    @Test
    void copiesAndFillsRanges() {
        SharedMemory.fill(at, 64, 0x5a);
        SharedMemory.copy(new byte[] {9, 1, 2, 3}, 1, at + 8, 3);
        SharedMemory.copy(at + 8, at + 32, 4);
        assertEquals(0x5a03_0201, SharedMemory.le32(at + 32));
        assertEquals(0x5a5a_5a5a, SharedMemory.le32(at + 28));
    }
}
