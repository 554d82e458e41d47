/**
 * What a back end implements: features, configuration space, start and step.
 *
 * <p>Start with {@code Device}, or {@code Bus} for many devices on one connection. A device knows
 * rings and frames, and neither sockets, threads nor the network behind its bridge.
 *
 * <p>Pure: no I/O, no clock but a parameter. May import: {@code memory}, {@code virtqueue}, {@code
 * frame}, {@code mitigation}. Threading: a device is confined to one worker at a time.
 */
package paranet.core.device;
