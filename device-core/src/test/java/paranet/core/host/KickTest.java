package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.Memfd;
import paranet.core.linux.UnixSocket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Fact 19 of the front ends: descriptors may be eventfds, pipes or sockets. */
class KickTest {
    private final QueueWorker worker = QueueWorker.start("kick-test", bug -> {});
    private final Semaphore kicked = new Semaphore(0);

    @AfterEach
    void end() {
        worker.close();
    }

    private Kick watch(Fd fd) {
        return worker.call(() -> new Kick(fd, worker.loop(), kicked::release));
    }

    private void close(Kick kick) {
        worker.call(
                () -> {
                    kick.close();
                    return null;
                });
    }

    private void awaitKick() throws InterruptedException {
        assertTrue(kicked.tryAcquire(10, TimeUnit.SECONDS));
    }

    @Test
    void wakesOncePerEdgeOfAnEventfdWithoutReadingIt() throws Exception {
        try (EventFd guest = EventFd.open()) {
            Kick kick = watch(guest.fd().duplicate());
            for (int i = 0; i < 3; i++) {
                guest.signal();
                awaitKick();
            }
            close(kick);
        }
    }

    @Test
    void drainsASocketSoThatItsWriterNeverBlocks() throws Exception {
        List<UnixSocket> ends = UnixSocket.pair();
        Kick kick = watch(ends.get(1).fd());
        ByteBuffer burst = ByteBuffer.allocateDirect(4096);
        for (int i = 0; i < 500; i++) { // ten times what a socket holds
            while (!ends.get(0).send(burst.rewind(), List.of())) {
                awaitKick();
            }
        }
        awaitKick();
        close(kick);
        ends.get(0).close();
    }

    @Test
    void sleepsOnAfterTheWriterOfASocketIsGone() throws Exception {
        List<UnixSocket> ends = UnixSocket.pair();
        Kick kick = watch(ends.get(1).fd());
        ends.get(0).close();
        awaitKick();
        // A watch that still fired would release again and again; a marker through the same loop
        // shows that one more round went by without it.
        worker.call(() -> null);
        kicked.drainPermits();
        worker.call(() -> null);
        worker.call(() -> null);
        assertEquals(0, kicked.availablePermits());
        close(kick);
    }

    @Test
    void refusesWhatCannotBeWaitedForAndClosesIt() throws Exception {
        Fd file = Memfd.create("regular", 4096); // epoll_ctl(2): EPERM
        IllegalStateException refused =
                assertThrows(IllegalStateException.class, () -> watch(file));
        assertTrue(refused.getCause() instanceof IOException);
        assertTrue(file.isClosed());
        assertFalse(kicked.tryAcquire());
    }
}
