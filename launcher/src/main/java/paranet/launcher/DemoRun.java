package paranet.launcher;

import paranet.core.host.BusyPoll;
import paranet.guest.GuestDevice;
import paranet.guest.demo.Demo;
import paranet.guest.demo.DemoSide;
import paranet.guest.demo.Terminal;
import paranet.tap.TapBridge;
import paranet.tap.TapDevice;
import paranet.venet.VenetDevice;
import paranet.venet.VenetOptions;
import paranet.virtionet.VirtioNetOptions;

import java.io.Console;
import java.io.IOException;
import java.net.Inet4Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Carries {@code paranet demo} out, inside the network namespace that the script made: a TAP with
 * an address, a back end that serves it, and the fake guest.
 *
 * <p>Threading: confined to the main thread.
 */
final class DemoRun {
    private static final int PREFIX_BITS = 24;
    private static final int FIRST_NETWORK = 80;
    private static final long SEED = 1;

    private DemoRun() {}

    /** Runs to the end or until {@code stop}; the exit status. */
    static int run(DemoOptions options, StopSignal stop) throws Exception {
        Path directory = Files.createTempDirectory("paranet-demo");
        List<GuestDevice> devices = options.device().devices();
        List<BackEnd> backEnds = new ArrayList<>();
        LogLevel.onlyWarnings();
        try (HostThreads threads = new HostThreads(devices.size(), BusyPoll.ADAPTIVE, stop)) {
            try {
                List<DemoSide> sides = new ArrayList<>();
                for (GuestDevice device : devices) {
                    String network = "10.0.%d.".formatted(FIRST_NETWORK + sides.size());
                    Inet4Address kernel = Inet4Address.ofLiteral(network + "1");
                    Inet4Address guest = Inet4Address.ofLiteral(network + "2");
                    Path socket = directory.resolve(device.word() + ".sock");
                    BackEnd backEnd = onTap(device, kernel, threads);
                    backEnds.add(backEnd);
                    backEnd.listen(socket);
                    sides.add(
                            new DemoSide(
                                    device.word(),
                                    () -> device.openLarge(socket, SEED),
                                    kernel,
                                    guest,
                                    backEnd::figures));
                }
                int status =
                        Demo.run(
                                new paranet.guest.demo.DemoOptions(
                                        sides, options.seconds(), SEED, terminal()),
                                System.out,
                                stop::isRequested);
                return threads.hasBug() ? ExitStatus.FAILED : status;
            } finally {
                backEnds.forEach(BackEnd::close);
            }
        } finally {
            Files.delete(directory);
        }
    }

    private static BackEnd onTap(GuestDevice device, Inet4Address kernel, HostThreads threads)
            throws IOException {
        TapDevice tap = TapDevice.open("tap%d", 1, false);
        TapBridge bridge = new TapBridge(tap);
        BackEnd backEnd =
                switch (device) {
                    case VIRTIO_NET ->
                            new VirtioNetBackEnd(
                                    device.word(), bridge, VirtioNetOptions.DEFAULT, threads);
                    case VENET -> {
                        byte[] mac = MacAddress.derivedFrom(device.word()).toBytes();
                        VenetDevice venet = new VenetDevice(mac, VenetOptions.DEFAULT, bridge);
                        yield new VenetBackEnd(
                                device.word(),
                                List.of(new VenetBackEnd.Plugged(venet, bridge)),
                                threads);
                    }
                };
        tap.address(kernel, PREFIX_BITS);
        return backEnd;
    }

    @SuppressWarnings("SystemConsoleNull") // JDK 25 does: unless input and output are a terminal
    private static Terminal terminal() {
        Console console = System.console();
        return Terminal.of(console != null && console.isTerminal(), System.getenv());
    }
}
