package paranet.core.device;

import paranet.core.virtqueue.DeviceVirtqueue;

/**
 * A group of queues served together: a pair of a NIC, and its control queue in lane 0.
 *
 * <p>Between two calls a lane holds no chain and no address in guest memory: what it took it
 * completed or put back, and a frame it could not place yet lies in memory of its own. So rings can
 * be moved and memory unmapped between any two calls.
 *
 * <p>The lane takes and completes chains and flushes; the worker looks at each ring afterwards and
 * notifies. A ring whose {@link DeviceVirtqueue#fault} is set is left alone.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public interface DeviceLane extends FrameLane {
    /** A ring starts; it is disabled until {@link #enable} says otherwise. */
    void attach(int vring, DeviceVirtqueue queue);

    /** A started ring is enabled or disabled (vhost-user, Ring states). */
    void enable(int vring, boolean enabled);

    /**
     * The guest kicked a ring. A disabled ring is looked at then and at no other time: a front end
     * may disable a ring and reuse its memory without ever saying that it stopped (User-Mode Linux
     * does).
     */
    void kicked(int vring);

    /**
     * A ring stops: whatever the lane holds of it is completed, put back or dropped, and flushed.
     */
    void detach(int vring);
}
