package paranet.guest.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class InternetChecksumTest {
    @Test
    void addsUpTheExampleOfRfc1071() {
        byte[] bytes = {0x00, 0x01, (byte) 0xf2, 0x03, (byte) 0xf4, (byte) 0xf5, (byte) 0xf6, -9};

        assertEquals(0xddf2, InternetChecksum.fold(InternetChecksum.sum(bytes, 0, 8)));
        assertEquals(0x220d, InternetChecksum.finish(InternetChecksum.sum(bytes, 0, 8)));
    }

    @Test
    void takesAnOddLastByteAsAHighByte() {
        assertEquals(0x0102 + 0x0300, InternetChecksum.sum(new byte[] {1, 2, 3}, 0, 3));
    }

    @Test
    void seesAChangedBit() {
        byte[] bytes = new byte[40];
        new java.util.SplittableRandom(7).nextBytes(bytes);
        bytes[10] = 0;
        bytes[11] = 0;
        int checksum = InternetChecksum.finish(InternetChecksum.sum(bytes, 0, 40));
        bytes[10] = (byte) (checksum >>> 8);
        bytes[11] = (byte) checksum;

        assertTrue(InternetChecksum.isWhole(InternetChecksum.sum(bytes, 0, 40)));
        bytes[33] ^= 4;
        assertFalse(InternetChecksum.isWhole(InternetChecksum.sum(bytes, 0, 40)));
    }

    @Test
    void knowsThePseudoHeader() {
        assertEquals(
                0xc0a8 + 0x0001 + 0xc0a8 + 0xffff + 17 + 100,
                InternetChecksum.pseudoHeader(0xc0a80001, 0xc0a8ffff, 17, 100));
    }
}
