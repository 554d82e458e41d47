package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PackedDescLayoutTest {
    @Test
    void liesAsTheSpecificationSays() {
        assertEquals(0, PackedDesc.ADDR);
        assertEquals(8, PackedDesc.LEN);
        assertEquals(12, PackedDesc.ID);
        assertEquals(14, PackedDesc.FLAGS);
        assertEquals(16, PackedDesc.BYTES);
        assertEquals(16, PackedDesc.ALIGNMENT);
        assertEquals(1, PackedDesc.F_NEXT);
        assertEquals(2, PackedDesc.F_WRITE);
        assertEquals(4, PackedDesc.F_INDIRECT);
        assertEquals(0x80, PackedDesc.F_AVAIL);
        assertEquals(0x8000, PackedDesc.F_USED);
    }

    @Test
    void splitsItsTailIntoUnsignedFields() {
        long tail = 0x8083_fedc_ffff_fff0L;
        assertEquals(0xffff_fff0L, PackedDesc.length(tail));
        assertEquals(0xfedc, PackedDesc.id(tail));
        assertEquals(0x8083, PackedDesc.flags(tail));
        assertEquals(tail, PackedDesc.tail(0xffff_fff0L, 0xfedc, 0x8083));
    }

    @Test
    void saysByTwoBitsWhoseTurnItIs() {
        assertEquals(0x0080, PackedDesc.available(true));
        assertEquals(0x8000, PackedDesc.available(false));
        assertEquals(0x8080, PackedDesc.used(true));
        assertEquals(0x0000, PackedDesc.used(false));
        assertEquals(0x8080, PackedDesc.ownership(0xffff));
    }
}
