/**
 * What {@code paranet loopback} does: frames out and back through a back end that echoes them,
 * every one verified, and figures about them.
 *
 * <p>Start with {@code Loopback}.
 *
 * <p>May import: {@code paranet.guest}. Threading: everything runs on the caller's thread.
 */
package paranet.guest.loopback;
