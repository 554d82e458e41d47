/**
 * The structs and feature bits of virtio-net (virtio 1.3, 5.1): numbers only.
 *
 * <p>May import: {@code paranet.core.memory}. Threading: immutable.
 */
package paranet.virtionet.wire;
