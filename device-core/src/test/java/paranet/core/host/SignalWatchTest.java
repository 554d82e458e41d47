package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

class SignalWatchTest {
    private final SignalWatch watch = new SignalWatch("worker");

    @Test
    void givesUpOnlyWhatIsFull() throws Exception {
        try (EventFd call = EventFd.open()) {
            assertFalse(watch.unblock());
            watch.begin(call);
            assertTrue(watch.unblock());
            assertEquals(EventFd.Signal.SENT, call.signal());
            FullEventFd.fill(call);
            assertTrue(watch.unblock());
            assertEquals(EventFd.Signal.GONE, call.signal());
            assertFalse(call.isFull());
            watch.end();
            assertFalse(watch.unblock());
        }
    }

    @Test
    void looksAgainWhileAnInterruptIsUnderWay() throws Exception {
        try (ControlLoop control = new ControlLoop();
                EventFd call = EventFd.open()) {
            watch.lookBy(control);
            watch.begin(call);
            CountDownLatch looked = new CountDownLatch(1);
            control.schedule(looked::countDown, 250); // after the first look, on its thread
            assertTrue(looked.await(10, TimeUnit.SECONDS));
            FullEventFd.fill(call);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (call.isFull()) {
                assertTrue(System.nanoTime() < end, "nobody looked again");
                Thread.onSpinWait();
            }
            watch.end();
        }
    }
}
