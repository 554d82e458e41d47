package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The shm ids of venet (venet.h and the first implementation), by literals. */
class VenetShmLayoutTest {
    @Test
    void idsAreThoseOfTheFirstImplementation() {
        assertEquals(0, VenetShm.RX);
        assertEquals(1, VenetShm.TX);
        assertEquals(100, VenetShm.PMTD_POOL);
        assertEquals(101, VenetShm.EVENT_POOL);
        assertEquals(102, VenetShm.EVENT_RING);
        assertEquals(103, VenetShm.L4RO_POOL);
        assertEquals(104, VenetShm.L4RO_PAGE_RING);
        assertEquals(2048, VenetShm.RING_COUNT_MAX);
    }
}
