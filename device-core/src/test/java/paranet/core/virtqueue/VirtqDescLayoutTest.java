package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class VirtqDescLayoutTest {
    @Test
    void liesAsTheSpecificationSays() {
        assertEquals(0, VirtqDesc.ADDR);
        assertEquals(8, VirtqDesc.LEN);
        assertEquals(12, VirtqDesc.FLAGS);
        assertEquals(14, VirtqDesc.NEXT);
        assertEquals(16, VirtqDesc.BYTES);
        assertEquals(16, VirtqDesc.ALIGNMENT);
        assertEquals(1, VirtqDesc.F_NEXT);
        assertEquals(2, VirtqDesc.F_WRITE);
        assertEquals(4, VirtqDesc.F_INDIRECT);
    }

    @Test
    void splitsItsTailIntoUnsignedFields() {
        long tail = 0xfedc_8007_ffff_fff0L;
        assertEquals(0xffff_fff0L, VirtqDesc.length(tail));
        assertEquals(0x8007, VirtqDesc.flags(tail));
        assertEquals(0xfedc, VirtqDesc.next(tail));
        assertEquals(tail, VirtqDesc.tail(0xffff_fff0L, 0x8007, 0xfedc));
    }
}
