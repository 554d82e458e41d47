package paranet.core.virtqueue;

/** struct virtq_used and virtq_used_elem (virtio 1.3, 2.7.8). Offsets in bytes from its start. */
public final class VirtqUsed {
    public static final int FLAGS = 0; // le16
    public static final int IDX = 2; // le16, free-running
    public static final int RING = 4; // virtq_used_elem[queueSize]

    public static final int ELEM_ID = 0; // le32, head of the chain
    public static final int ELEM_LEN = 4; // le32, bytes written
    public static final int ELEM_BYTES = 8;

    public static final int ALIGNMENT = 4;

    public static final int F_NO_NOTIFY = 1;

    private VirtqUsed() {}

    public static long slot(int index) {
        return RING + (long) ELEM_BYTES * index;
    }

    public static long availEvent(int queueSize) {
        return slot(queueSize); // le16, only with VIRTIO_F_EVENT_IDX
    }

    /** Size of the whole ring, {@link #availEvent} included (virtio 1.3, 2.7). */
    public static long bytes(int queueSize) {
        return availEvent(queueSize) + 2;
    }

    /** The 8 bytes of one element, written at once. */
    static long element(int id, long length) {
        return id | length << 32;
    }
}
