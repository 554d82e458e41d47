package paranet.guest.loopback;

import paranet.guest.GuestDevice;
import paranet.guest.frame.TestFrame;

import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * What a loopback run is asked to do.
 *
 * @param socketPath where a vhost-user back end in echo mode listens
 * @param seconds how long frames are sent, 1 to 86400
 * @param frameBytes of every frame, {@link #FRAME_BYTES_MIN} to {@link TestFrame#FRAME_BYTES_MAX};
 *     empty for sizes at random up to 1514
 * @param seed of sizes, shapes and addresses
 * @param json whether the last line is a JSON object
 * @param device which the guest drives
 * @param devices of them on one bus, 1 to {@link #DEVICES_MAX}; 1 of virtio-net
 * @param queuePairs 1 to 128; 1 for each of venet
 * @param ringSize entries of each ring, a power of two unless packed
 * @param packed whether rings are packed
 * @param inFlight most frames under way on one pair, 1 or more
 * @param exitNanos that each kick and each interrupt costs the guest beside what they do, as an
 *     exit of a virtual machine would; 0 or more
 *     <p>Threading: immutable.
 */
public record LoopbackOptions(
        Path socketPath,
        int seconds,
        OptionalInt frameBytes,
        long seed,
        boolean json,
        GuestDevice device,
        int devices,
        int queuePairs,
        int ringSize,
        boolean packed,
        int inFlight,
        int exitNanos) {
    public static final int FRAME_BYTES_MIN = 60;

    /** Longest frame of a guest on a bus, which cuts none. */
    public static final int FRAME_BYTES_MAX_VENET = 1514;

    public static final int DEVICES_MAX = 64;

    public LoopbackOptions {
        int most = device == GuestDevice.VENET ? FRAME_BYTES_MAX_VENET : TestFrame.FRAME_BYTES_MAX;
        if (frameBytes.isPresent()
                && (frameBytes.getAsInt() < FRAME_BYTES_MIN || frameBytes.getAsInt() > most)) {
            throw new IllegalArgumentException(
                    "frames of %d bytes are not in %d..%d"
                            .formatted(frameBytes.getAsInt(), FRAME_BYTES_MIN, most));
        }
        if (devices < 1 || devices > (device == GuestDevice.VENET ? DEVICES_MAX : 1)) {
            throw new IllegalArgumentException("%d devices of %s".formatted(devices, device));
        }
        if (device == GuestDevice.VENET && queuePairs != 1) {
            throw new IllegalArgumentException("%d queue pairs of venet".formatted(queuePairs));
        }
        if (seconds < 1 || seconds > 86_400) {
            throw new IllegalArgumentException("%d seconds are not in 1..86400".formatted(seconds));
        }
        if (inFlight < 1) {
            throw new IllegalArgumentException("%d frames in flight".formatted(inFlight));
        }
        if (exitNanos < 0) {
            throw new IllegalArgumentException("exits of %d ns".formatted(exitNanos));
        }
    }

    /** One pair, split rings of 256, 128 frames in flight. */
    public static LoopbackOptions usual(
            Path socketPath, int seconds, OptionalInt frameBytes, long seed, boolean json) {
        return new LoopbackOptions(
                socketPath,
                seconds,
                frameBytes,
                seed,
                json,
                GuestDevice.VIRTIO_NET,
                1,
                1,
                256,
                false,
                128,
                0);
    }

    /** The same by a guest whose exits cost so many nanoseconds each. */
    public LoopbackOptions withExits(int nanos) {
        return new LoopbackOptions(
                socketPath,
                seconds,
                frameBytes,
                seed,
                json,
                device,
                devices,
                queuePairs,
                ringSize,
                packed,
                inFlight,
                nanos);
    }

    /** The same over so many queue pairs of a virtio-net device. */
    public LoopbackOptions withQueuePairs(int count) {
        return new LoopbackOptions(
                socketPath,
                seconds,
                frameBytes,
                seed,
                json,
                GuestDevice.VIRTIO_NET,
                1,
                count,
                ringSize,
                packed,
                inFlight,
                exitNanos);
    }

    /** The same over so many venet devices on one bus. */
    public LoopbackOptions withVenet(int count) {
        return new LoopbackOptions(
                socketPath,
                seconds,
                frameBytes,
                seed,
                json,
                GuestDevice.VENET,
                count,
                1,
                ringSize,
                false,
                inFlight,
                exitNanos);
    }
}
