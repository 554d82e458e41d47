package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class VirtqUsedLayoutTest {
    @Test
    void liesAsTheSpecificationSays() {
        assertEquals(0, VirtqUsed.FLAGS);
        assertEquals(2, VirtqUsed.IDX);
        assertEquals(4, VirtqUsed.RING);
        assertEquals(0, VirtqUsed.ELEM_ID);
        assertEquals(4, VirtqUsed.ELEM_LEN);
        assertEquals(8, VirtqUsed.ELEM_BYTES);
        assertEquals(4, VirtqUsed.ALIGNMENT);
        assertEquals(1, VirtqUsed.F_NO_NOTIFY);
        assertEquals(4, VirtqUsed.slot(0));
        assertEquals(262140, VirtqUsed.slot(32767));
        assertEquals(0x0000_0040_0000_7fffL, VirtqUsed.element(0x7fff, 0x40));
        assertEquals(0xffff_ffff_0000_0001L, VirtqUsed.element(1, 0xffff_ffffL));
    }

    @Test
    void endsWithTheAvailEvent() {
        assertEquals(2052, VirtqUsed.availEvent(256));
        assertEquals(2054, VirtqUsed.bytes(256));
        assertEquals(262150, VirtqUsed.bytes(32768));
    }
}
