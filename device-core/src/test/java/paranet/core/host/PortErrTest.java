package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.SharedFlags;
import paranet.core.mitigation.PolicyOptions;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The descriptor by which a front end is told that a ring broke: it may have made it blocking, and
 * full, after it sent it.
 */
class PortErrTest {
    private static final int SET_MEM_TABLE = 5;
    private static final int SET_VRING_KICK = 12;
    private static final int SET_VRING_ERR = 14;
    private static final int VRING = 1;
    private static final int SIZE = 8;

    private static final long MEMORY = RawFrontend.USER_ADDRESS;

    private static final long NOWHERE = 0x100_0000L;

    private final AtomicReference<Throwable> bug = new AtomicReference<>();
    private final ControlLoop control = new ControlLoop();
    private final QueueWorker worker = QueueWorker.start("err-test", bug::set);
    private Port port;
    private RawFrontend frontend;

    @BeforeEach
    void open() throws Exception {
        port =
                Port.open(
                        "test", new NoDevice(), control, List.of(worker), new PolicyOptions.None());
        frontend = RawFrontend.connect(port, control);
        frontend.tellMemory();
    }

    @AfterEach
    void close() {
        frontend.close();
        port.close();
        worker.close();
        control.close();
        assertEquals(null, bug.get());
    }

    private static ByteBuffer vring(int number) {
        return RawFrontend.vring(VRING, number);
    }

    private void start(long desc) throws IOException {
        frontend.placeRing(VRING, SIZE, desc);

        frontend.send(SET_VRING_KICK, vring(0), frontend.kick.fd());
    }

    /** A new table without the ring, which breaks it. */
    private void moveMemoryAway() throws IOException {
        frontend.send(
                SET_MEM_TABLE,
                RawFrontend.bytes(40)
                        .putInt(1)
                        .putInt(0)
                        .putLong(0)
                        .putLong(RawFrontend.MEMORY_BYTES)
                        .putLong(2 * MEMORY)
                        .putLong(0)
                        .flip(),
                frontend.file);
    }

    /** After this, telling an error waits until somebody reads. */
    private void sendErrThatWaits(EventFd err) throws IOException {
        frontend.send(SET_VRING_ERR, vring(0), err.fd());
        frontend.awaitAnswer();
        SharedFlags.blocking(err.fd());
        FullEventFd.fill(err);
    }

    @Test
    void tellsOfARingThatIsNowhere() throws Exception {
        try (EventFd err = EventFd.open()) {
            frontend.send(SET_VRING_ERR, vring(0), err.fd());
            start(NOWHERE);
            RawFrontend.await(err);
        }
    }

    @Test
    void tellsOfARingThatBroke() throws Exception {
        try (EventFd err = EventFd.open()) {
            frontend.send(SET_VRING_ERR, vring(0), err.fd());
            start(MEMORY);
            moveMemoryAway();
            RawFrontend.await(err);
        }
    }

    @Test
    void holdsNobodyUpWhenARingIsNowhere() throws Exception {
        try (EventFd err = EventFd.open()) {
            sendErrThatWaits(err);
            start(NOWHERE);
            frontend.awaitAnswer();
            assertEquals("still there", worker.call(() -> "still there"));
        }
    }

    @Test
    void holdsNobodyUpWhenARingBreaks() throws Exception {
        try (EventFd err = EventFd.open()) {
            sendErrThatWaits(err);
            start(MEMORY);
            moveMemoryAway();
            frontend.awaitAnswer();
            assertEquals("still there", worker.call(() -> "still there"));
        }
    }
}
