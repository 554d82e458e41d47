package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct venet_event_header and its events (venet.h), by literals. */
class VenetEventLayoutTest {
    @Test
    void offsetsAreThoseOfTheHeader() {
        assertEquals(0, VenetEvent.FLAGS);
        assertEquals(4, VenetEvent.SIZE);
        assertEquals(8, VenetEvent.ID);
        assertEquals(24, VenetEvent.BYTES_MAX);
    }

    @Test
    void eventsFollowTheHeader() {
        assertEquals(0, VenetEvent.ID_LINKSTATE);
        assertEquals(12, VenetEvent.LINKSTATE_STATE);
        assertEquals(16, VenetEvent.LINKSTATE_BYTES);
        assertEquals(1, VenetEvent.ID_TXC);
        assertEquals(12, VenetEvent.TXC_TXQID);
        assertEquals(16, VenetEvent.TXC_COOKIE);
        assertEquals(24, VenetEvent.TXC_BYTES);
    }
}
