package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/** The sibling of AtomicClear: what we rely on in futex(2), and cannot find promised. */
class AtomicSetTest {
    @Test
    void setsOneBitAndNoOther() {
        try (NativeBuffer words = NativeBuffer.allocate(64)) {
            long at = words.address() + 8;
            for (int bit = 0; bit < 32; bit++) {
                SharedMemory.fill(words.address(), 64, 0);
                assertTrue(AtomicSet.bit(at, bit));
                assertEquals(1 << bit, SharedMemory.le32(at));
                assertEquals(0, SharedMemory.le32(at - 4));
                assertEquals(0, SharedMemory.le32(at + 4));
                assertTrue(AtomicSet.bit(at, bit));
                assertEquals(1 << bit, SharedMemory.le32(at), "set stays set");
            }
        }
    }

    @Test
    void losesNoBitThatIsSetWhileAnotherIsCleared() throws Exception {
        try (NativeBuffer words = NativeBuffer.allocate(64)) {
            long at = words.address();
            SharedMemory.putLe32(at, 0xffff);
            Thread other =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        for (int bit = 0; bit < 16; bit++) {
                                            AtomicClear.bit(at, bit);
                                        }
                                    });
            for (int bit = 16; bit < 32; bit++) {
                AtomicSet.bit(at, bit);
            }
            other.join();
            assertEquals(0xffff0000, SharedMemory.le32(at));
        }
    }
}
