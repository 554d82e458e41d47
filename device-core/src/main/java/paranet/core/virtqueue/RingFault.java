package paranet.core.virtqueue;

/**
 * Why a ring cannot go on (virtio 1.3, 2.7 and 2.8); the ring stops, its device does not.
 *
 * <p>Threading: immutable.
 */
public enum RingFault {
    NONE("no fault"),
    HEAD_OUT_OF_RANGE("avail ring names a descriptor beyond the queue size"),
    NEXT_OUT_OF_RANGE("descriptor names a next beyond the queue size"),
    CHAIN_TOO_LONG("chain loops or has more descriptors than the queue"),
    INDIRECT_LENGTH("indirect table's length is 0, no multiple of 16, or too long"),
    INDIRECT_NESTED("indirect descriptor inside an indirect table"),
    INDIRECT_WITH_NEXT("descriptor is both indirect and continued"),
    INDIRECT_NOT_NEGOTIATED("indirect descriptor without VIRTIO_F_INDIRECT_DESC"),
    INDIRECT_UNMAPPED("indirect table is not in guest memory"),
    BUFFER_ID_OUT_OF_RANGE("packed buffer id beyond the queue size"),
    AVAIL_JUMP("avail index is further ahead than the queue is long"),
    RING_UNMAPPED("ring is not in guest memory"),
    MEMORY_TRUNCATED("file behind guest memory was cut short");

    private final String meaning;

    RingFault(String meaning) {
        this.meaning = meaning;
    }

    /** One line for people. */
    public String meaning() {
        return meaning;
    }
}
