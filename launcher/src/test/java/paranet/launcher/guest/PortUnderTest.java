package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * {@code ./paranet serve} as a process inside a namespace: the back end that the guests attach to.
 *
 * <p>Another back end can stand in for it to test the tests themselves: the system property {@code
 * paranet.command} names a program that understands the same options.
 *
 * <p>Threading: confined to the test's thread.
 */
final class PortUnderTest implements AutoCloseable {
    private static final Duration STARTED_WITHIN =
            Duration.ofMinutes(2); // the first start may build
    private static final Duration STOPPED_WITHIN = Duration.ofSeconds(30);
    private static final Pattern SHARED_MAPPING =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) ..[-x]s .* \\(deleted\\)"); // proc_pid_maps(5)

    private final Namespace namespace;
    private final String name;
    private final List<String> command = new ArrayList<>();
    private final boolean listens;
    private final Path socket;
    private final Path log;
    private Program program;

    private PortUnderTest(Namespace namespace, String name, boolean listens, List<String> options) {
        this.namespace = namespace;
        this.name = name;
        this.listens = listens;
        this.socket = namespace.file(name + ".sock");
        this.log = namespace.file(name + ".log");
        command.add(executable());
        command.add("serve");
        command.add("--socket-path=" + socket);
        command.addAll(options);
    }

    /** Starts a listening port and returns once front ends can connect. */
    static PortUnderTest listening(Namespace namespace, String name, String... options) {
        PortUnderTest port = new PortUnderTest(namespace, name, true, List.of(options));
        port.start();
        return port;
    }

    /**
     * Starts a port that connects to the socket of a front end, which may come later ({@code
     * --client}).
     */
    static PortUnderTest connecting(Namespace namespace, String name, String... options) {
        List<String> all = new ArrayList<>(List.of("--client"));
        all.addAll(List.of(options));
        PortUnderTest port = new PortUnderTest(namespace, name, false, all);
        port.start();
        return port;
    }

    /**
     * Starts it, again too. One that listens accepts from then on, also over the file of a killed
     * one.
     */
    void start() {
        Optional<String> before = socketFile();
        program = namespace.start(log, command);
        if (!listens) {
            return;
        }
        Await.until(
                STARTED_WITHIN,
                () -> {
                    Optional<String> now = socketFile();
                    return (now.isPresent() && !now.equals(before)) || !program.isAlive();
                },
                () -> "socket " + socket + "; " + describe());
        if (!program.isAlive()) {
            throw new AssertionError("ended at once: " + describe());
        }
    }

    Path socket() {
        return socket;
    }

    long pid() {
        return program.pid();
    }

    boolean isAlive() {
        return program.isAlive();
    }

    /** Everything it has logged since the first start. */
    String log() {
        return program.output();
    }

    /** The name and the end of the log, for a failure's message. */
    String describe() {
        return "port "
                + name
                + (program.isAlive() ? " (alive)" : " (ended)")
                + ":\n"
                + program.tail();
    }

    /** SIGTERM, as a service manager stops it: status 0 and no socket left behind. */
    void stop() {
        program.terminate();
        int status = program.expectExit(STOPPED_WITHIN);
        if (status != 0) {
            throw new AssertionError("status " + status + " after SIGTERM: " + describe());
        }
        if (listens && socketFile().isPresent()) {
            throw new AssertionError(socket + " is left behind: " + describe());
        }
    }

    /** SIGKILL: the socket's file stays behind, its peer sees the connection end. */
    void kill() {
        program.kill();
    }

    /** How many descriptors the process has open. */
    int openDescriptors() {
        try (Stream<Path> entries = Files.list(proc("fd"))) {
            return Math.toIntExact(entries.count());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many threads the process has, without those by which the JVM compiles as it needs. */
    int threads() {
        try (Stream<Path> tasks = Files.list(proc("task"))) {
            return Math.toIntExact(tasks.filter(task -> !isCompiler(task)).count());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isCompiler(Path task) {
        try {
            return Files.readString(task.resolve("comm")).matches("C[12] Compiler.*\\s*");
        } catch (IOException e) {
            return true; // it has just ended, as only those do
        }
    }

    /** How many mappings of guests' memory it has: those of shared files without a name. */
    int sharedMappings() {
        return Math.toIntExact(sharedMappingSizes().length);
    }

    /** The bytes of guests' memory it has mapped. */
    long sharedBytes() {
        return LongStream.of(sharedMappingSizes()).sum();
    }

    private long[] sharedMappingSizes() {
        try (Stream<String> lines = Files.lines(proc("maps"))) {
            return lines.map(SHARED_MAPPING::matcher)
                    .filter(Matcher::matches)
                    .mapToLong(
                            mapping ->
                                    Long.parseUnsignedLong(mapping.group(2), 16)
                                            - Long.parseUnsignedLong(mapping.group(1), 16))
                    .toArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path proc(String entry) {
        return Path.of("/proc", Long.toString(program.pid()), entry);
    }

    /** What tells one file at the socket's path from the next one, or nothing if there is none. */
    private Optional<String> socketFile() {
        try {
            Map<String, Object> attributes =
                    Files.readAttributes(socket, "unix:ino,ctime", LinkOption.NOFOLLOW_LINKS);
            return Optional.of(attributes.toString());
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        program.close();
    }

    /** The program whose port it is. */
    static String executable() {
        String other = System.getProperty("paranet.command");
        return other != null ? other : Provisioned.projectRoot().resolve("paranet").toString();
    }
}
