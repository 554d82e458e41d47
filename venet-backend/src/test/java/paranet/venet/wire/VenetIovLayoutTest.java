package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct venet_iov (venet.h), by literals. */
class VenetIovLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VenetIov.LEN);
        assertEquals(8, VenetIov.PTR);
        assertEquals(16, VenetIov.BYTES);
    }
}
