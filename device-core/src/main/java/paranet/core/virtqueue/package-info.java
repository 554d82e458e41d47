/**
 * Virtqueues, split and packed, seen from both sides (virtio 1.3, 2.6 to 2.8).
 *
 * <p>Start with {@code DeviceVirtqueue}; {@code DriverVirtqueue} is its mirror. One layout class
 * per struct of the specification holds the numbers.
 *
 * <p>Pure: no I/O, no clock, no threads. May import: {@code memory}. Threading: a queue is confined
 * to one worker.
 */
package paranet.core.virtqueue;
