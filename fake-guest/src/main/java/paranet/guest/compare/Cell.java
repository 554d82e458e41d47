package paranet.guest.compare;

import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.Assumptions;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;
import paranet.guest.sim.PolicyChoice;
import paranet.guest.sim.Setup;
import paranet.guest.sim.Simulation;
import paranet.guest.sim.Strip;

/**
 * One simulation of the matrix.
 *
 * <p>Threading: immutable.
 *
 * @param policy as PolicyChoice reads it
 * @param hostPercent of the guest's work for a frame sent, what the device needs for it
 */
record Cell(
        DeviceModel model,
        String policy,
        Workload workload,
        String era,
        int devices,
        int cpus,
        int hostPercent) {
    static final int HOST_AS_ASSUMED = 0;

    Cell(DeviceModel model, String policy, Workload workload, String era) {
        this(model, policy, workload, era, 1, 1, HOST_AS_ASSUMED);
    }

    Cell withDevices(int count, int cpuCount) {
        return new Cell(model, policy, workload, era, count, cpuCount, hostPercent);
    }

    /** How rows name it; no two cells share it. */
    String key() {
        return "%s/%s/%s/%s/n%d/c%d/h%d"
                .formatted(model, policy, workload.name(), era, devices, cpus, hostPercent);
    }

    /** Simulates it; some time passes before what is counted. */
    Outcome run(UnitCosts costs, Assumptions assumptions, long seed, long nanos) {
        try (Simulation simulation = simulation(costs, assumptions, seed)) {
            simulation.run(nanos / 5);
            return simulation.run(nanos);
        }
    }

    /** What its first receive queue goes through, after some time. */
    Strip strip(Results results, long settleNanos, long nanos) {
        Strip strip = new Strip();
        try (Simulation simulation =
                simulation(results.costs(era), results.assumptions(), results.seed())) {
            simulation.run(settleNanos);
            simulation.record(strip);
            simulation.run(nanos);
        }
        return strip;
    }

    private Simulation simulation(UnitCosts costs, Assumptions assumptions, long seed) {
        Assumptions used =
                hostPercent == HOST_AS_ASSUMED
                        ? assumptions
                        : assumptions.with("host-frame-nanos", 6L * hostPercent);
        Setup setup =
                new Setup(
                        model,
                        PolicyChoice.of(policy, Eras.hardware(era)),
                        costs,
                        used,
                        devices,
                        cpus,
                        workload.linkBitsPerSecond(),
                        seed);
        Simulation simulation = new Simulation(setup);
        workload.flows().forEach(simulation::start);
        return simulation;
    }
}
