package paranet.guest.loopback;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The figures of some runs beside each other.
 *
 * <p>Threading: confined to one thread.
 */
final class LoopbackTable {
    private static final int NAME = 38;
    private static final int COLUMN = 29;

    private final Map<String, LoopbackResult> results = new LinkedHashMap<>();

    void add(String device, LoopbackResult result) {
        results.put(device, result);
    }

    /** A line for each figure, and one above for the devices if there are many. */
    void print(PrintStream out) {
        if (results.size() > 1) {
            line(out, "", List.copyOf(results.keySet()));
        }
        for (String figure : results.values().iterator().next().rows().keySet()) {
            List<String> cells = new ArrayList<>();
            results.values().forEach(result -> cells.add(result.rows().get(figure)));
            line(out, figure, cells);
        }
    }

    private static void line(PrintStream out, String name, List<String> cells) {
        StringBuilder line = new StringBuilder("  ").append(name);
        int column = 2 + NAME;
        for (String cell : cells) {
            line.append(" ".repeat(Math.max(1, column - line.length()))).append(cell);
            column += COLUMN;
        }
        out.println(line);
    }

    /** One object: the only run's, or one that has each run's under the name of its device. */
    String json() {
        if (results.size() == 1) {
            return results.values().iterator().next().json();
        }
        return results.entrySet().stream()
                .map(entry -> "\"%s\":%s".formatted(entry.getKey(), entry.getValue().json()))
                .collect(Collectors.joining(",", "{", "}"));
    }
}
