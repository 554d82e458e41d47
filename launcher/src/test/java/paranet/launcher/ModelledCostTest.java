package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.core.mitigation.UnitCosts;

class ModelledCostTest {
    /**
     * The trace of September 2009 a second: 2.02 exits an interrupt, without timers and wake-ups.
     */
    @Test
    void anInterruptExitsTwiceOnOldHardwareAndHardlyEverOnNew() {
        assertEquals(
                1822 + 2.02 * 15_177,
                ModelledCost.of(UnitCosts.named("woodcrest2006"), 1822, 15_177).exits(),
                1e-6);
        assertEquals(
                1822 + 0.02 * 15_177,
                ModelledCost.of(UnitCosts.named("pi2020"), 1822, 15_177).exits(),
                1e-6);
    }

    @Test
    void aKickCostsALightExitAndAnInterruptAllThatGoesWithIt() {
        assertEquals(600, ModelledCost.of(UnitCosts.named("pi2020"), 1, 0).cpuNanos());
        assertEquals(1800, ModelledCost.of(UnitCosts.named("pi2020"), 0, 1).cpuNanos());
    }
}
