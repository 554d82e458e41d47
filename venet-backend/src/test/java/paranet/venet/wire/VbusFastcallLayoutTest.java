package paranet.venet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class VbusFastcallLayoutTest {
    @Test
    void isACallDescriptorAndItsResult() {
        assertEquals(0, VbusFastcall.VECTOR);
        assertEquals(4, VbusFastcall.LEN);
        assertEquals(8, VbusFastcall.DATAP);
        assertEquals(16, VbusFastcall.RESULT);
        assertEquals(24, VbusFastcall.BYTES);
        assertEquals(4, VbusFastcall.ALIGNMENT);
    }
}
