package paranet.core.memory;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** The list itself, in either build; its addresses are never touched. */
class AdmittedRangesTest {
    private static final long FAR = 0x1000_0000_0000_0000L; // no mapping of the process is there

    @Test
    void admitsWhatWasAddedUntilRemoved() {
        AdmittedRanges.add(FAR, 16);
        assertDoesNotThrow(() -> AdmittedRanges.check(FAR, 16));
        assertDoesNotThrow(() -> AdmittedRanges.check(FAR + 16, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> AdmittedRanges.check(FAR, 17));
        assertThrows(IndexOutOfBoundsException.class, () -> AdmittedRanges.check(FAR - 1, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> AdmittedRanges.check(FAR + 15, 2));
        AdmittedRanges.remove(FAR, 16);
        assertThrows(IndexOutOfBoundsException.class, () -> AdmittedRanges.check(FAR, 1));
    }

    @Test
    void isNotFooledByNumbersThatOverflow() {
        AdmittedRanges.add(FAR, 16);
        try {
            assertThrows(
                    IndexOutOfBoundsException.class,
                    () -> AdmittedRanges.check(FAR + 8, Long.MAX_VALUE));
            assertThrows(IndexOutOfBoundsException.class, () -> AdmittedRanges.check(FAR + 8, -1));
            assertThrows(
                    IndexOutOfBoundsException.class, () -> AdmittedRanges.check(Long.MAX_VALUE, 8));
            assertThrows(IndexOutOfBoundsException.class, () -> AdmittedRanges.check(-8, 1));
        } finally {
            AdmittedRanges.remove(FAR, 16);
        }
    }

    @Test
    void refusesToRemoveWhatItNeverAdmitted() {
        AdmittedRanges.add(FAR, 16);
        try {
            assertThrows(IllegalStateException.class, () -> AdmittedRanges.remove(FAR, 15));
        } finally {
            AdmittedRanges.remove(FAR, 16);
        }
        assertThrows(IllegalStateException.class, () -> AdmittedRanges.remove(FAR, 16));
    }

    @Test
    void staysSortedWhateverComesAndGoes() {
        SplittableRandom random = new SplittableRandom(1);
        List<Long> present = new ArrayList<>();
        for (int step = 0; step < 3000; step++) {
            long slot = random.nextInt(40);
            if (present.remove(slot)) {
                AdmittedRanges.remove(FAR + 100 * slot, 50);
            } else {
                AdmittedRanges.add(FAR + 100 * slot, 50);
                present.add(slot);
            }
            long probe = random.nextInt(4000);
            boolean inside = probe % 100 < 50 && present.contains(probe / 100);
            assertEquals(inside, isAdmitted(FAR + probe), "probe " + probe);
        }
        present.forEach(slot -> AdmittedRanges.remove(FAR + 100 * slot, 50));
    }

    private static boolean isAdmitted(long address) {
        try {
            AdmittedRanges.check(address, 1);
            return true;
        } catch (IndexOutOfBoundsException e) {
            return false;
        }
    }
}
