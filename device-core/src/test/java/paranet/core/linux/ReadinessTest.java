package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

class ReadinessTest {
    @Test
    void tellsWhichDescriptorIsReadable() throws Exception {
        try (EventFd quiet = EventFd.open();
                EventFd signalled = EventFd.open();
                Readiness readiness = new Readiness(2)) {
            int first = readiness.watch(quiet.fd());
            int second = readiness.watch(signalled.fd());
            assertFalse(readiness.await(0));

            signalled.signal();

            assertTrue(readiness.await(1000));
            assertFalse(readiness.isReady(first));
            assertTrue(readiness.isReady(second));
        }
    }

    @Test
    void tellsOfAPeerThatIsGone() throws Exception {
        List<UnixSocket> pair = UnixSocket.pair();
        try (UnixSocket left = pair.getFirst();
                Readiness readiness = new Readiness(1)) {
            int index = readiness.watch(left.fd());
            pair.getLast().close();

            assertTrue(readiness.await(1000));
            assertTrue(readiness.isReady(index));
        }
    }
}
