package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class FdTest {
    @Test
    void closesOnceEvenIfTheNumberIsGivenOutAgain() throws Exception {
        Fd first = Memfd.create("first", 1);
        int number = first.number();
        first.close();
        assertTrue(first.isClosed());
        assertFalse(OpenDescriptors.isOpen(number));
        // Linux gives out the lowest free number, so some new descriptor soon has it again.
        Fd[] more = new Fd[64];
        for (int i = 0; i < more.length; i++) {
            more[i] = Memfd.create("more", 1);
        }
        assertTrue(OpenDescriptors.isOpen(number));
        first.close();
        assertTrue(OpenDescriptors.isOpen(number));
        for (Fd each : more) {
            each.close();
        }
    }

    @Test
    void duplicatesOutliveTheOriginalAndCloseOnExec() throws Exception {
        Fd first = Memfd.create("first", 4096);
        try (Fd copy = first.duplicate()) {
            first.close();
            assertTrue(OpenDescriptors.isOpen(copy.number()));
            assertTrue(OpenDescriptors.closesOnExec(copy));
            Mapping.map(copy, 4096).close();
        }
    }

    @Test
    void becomesNonBlocking() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1]) {
            assertFalse(OpenDescriptors.isNonBlocking(read));
            read.nonBlocking();
            assertTrue(OpenDescriptors.isNonBlocking(read));
            assertFalse(OpenDescriptors.isNonBlocking(write));
            assertEquals(-Errno.EAGAIN, OpenDescriptors.readLe64(read));
        }
    }

    @Test
    void namesCallErrnoAndSubjectOfAFailure() throws Exception {
        Fd closed = Memfd.create("closed", 1);
        closed.close();
        LinuxException e = assertThrows(LinuxException.class, closed::duplicate);
        assertEquals("EBADF", e.errnoName());
        assertTrue(e.is("EBADF"));
        assertEquals(
                "fcntl(F_DUPFD_CLOEXEC): EBADF (Bad file descriptor) on fd " + closed.number(),
                e.getMessage());
    }

    @Test
    void namesAnErrnoThatNoTableKnowsByItsNumber() {
        LinuxException e = new LinuxException("call", 4000, "subject");
        assertEquals("errno 4000", e.errnoName());
        assertEquals("call: errno 4000 (unknown error) on subject", e.getMessage());
    }

    @Test
    void refusesANegativeNumber() {
        assertThrows(IllegalArgumentException.class, () -> new Fd(-1));
    }
}
