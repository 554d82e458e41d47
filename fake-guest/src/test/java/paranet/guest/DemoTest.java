package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import paranet.core.linux.NetworkLink;
import paranet.core.linux.NetworkNamespace;
import paranet.guest.demo.BackendFigures;
import paranet.guest.demo.Demo;
import paranet.guest.demo.DemoOptions;
import paranet.guest.demo.DemoSide;
import paranet.guest.demo.Terminal;
import paranet.tap.TapBridge;
import paranet.tap.TapDevice;
import paranet.virtionet.VirtioNetOptions;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Predicate;

@Tag("tap") // needs /dev/net/tun and a network namespace of its own
class DemoTest {
    private static final String TAP = "demo0";

    private record Outcome(int status, String text) {}

    /** Runs the demo over a TAP in a namespace that ends with the threads in it. */
    private static Outcome demo(Terminal terminal, int seconds, Predicate<String> stopAt)
            throws Exception {
        return NetworkNamespace.call(
                () -> {
                    Inet4Address kernel = (Inet4Address) InetAddress.getByName("10.7.0.1");
                    Inet4Address guest = (Inet4Address) InetAddress.getByName("10.7.0.2");
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    try (TapDevice tap = TapDevice.open(TAP, 1, false);
                            NetworkLink links = NetworkLink.open();
                            Backend backend = new Backend();
                            Backend.ServedPort port =
                                    backend.listen(VirtioNetOptions.DEFAULT, new TapBridge(tap))) {
                        links.address(TAP, kernel, 24);
                        links.up(TAP, true);
                        int status =
                                Demo.run(
                                        new DemoOptions(
                                                List.of(side(port, kernel, guest)),
                                                seconds,
                                                5,
                                                terminal),
                                        new PrintStream(bytes, true, StandardCharsets.UTF_8),
                                        () -> stopAt.test(text(bytes)));
                        return new Outcome(status, text(bytes));
                    }
                });
    }

    private static DemoSide side(Backend.ServedPort port, Inet4Address kernel, Inet4Address guest) {
        return new DemoSide(
                "virtio-net",
                () -> GuestDevice.VIRTIO_NET.openLarge(port.path, 5),
                kernel,
                guest,
                () ->
                        new BackendFigures(
                                port.counters().calls(),
                                port.counters().kicks(),
                                port.device.drops()));
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void provesEverythingAndPrintsPlainLinesToAPipe() throws Exception {
        Outcome outcome = demo(Terminal.NONE, 3, shown -> false);

        assertEquals(0, outcome.status, outcome.text);
        assertFalse(outcome.text.contains("\u001b"), outcome.text);
        assertEquals(5, outcome.text.lines().filter(line -> line.contains("  ok ")).count());
        assertTrue(outcome.text.contains("everything that ran was verified"), outcome.text);
    }

    @Test
    void drawsInPlaceOnATerminalAndEndsCleanlyWhenStopped() throws Exception {
        // Bulk traffic has begun.
        Outcome outcome =
                demo(
                        new Terminal(true, true, 100),
                        60,
                        shown -> shown.contains("MiB to the kernel"));

        assertEquals(0, outcome.status, outcome.text);
        assertTrue(outcome.text.contains("\u001b["), outcome.text);
        assertTrue(outcome.text.contains("everything that ran was verified"), outcome.text);
        for (String line :
                outcome.text.replaceAll("\u001b\\[[0-9]*[A-Za-z]", "").lines().toList()) {
            assertTrue(line.strip().length() < 100, line);
        }
    }
}
