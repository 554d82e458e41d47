package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

final class EventFdTest {
    @Test
    void countsSignalsUntilTheyAreRead() throws Exception {
        try (EventFd event = EventFd.open()) {
            assertTrue(OpenDescriptors.closesOnExec(event.fd()));
            assertEquals(-Errno.EAGAIN, OpenDescriptors.readLe64(event.fd()));
            assertEquals(EventFd.Signal.SENT, event.signal());
            assertEquals(EventFd.Signal.SENT, event.signal());
            assertEquals(2, OpenDescriptors.readLe64(event.fd()));
            assertEquals(-Errno.EAGAIN, OpenDescriptors.readLe64(event.fd()));
        }
    }

    @Test
    void doesNotWaitWhenAGuestFilledTheCounter() throws Exception {
        int blocking = Native.LIBC.eventfd(0, Flags.O_CLOEXEC);
        try (EventFd event = EventFd.adopt(new Fd(blocking));
                NativeBuffer largest = NativeBuffer.allocate(8)) {
            SharedMemory.putLe64(largest.address(), -2); // 2^64-2, where one more would block
            assertEquals(8, Native.LIBC.write(blocking, largest.address(), 8));
            assertEquals(EventFd.Signal.FULL, event.signal());
        }
    }

    @Test
    void writesNoMoreToWhatWasGivenUp() throws Exception {
        try (EventFd event = EventFd.open()) {
            assertFalse(event.isFull());
            event.signal();
            event.giveUp();
            assertEquals(EventFd.Signal.GONE, event.signal());
            assertEquals(-Errno.EAGAIN, OpenDescriptors.readLe64(event.fd()));
        }
    }

    @Test
    void emptiesWhateverIsThereWithoutWaiting() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        var pair = UnixSocket.pair();
        try (Fd read = pipe[0];
                EventFd toPipe = EventFd.adopt(pipe[1]);
                UnixSocket socket = pair.get(0);
                EventFd toSocket = EventFd.adopt(pair.get(1).fd());
                EventFd counter = EventFd.open()) {
            SharedFlags.blocking(counter.fd());
            for (int i = 0; i < 2; i++) { // nothing is there at first
                WakeDescriptor.empty(read);
                WakeDescriptor.empty(socket.fd());
                WakeDescriptor.empty(counter.fd());
                assertFalse(OpenDescriptors.isReadable(read));
                assertFalse(OpenDescriptors.isReadable(socket.fd()));
                assertFalse(OpenDescriptors.isReadable(counter.fd()));
                if (i == 0) {
                    toPipe.signal();
                    toSocket.signal();
                    counter.signal();
                }
            }
        }
    }

    /** A front end shares the pipe's flags; the pipe is blocking here. */
    @Test
    void doesNotWaitForAFullPipeOrSocket() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                EventFd event = EventFd.adopt(pipe[1])) {
            while (event.signal() == EventFd.Signal.SENT) {
                assertTrue(OpenDescriptors.isOpen(read.number()));
            }
            assertEquals(EventFd.Signal.FULL, event.signal());
        }
        var pair = UnixSocket.pair();
        try (UnixSocket reader = pair.get(0)) {
            EventFd event = EventFd.adopt(pair.get(1).fd());
            while (event.signal() == EventFd.Signal.SENT) {
                assertTrue(OpenDescriptors.isOpen(reader.fd().number()));
            }
            assertEquals(EventFd.Signal.FULL, event.signal());
            event.close();
        }
    }

    @Test
    void noticesThatNobodyReadsAnyMoreWithoutDyingOfSigpipe() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (EventFd event = EventFd.adopt(pipe[1])) {
            pipe[0].close();
            assertEquals(EventFd.Signal.GONE, event.signal());
        }
        var pair = UnixSocket.pair();
        try (EventFd event = EventFd.adopt(pair.get(1).fd())) {
            pair.get(0).close();
            assertEquals(EventFd.Signal.GONE, event.signal());
        }
    }

    @Test
    void refusesADescriptorThatIsNotOpen() throws Exception {
        Fd closed = Memfd.create("closed", 1);
        closed.close();
        assertThrows(LinuxException.class, () -> EventFd.adopt(closed));
    }

    @Test
    void tellsWhatADescriptorIs() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        var pair = UnixSocket.pair();
        try (EventFd counter = EventFd.open();
                Fd read = pipe[0];
                Fd write = pipe[1];
                UnixSocket one = pair.get(0);
                UnixSocket other = pair.get(1)) {
            assertEquals(WakeDescriptor.Kind.COUNTER, WakeDescriptor.kind(counter.fd()));
            assertEquals(WakeDescriptor.Kind.PIPE, WakeDescriptor.kind(read));
            assertEquals(WakeDescriptor.Kind.PIPE, WakeDescriptor.kind(write));
            assertEquals(WakeDescriptor.Kind.SOCKET, WakeDescriptor.kind(one.fd()));
            assertTrue(WakeDescriptor.canWake(other.fd()));
        }
        assertTrue(pipe[1].isClosed());
    }

    /** A write to a file of a file system, or the system's answer to any question, can wait. */
    @Test
    void refusesWhatIsNoEventfdPipeOrSocket(@TempDir Path directory) throws Exception {
        Path regular = Files.createFile(directory.resolve("pipe:[1]"));
        for (String path : List.of(regular.toString(), directory.toString(), "/dev/null")) {
            int flags = path.equals(directory.toString()) ? 0 : Flags.O_RDWR; // O_RDONLY
            Fd other = new Fd(Native.LIBC.open(path, flags, 0));
            assertFalse(WakeDescriptor.canWake(other), path);
            assertThrows(LinuxException.class, () -> EventFd.adopt(other));
            assertTrue(other.isClosed());
        }
    }

    /** Whoever holds the other duplicate may have read what woke us. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // else it never ends
    void drainsWithoutWaitingForMore() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        var pair = UnixSocket.pair();
        try (EventFd counter = EventFd.open();
                Fd read = pipe[0];
                EventFd toPipe = EventFd.adopt(pipe[1]);
                UnixSocket socket = pair.get(0);
                EventFd toSocket = EventFd.adopt(pair.get(1).fd())) {
            List<EventFd> wakers = List.of(counter, toPipe, toSocket);
            List<Fd> woken = List.of(counter.fd(), read, socket.fd());
            for (int i = 0; i < wakers.size(); i++) {
                Fd fd = woken.get(i);
                SharedFlags.blocking(fd);
                wakers.get(i).signal();
                for (int j = 0; j < 3; j++) {
                    assertTrue(
                            WakeDescriptor.drain(fd, WakeDescriptor.kind(fd)),
                            "nothing there is no end");
                    assertFalse(OpenDescriptors.isReadable(fd));
                }
            }
        }
    }

    @Test
    void drainNoticesThatTheWriterIsGone() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0]) {
            EventFd event = EventFd.adopt(pipe[1]);
            event.signal();
            event.close();
            assertTrue(WakeDescriptor.drain(read, WakeDescriptor.Kind.PIPE));
            assertFalse(WakeDescriptor.drain(read, WakeDescriptor.Kind.PIPE));
        }
        var pair = UnixSocket.pair();
        try (UnixSocket read = pair.get(0)) {
            EventFd event = EventFd.adopt(pair.get(1).fd());
            event.signal();
            event.close();
            assertTrue(WakeDescriptor.drain(read.fd(), WakeDescriptor.Kind.SOCKET));
            assertFalse(WakeDescriptor.drain(read.fd(), WakeDescriptor.Kind.SOCKET));
        }
    }
}
