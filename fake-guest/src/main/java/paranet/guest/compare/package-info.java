/**
 * The comparison of devices and policies: which cells are simulated, what is computed from them,
 * and the report of it. Every figure is modelled; what only a fitted constant gives is called
 * calibrated.
 *
 * <p>Start with {@code Comparison}.
 *
 * <p>May import: device-core, {@code paranet.guest.sim}. Threading: any one thread.
 */
package paranet.guest.compare;
