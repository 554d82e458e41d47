package paranet.core.virtqueue;

/** struct virtq_avail (virtio 1.3, 2.7.6). Offsets in bytes from the start of the ring. */
public final class VirtqAvail {
    public static final int FLAGS = 0; // le16
    public static final int IDX = 2; // le16, free-running
    public static final int RING = 4; // le16[queueSize]

    public static final int ALIGNMENT = 2;

    public static final int F_NO_INTERRUPT = 1;

    private VirtqAvail() {}

    public static long slot(int index) {
        return RING + 2L * index;
    }

    public static long usedEvent(int queueSize) {
        return slot(queueSize); // le16, only with VIRTIO_F_EVENT_IDX
    }

    /** Size of the whole ring, {@link #usedEvent} included (virtio 1.3, 2.7). */
    public static long bytes(int queueSize) {
        return usedEvent(queueSize) + 2;
    }
}
