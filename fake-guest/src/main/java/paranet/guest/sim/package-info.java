/**
 * Devices and their policies on a virtual clock: rings and decisions are those that ship, guests,
 * wires and costs are models (docs/mitigation.md). Everything follows from a seed; nothing here
 * takes real time.
 *
 * <p>Start with {@code Simulation}.
 *
 * <p>May import: device-core. Threading: one simulation is confined to one thread.
 */
package paranet.guest.sim;
