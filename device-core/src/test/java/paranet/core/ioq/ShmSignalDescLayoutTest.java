package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ShmSignalDescLayoutTest {
    @Test
    void liesAsTheHeaderSays() {
        assertEquals(0, ShmSignalDesc.MAGIC);
        assertEquals(4, ShmSignalDesc.VER);
        assertEquals(8, ShmSignalDesc.IRQ);
        assertEquals(16, ShmSignalDesc.BYTES);
        assertEquals(4, ShmSignalDesc.ALIGNMENT);
        assertEquals(0x58FA39DF, ShmSignalDesc.MAGIC_VALUE);
        assertEquals(1, ShmSignalDesc.VER_VALUE);
    }

    @Test
    void hasAMailboxOfThreeBytesForEachSide() {
        assertEquals(0, ShmSignalDesc.NORTH);
        assertEquals(1, ShmSignalDesc.SOUTH);
        assertEquals(8, ShmSignalDesc.irq(0));
        assertEquals(11, ShmSignalDesc.irq(1));
        assertEquals(0, ShmSignalDesc.IRQ_ENABLED);
        assertEquals(1, ShmSignalDesc.IRQ_PENDING);
        assertEquals(2, ShmSignalDesc.IRQ_DIRTY);
        assertEquals(3, ShmSignalDesc.IRQ_BYTES);
    }
}
