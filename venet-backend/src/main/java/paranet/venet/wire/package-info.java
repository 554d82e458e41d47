/**
 * The structs of venet's host interface and of vbus: numbers only, one class per struct.
 *
 * <p>May import: {@code paranet.core.memory}. Threading: immutable.
 */
package paranet.venet.wire;
