package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.UnixSocket;
import paranet.core.mitigation.PolicyOptions;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** What a front end may send as the socket for the back end's requests. */
class PortChannelTest {
    private static final int SET_FEATURES = 2;
    private static final int SET_PROTOCOL_FEATURES = 16;
    private static final int SET_BACKEND_REQ_FD = 21;
    private static final long REPLY_ACK_AND_BACKEND_REQ = 1L << 3 | 1L << 5;

    @Test
    void isASocketAndNothingElse() throws Exception {
        AtomicReference<Throwable> bug = new AtomicReference<>();
        ControlLoop control = new ControlLoop();
        QueueWorker worker = QueueWorker.start("channel-test", bug::set);
        Port port =
                Port.open(
                        "test", new NoDevice(), control, List.of(worker), new PolicyOptions.None());
        RawFrontend frontend = RawFrontend.connect(port, control);
        List<UnixSocket> pair = UnixSocket.pair();
        try (control;
                worker;
                port;
                frontend;
                EventFd event = EventFd.open();
                UnixSocket _ = pair.get(0);
                UnixSocket channel = pair.get(1)) {
            frontend.send(SET_FEATURES, u64(1L << 30));
            frontend.ask(SET_PROTOCOL_FEATURES, u64(REPLY_ACK_AND_BACKEND_REQ));
            assertEquals(0, frontend.receive().payload().getLong(0));

            frontend.ask(SET_BACKEND_REQ_FD, RawFrontend.bytes(0), event.fd());
            assertNotEquals(0, frontend.receive().payload().getLong(0));
            frontend.ask(SET_BACKEND_REQ_FD, RawFrontend.bytes(0), channel.fd());
            assertEquals(0, frontend.receive().payload().getLong(0));
        }
        assertEquals(null, bug.get());
    }

    private static ByteBuffer u64(long number) {
        return RawFrontend.bytes(8).putLong(number).flip();
    }
}
