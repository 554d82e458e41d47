package paranet.launcher;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What {@code paranet loopback} was asked for, checked.
 *
 * <p>Threading: immutable.
 *
 * @param queuePairs of the virtio-net device, 1 to 127
 * @param socketPath where a back end listens; without it, one of our own
 * @param seconds 1 to 86,400
 * @param frameBytes 64 to 65,549, the size of every frame; without it, sizes at random
 * @param seed of everything drawn at random
 * @param json whether the last line is a JSON object with the figures
 */
record LoopbackOptions(
        DeviceChoice device,
        int queuePairs,
        Optional<Path> socketPath,
        int seconds,
        OptionalInt frameBytes,
        long seed,
        boolean json) {}
