package paranet.guest.demo;

import paranet.guest.stack.TcpApplication;
import paranet.guest.stack.TcpConnection;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The guest's end of one connection: sends so many bytes of a pattern, then FIN, and verifies what
 * comes until the peer's FIN.
 *
 * <p>Threading: progress() belongs to the guest's thread; any thread may wait, read the counts and
 * call finish().
 */
final class StreamApplication implements TcpApplication {
    private static final int PIECE = 1 << 16;

    private final Pattern pattern;
    private final byte[] buffer = new byte[PIECE];
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private volatile long bytesToSend;
    private volatile boolean closing;

    StreamApplication(Pattern pattern, long bytesToSend) {
        this.pattern = pattern;
        this.bytesToSend = bytesToSend;
    }

    @Override
    public void progress(TcpConnection connection, long nowNanos) {
        int readable = connection.read(buffer, 0, PIECE);
        while (readable > 0) {
            if (!pattern.matches(received.get(), buffer, readable)) {
                ended.complete("wrong bytes after %,d right ones".formatted(received.get()));
                connection.abort();
                return;
            }
            received.addAndGet(readable);
            readable = connection.read(buffer, 0, PIECE);
        }
        write(connection);
        if (connection.failure() != null) {
            ended.complete(connection.failure());
        } else if (connection.atEnd() && closing && connection.acknowledgedBytes() == sent.get()) {
            ended.complete("");
        }
    }

    private void write(TcpConnection connection) {
        boolean open =
                switch (connection.state()) {
                    case ESTABLISHED, CLOSE_WAIT -> !closing;
                    default -> false;
                };
        while (open && connection.room() > 0 && sent.get() < bytesToSend) {
            int bytes =
                    (int) Math.min(Math.min(PIECE, connection.room()), bytesToSend - sent.get());
            pattern.write(sent.get(), buffer, bytes);
            sent.addAndGet(connection.write(buffer, 0, bytes));
        }
        if (open && sent.get() >= bytesToSend) {
            closing = true;
            connection.close();
        }
    }

    /** Sends no more than what was sent already, then FIN. */
    void finish() {
        bytesToSend = 0;
    }

    /** Completes with an empty string, or why the connection went wrong. */
    CompletableFuture<String> ended() {
        return ended;
    }

    long sent() {
        return sent.get();
    }

    long received() {
        return received.get();
    }
}
