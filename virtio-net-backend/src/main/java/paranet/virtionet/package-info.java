/**
 * The virtio-net device (virtio 1.3, 5.1): rings on one side, frames on the other.
 *
 * <p>Start with {@code VirtioNetDevice}; {@code wire} holds the structs.
 *
 * <p>May import: {@code paranet.core}, without {@code vhostuser}, {@code host} and {@code linux}.
 * Threading: a device is confined to one worker.
 */
package paranet.virtionet;
