package paranet.guest.demo;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

class PatternTest {
    private final Pattern pattern = new Pattern(3);

    @Test
    void isTheSameWhateverThePieces() {
        byte[] whole = new byte[300_000];
        pattern.write(1_000, whole, whole.length);
        SplittableRandom random = new SplittableRandom(4);
        int at = 0;
        while (at < whole.length) {
            byte[] piece = new byte[Math.min(whole.length - at, 1 + random.nextInt(90_000))];
            System.arraycopy(whole, at, piece, 0, piece.length);
            assertTrue(pattern.matches(1_000 + at, piece, piece.length));
            at += piece.length;
        }
    }

    @Test
    void noticesAChangedByteAndAShift() {
        byte[] bytes = new byte[100_000];
        pattern.write(0, bytes, bytes.length);
        assertFalse(pattern.matches(1, bytes, bytes.length));
        assertFalse(pattern.matches(65_536, bytes, bytes.length));

        bytes[99_999] ^= 1;
        assertFalse(pattern.matches(0, bytes, bytes.length));
    }
}
