package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.Readiness;
import paranet.core.memory.SharedMemory;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.virtqueue.VirtqUsed;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** The call of a ring that begins, and of one that goes on where a back end died. */
class PortCallTest {
    private static final int SET_VRING_BASE = 10;
    private static final int SET_VRING_KICK = 12;
    private static final int SET_VRING_CALL = 13;
    private static final int VRING = 0;
    private static final int SIZE = 8;

    private static final long MEMORY = RawFrontend.USER_ADDRESS;

    private final AtomicReference<Throwable> bug = new AtomicReference<>();
    private final ControlLoop control = new ControlLoop();
    private final QueueWorker worker = QueueWorker.start("call-test", bug::set);
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

    /**
     * The dead one may have published, held the call back, and died; nothing new need ever come.
     */
    @Test
    void callsForARingThatGoesOnBeforeAnythingIsPublished() throws Exception {
        placeRing(3);
        frontend.send(SET_VRING_CALL, vring(0), frontend.call.fd());
        frontend.send(SET_VRING_KICK, vring(0), frontend.kick.fd());

        RawFrontend.await(frontend.call);
    }

    @Test
    void callsForItWhenItLearnsHowOnlyLater() throws Exception {
        placeRing(3);
        frontend.send(SET_VRING_KICK, vring(0), frontend.kick.fd());
        frontend.send(SET_VRING_CALL, vring(0), frontend.call.fd());

        RawFrontend.await(frontend.call);
    }

    @Test
    void callsForNothingWhenARingBegins() throws Exception {
        placeRing(0);
        frontend.send(SET_VRING_CALL, vring(0), frontend.call.fd());
        frontend.send(SET_VRING_KICK, vring(0), frontend.kick.fd());
        frontend.awaitAnswer();

        assertFalse(isCalled(frontend.call));
    }

    private void placeRing(int usedIndex) throws IOException {
        SharedMemory.putLe16(
                frontend.memory.address() + RawFrontend.USED + VirtqUsed.IDX, usedIndex);
        frontend.send(SET_VRING_BASE, vring(usedIndex));
        frontend.placeRing(VRING, SIZE, MEMORY);
    }

    private static ByteBuffer vring(int number) {
        return RawFrontend.vring(VRING, number);
    }

    private static boolean isCalled(EventFd call) throws IOException {
        try (Readiness readiness = new Readiness(1)) {
            readiness.watch(call.fd());
            return readiness.await(0);
        }
    }
}
