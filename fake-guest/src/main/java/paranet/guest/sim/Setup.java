package paranet.guest.sim;

import paranet.core.mitigation.UnitCosts;

/**
 * What a simulation is of.
 *
 * <p>Threading: immutable.
 *
 * @param devices 1 to 16
 * @param cpus of the guest, 1 to 4; queues with an interrupt of their own are spread over them
 * @param linkBitsPerSecond of the wire behind each device
 * @param seed of everything drawn at random
 */
public record Setup(
        DeviceModel model,
        PolicyChoice policy,
        UnitCosts costs,
        Assumptions assumptions,
        int devices,
        int cpus,
        double linkBitsPerSecond,
        long seed) {
    static final int DEVICES_MAX = 16;
    static final int CPUS_MAX = 4;

    public Setup {
        if (devices < 1 || devices > DEVICES_MAX || cpus < 1 || cpus > CPUS_MAX) {
            throw new IllegalArgumentException(
                    "%d devices must be 1 to %d, and %d CPUs 1 to %d"
                            .formatted(devices, DEVICES_MAX, cpus, CPUS_MAX));
        }
    }
}
