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
    private static final int GET_FEATURES = 1;
    private static final int SET_MEM_TABLE = 5;
    private static final int SET_VRING_NUM = 8;
    private static final int SET_VRING_ADDR = 9;
    private static final int SET_VRING_KICK = 12;
    private static final int SET_VRING_ERR = 14;
    private static final int VRING = 1;
    private static final int SIZE = 8;

    /** Where {@link RawFrontend#tellMemory} has its region. */
    private static final long MEMORY = 0x7f00_0000_0000L;

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
        return RawFrontend.bytes(8).putInt(VRING).putInt(number).flip();
    }

    private void start(long desc) throws IOException {
        frontend.send(SET_VRING_NUM, vring(SIZE));
        frontend.send(
                SET_VRING_ADDR,
                RawFrontend.bytes(40)
                        .putInt(VRING)
                        .putInt(0)
                        .putLong(desc)
                        .putLong(MEMORY + 0x2000) // used
                        .putLong(MEMORY + 0x1000) // avail
                        .putLong(0)
                        .flip());
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
        awaitAnswer();
        SharedFlags.blocking(err.fd());
        FullEventFd.fill(err);
    }

    private void awaitAnswer() throws IOException {
        frontend.send(GET_FEATURES, RawFrontend.bytes(0));
        assertEquals(NoDevice.FEATURES | 1L << 30, frontend.receive().payload().getLong(0));
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
            awaitAnswer();
            assertEquals("still there", worker.call(() -> "still there"));
        }
    }

    @Test
    void holdsNobodyUpWhenARingBreaks() throws Exception {
        try (EventFd err = EventFd.open()) {
            sendErrThatWaits(err);
            start(MEMORY);
            moveMemoryAway();
            awaitAnswer();
            assertEquals("still there", worker.call(() -> "still there"));
        }
    }
}
