package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

final class MappingTest {
    private static final int PAGE = 4096;

    @Test
    void sharesTheMemoryOfTheFile() throws Exception {
        try (Fd file = Memfd.create("shared", 2 * PAGE);
                Mapping one = Mapping.map(file, 2 * PAGE);
                Mapping other = Mapping.map(file, 2 * PAGE)) {
            SharedMemory.putLe64(one.address() + PAGE + 8, 0x1122334455667788L);
            assertEquals(0x1122334455667788L, SharedMemory.le64(other.address() + PAGE + 8));
        }
    }

    @Test
    void startsAtTheFirstByteOfTheFile() throws Exception {
        try (Fd file = Memfd.create("first", 2 * PAGE);
                Mapping whole = Mapping.map(file, 2 * PAGE)) {
            SharedMemory.putLe8(whole.address(), 1);
            SharedMemory.putLe8(whole.address() + PAGE, 2);
            try (Mapping again = Mapping.map(file, PAGE)) {
                assertEquals(1, SharedMemory.le8(again.address()));
            }
        }
    }

    @Test
    void isRoundedUpToTheBlockSize() throws Exception {
        try (Fd file = Memfd.create("rounded", PAGE + 1)) {
            try (Mapping mapping = Mapping.map(file, PAGE + 1)) {
                assertEquals(2 * PAGE, mapping.bytes());
                SharedMemory.putLe8(mapping.address() + PAGE, 1);
            }
            try (Mapping mapping = Mapping.map(file, 1)) {
                assertEquals(PAGE, mapping.bytes());
            }
        }
    }

    @Test
    void isGoneOnceClosedAndClosesOnce() throws Exception {
        try (Fd file = Memfd.create("gone", PAGE)) {
            Mapping mapping = Mapping.map(file, PAGE);
            long address = mapping.address();
            assertTrue(OpenDescriptors.isMapped(address));
            mapping.close();
            assertFalse(OpenDescriptors.isMapped(address));
            mapping.close();
        }
    }

    @Test
    void outlivesTheDescriptor() throws Exception {
        Fd file = Memfd.create("closed", PAGE);
        try (Mapping mapping = Mapping.map(file, PAGE)) {
            file.close();
            SharedMemory.putLe32(mapping.address(), 7);
            assertEquals(7, SharedMemory.le32(mapping.address()));
        }
    }

    @Test
    void refusesAFileThatIsTooShort() throws Exception {
        try (Fd file = Memfd.create("short", PAGE)) {
            FileTooShortException e =
                    assertThrows(FileTooShortException.class, () -> Mapping.map(file, PAGE + 1));
            assertEquals("file has 4096 bytes, region needs 4097", e.getMessage());
            assertThrows(FileTooShortException.class, () -> Mapping.map(file, Long.MAX_VALUE));
        }
    }

    @Test
    void refusesNoBytesAndLessThanNone() throws Exception {
        try (Fd file = Memfd.create("none", PAGE)) {
            assertThrows(IllegalArgumentException.class, () -> Mapping.map(file, 0));
            assertThrows(IllegalArgumentException.class, () -> Mapping.map(file, -PAGE));
        }
    }

    @Test
    void aSizeThatDoesNotFitTheAddressSpaceIsAFailureOfTheCall() throws Exception {
        try (Fd file = Memfd.create("huge", 1L << 62)) {
            LinuxException e =
                    assertThrows(LinuxException.class, () -> Mapping.map(file, 1L << 62));
            assertEquals(Errno.ENOMEM, e.errno());
            Memfd.resize(file, Long.MAX_VALUE);
            assertThrows(LinuxException.class, () -> Mapping.map(file, Long.MAX_VALUE));
        }
    }

    @Test
    void leavesHalfOfTheAddressSpaceToOthers() throws Exception {
        long half = Mapping.ALL_BYTES_MAX / 2;
        try (Fd file = Memfd.create("sparse", half)) {
            for (int i = 0; i < 2; i++) { // what is unmapped counts no more
                try (Mapping _ = Mapping.map(file, half)) {
                    try (Mapping _ = Mapping.map(file, half - (1L << 40))) {
                        LinuxException e =
                                assertThrows(
                                        LinuxException.class,
                                        () -> Mapping.map(file, (1L << 40) + 1));
                        assertEquals(Errno.ENOMEM, e.errno());
                        assertTrue(e.getMessage().contains("are mapped"), e.getMessage());
                    }
                }
            }
        }
    }

    @Test
    void refusesWhatCannotBeMapped() throws Exception {
        try (EventFd event = EventFd.open()) {
            assertThrows(FileTooShortException.class, () -> Mapping.map(event.fd(), PAGE));
        }
        Fd closed = Memfd.create("closed", PAGE);
        closed.close();
        LinuxException e = assertThrows(LinuxException.class, () -> Mapping.map(closed, PAGE));
        assertEquals("EBADF", e.errnoName());
    }

    /** What each kind of access does on memory whose file was cut, at the given address. */
    private interface Access {
        void at(long address, long ownMemory);
    }

    @Test
    void anAccessBeyondACutFileIsAnInternalErrorAndNotACrash() throws Exception {
        Access[] accesses = {
            (address, own) -> SharedMemory.le8(address),
            (address, own) -> SharedMemory.le16(address),
            (address, own) -> SharedMemory.le32(address),
            (address, own) -> SharedMemory.le64(address),
            (address, own) -> SharedMemory.putLe8(address, 1),
            (address, own) -> SharedMemory.putLe16(address, 1),
            (address, own) -> SharedMemory.putLe32(address, 1),
            (address, own) -> SharedMemory.putLe64(address, 1),
            (address, own) -> SharedMemory.acquireLe16(address),
            (address, own) -> SharedMemory.acquireLe32(address),
            (address, own) -> SharedMemory.opaqueLe16(address),
            (address, own) -> SharedMemory.opaqueLe64(address),
            (address, own) -> SharedMemory.opaquePutLe16(address, 1),
            (address, own) -> SharedMemory.opaquePutLe32(address, 1),
            (address, own) -> SharedMemory.releaseLe64(address, 1),
            (address, own) -> SharedMemory.opaqueLe8(address),
            (address, own) -> SharedMemory.opaqueLe32(address),
            (address, own) -> SharedMemory.acquireLe8(address),
            (address, own) -> SharedMemory.opaquePutLe8(address, 1),
            (address, own) -> SharedMemory.releaseLe8(address, 1),
            (address, own) -> SharedMemory.releaseLe16(address, 1),
            (address, own) -> SharedMemory.releaseLe32(address, 1),
            (address, own) -> SharedMemory.copy(address, own, 100),
            (address, own) -> SharedMemory.copy(own, address, 100),
            (address, own) -> SharedMemory.copy(address, new byte[9], 0, 9),
            (address, own) -> SharedMemory.copy(new byte[9], 0, address, 9),
            (address, own) -> SharedMemory.fill(address, 100, 1),
        };
        try (NativeBuffer own = NativeBuffer.allocate(PAGE);
                Fd file = Memfd.create("cut", 2 * PAGE);
                Mapping mapping = Mapping.map(file, 2 * PAGE)) {
            for (int i = 0; i < accesses.length; i++) {
                Access access = accesses[i];
                access.at(mapping.address() + PAGE, own.address());
                Memfd.resize(file, PAGE);
                assertThrows(
                        InternalError.class,
                        () -> access.at(mapping.address() + PAGE, own.address()),
                        "access " + i);
                access.at(mapping.address(), own.address());
                Memfd.resize(file, 2 * PAGE);
            }
        }
    }

    @Test
    void compiledCodeSurvivesACutFileToo() throws Exception {
        try (NativeBuffer own = NativeBuffer.allocate(PAGE);
                Fd file = Memfd.create("cut", 2 * PAGE);
                Mapping mapping = Mapping.map(file, 2 * PAGE)) {
            long sum = 0;
            for (int i = 0; i < 200; i++) {
                sum += touch(mapping.address(), own.address(), 1000);
            }
            assertEquals(0, sum);
            Memfd.resize(file, PAGE);
            assertThrows(InternalError.class, () -> touch(mapping.address(), own.address(), 1000));
        }
    }

    private static long touch(long address, long own, int times) {
        long sum = 0;
        for (int i = 0; i < times; i++) {
            sum += SharedMemory.le64(address + PAGE) + SharedMemory.acquireLe16(address + PAGE);
            SharedMemory.copy(address + PAGE, own, 64);
            SharedMemory.copy(own, address + PAGE, 64);
        }
        return sum;
    }

    @Test
    void aSystemCallOnACutFileAnswersEfault() throws Exception {
        Fd[] pipe = OpenDescriptors.pipe();
        try (Fd read = pipe[0];
                Fd write = pipe[1];
                Fd file = Memfd.create("cut", 2 * PAGE);
                Mapping mapping = Mapping.map(file, 2 * PAGE);
                IoVec vec = new IoVec(2)) {
            Memfd.resize(file, PAGE);
            vec.add(mapping.address() + PAGE, 8);
            assertEquals(-Errno.EFAULT, FrameIo.write(write.number(), vec));
            vec.clear();
            vec.add(mapping.address(), 8);
            assertEquals(8, FrameIo.write(write.number(), vec));
            vec.clear();
            vec.add(mapping.address() + PAGE, 8);
            assertEquals(-Errno.EFAULT, FrameIo.read(read.number(), vec));
        }
    }
}
