package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import paranet.guest.compare.MeasuredGuest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The script that measures real guests beside the model, once and tiny. */
@RealGuest
final class GuestsBesideModelTest {
    private static final Duration LIMIT = Duration.ofMinutes(10); // the first start may build

    private static final String NAMESPACE = "paranet-guests-beside-model-"; // and a process id

    @TempDir private Path directory;

    @Test
    void measuresPoliciesOfOneBootAndLeavesNothingBehind() throws IOException {
        Path file = directory.resolve("measured.csv");
        String output =
                Program.run(
                        LIMIT,
                        List.of(
                                Provisioned.projectRoot()
                                        .resolve("benchmarks/src/main/sh/guests-beside-model.sh")
                                        .toString(),
                                "--seconds=1",
                                "--guests=uml",
                                "--policies=none;fixed,rx-usecs=64,tx-usecs=64",
                                "--out=" + file));

        List<MeasuredGuest> rows = MeasuredGuest.parse(Files.readString(file));
        assertEquals(8, rows.size(), output);
        for (MeasuredGuest row : rows) {
            assertTrue(row.interrupts() > 0, row::toString);
            assertTrue(row.calls().orElseThrow() > 0, row::toString);
            assertTrue(row.throughputBits() > 0, row::toString);
            assertTrue(row.roundTripNanos().orElseThrow() > 0, row::toString);
        }
        assertTrue(output.contains("irqs/frame"), output);
        Program.run(LIMIT, List.of("ip", "netns"))
                .lines()
                .filter(line -> line.startsWith(NAMESPACE))
                .map(line -> line.substring(NAMESPACE.length()).replaceAll(" .*", ""))
                .forEach(
                        pid ->
                                assertTrue(
                                        ProcessHandle.of(Long.parseLong(pid)).isPresent(),
                                        () -> "the namespace outlives its script " + pid));
    }
}
