package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.SharedMemory;

/** What we rely on in futex(2), and cannot find promised. */
class AtomicClearTest {
    private static final int PAGE = 4096;
    private static final int WORDS = PAGE / 4;

    @Test
    void clearsOneBitAndNoOther() throws Exception {
        try (Fd file = Memfd.create("bits", PAGE);
                Mapping mapping = Mapping.map(file, PAGE)) {
            long at = mapping.address() + 8;
            for (int bit = 0; bit < 32; bit++) {
                SharedMemory.fill(mapping.address(), 32, 0xff);
                assertTrue(AtomicClear.bit(at, bit));
                assertEquals(~(1 << bit), SharedMemory.le32(at));
                assertEquals(-1, SharedMemory.le32(at - 4));
                assertEquals(-1, SharedMemory.le32(at + 4));
                assertTrue(AtomicClear.bit(at, bit));
                assertEquals(~(1 << bit), SharedMemory.le32(at), "clear stays clear");
            }
        }
    }

    @Test
    void losesNoBitThatAnotherClearsAtTheSameTime() throws Exception {
        try (Fd file = Memfd.create("bits", PAGE);
                Mapping mapping = Mapping.map(file, PAGE)) {
            long at = mapping.address();
            SharedMemory.fill(at, PAGE, 0xff);
            Thread other = Thread.ofPlatform().start(() -> clearAll(at, 0));
            clearAll(at, 16);
            other.join();
            for (int word = 0; word < WORDS; word++) {
                assertEquals(0, SharedMemory.le32(at + 4L * word), "word " + word);
            }
        }
    }

    private static void clearAll(long at, int firstBit) {
        for (int word = 0; word < WORDS; word++) {
            for (int bit = firstBit; bit < firstBit + 16; bit++) {
                AtomicClear.bit(at + 4L * word, bit);
            }
        }
    }

    @Test
    void saysSoWhenTheMemoryIsGoneAndTheProcessLives() throws Exception {
        try (Fd file = Memfd.create("bits", 2 * PAGE);
                Mapping mapping = Mapping.map(file, 2 * PAGE)) {
            SharedMemory.putLe32(mapping.address() + PAGE, 3);
            assertTrue(AtomicClear.bit(mapping.address() + PAGE, 0));
            Memfd.resize(file, PAGE);
            assertFalse(AtomicClear.bit(mapping.address() + PAGE, 1));
            assertTrue(AtomicClear.bit(mapping.address(), 1));
        }
    }

    @Test
    void needsAnAlignedAddress() throws Exception {
        try (Fd file = Memfd.create("bits", PAGE);
                Mapping mapping = Mapping.map(file, PAGE)) {
            String message =
                    assertThrows(
                                    IllegalStateException.class,
                                    () -> AtomicClear.bit(mapping.address() + 2, 0))
                            .getMessage();
            assertTrue(message.startsWith("futex: EINVAL at 0x"), message);
        }
    }
}
