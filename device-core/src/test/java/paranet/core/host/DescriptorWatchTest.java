package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.epoll.EpollIoOps;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

class DescriptorWatchTest {
    private final QueueWorker worker = QueueWorker.start("watch-test", bug -> {});
    private final Semaphore ready = new Semaphore(0);

    @AfterEach
    void end() {
        worker.close();
    }

    private void interest(DescriptorWatch watch, EpollIoOps wanted) {
        worker.call(
                () -> {
                    watch.interest(wanted);
                    return null;
                });
    }

    @Test
    void tellsNothingWhileNothingIsWantedAndEverythingAfterwards() throws Exception {
        try (EventFd eventFd = EventFd.open()) {
            DescriptorWatch watch =
                    worker.call(
                            () ->
                                    DescriptorWatch.on(
                                            worker.loop(),
                                            eventFd.fd().number(),
                                            DescriptorWatch.READABLE_EDGE,
                                            ops -> ready.release()));
            for (int i = 0; i < 3; i++) {
                interest(watch, DescriptorWatch.NOTHING);
                eventFd.signal();
                worker.call(() -> null); // an event would have come with this command
                assertEquals(0, ready.availablePermits());
                interest(watch, DescriptorWatch.READABLE_EDGE);
                assertTrue(ready.tryAcquire(10, TimeUnit.SECONDS));
            }
            worker.call(
                    () -> {
                        watch.cancel();
                        return null;
                    });
        }
    }
}
