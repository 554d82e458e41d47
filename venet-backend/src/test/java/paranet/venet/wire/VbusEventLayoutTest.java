package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** A record of the bus's event queue (vbus_pci.h), by literals. */
class VbusEventLayoutTest {
    @Test
    void recordIsThatOfTheHeader() {
        assertEquals(0, VbusEvent.EVENTID);
        assertEquals(8, VbusEvent.HANDLE);
        assertEquals(8, VbusEvent.DEVADD_ID);
        assertEquals(16, VbusEvent.DEVADD_TYPE);
        assertEquals(128, VbusEvent.TYPE_BYTES);
        assertEquals(144, VbusEvent.BYTES);
    }

    @Test
    void idsAreThoseOfTheHeader() {
        assertEquals(0, VbusEvent.ID_DEVADD);
        assertEquals(1, VbusEvent.ID_DEVDROP);
        assertEquals(2, VbusEvent.ID_SHMSIGNAL);
        assertEquals(3, VbusEvent.ID_SHMCLOSE);
    }
}
