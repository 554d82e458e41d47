package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.List;

@Timeout(60)
class StopSignalTest {
    /** A command that ends with the status of its argument once it is asked to stop. */
    static final class Command {
        private Command() {}

        public static void main(String[] arguments) throws InterruptedException {
            StopSignal stop = StopSignal.onTermination();
            if (arguments.length > 1) {
                stop.request();
            }
            System.out.println("ready");
            stop.await();
            System.out.println("cleaned up");
            stop.exit(Integer.parseInt(arguments[0]));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 78})
    void endsWithTheCommandsStatusWhenTerminated(int status) throws Exception {
        Process process = start(Integer.toString(status));
        assertEquals("ready", process.inputReader().readLine());

        process.toHandle().destroy(); // SIGTERM; process.destroy() would close the streams too

        assertEquals("cleaned up", process.inputReader().readLine());
        assertEquals(status, process.waitFor());
    }

    @Test
    void endsWithTheCommandsStatusWhenItIsDoneByItself() throws Exception {
        assertEquals(3, start("3", "at once").waitFor());
    }

    @Test
    void isRequestedOnceAndForAll() throws InterruptedException {
        StopSignal stop = new StopSignal();

        assertEquals(false, stop.await(1));
        stop.request();
        stop.request();
        assertTrue(stop.isRequested());
        assertTrue(stop.await(1));
        stop.await();
    }

    private static Process start(String... arguments) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Command.class.getName());
        builder.command().addAll(List.of(arguments));
        return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }
}
