package paranet.launcher;

import paranet.core.host.BusyPoll;
import paranet.guest.GuestDevice;
import paranet.guest.loopback.Loopback;
import paranet.tap.EchoBridge;
import paranet.venet.VenetDevice;
import paranet.venet.VenetOptions;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Carries {@code paranet loopback} out: the fake guest against a back end somewhere, or against one
 * of our own that echoes.
 *
 * <p>Threading: confined to the main thread.
 */
final class LoopbackRun {
    private LoopbackRun() {}

    /** Runs to the end or until {@code stop}; the exit status. */
    static int run(LoopbackOptions options, StopSignal stop) throws Exception {
        if (options.socketPath().isPresent()) {
            GuestDevice device = options.device().devices().getFirst();
            return Loopback.run(
                    List.of(run(options, device, options.socketPath().get())),
                    System.out,
                    stop::isRequested);
        }
        Path directory = Files.createTempDirectory("paranet-loopback");
        List<BackEnd> backEnds = new ArrayList<>();
        LogLevel.onlyWarnings();
        try (HostThreads threads = new HostThreads(1, BusyPoll.ADAPTIVE, stop)) {
            try {
                List<paranet.guest.loopback.LoopbackOptions> runs = new ArrayList<>();
                for (GuestDevice device : options.device().devices()) {
                    Path socket = directory.resolve(device.word() + ".sock");
                    BackEnd backEnd = echo(device, options, threads);
                    backEnds.add(backEnd);
                    backEnd.listen(socket);
                    runs.add(run(options, device, socket));
                }
                int status = Loopback.run(runs, System.out, stop::isRequested);
                return threads.hasBug() ? ExitStatus.FAILED : status;
            } finally {
                backEnds.forEach(BackEnd::close);
            }
        } finally {
            Files.delete(directory);
        }
    }

    private static BackEnd echo(GuestDevice device, LoopbackOptions options, HostThreads threads)
            throws IOException {
        if (device == GuestDevice.VIRTIO_NET) {
            return new VirtioNetBackEnd(
                    device.word(),
                    new EchoBridge(options.queuePairs()),
                    VirtioNetOptions.DEFAULT.withQueuePairs(options.queuePairs()),
                    threads);
        }
        MacAddress mac = MacAddress.derivedFrom(device.word());
        List<VenetBackEnd.Plugged> plugged = new ArrayList<>();
        for (int i = 0; i < options.device().venets(); i++) {
            EchoBridge bridge = new EchoBridge(1);
            plugged.add(
                    new VenetBackEnd.Plugged(
                            new VenetDevice(mac.plus(i).toBytes(), VenetOptions.DEFAULT, bridge),
                            bridge));
        }
        return new VenetBackEnd(device.word(), plugged, threads);
    }

    private static paranet.guest.loopback.LoopbackOptions run(
            LoopbackOptions options, GuestDevice device, Path socket) {
        paranet.guest.loopback.LoopbackOptions run =
                paranet.guest.loopback.LoopbackOptions.usual(
                        socket,
                        options.seconds(),
                        options.frameBytes(),
                        options.seed(),
                        options.json());
        return device == GuestDevice.VENET
                ? run.withVenet(options.device().venets())
                : run.withQueuePairs(options.queuePairs());
    }
}
