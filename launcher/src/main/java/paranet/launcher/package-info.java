/**
 * The command line, and the one place where devices, bridges and ports meet.
 *
 * <p>Start with {@code Main}; {@code Options} and its neighbours are what the user said, checked.
 *
 * <p>May import: everything. Threading: options are immutable.
 */
package paranet.launcher;
