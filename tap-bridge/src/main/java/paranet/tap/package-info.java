/**
 * The Linux TAP side of a port: frames between guest memory and the kernel's network.
 *
 * <p>Start with {@code TapDevice}, which opens and configures; {@code TapBridge} is its sink and
 * source.
 *
 * <p>May import: {@code paranet.core}, {@code linux} included, without {@code vhostuser} and {@code
 * host}. Threading: a bridge is confined to one worker.
 */
package paranet.tap;
