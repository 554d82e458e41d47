package paranet.launcher.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The machine's pool of 2 MiB pages, raised for a while. Closing it, or the end of this JVM,
 * restores what it was.
 *
 * <p>Threading: any thread may call anything; close() once more does nothing.
 */
final class HugePages implements AutoCloseable {
    private static final Path POOL = Path.of("/proc/sys/vm/nr_hugepages");

    private static final Path COMPACT = Path.of("/proc/sys/vm/compact_memory");
    private static final int ATTEMPTS = 5;

    private final long before;
    private final Thread hook = new Thread(this::restore, "restore-huge-pages");
    private final AtomicBoolean restored = new AtomicBoolean();

    private HugePages(long before) {
        this.before = before;
    }

    /**
     * Adds pages to the pool.
     *
     * @throws AssertionError with the command to type if the machine cannot give them
     */
    static HugePages adding(long pages) {
        HugePages pool = new HugePages(size());
        Runtime.getRuntime().addShutdownHook(pool.hook);
        long wanted = pool.before + pages;
        for (int attempt = 0; attempt < ATTEMPTS && size() < wanted; attempt++) {
            write(COMPACT, "1"); // pages that lie together are made of ones that do not
            resize(wanted);
        }
        long got = size();
        if (got < wanted) {
            pool.close();
            throw new AssertionError(
                    "only %d of %d pages of 2 MiB; free some memory until this gives them all: sysctl vm.compact_memory=1 vm.nr_hugepages=%d"
                            .formatted(got, wanted, wanted));
        }
        return pool;
    }

    @Override
    public void close() {
        if (restore()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    private boolean restore() {
        if (restored.getAndSet(true)) {
            return false;
        }
        resize(before);
        return true;
    }

    /** The pages in the machine's pool, in use or not. */
    static long size() {
        try (BufferedReader reader = Files.newBufferedReader(POOL)) { // a sysctl is read at once
            return Long.parseLong(reader.readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void resize(long pages) {
        write(POOL, Long.toString(pages));
    }

    private static void write(Path file, String value) {
        try {
            Files.writeString(file, value + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + value + " to " + file, e);
        }
    }
}
