/**
 * What {@code paranet demo} does: a guest without a kernel on one side of a TAP, this machine's
 * kernel on the other, and a table to watch them.
 *
 * <p>Start with {@code Demo}. {@code GuestThread} runs the guest, {@code KernelSide} is ordinary
 * sockets.
 *
 * <p>May import: {@code paranet.guest} and its packages. Threading: each class says its own.
 */
package paranet.guest.demo;
