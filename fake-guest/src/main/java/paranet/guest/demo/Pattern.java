package paranet.guest.demo;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * An endless stream of bytes that both ends know: any position can be written and verified alone.
 *
 * <p>Threading: immutable.
 */
final class Pattern {
    private static final int PERIOD = 65_521; // a prime: no buffer size is a multiple of it

    private final byte[] twice = new byte[2 * PERIOD];

    Pattern(long seed) {
        new SplittableRandom(seed).nextBytes(twice);
        System.arraycopy(twice, 0, twice, PERIOD, PERIOD);
    }

    /** Writes {@code length} bytes of the stream from {@code position} on. */
    void write(long position, byte[] to, int length) {
        int done = 0;
        while (done < length) {
            int from = (int) ((position + done) % PERIOD);
            int bytes = Math.min(length - done, PERIOD);
            System.arraycopy(twice, from, to, done, bytes);
            done += bytes;
        }
    }

    /** Whether these are the stream's bytes from {@code position} on. */
    boolean matches(long position, byte[] bytes, int length) {
        int done = 0;
        while (done < length) {
            int from = (int) ((position + done) % PERIOD);
            int piece = Math.min(length - done, PERIOD);
            if (!Arrays.equals(bytes, done, done + piece, twice, from, from + piece)) {
                return false;
            }
            done += piece;
        }
        return true;
    }
}
