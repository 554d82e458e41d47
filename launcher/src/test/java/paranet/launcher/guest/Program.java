package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process whose whole output, both streams, goes to a file. Killed when closed.
 *
 * <p>Threading: any thread may call anything.
 */
final class Program implements AutoCloseable {
    private static final int TAIL_CHARS = 6_000;
    private static final Duration KILLED_WITHIN = Duration.ofSeconds(20);

    private final List<String> command;
    private final Path log;
    private final Process process;

    private Program(List<String> command, Path log, Process process) {
        this.command = command;
        this.log = log;
        this.process = process;
    }

    /** Starts a command with empty input; the log file is created, or appended to. */
    static Program start(Path log, List<String> command) {
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        try {
            return new Program(List.copyOf(command), log, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command, e);
        }
    }

    /**
     * Runs a command to its end.
     *
     * @return everything it wrote
     * @throws AssertionError if its status is not 0 or it takes longer than the limit; it is dead
     *     then
     */
    static String run(Duration limit, List<String> command) {
        Path log;
        try {
            log = Files.createTempFile("paranet-", ".log");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (Program program = start(log, command)) {
            return program.expectSuccess(limit);
        } finally {
            log.toFile().delete();
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Everything written so far. */
    String output() {
        return read(log);
    }

    /** The last part of the output, for a failure's message. */
    String tail() {
        return tail(log);
    }

    /** The last part of a log, for a failure's message. */
    static String tail(Path log) {
        String output = read(log);
        return output.substring(Math.max(0, output.length() - TAIL_CHARS));
    }

    /**
     * Waits for the end.
     *
     * @return the exit status; 128 + n after signal n
     * @throws AssertionError if it takes longer than the limit; it goes on then
     */
    int expectExit(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(describe("still runs after " + limit));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(describe("interrupted while waiting"), e);
        }
    }

    /** Waits for the end with status 0 and returns the whole output. */
    String expectSuccess(Duration limit) {
        int status = expectExit(limit);
        if (status != 0) {
            throw new AssertionError(describe("status " + status));
        }
        return output();
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** SIGKILL, and waits until it is gone. */
    void kill() {
        process.destroyForcibly();
        expectExit(KILLED_WITHIN);
    }

    /** Kills it if it still runs. */
    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }

    private static String read(Path log) {
        try {
            return Files.readString(log, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String describe(String what) {
        return String.join(" ", command) + ": " + what + ", output:\n" + tail();
    }
}
