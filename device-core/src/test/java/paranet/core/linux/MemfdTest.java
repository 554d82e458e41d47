package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;

final class MemfdTest {
    @Test
    void makesAFileOfZeroesThatClosesOnExec() throws Exception {
        try (Fd file = Memfd.create("zeroes", 5000)) {
            byte[] content = Files.readAllBytes(Path.of("/proc/self/fd/" + file.number()));
            assertEquals(5000, content.length);
            for (byte each : content) {
                assertEquals(0, each);
            }
            assertTrue(OpenDescriptors.closesOnExec(file));
        }
    }

    @Test
    void canBeCutUntilSealed() throws Exception {
        try (Fd file = Memfd.create("sealed", 8192)) {
            Memfd.resize(file, 4096);
            assertFalse(Mapping.isSealedAgainstShrinking(file));
            Memfd.sealAgainstShrinking(file);
            assertTrue(Mapping.isSealedAgainstShrinking(file));
            LinuxException e = assertThrows(LinuxException.class, () -> Memfd.resize(file, 4095));
            assertEquals(Errno.EPERM, e.errno());
            Memfd.resize(file, 8192);
        }
    }

    @Test
    void aFileWithoutSealsIsNotSealed() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1]) {
            assertFalse(Mapping.isSealedAgainstShrinking(read));
            assertFalse(Mapping.isSealedAgainstShrinking(write));
        }
    }

    @Test
    void closesTheFileWhenItCannotHaveItsSize() throws Exception {
        int next;
        try (Fd free = Memfd.create("free", 1)) {
            next = free.number();
        }
        LinuxException e = assertThrows(LinuxException.class, () -> Memfd.create("bad", -1));
        assertEquals(Errno.EINVAL, e.errno());
        assertFalse(OpenDescriptors.isOpen(next));
    }
}
