package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.frame.DropReason;
import paranet.core.virtqueue.RingFault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Every test that docs/spec-coverage.md and docs/threat-model.md name exists. */
class SpecCoverageTest {
    private static final Path PROJECT = Path.of("..");
    private static final Pattern NAMED = Pattern.compile("`(\\w+Test)\\.(\\w+)`");

    @ParameterizedTest
    @ValueSource(strings = {"spec-coverage.md", "threat-model.md"})
    void everyTestThatIsNamedExists(String name) throws IOException {
        Map<String, String> sources = testSources();
        String document = Files.readString(PROJECT.resolve("docs").resolve(name));
        List<String> missing = new ArrayList<>();
        int named = 0;
        for (Matcher each = NAMED.matcher(document); each.find(); named++) {
            String source = sources.getOrDefault(each.group(1), "");
            if (!source.contains("void " + each.group(2) + "(")) {
                missing.add(each.group());
            }
        }
        assertEquals(List.of(), missing);
        assertFalse(named == 0, "the document names no test at all");
    }

    @Test
    void everyLossAndEveryBrokenRingHasARow() throws IOException {
        String document = Files.readString(PROJECT.resolve("docs").resolve("threat-model.md"));
        List<String> missing = new ArrayList<>();
        for (DropReason reason : DropReason.values()) {
            if (!document.contains("`" + reason.name() + "`")) {
                missing.add(reason.name());
            }
        }
        for (RingFault fault : RingFault.values()) {
            if (!document.contains("`" + fault.name() + "`")) {
                missing.add(fault.name());
            }
        }
        assertEquals(List.of(), missing);
    }

    /** The text of each test class of each module, by its simple name. */
    private static Map<String, String> testSources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        try (Stream<Path> modules = Files.list(PROJECT)) {
            for (Path module : modules.toList()) {
                Path tests = module.resolve("src/test/java");
                if (Files.isDirectory(tests)) {
                    collect(tests, sources);
                }
            }
        }
        return sources;
    }

    private static void collect(Path tests, Map<String, String> sources) throws IOException {
        try (Stream<Path> files = Files.walk(tests)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith("Test.java")) {
                    sources.put(
                            name.substring(0, name.length() - ".java".length()),
                            Files.readString(file));
                }
            }
        }
    }
}
