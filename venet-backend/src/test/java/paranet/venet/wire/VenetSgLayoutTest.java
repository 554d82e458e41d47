package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct venet_sg (venet.h), by literals. */
class VenetSgLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VenetSg.COOKIE);
        assertEquals(8, VenetSg.FLAGS);
        assertEquals(12, VenetSg.LEN);
        assertEquals(16, VenetSg.CSUM_START);
        assertEquals(18, VenetSg.CSUM_OFFSET);
        assertEquals(20, VenetSg.GSO_TYPE);
        assertEquals(22, VenetSg.GSO_HDRLEN);
        assertEquals(24, VenetSg.GSO_SIZE);
        assertEquals(28, VenetSg.COUNT);
        assertEquals(32, VenetSg.IOV);
    }

    @Test
    void flagsAndTypesAreThoseOfTheHeader() {
        assertEquals(1, VenetSg.F_NEEDS_CSUM);
        assertEquals(2, VenetSg.F_GSO);
        assertEquals(4, VenetSg.F_ECN);
        assertEquals(0, VenetSg.GSO_TCPV4);
        assertEquals(1, VenetSg.GSO_UDP);
        assertEquals(2, VenetSg.GSO_TCPV6);
    }

    @Test
    void lengthsGrowByAPiece() {
        assertEquals(48, VenetSg.BYTES_MIN);
        assertEquals(320, VenetSg.BYTES_MAX);
        assertEquals(18, VenetSg.COUNT_MAX);
        assertEquals(32, VenetSg.iov(0));
        assertEquals(48, VenetSg.iov(1));
        assertEquals(64, VenetSg.iov(2));
        assertEquals(320, VenetSg.iov(18));
    }
}
