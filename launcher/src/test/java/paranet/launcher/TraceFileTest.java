package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class TraceFileTest {
    @TempDir private Path directory;

    @Test
    void writesEachLineAtOnceBehindThePortsName() throws Exception {
        Path path = directory.resolve("trace");
        try (TraceFile trace = new TraceFile(path)) {
            trace.withPrefix("a: ").line("one");
            trace.withPrefix("b: ").line("two");
            assertEquals(List.of("a: one", "b: two"), Files.readAllLines(path));
        }
    }

    @Test
    void saysWhyThereCanBeNone() {
        assertRefused("its directory is not there", directory.resolve("no/trace"));
        assertRefused("Is a directory", directory);
    }

    private static void assertRefused(String why, Path path) {
        IOException refused = assertThrows(IOException.class, () -> new TraceFile(path).close());
        assertEquals("--trace=%s cannot be written: %s".formatted(path, why), refused.getMessage());
    }
}
