package paranet.launcher;

import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.Assumptions;

/**
 * What kicks and interrupts would have cost on one generation of hardware: linear in their counts
 * (docs/mitigation.md), and a model. The guest is taken to run whenever it is interrupted.
 *
 * @param exits of the guest
 * @param cpuNanos of guest and device together
 *     <p>Threading: immutable.
 */
record ModelledCost(double exits, double cpuNanos) {
    private static final double WINDOWS = Assumptions.shipped().of("window-permille") / 1000.0;

    static ModelledCost of(UnitCosts costs, long kicks, long interrupts) {
        double exitsEach =
                WINDOWS + (costs.deliverNanos() == 0 ? 0 : 1) + (costs.eoiNanos() == 0 ? 0 : 1);
        return new ModelledCost(
                kicks + interrupts * exitsEach,
                (double) kicks * costs.lightNanos() + (double) interrupts * costs.interruptNanos());
    }
}
