package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct venet_l4ro_query (venet.h), by literals. */
class VenetL4roQueryLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VenetL4roQuery.FLAGS);
        assertEquals(4, VenetL4roQuery.DPID);
        assertEquals(8, VenetL4roQuery.PQID);
        assertEquals(32, VenetL4roQuery.BYTES);
    }
}
