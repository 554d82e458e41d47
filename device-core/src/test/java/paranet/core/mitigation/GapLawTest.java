package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GapLawTest {
    /** Worked by hand: C = 1800 ns, price 0.01: sqrt(2 C / (B L)) - 1/L. */
    @ParameterizedTest
    @CsvSource({
        "2778, 0",
        "2777, 0",
        "10000, 89736",
        "100000, 50000",
        "400000, 27500",
        "1000000, 17973",
    })
    void isThatOfAnEconomicOrder(double framesPerSecond, long gapNanos) {
        GapLaw law = new GapLaw(1800, 0.01);
        assertEquals((double) gapNanos, (double) law.gapNanos(framesPerSecond / 1e9), 60.0);
    }

    @Test
    void noNeighbouringGapCostsLess() {
        double cost = 1800e-9;
        for (double price : new double[] {0.1, 0.01, 0.002}) {
            GapLaw law = new GapLaw(1800, price);
            for (double rate = 1000; rate < 2e6; rate *= 1.3) {
                double gap = law.gapNanos(rate / 1e9) / 1e9;
                double least = perSecond(cost, price, rate, gap);
                assertTrue(least <= perSecond(cost, price, rate, gap + 1e-6) + 1e-9);
                assertTrue(least <= perSecond(cost, price, rate, Math.max(0, gap - 1e-6)) + 1e-9);
            }
        }
    }

    private static double perSecond(double cost, double price, double rate, double gap) {
        return cost / (gap + 1 / rate) + price * rate * gap / 2;
    }

    /** As much longer as the deadline: five times, less what 1/L takes from both. */
    @Test
    void theGapOfBulkFramesIsLongerAsTheirDeadlineIs() {
        double perNano = 400_000 / 1e9;
        long gap = PaceOptions.DEFAULT.gapLaw().gapNanos(perNano);
        long bulk = PaceOptions.DEFAULT.bulkGapLaw().gapNanos(perNano);
        assertEquals(5.0, (bulk + 2500.0) / (gap + 2500), 0.001);
    }

    @Test
    void anInterruptCostsWhatTheTableSays() {
        assertEquals(1800, UnitCosts.named("pi2020").interruptNanos());
        assertEquals(10_000, UnitCosts.named("woodcrest2006").interruptNanos());
        assertEquals(13_800, UnitCosts.named("nested2019").interruptNanos());
        assertEquals(5, UnitCosts.all().size());
    }
}
