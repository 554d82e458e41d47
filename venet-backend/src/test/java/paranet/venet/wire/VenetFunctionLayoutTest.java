package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** VENET_FUNC_* (venet.h), by literals. */
class VenetFunctionLayoutTest {
    @Test
    void verbsAreThoseOfTheHeader() {
        assertEquals(0, VenetFunction.LINKUP);
        assertEquals(1, VenetFunction.LINKDOWN);
        assertEquals(2, VenetFunction.MACQUERY);
        assertEquals(3, VenetFunction.NEGCAP);
        assertEquals(4, VenetFunction.FLUSHRX);
        assertEquals(5, VenetFunction.PMTDQUERY);
        assertEquals(6, VenetFunction.EVQQUERY);
        assertEquals(7, VenetFunction.L4ROQUERY);
        assertEquals(6, VenetFunction.MACQUERY_BYTES);
    }

    @Test
    void theInterfaceIsThatOfTheHeader() {
        assertEquals("virtual-ethernet", VenetFunction.TYPE);
        assertEquals(1, VenetFunction.VERSION);
    }
}
