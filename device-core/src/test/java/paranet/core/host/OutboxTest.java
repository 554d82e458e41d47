package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.Fd;
import paranet.core.linux.UnixSocket;
import paranet.core.vhostuser.Reply;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** What waits while a front end does not read: all replies, and one interrupt a queue (V8). */
class OutboxTest {
    private static final int CALL = 0x7603;
    private static final int INTERRUPT = 0x7680;

    @Test
    void keepsRepliesInOrderAndOneInterruptForEachQueueWhileNobodyReads() throws Exception {
        List<UnixSocket> pair = UnixSocket.pair();
        try (UnixSocket ours = pair.get(0);
                UnixSocket theirs = pair.get(1)) {
            Outbox outbox = new Outbox(ours, _ -> {});
            int replies = 0;
            while (!outbox.hasReplies()) { // until the socket is full
                outbox.add(new Reply.BusResult(CALL, replies++, 0), 5);
                outbox.flush();
            }
            assertEquals(5, outbox.unsentSinceNanos());
            for (int i = 0; i < 100; i++) {
                outbox.interrupt(0b1001);
                assertFalse(outbox.flush());
            }
            outbox.add(new Reply.BusResult(CALL, replies++, 0), 6);
            List<Integer> got = new ArrayList<>();
            ByteBuffer message = ByteBuffer.allocateDirect(20).order(ByteOrder.nativeOrder());
            while (!outbox.flush() || got.size() < replies + 2) {
                read(theirs, message);
                got.add(
                        message.getInt(0) == INTERRUPT
                                ? -1 - message.getInt(12)
                                : message.getInt(12));
            }
            for (int i = 0; i < replies; i++) {
                assertEquals(i, got.get(i));
            }
            assertEquals(List.of(-1, -4), got.subList(replies, got.size()));
            assertFalse(outbox.hasReplies());
        }
    }

    @Test
    void anInterruptThatIsOnItsWayStandsForThoseThatFollow() throws Exception {
        List<UnixSocket> pair = UnixSocket.pair();
        try (UnixSocket ours = pair.get(0);
                UnixSocket theirs = pair.get(1)) {
            Outbox outbox = new Outbox(ours, _ -> {});
            int sent = 0;
            do { // until the socket is full and one has begun
                outbox.interrupt(1);
                sent++;
            } while (outbox.flush());
            outbox.interrupt(1);
            assertFalse(outbox.flush());
            outbox.add(new Reply.BusResult(CALL, 0, 0), 0); // behind what has begun
            assertFalse(outbox.flush());
            ByteBuffer message = ByteBuffer.allocateDirect(20).order(ByteOrder.nativeOrder());
            for (int i = 0; i < sent; i++) {
                read(theirs, message);
                assertEquals(INTERRUPT, message.getInt(0));
                outbox.flush();
            }
            assertTrue(outbox.flush());
            read(theirs, message);
            assertEquals(CALL, message.getInt(0));
            assertEquals(
                    UnixSocket.Received.NOTHING,
                    theirs.receive(message.clear(), new ArrayList<>()));
        }
    }

    private static void read(UnixSocket from, ByteBuffer message) throws IOException {
        List<Fd> none = new ArrayList<>();
        message.clear();
        while (message.hasRemaining()) {
            assertEquals(UnixSocket.Received.BYTES, from.receive(message, none));
        }
    }
}
