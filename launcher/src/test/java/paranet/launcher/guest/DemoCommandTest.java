package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code ./paranet demo} as a person starts it: a process with its own namespace and TAP. */
@RealGuest
final class DemoCommandTest {
    private static final Duration LIMIT = Duration.ofMinutes(3); // the first start may build
    private static final String ESCAPE = "\u001b[";

    private static String demo(String... before) {
        List<String> command = new ArrayList<>(List.of(before));
        command.add(Provisioned.projectRoot().resolve("paranet").toString());
        command.addAll(List.of("demo", "--seconds=2"));
        return Program.run(LIMIT, command);
    }

    private static void expectSummary(String output) {
        assertTrue(output.contains("1 MiB each way, verified, FIN both ways"), output);
        assertFalse(output.contains("Exception"), output);
    }

    @Test
    void printsPlainLinesIntoAFileAndLeavesNothingBehind() {
        String before = Program.run(LIMIT, List.of("ip", "link"));
        String output = demo();
        assertEquals(before, Program.run(LIMIT, List.of("ip", "link")));
        expectSummary(output);
        assertFalse(output.contains(ESCAPE), output);
    }

    @Test
    void drawsALiveTableOnATerminal() {
        String output =
                Program.run(
                        LIMIT,
                        List.of(
                                "script",
                                "--quiet",
                                "--return",
                                "--command",
                                "TERM=xterm "
                                        + Provisioned.projectRoot().resolve("paranet")
                                        + " demo --seconds=2",
                                "/dev/null"));
        expectSummary(output);
        assertTrue(output.contains(ESCAPE), output);
    }

    /** As another user than root, who finds the project in a place that he may enter. */
    @Test
    void needsNoPrivilege() {
        expectSummary(
                Program.run(
                        LIMIT,
                        List.of(
                                "unshare",
                                "--mount",
                                "sh",
                                "-c",
                                "mount --bind \"$1\" /mnt && exec setpriv --reuid=65534 --regid=65534 --clear-groups /mnt/paranet demo --seconds=2",
                                "sh",
                                Provisioned.projectRoot().toString())));
    }
}
