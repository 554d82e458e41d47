package paranet.guest.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The kernel's end of one connection: the same as {@link StreamApplication}, over a socket.
 *
 * <p>Threading: a thread of its own each way; any thread may wait, read the counts and call
 * finish().
 */
final class KernelStream {
    private static final int PIECE = 1 << 16;
    private static final int READ_MILLIS_MAX = 15_000;

    private final Socket socket;
    private final Pattern pattern;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private final CompletableFuture<String> reading = new CompletableFuture<>();
    private final CompletableFuture<String> writing = new CompletableFuture<>();
    private volatile long bytesToSend;

    private KernelStream(Socket socket, Pattern pattern, long bytesToSend) {
        this.socket = socket;
        this.pattern = pattern;
        this.bytesToSend = bytesToSend;
    }

    /** Starts to send and to verify; the socket is closed when both are over. */
    static KernelStream start(Socket socket, Pattern pattern, long bytesToSend) throws IOException {
        socket.setSoTimeout(READ_MILLIS_MAX);
        socket.setTcpNoDelay(true);
        KernelStream stream = new KernelStream(socket, pattern, bytesToSend);
        Thread.ofPlatform().daemon(true).name("kernel-read").start(stream::read);
        Thread.ofPlatform().daemon(true).name("kernel-write").start(stream::write);
        return stream;
    }

    private void read() {
        byte[] buffer = new byte[PIECE];
        String why = "";
        try {
            InputStream in = socket.getInputStream();
            int bytes = in.read(buffer);
            while (bytes >= 0 && why.isEmpty()) {
                if (pattern.matches(received.get(), buffer, bytes)) {
                    received.addAndGet(bytes);
                    bytes = in.read(buffer);
                } else {
                    why = "wrong bytes after %,d right ones".formatted(received.get());
                }
            }
        } catch (IOException e) {
            why = "reading: " + e.getMessage();
        }
        reading.complete(why);
    }

    private void write() {
        byte[] buffer = new byte[PIECE];
        String why = "";
        try {
            OutputStream out = socket.getOutputStream();
            while (sent.get() < bytesToSend) {
                int bytes = (int) Math.min(PIECE, bytesToSend - sent.get());
                pattern.write(sent.get(), buffer, bytes);
                out.write(buffer, 0, bytes);
                sent.addAndGet(bytes);
            }
            socket.shutdownOutput();
        } catch (IOException e) {
            why = "writing: " + e.getMessage();
        }
        writing.complete(why);
    }

    void finish() {
        bytesToSend = 0;
    }

    /** Completes with an empty string, or why the connection went wrong; closes the socket. */
    CompletableFuture<String> ended() {
        return reading.thenCombine(writing, (read, wrote) -> read.isEmpty() ? wrote : read)
                .whenComplete((why, failure) -> close());
    }

    /** Ends it at once. */
    void close() {
        try {
            socket.close();
        } catch (IOException e) {
            reading.complete("closing: " + e.getMessage());
        }
    }

    long sent() {
        return sent.get();
    }

    long received() {
        return received.get();
    }
}
