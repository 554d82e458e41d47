package paranet.launcher.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Runs commands in a guest over a pair of byte streams whose other end is the {@code init} of an
 * {@link Initramfs}.
 *
 * <p>One line asks for one script and one line, the marker with its number, ends its output, so
 * nothing is guessed from prompts or times. The guest keeps the scripts in order; what is to run
 * beside them is a {@link Background}.
 *
 * <p>Threading: confined to the test's thread; a reader thread of its own feeds it and ends with
 * the stream.
 */
final class GuestConsole {
    private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);
    private static final Duration GRACE =
            Duration.ofSeconds(20); // the guest's own timeout comes first
    private static final int TAIL_CHARS = 6_000;
    private static final String END_OF_STREAM = "\u0000end";

    private final String name;
    private final OutputStream toGuest;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final StringBuilder transcript = new StringBuilder(); // of both threads: its own lock
    private int count;

    /** A finished script: its exit status (137 if its time was up) and everything it wrote. */
    record Output(int status, String text) {}

    GuestConsole(String name, InputStream fromGuest, OutputStream toGuest) {
        this.name = name;
        this.toGuest = toGuest;
        Thread reader = new Thread(() -> read(fromGuest), "console-" + name);
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Waits until the guest has booted and listens. A guest that reboots says so again: call this
     * after each boot, exactly once.
     */
    void awaitReady(Duration limit) {
        String line;
        do {
            line = nextLine(limit);
        } while (!line.startsWith(Initramfs.READY));
    }

    /**
     * Runs a script with the guest's sh and returns its status and output; killed after the limit.
     */
    Output run(String script, Duration limit) {
        int number = ++count;
        send(number, script, limit);
        String end = Initramfs.END + " " + number + " ";
        StringBuilder text = new StringBuilder();
        while (true) {
            String line = nextLine(limit.plus(GRACE));
            int at = line.indexOf(end); // output that does not end in a newline comes before it
            if (at >= 0) {
                text.append(line, 0, at);
                return new Output(
                        Integer.parseInt(line.substring(at + end.length()).strip()),
                        text.toString());
            }
            text.append(line).append('\n');
        }
    }

    /**
     * Runs a script up to a minute, expects status 0 and returns its output without surrounding
     * blanks.
     */
    String check(String script) {
        return check(script, DEFAULT_LIMIT);
    }

    /** Runs a script, expects status 0 and returns its output without surrounding blanks. */
    String check(String script, Duration limit) {
        Output output = run(script, limit);
        if (output.status() != 0) {
            throw new AssertionError(
                    name + ": status " + output.status() + " of\n" + script + "\n" + output.text());
        }
        return output.text().strip();
    }

    /** Starts a script that runs beside the following ones. */
    Background background(String script) {
        String files = "/run/background-" + ++count;
        String encoded = encode(script);
        check(
                "echo %2$s | base64 -d >%1$s.sh; (sh %1$s.sh >%1$s.out 2>&1 </dev/null; echo $? >%1$s.tmp; mv %1$s.tmp %1$s.status) >/dev/null 2>&1 </dev/null &"
                        .formatted(files, encoded));
        return new Background(files);
    }

    /** Sends a script whose end will not be told, such as one that reboots the guest. */
    void send(String script) {
        send(++count, script, DEFAULT_LIMIT);
    }

    /** The end of everything the guest has written, for a failure's message. */
    String tail() {
        synchronized (transcript) {
            int from = Math.max(0, transcript.length() - TAIL_CHARS);
            return "console of " + name + ":\n" + transcript.substring(from);
        }
    }

    private void send(int number, String script, Duration limit) {
        String line = number + " " + Math.max(1, limit.toSeconds()) + " " + encode(script) + "\n";
        try {
            toGuest.write(line.getBytes(StandardCharsets.US_ASCII));
            toGuest.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(tail(), e);
        }
    }

    private static String encode(String script) {
        return Base64.getEncoder().encodeToString(script.getBytes(StandardCharsets.UTF_8));
    }

    private String nextLine(Duration limit) {
        try {
            String line = lines.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (line == null) {
                throw new AssertionError("no answer within " + limit + ", " + tail());
            }
            if (line.equals(END_OF_STREAM)) {
                lines.add(END_OF_STREAM); // every later call fails as well
                throw new AssertionError("the guest is gone, " + tail());
            }
            return line;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted, " + tail(), e);
        }
    }

    private void read(InputStream fromGuest) {
        try (var reader =
                new BufferedReader(new InputStreamReader(fromGuest, StandardCharsets.ISO_8859_1))) {
            String line;
            while ((line = reader.readLine()) != null) {
                record(line);
                lines.add(line);
            }
        } catch (IOException e) {
            record("[" + e.getMessage() + "]"); // a killed guest ends it like this
        }
        lines.add(END_OF_STREAM);
    }

    private void record(String line) {
        synchronized (transcript) {
            transcript.append(line).append('\n');
        }
    }

    /**
     * A script that runs in the guest beside others.
     *
     * <p>Threading: as its console.
     */
    final class Background {
        private final String files;

        private Background(String files) {
            this.files = files;
        }

        /** Waits for its end and returns status and output. */
        Output await(Duration limit) {
            Output output =
                    run(
                            "until [ -e %1$s.status ]; do usleep 20000; done; cat %1$s.out; exit $(cat %1$s.status)"
                                    .formatted(files),
                            limit);
            return output;
        }

        /** Waits for its end with status 0 and returns its output without surrounding blanks. */
        String expectSuccess(Duration limit) {
            Output output = await(limit);
            if (output.status() != 0) {
                throw new AssertionError(
                        name
                                + ": status "
                                + output.status()
                                + " in the background: "
                                + output.text());
            }
            return output.text().strip();
        }
    }
}
