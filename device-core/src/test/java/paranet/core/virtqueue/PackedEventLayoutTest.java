package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PackedEventLayoutTest {
    @Test
    void liesAsTheSpecificationSays() {
        assertEquals(0, PackedEvent.DESC);
        assertEquals(2, PackedEvent.FLAGS);
        assertEquals(4, PackedEvent.BYTES);
        assertEquals(4, PackedEvent.ALIGNMENT);
        assertEquals(0, PackedEvent.ENABLE);
        assertEquals(1, PackedEvent.DISABLE);
        assertEquals(2, PackedEvent.DESC_ONLY);
    }

    @Test
    void isReadAndWrittenAsOneNumber() {
        assertEquals(0x0002_8123, PackedEvent.event(0x123, true, PackedEvent.DESC_ONLY));
        assertEquals(0x0001_0123, PackedEvent.event(0x123, false, PackedEvent.DISABLE));
        assertEquals(0x7fff, PackedEvent.offset(0xfffe_ffff));
        assertTrue(PackedEvent.wrap(0x0002_8000));
        assertFalse(PackedEvent.wrap(0xffff_7fff));
        assertEquals(2, PackedEvent.flags(0xfffe_ffff));
    }
}
