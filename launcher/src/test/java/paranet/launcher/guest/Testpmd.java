package paranet.launcher.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * DPDK's testpmd inside a namespace: with its virtio_user device a front end that polls. Driven
 * through its prompt.
 *
 * <p>Its threads all run on the machine's last processor, the main one first and {@link
 * #FORWARDING_THREADS} that forward: a direction that waits must not keep the other from moving.
 *
 * <p>Threading: confined to the test's thread; a reader thread of its own feeds it and ends with
 * the process.
 */
final class Testpmd implements AutoCloseable {
    static final int FORWARDING_THREADS = 4;

    private static final String PROMPT = "testpmd> ";
    private static final Duration STARTED_WITHIN = Duration.ofSeconds(60);
    private static final Duration COMMAND_LIMIT = Duration.ofSeconds(30);
    private static final Duration ENDED_WITHIN = Duration.ofSeconds(30);
    private static final String END_OF_STREAM = "\u0000end";
    private static final Pattern COUNTER = Pattern.compile("(\\S+):\\s+(\\d+)");

    private final String name;
    private final Process process;
    private final Path runtimeDirectory;
    private final BlockingQueue<String> chunks = new LinkedBlockingQueue<>();
    private final StringBuilder transcript = new StringBuilder(); // of both threads: its own lock
    private String unread = "";

    /**
     * Where the memory comes from that the guest shares.
     *
     * @param options those of DPDK's own
     * @param buffers how many of 2 KiB it makes in there
     */
    record Memory(List<String> options, int buffers) {
        /** One region of ordinary pages, its size fixed. */
        static final Memory SMALL_PAGES = new Memory(List.of("--no-huge", "-m", "128"), 8192);

        /** One region of huge pages which starts small and grows, while devices run, to 160 MiB. */
        static final Memory GROWING =
                new Memory(List.of("--in-memory", "--single-file-segments"), 65_536);

        /** A region for each huge page, and so few that eight suffice: a table can hold no more. */
        static final Memory EIGHT_REGIONS = new Memory(List.of("--in-memory", "-m", "16"), 1500);
    }

    /** What a port has carried since its start, as testpmd counts it. */
    record Statistics(long received, long receivedBytes, long sent, long sentBytes) {}

    private Testpmd(String name, Process process, Path runtimeDirectory) {
        this.name = name;
        this.process = process;
        this.runtimeDirectory = runtimeDirectory;
        Thread reader = new Thread(() -> read(process.getInputStream()), "testpmd-" + name);
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts testpmd and returns at once; see {@link #awaitPrompt}.
     *
     * @param devices the devices in the order of their port numbers
     * @param options those of testpmd
     */
    static Testpmd start(
            Namespace namespace,
            String name,
            Memory memory,
            List<String> devices,
            List<String> options) {
        int processor = Runtime.getRuntime().availableProcessors() - 1;
        List<String> threads = new ArrayList<>();
        for (int thread = 0; thread <= FORWARDING_THREADS; thread++) {
            threads.add(thread + "@" + processor);
        }
        String prefix = namespace.name() + "-" + name;
        List<String> command = new ArrayList<>();
        command.addAll(List.of("stdbuf", "-oL")); // else its answers come after the next prompt
        command.add(Provisioned.load().path("testpmd").toString());
        command.addAll(List.of("--lcores", String.join(",", threads), "--no-pci"));
        command.addAll(List.of("--file-prefix", prefix));
        command.addAll(memory.options());
        for (String device : devices) {
            command.addAll(List.of("--vdev", device));
        }
        command.addAll(List.of("--", "--interactive", "--no-flush-rx", "--disable-link-check"));
        command.add("--nb-cores=" + FORWARDING_THREADS);
        command.add("--total-num-mbufs=" + memory.buffers());
        command.add("--mbcache=32");
        command.addAll(options);
        try {
            Process process =
                    new ProcessBuilder(namespace.inside(command)).redirectErrorStream(true).start();
            return new Testpmd(name, process, Path.of("/var/run/dpdk", prefix));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command, e);
        }
    }

    /**
     * Waits until all devices are set up. A device with {@code server=1} waits for its back end.
     */
    void awaitPrompt() {
        upToPrompt(STARTED_WITHIN);
    }

    /** Types a command and returns what testpmd says until its next prompt. */
    String command(String command) {
        write(command);
        return upToPrompt(COMMAND_LIMIT);
    }

    /** Forwards between pairs of ports, and waits for room in a full ring rather than drop. */
    void waitForRoom() {
        command("set fwd io retry");
        command("set burst tx delay 1 retry 4000000000");
    }

    /** What a port has carried since its start. */
    Statistics statistics(int port) {
        String text = command("show port stats " + port);
        Matcher counter = COUNTER.matcher(text);
        long received = -1;
        long receivedBytes = -1;
        long sent = -1;
        long sentBytes = -1;
        while (counter.find()) {
            long value = Long.parseLong(counter.group(2));
            switch (counter.group(1)) {
                case "RX-packets" -> received = value;
                case "RX-bytes" -> receivedBytes = value;
                case "TX-packets" -> sent = value;
                case "TX-bytes" -> sentBytes = value;
                default -> {} // errors and rates
            }
        }
        if (received < 0 || receivedBytes < 0 || sent < 0 || sentBytes < 0) {
            throw new AssertionError("not the statistics of a port: " + text);
        }
        return new Statistics(received, receivedBytes, sent, sentBytes);
    }

    /** Ends it in order: devices stopped and closed, files written; expects status 0. */
    void quit() {
        write("quit");
        expectEnd();
        if (process.exitValue() != 0) {
            throw new AssertionError("status " + process.exitValue() + ", " + describe());
        }
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
        expectEnd();
    }

    long pid() {
        return process.pid();
    }

    /** The whole conversation, for a failure's message. */
    String describe() {
        synchronized (transcript) {
            return "testpmd " + name + ":\n" + transcript;
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
        // What it leaves behind when it is killed.
        if (Files.isDirectory(runtimeDirectory)) {
            try (Stream<Path> files = Files.walk(runtimeDirectory)) {
                files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void write(String command) {
        try {
            process.getOutputStream().write((command + "\n").getBytes(StandardCharsets.US_ASCII));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(describe(), e);
        }
    }

    /** Messages of testpmd's other threads may follow a prompt; they count to the next one. */
    private String upToPrompt(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        int at;
        while ((at = unread.indexOf(PROMPT)) < 0) {
            try {
                String chunk = chunks.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (chunk == null) {
                    throw new AssertionError("no prompt within " + limit + ", " + describe());
                }
                if (chunk.equals(END_OF_STREAM)) {
                    chunks.add(END_OF_STREAM); // every later call fails as well
                    throw new AssertionError("it has ended, " + describe());
                }
                unread += chunk;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted, " + describe(), e);
            }
        }
        String answer = unread.substring(0, at);
        unread = unread.substring(at + PROMPT.length());
        return answer;
    }

    private void expectEnd() {
        try {
            if (!process.waitFor(ENDED_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("still runs after " + ENDED_WITHIN + ", " + describe());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted, " + describe(), e);
        }
    }

    private void read(InputStream output) {
        byte[] buffer = new byte[8192];
        try {
            int count;
            while ((count = output.read(buffer)) >= 0) {
                String chunk = new String(buffer, 0, count, StandardCharsets.ISO_8859_1);
                synchronized (transcript) {
                    transcript.append(chunk);
                }
                chunks.add(chunk);
            }
        } catch (IOException e) {
            chunks.add("[" + e.getMessage() + "]"); // a killed process ends it like this
        }
        chunks.add(END_OF_STREAM);
    }
}
