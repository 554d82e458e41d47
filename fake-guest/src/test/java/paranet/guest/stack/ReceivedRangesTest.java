package paranet.guest.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.BitSet;
import java.util.SplittableRandom;

class ReceivedRangesTest {
    @Test
    void agreesWithABitPerByte() {
        for (long seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            ReceivedRanges ranges = new ReceivedRanges();
            BitSet model = new BitSet();
            long next = 0;
            for (int i = 0; i < 60; i++) {
                int from = (int) next + random.nextInt(300);
                int to = from + 1 + random.nextInt(60);
                assertTrue(ranges.add(from, to, next));
                model.set(from, to);
                next = ranges.endOfFirst(next);
                assertEquals(model.nextClearBit(0), next, "seed " + seed);
            }
        }
    }

    @Test
    void refusesOneRangeTooMany() {
        ReceivedRanges ranges = new ReceivedRanges();
        for (int i = 0; i < ReceivedRanges.RANGES_MAX; i++) {
            assertTrue(ranges.add(10L * i + 5, 10L * i + 6, 0));
        }

        assertFalse(ranges.add(10_000, 10_001, 0));
        assertTrue(ranges.add(6, 7, 0));
        assertEquals(ReceivedRanges.RANGES_MAX, ranges.count());

        assertTrue(ranges.add(0, 2, 0)); // never too many: the others wait for it
        assertEquals(2, ranges.endOfFirst(0));
    }
}
