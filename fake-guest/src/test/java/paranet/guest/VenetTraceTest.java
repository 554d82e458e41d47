package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The whole conversation of a guest with two devices, as docs/venet-trace.txt has it. */
class VenetTraceTest {
    private static final Path DOCUMENTED = Path.of("..", "docs", "venet-trace.txt");

    @Test
    void aGuestWithTwoDevicesSaysAndHearsWhatIsDocumented() throws Exception {
        List<String> trace = new CopyOnWriteArrayList<>();
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2)) {
            bus.port.traceTo(trace::add);
            BusOptions options = BusOptions.usual(1).withMemory(0, 64L << 20, false);
            try (VenetGuest guest =
                    VenetGuest.open(
                            BusFrontend.connect(bus.path, options),
                            VenetDriverOptions.usual(1),
                            2)) {
                guest.pair(0).linkDown();
                guest.pair(0).stop();
            }
        }
        List<String> documented =
                Files.readAllLines(DOCUMENTED).stream()
                        .filter(line -> !line.isBlank() && !line.startsWith("#"))
                        .toList();
        assertEquals(String.join("\n", documented), String.join("\n", trace));
    }
}
