package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.guest.loopback.Loopback;
import paranet.guest.loopback.LoopbackOptions;
import paranet.guest.loopback.LoopbackResult;
import paranet.virtionet.VirtioNetOptions;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

class LoopbackTest {
    @Test
    void printsATableAndAJsonObjectAsItsLastLine() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int status;
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT)) {
            PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
            status =
                    Loopback.run(
                            List.of(
                                    LoopbackOptions.usual(
                                            port.path, 1, OptionalInt.empty(), 7, true)),
                            out,
                            () -> false);
        }
        List<String> lines = bytes.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(0, status);
        assertTrue(lines.getLast().startsWith("{\"framesSent\":"));
        assertTrue(lines.getLast().endsWith("}"));
        for (String name :
                List.of(
                        "framesSent",
                        "framesReceived",
                        "framesVerified",
                        "lost",
                        "corrupt",
                        "reordered",
                        "calls",
                        "kicks",
                        "nanosPerFrame")) {
            assertTrue(lines.getLast().contains("\"" + name + "\":"), name);
        }
    }

    @Test
    void drivesDevicesOnABusAndSaysHowInterruptsFold() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(3)) {
            LoopbackOptions options =
                    LoopbackOptions.usual(bus.path, 1, OptionalInt.empty(), 7, true).withVenet(3);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            int status =
                    Loopback.run(
                            List.of(options),
                            new PrintStream(bytes, true, StandardCharsets.UTF_8),
                            () -> false);
            String text = bytes.toString(StandardCharsets.UTF_8);
            assertEquals(0, status, text);
            assertTrue(text.contains(": frames of random size, 3 devices, "), text);
            assertTrue(text.contains("\"foldFactor\":"), text);
            LoopbackResult result = Loopback.measure(options, () -> false);
            assertTrue(result.isPerfect());
            assertTrue(result.calls() > 0, "calls");
            assertTrue(result.events() >= result.calls(), "events of " + result.calls() + " calls");
            assertTrue(result.foldFactor() >= 1, "fold factor");
            assertTrue(result.kicksPerFrame() > 0, "doorbells");
        }
    }

    @Test
    void refusesWhatADeviceOnABusDoesNotTake() {
        LoopbackOptions options =
                LoopbackOptions.usual(Path.of("/s"), 1, OptionalInt.of(9000), 7, false);
        assertThrows(IllegalArgumentException.class, () -> options.withVenet(1));
        LoopbackOptions small =
                LoopbackOptions.usual(Path.of("/s"), 1, OptionalInt.of(64), 7, false);
        assertThrows(IllegalArgumentException.class, () -> small.withVenet(0));
        assertThrows(IllegalArgumentException.class, () -> small.withVenet(65));
    }
}
