package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

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
                assertFalse(WakeDescriptor.isReadable(read));
                assertFalse(WakeDescriptor.isReadable(socket.fd()));
                assertFalse(WakeDescriptor.isReadable(counter.fd()));
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
    void tellsWhichWakeDescriptorsPileUpBytes() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        var pair = UnixSocket.pair();
        try (EventFd counter = EventFd.open();
                Fd read = pipe[0];
                Fd write = pipe[1];
                UnixSocket one = pair.get(0);
                UnixSocket other = pair.get(1)) {
            assertFalse(WakeDescriptor.needsDraining(counter.fd()));
            assertTrue(WakeDescriptor.needsDraining(read));
            assertTrue(WakeDescriptor.needsDraining(one.fd()));
            write.nonBlocking();
            read.nonBlocking();
            assertTrue(WakeDescriptor.drain(read), "nothing there is no end");
            EventFd.adopt(other.fd().duplicate()).signal();
            assertTrue(WakeDescriptor.drain(one.fd()));
        }
        assertTrue(pipe[1].isClosed());
    }

    @Test
    void drainNoticesThatTheWriterIsGone() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0]) {
            EventFd event = EventFd.adopt(pipe[1]);
            event.signal();
            event.close();
            assertTrue(WakeDescriptor.drain(read));
            assertFalse(WakeDescriptor.drain(read));
        }
    }
}
