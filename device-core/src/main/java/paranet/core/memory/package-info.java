/**
 * Guest memory: the only place with {@code VarHandle}s, fences and {@code ValueLayout}s for it.
 *
 * <p>Start with {@code GuestMemory}, through whose range check every guest address passes; a {@code
 * GuestRegion} is one stretch of it, {@code SharedMemory} the ordered little-endian reads and
 * writes, {@code IoVec} how a frame travels.
 *
 * <p>May import: the JDK only. Threading: a {@code GuestMemory} is immutable; each class says the
 * rest.
 */
package paranet.core.memory;
