package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct venet_capabilities (venet.h), by literals. */
class VenetCapabilityLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VenetCapability.GID);
        assertEquals(4, VenetCapability.BITS);
        assertEquals(8, VenetCapability.BYTES);
    }

    @Test
    void groupsAndBitsAreThoseOfTheHeader() {
        assertEquals(0, VenetCapability.GROUP_SG);
        assertEquals(1, VenetCapability.GROUP_EVENTQ);
        assertEquals(2, VenetCapability.GROUP_L4RO);
        assertEquals(1, VenetCapability.SG);
        assertEquals(2, VenetCapability.SG_TSO4);
        assertEquals(4, VenetCapability.SG_TSO6);
        assertEquals(8, VenetCapability.SG_ECN);
        assertEquals(16, VenetCapability.SG_UFO);
        assertEquals(32, VenetCapability.SG_PMTD);
        assertEquals(1, VenetCapability.EVENTQ_LINKSTATE);
        assertEquals(2, VenetCapability.EVENTQ_TXC);
    }
}
