package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct venet_eventq_query (venet.h), by literals. */
class VenetEventqQueryLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VenetEventqQuery.FLAGS);
        assertEquals(4, VenetEventqQuery.EVSIZE);
        assertEquals(8, VenetEventqQuery.DPID);
        assertEquals(12, VenetEventqQuery.QID);
        assertEquals(32, VenetEventqQuery.BYTES);
    }
}
