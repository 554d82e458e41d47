package paranet.launcher;

import paranet.guest.GuestDevice;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/**
 * {@code paranet loopback}: turns the command line into {@link LoopbackOptions}.
 *
 * <p>Threading: confined to the main thread.
 */
@Command(
        name = "loopback",
        description =
                "Sends frames through a back end that echoes them, checks what returns, and measures.",
        customSynopsis = "paranet loopback [OPTION]...",
        sortOptions = false)
final class LoopbackCommand implements Callable<Integer> {
    /** What to do with checked options. */
    @FunctionalInterface
    interface Loopback {
        /** Runs to the end or until {@code stop}, and returns the exit status. */
        int run(LoopbackOptions options, StopSignal stop) throws Exception;
    }

    private static final int FRAME_BYTES_MAX_VENET =
            paranet.guest.loopback.LoopbackOptions.FRAME_BYTES_MAX_VENET;

    private final Loopback loopback;
    private final StopSignal stop;

    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "prints this, and ends")
    boolean help; // read by picocli

    @Option(
            names = "--socket-path",
            paramLabel = "PATH",
            description =
                    "UNIX socket, 1 to 107 bytes, where any vhost-user back end listens"
                            + " (default: a back end of its own)")
    private String socketPath;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "virtio-net",
            description =
                    "virtio-net (the default), venet[=COUNT] with 1 to 64 devices on one bus, or"
                            + " both[=COUNT], one after the other, and the figures beside each other")
    private String device;

    @Option(
            names = "--queues",
            paramLabel = "N",
            defaultValue = "1",
            description = "queue pairs of the virtio-net device, 1 to 127 (default: 1)")
    private String queues;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "5",
            description = "how long, 1 to 86400 s (default: 5)")
    private String seconds;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            description = "of each frame, 64 to 65549, of venet to 1514 (default: sizes at random)")
    private String size;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "of all that is random, -2^63 to 2^63-1 (default: 1)")
    private String seed;

    @Option(names = "--json", description = "closes with one line of JSON")
    private boolean json;

    LoopbackCommand(Loopback loopback, StopSignal stop) {
        this.loopback = loopback;
        this.stop = stop;
    }

    @Override
    public Integer call() throws Exception {
        LoopbackOptions options;
        try {
            options = options();
        } catch (OptionException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return loopback.run(options, stop);
    }

    private LoopbackOptions options() throws OptionException {
        Optional<Path> path =
                socketPath == null
                        ? Optional.empty()
                        : Optional.of(OptionText.socketPath(socketPath));
        DeviceChoice choice = DeviceChoice.parseCounted(device);
        if (path.isPresent() && choice.devices().size() > 1) {
            throw new OptionException(
                    "--device=both needs two back ends; --socket-path is one device's");
        }
        OptionalInt frameBytes =
                size == null ? OptionalInt.empty() : OptionalInt.of(IntBound.SIZE.parse(size));
        if (choice.devices().contains(GuestDevice.VENET)
                && frameBytes.orElse(0) > FRAME_BYTES_MAX_VENET) {
            throw new OptionException(
                    "--size=%d is out of bounds with venet, 64 to %d bytes"
                            .formatted(frameBytes.getAsInt(), FRAME_BYTES_MAX_VENET));
        }
        int queuePairs = IntBound.LOOPBACK_QUEUES.parse(queues);
        if (queuePairs > 1 && !choice.devices().contains(GuestDevice.VIRTIO_NET)) {
            throw new OptionException(
                    "--queues goes with virtio-net; --device=venet=%d has as many devices"
                            .formatted(queuePairs));
        }
        return new LoopbackOptions(
                choice,
                queuePairs,
                path,
                IntBound.SECONDS.parse(seconds),
                frameBytes,
                OptionText.seed(seed),
                json);
    }
}
