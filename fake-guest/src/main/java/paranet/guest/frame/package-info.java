/**
 * Frames as a guest holds them, and frames that prove that they arrived whole and in order.
 *
 * <p>Start with {@code GuestFrame}; {@code TestFrame} writes a numbered, checksummed frame and
 * {@code TrafficVerifier} judges what came back.
 *
 * <p>Pure: no I/O, no clock but a parameter. May import: {@code paranet.core.memory} and the {@code
 * wire} packages. Threading: everything is confined to one thread.
 */
package paranet.guest.frame;
