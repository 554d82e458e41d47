package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class VirtqAvailLayoutTest {
    @Test
    void liesAsTheSpecificationSays() {
        assertEquals(0, VirtqAvail.FLAGS);
        assertEquals(2, VirtqAvail.IDX);
        assertEquals(4, VirtqAvail.RING);
        assertEquals(2, VirtqAvail.ALIGNMENT);
        assertEquals(1, VirtqAvail.F_NO_INTERRUPT);
        assertEquals(4, VirtqAvail.slot(0));
        assertEquals(65538, VirtqAvail.slot(32767));
    }

    @Test
    void endsWithTheUsedEvent() {
        assertEquals(516, VirtqAvail.usedEvent(256));
        assertEquals(518, VirtqAvail.bytes(256));
        assertEquals(65542, VirtqAvail.bytes(32768));
    }
}
