package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A network namespace of the test's own with a scratch directory. Closing it, or the end of this
 * JVM, kills whatever still runs in it and deletes both, and with the namespace its TAP devices.
 *
 * <p>Threading: any thread may call anything; close() once more does nothing.
 */
final class Namespace implements AutoCloseable {
    private static final Duration QUICK = Duration.ofSeconds(30);
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name;
    private final Path directory;
    private final Thread hook = new Thread(this::delete, "delete-namespace");
    private final AtomicBoolean deleted = new AtomicBoolean();
    private final AtomicInteger logs = new AtomicInteger();

    private Namespace(String name, Path directory) {
        this.name = name;
        this.directory = directory;
    }

    /** A new namespace whose loopback interface is up. */
    static Namespace create() {
        String name = "paranet-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
        Path directory;
        try {
            directory = Files.createTempDirectory(name + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Namespace namespace = new Namespace(name, directory);
        Runtime.getRuntime().addShutdownHook(namespace.hook);
        Program.run(QUICK, List.of("ip", "netns", "add", name));
        namespace.run("ip", "link", "set", "lo", "up");
        return namespace;
    }

    String name() {
        return name;
    }

    /**
     * A file in the scratch directory, which goes with the namespace. Short enough for a socket's
     * path.
     */
    Path file(String fileName) {
        return directory.resolve(fileName);
    }

    /**
     * Runs a command inside, up to 30 seconds, and returns its output. Its failure is an
     * AssertionError.
     */
    String run(String... command) {
        return run(QUICK, command);
    }

    /**
     * Runs a command inside up to a limit and returns its output. Its failure is an AssertionError.
     */
    String run(Duration limit, String... command) {
        return Program.run(limit, inside(List.of(command)));
    }

    /** Runs a script of bash inside, up to a limit. */
    String shell(Duration limit, String script) {
        return run(limit, "bash", "-euo", "pipefail", "-c", script);
    }

    /** Starts a program inside. The process id is the program's own: nothing stands between. */
    Program start(String... command) {
        return start(file("program-" + logs.incrementAndGet() + ".log"), List.of(command));
    }

    /** Starts a program inside with this file as its log. */
    Program start(Path log, List<String> command) {
        return Program.start(log, inside(command));
    }

    /** The command that runs this one inside; nothing stands between. */
    List<String> inside(List<String> command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(command);
        return all;
    }

    @Override
    public void close() {
        if (delete()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    private boolean delete() {
        if (deleted.getAndSet(true)) {
            return false;
        }
        // Only processes inside this namespace, which only this test can have started.
        Program.run(QUICK, List.of("ip", "netns", "pids", name))
                .lines()
                .mapToLong(Long::parseLong)
                .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        Program.run(QUICK, List.of("ip", "netns", "delete", name));
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return true;
    }
}
