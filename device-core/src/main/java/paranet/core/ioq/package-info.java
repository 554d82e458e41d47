/**
 * IOQ rings and shm-signals, the rings of venet and its bus, seen from both sides (docs/venet.md).
 *
 * <p>Start with {@code SouthIoq}, the host's side; {@code NorthIoq} is the guest's, which owns the
 * memory. {@code ShmSignal} is what either tells the other by. One layout class per struct of
 * {@code ioq.h} and {@code shm_signal.h} holds the numbers.
 *
 * <p>Pure: no I/O, no clock, no threads. May import: {@code memory}. Threading: a ring is confined
 * to one worker; a signal says which of its methods others may call.
 */
package paranet.core.ioq;
