package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The calls to the bus (vbus_pci.h), by literals. */
class VbusCallLayoutTest {
    @Test
    void vectorsAreThoseOfTheHeader() {
        assertEquals(0, VbusCall.DEVOPEN);
        assertEquals(1, VbusCall.DEVCLOSE);
        assertEquals(2, VbusCall.DEVCALL);
        assertEquals(3, VbusCall.DEVSHM);
    }

    @Test
    void argumentsAreThoseOfTheHeader() {
        assertEquals(0, VbusCall.OPEN_DEVID);
        assertEquals(4, VbusCall.OPEN_VERSION);
        assertEquals(8, VbusCall.OPEN_HANDLE);
        assertEquals(16, VbusCall.OPEN_BYTES);
        assertEquals(0, VbusCall.CLOSE_DEVH);
        assertEquals(8, VbusCall.CLOSE_BYTES);
        assertEquals(0, VbusCall.CALL_DEVH);
        assertEquals(8, VbusCall.CALL_FUNC);
        assertEquals(12, VbusCall.CALL_LEN);
        assertEquals(16, VbusCall.CALL_FLAGS);
        assertEquals(24, VbusCall.CALL_DATAP);
        assertEquals(32, VbusCall.CALL_BYTES);
        assertEquals(0, VbusCall.SHM_DEVH);
        assertEquals(8, VbusCall.SHM_ID);
        assertEquals(12, VbusCall.SHM_LEN);
        assertEquals(16, VbusCall.SHM_FLAGS);
        assertEquals(24, VbusCall.SHM_SIGNAL_OFFSET);
        assertEquals(28, VbusCall.SHM_SIGNAL_PRIO);
        assertEquals(32, VbusCall.SHM_SIGNAL_COOKIE);
        assertEquals(40, VbusCall.SHM_DATAP);
        assertEquals(48, VbusCall.SHM_BYTES);
        assertEquals(-1, VbusCall.SHM_NO_SIGNAL);
    }
}
