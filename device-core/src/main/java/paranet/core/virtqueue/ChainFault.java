package paranet.core.virtqueue;

/**
 * Why one chain is of no use though its ring is sound: complete it with length 0 and go on.
 *
 * <p>Threading: immutable.
 */
public enum ChainFault {
    NONE,
    /** A buffer is not, or not wholly, in guest memory. */
    UNMAPPED,
    /** A device-readable descriptor follows a device-writable one (virtio 1.3, 2.7.4.2). */
    READABLE_AFTER_WRITABLE,
    /** More pieces of memory than the cursor's lists have room for. */
    TOO_MANY_PIECES,
    /** More than 2^32-1 bytes in one direction. */
    TOO_LONG
}
