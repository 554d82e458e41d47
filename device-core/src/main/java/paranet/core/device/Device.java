package paranet.core.device;

import paranet.core.mitigation.Coalescing;

import java.util.function.IntConsumer;

/**
 * What a backend implements: a virtio device as its front end sees it, and its lanes.
 *
 * <p>State that lanes read (negotiated features, filters, link) is published as immutable
 * snapshots; a lane picks the newest up at the start of its step.
 *
 * <p>Threading: the control thread calls everything here; each lane belongs to one QueueWorker.
 */
public interface Device {
    /** Virtio feature bits offered; transport bits of vhost-user (26, 30) are not among them. */
    long features();

    /**
     * Feature bits a front end may set though they were not offered, because it serves them itself
     * (docs/messages.md): they are masked away before {@link #negotiate}.
     */
    long tolerated();

    /** Queue pairs that can be served, the answer to GET_QUEUE_NUM. */
    int queuePairs();

    /** Vrings that can exist, control queue included; indices from there on are refused. */
    int vrings();

    /** Whether this vring carries control commands under the negotiated features. */
    boolean isControl(int vring);

    /** Takes the front end's choice, a subset of {@link #features}. */
    void negotiate(long features);

    /**
     * Why a choice of features cannot be taken, in words naming the bits, or null when it can
     * (virtio 1.3, 5.1.3.1: features that require others).
     */
    String objection(long features);

    /** Bytes of configuration space. */
    int configBytes();

    /** Copies configuration space from {@code offset} on; the range was checked. */
    void readConfig(int offset, byte[] to);

    /**
     * Writes configuration space; the range was checked.
     *
     * @param migration whether the front end restores a migrated device (read-only fields too)
     * @return false when a field in the range may not be written
     */
    boolean writeConfig(int offset, byte[] from, boolean migration);

    /** Device status (virtio 1.3, 2.1), 0 to 255; 0 resets the device as {@link #reset} does. */
    void status(int status);

    /** The last status set. */
    int status();

    /**
     * Takes the MTU that the front end decided (NET_SET_MTU).
     *
     * @return false when {@code bytes} is not acceptable
     */
    boolean mtu(int bytes);

    /** Makes the network learn where {@code mac} (6 bytes) now is (SEND_RARP). */
    void announce(byte[] mac);

    /** Forgets all state but what was configured at start; all rings are stopped already. */
    void reset();

    /** How many lanes there are; lane 0 always exists. */
    int lanes();

    /** A group of queues that one worker serves. */
    DeviceLane lane(int lane);

    /** The lane that serves this vring under the negotiated features. */
    int laneOf(int vring);

    /** Calls {@code listener} on any thread when configuration space changed by itself. */
    void onConfigChange(Runnable listener);

    /**
     * The limits that the guest set for the notifications of a ring (virtio 1.3, 5.1.6.5.8), or
     * null if it set none. Any thread.
     */
    default Coalescing limits(int vring) {
        return null;
    }

    /** Calls {@code listener}, on any thread, with each ring whose {@link #limits} were set. */
    default void onLimitsChange(IntConsumer listener) {}

    /**
     * Calls {@code listener} on any thread after queue pairs came into use or went out of it: what
     * a lane that sleeps has to watch may be another descriptor now.
     */
    void onPairsChange(Runnable listener);
}
