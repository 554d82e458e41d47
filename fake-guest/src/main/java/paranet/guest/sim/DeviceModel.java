package paranet.guest.sim;

import paranet.core.virtqueue.RingFeature;

/**
 * How a device is attached: its rings, and which of its signals share an interrupt.
 *
 * <p>Threading: immutable.
 */
public enum DeviceModel {
    D1("virtio INTx", Ring.SPLIT, Lines.GUEST),
    D2("virtio MSI-X, flags", Ring.SPLIT, Lines.QUEUE),
    D3("virtio MSI-X, EVENT_IDX", Ring.SPLIT_EVENT_IDX, Lines.QUEUE),
    D4("virtio packed, events", Ring.PACKED_EVENT_IDX, Lines.QUEUE),
    D5("venet, one device", Ring.IOQ, Lines.EVENT_QUEUE),
    D6("venet, event queue", Ring.IOQ, Lines.EVENT_QUEUE),
    D7("virtio, rx and tx one vector", Ring.SPLIT_EVENT_IDX, Lines.DEVICE),
    D8("virtio INTx in userspace", Ring.SPLIT, Lines.GUEST);

    /** What carries the frames. */
    enum Ring {
        SPLIT(RingFeature.VERSION_1),
        SPLIT_EVENT_IDX(RingFeature.VERSION_1 | RingFeature.EVENT_IDX),
        PACKED_EVENT_IDX(RingFeature.VERSION_1 | RingFeature.EVENT_IDX | RingFeature.RING_PACKED),
        IOQ(0);

        final long features;

        Ring(long features) {
            this.features = features;
        }
    }

    /** What has an interrupt of its own. */
    enum Lines {
        QUEUE,
        DEVICE,
        /** One level-triggered line: who is it, is asked by reading each device's ISR status. */
        GUEST,
        EVENT_QUEUE
    }

    private final String label;
    final Ring ring;
    final Lines lines;

    DeviceModel(String label, Ring ring, Lines lines) {
        this.label = label;
        this.ring = ring;
        this.lines = lines;
    }

    /** What it is, in words. */
    public String label() {
        return label;
    }

    /** Whether a program serves the exits of kicks. */
    boolean isKickHeavy() {
        return this == D8;
    }

    /** Whether the guest reads the ISR status, which exits to a program. */
    boolean readsIsr() {
        return lines == Lines.GUEST;
    }

    /** Whether a ring tells one request of the guest's to be called from the next. */
    boolean showsArms() {
        return ring == Ring.SPLIT_EVENT_IDX || ring == Ring.PACKED_EVENT_IDX;
    }

    boolean isVenet() {
        return ring == Ring.IOQ;
    }

    /** Completions of a transmit queue in one duty cycle; of venet, its txmitigation. */
    int transmitBatch(boolean ownMitigation) {
        return switch (this) {
            case D5, D6 -> ownMitigation ? 10 : 64;
            case D8 -> 1;
            default -> 64;
        };
    }
}
