package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import paranet.core.frame.FrameBridge;
import paranet.core.linux.EventFd;
import paranet.core.linux.Memfd;

import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An eventfd stands for what the kernel says of links. */
class LinkWatchTest {
    private final ControlLoop control = new ControlLoop();
    private final BlockingQueue<Boolean> asked = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> told = new LinkedBlockingQueue<>();
    private volatile boolean up;

    @AfterEach
    void end() {
        control.close();
    }

    private boolean ask(EventFd changes) {
        changes.drain();
        asked.add(up);
        return up;
    }

    @Test
    void tellsTheStateAtOnceAndThenOnlyItsChanges() throws Exception {
        try (EventFd changes = EventFd.open();
                LinkWatch _ =
                        LinkWatch.open(
                                control, changes.fd().number(), () -> ask(changes), told::add)) {
            assertEquals(false, told.poll());
            assertEquals(false, asked.poll());
            for (boolean now : new boolean[] {true, false, true}) {
                up = now;
                changes.signal();
                assertEquals(now, told.poll(10, TimeUnit.SECONDS));
                assertEquals(now, asked.poll(10, TimeUnit.SECONDS));
                changes.signal();
                assertEquals(now, asked.poll(10, TimeUnit.SECONDS));
                control.call(() -> null); // whatever was to be told of that, is told now
                assertNull(told.poll());
                assertNull(asked.poll());
            }
        }
    }

    @Test
    void tellsNothingAfterItsEnd() throws Exception {
        try (EventFd changes = EventFd.open()) {
            LinkWatch watch =
                    LinkWatch.open(control, changes.fd().number(), () -> ask(changes), told::add);
            assertEquals(false, told.poll());
            watch.close();
            up = true;
            changes.signal();
            control.call(() -> null);
            assertNull(told.poll());
            assertEquals(1, asked.size());
        }
    }

    @Test
    void tellsOnceWhereTheLinkNeverChanges() throws Exception {
        try (LinkWatch _ =
                LinkWatch.open(control, FrameBridge.NO_DESCRIPTOR, () -> true, told::add)) {
            assertEquals(true, told.poll());
        }
        assertNull(told.poll());
    }

    @Test
    void saysThatADescriptorCannotBeWaitedFor() throws Exception {
        try (var file = Memfd.create("no-link", 4096)) {
            assertThrows(
                    IOException.class,
                    () -> LinkWatch.open(control, file.number(), () -> true, told::add));
        }
        assertNull(told.poll());
    }
}
