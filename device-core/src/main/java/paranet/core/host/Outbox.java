package paranet.core.host;

import paranet.core.linux.LinuxException;
import paranet.core.linux.UnixSocket;
import paranet.core.vhostuser.BackendRequest;
import paranet.core.vhostuser.MessageCodec;
import paranet.core.vhostuser.Reply;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/**
 * What one front end has not been sent yet: replies in their order, and of each event queue whether
 * it has to be interrupted in-band, which is a flag and no queue. Nothing waits for the front end.
 *
 * <p>Threading: confined to the control thread.
 */
final class Outbox {
    private static final int INTERRUPT_BYTES_MAX = MessageCodec.BACKEND_REQUEST_BYTES_MAX;

    private record Unsent(ByteBuffer bytes, long sinceNanos) {}

    private final UnixSocket socket;
    private final Consumer<BackendRequest> traced;
    private final ArrayDeque<Unsent> replies = new ArrayDeque<>();
    private int interrupts; // event queues, a bit each
    private ByteBuffer interrupt; // begun, or null
    private int interrupted; // the event queue it is about, as a bit

    /** {@code traced} is told of each interrupt that begins. */
    Outbox(UnixSocket socket, Consumer<BackendRequest> traced) {
        this.socket = socket;
        this.traced = traced;
    }

    void add(Reply reply, long nowNanos) {
        ByteBuffer bytes = direct(MessageCodec.REPLY_BYTES_MAX);
        MessageCodec.reply(reply, bytes);
        replies.add(new Unsent(bytes.flip(), nowNanos));
    }

    /**
     * Adds event queues that are to be interrupted, a bit each. Whoever has not had all of an
     * interrupt yet needs no second one.
     */
    void interrupt(int eventqs) {
        interrupts |= interrupt == null ? eventqs : eventqs & ~interrupted;
    }

    /** Whether replies are unsent: then nothing more is to be read. */
    boolean hasReplies() {
        return !replies.isEmpty();
    }

    /** Since when the next reply is unsent; there is one. */
    long unsentSinceNanos() {
        return replies.element().sinceNanos();
    }

    /** Sends as much as the socket takes; whether that was all. */
    boolean flush() throws LinuxException {
        while (true) {
            if (interrupt != null) { // begun, so it comes before anything else
                if (!socket.send(interrupt, List.of())) {
                    return false;
                }
                interrupt = null;
            } else if (!replies.isEmpty()) {
                if (!socket.send(replies.element().bytes(), List.of())) {
                    return false;
                }
                replies.remove();
            } else if (interrupts != 0) {
                begin(Integer.numberOfTrailingZeros(interrupts));
            } else {
                return true;
            }
        }
    }

    private void begin(int eventq) {
        interrupted = 1 << eventq;
        interrupts &= ~interrupted;
        BackendRequest.Interrupt request = new BackendRequest.Interrupt(eventq);
        traced.accept(request);
        interrupt = direct(INTERRUPT_BYTES_MAX);
        MessageCodec.backendRequest(request, false, interrupt);
        interrupt.flip();
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }
}
