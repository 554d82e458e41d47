package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class IoqRingDescLayoutTest {
    @Test
    void liesAsTheHeaderSays() {
        assertEquals(0, IoqRingDesc.COOKIE);
        assertEquals(8, IoqRingDesc.PTR);
        assertEquals(16, IoqRingDesc.LEN);
        assertEquals(24, IoqRingDesc.VALID);
        assertEquals(25, IoqRingDesc.SOWN);
        assertEquals(32, IoqRingDesc.BYTES);
    }

    @Test
    void iteratorFlagsAreTheHeaders() {
        assertEquals(1, IoqIterFlag.AUTOUPDATE);
        assertEquals(2, IoqIterFlag.NOFLIPOWNER);
    }
}
