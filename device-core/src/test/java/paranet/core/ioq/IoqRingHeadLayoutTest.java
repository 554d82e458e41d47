package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class IoqRingHeadLayoutTest {
    @Test
    void liesAsTheHeaderSays() {
        assertEquals(0, IoqRingHead.MAGIC);
        assertEquals(4, IoqRingHead.VER);
        assertEquals(8, IoqRingHead.SIGNAL);
        assertEquals(24, IoqRingHead.VALID);
        assertEquals(36, IoqRingHead.INUSE);
        assertEquals(48, IoqRingHead.COUNT);
        assertEquals(56, IoqRingHead.RING);
        assertEquals(8, IoqRingHead.ALIGNMENT);
        assertEquals(0x47FA2FE4, IoqRingHead.MAGIC_VALUE);
        assertEquals(4, IoqRingHead.VER_VALUE);
        assertEquals(2048, IoqRingHead.COUNT_MAX);
    }

    @Test
    void hasTwoIndexesOfHeadTailAndFull() {
        assertEquals(0, IoqRingHead.IDX_HEAD);
        assertEquals(4, IoqRingHead.IDX_TAIL);
        assertEquals(8, IoqRingHead.IDX_FULL);
    }

    @Test
    void endsWithItsDescriptors() {
        assertEquals(56, IoqRingHead.desc(0));
        assertEquals(56 + 32 * 5, IoqRingHead.desc(5));
        assertEquals(8248, IoqRingHead.bytes(256));
        assertEquals(65592, IoqRingHead.bytes(2048));
    }
}
