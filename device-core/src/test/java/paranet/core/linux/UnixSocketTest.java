package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import paranet.core.linux.UnixSocket.Received;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

final class UnixSocketTest {
    private UnixSocket near;
    private UnixSocket far;
    private final List<Fd> got = new ArrayList<>();

    @BeforeEach
    void connect() throws Exception {
        List<UnixSocket> pair = UnixSocket.pair();
        near = pair.get(0);
        far = pair.get(1);
    }

    @AfterEach
    void close() {
        near.close();
        far.close();
        got.forEach(Fd::close);
    }

    private static ByteBuffer bytes(int count) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(count);
        for (int i = 0; i < count; i++) {
            buffer.put(i, (byte) i);
        }
        return buffer;
    }

    @Test
    void passesEightDescriptorsWithOneMessage() throws Exception {
        List<Fd> files = files(UnixSocket.DESCRIPTORS_MAX);
        assertTrue(near.send(bytes(20), files));
        files.forEach(Fd::close);
        ByteBuffer header = ByteBuffer.allocateDirect(12);
        assertEquals(Received.BYTES, far.receive(header, got));
        assertEquals(12, header.position());
        assertEquals(8, got.size());
        for (int i = 0; i < 8; i++) {
            assertTrue(OpenDescriptors.closesOnExec(got.get(i)));
            // Each file is as long as its place in the list says.
            try (Mapping mapping = Mapping.map(got.get(i), 4096L * (i + 1))) {
                assertEquals(4096L * (i + 1), mapping.bytes());
            }
            Fd file = got.get(i);
            long tooMany = 4096L * (i + 1) + 1;
            assertThrows(FileTooShortException.class, () -> Mapping.map(file, tooMany));
        }
        ByteBuffer payload = ByteBuffer.allocateDirect(100);
        assertEquals(Received.BYTES, far.receive(payload, got));
        assertEquals(8, payload.position());
        assertEquals(12, payload.get(0));
        assertEquals(8, got.size());
    }

    @Test
    void saysThatMoreDescriptorsCameThanFitAndHandsOutThoseThatDid() throws Exception {
        List<Fd> files = files(UnixSocket.DESCRIPTORS_MAX + 1);
        int free = lowestFree();
        assertTrue(near.send(bytes(12), files));
        assertEquals(Received.TRUNCATED, far.receive(ByteBuffer.allocateDirect(12), got));
        assertEquals(8, got.size());
        got.forEach(Fd::close);
        files.forEach(Fd::close);
        for (int number = free; number < free + 16; number++) {
            assertFalse(OpenDescriptors.isOpen(number), "fd " + number);
        }
    }

    private static List<Fd> files(int count) throws Exception {
        List<Fd> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            files.add(Memfd.create("file " + i, 4096L * (i + 1)));
        }
        return files;
    }

    private static int lowestFree() throws Exception {
        try (Fd probe = Memfd.create("probe", 1)) {
            return probe.number();
        }
    }

    @Test
    void receivesWhatIsThereIntoWhatFits() throws Exception {
        ByteBuffer into = ByteBuffer.allocateDirect(8);
        assertEquals(Received.NOTHING, far.receive(into, got));
        near.send(bytes(10), List.of());
        into.position(2).limit(5);
        assertEquals(Received.BYTES, far.receive(into, got));
        assertEquals(5, into.position());
        into.clear();
        assertEquals(0, into.get(2));
        assertEquals(2, into.get(4));
        assertEquals(0, into.get(5));
        assertEquals(Received.BYTES, far.receive(into, got));
        assertEquals(7, into.position());
        assertEquals(3, into.get(0));
        assertEquals(Received.NOTHING, far.receive(into, got));
        assertTrue(got.isEmpty());
    }

    @Test
    void noticesTheEndAfterTheLastByte() throws Exception {
        near.send(bytes(3), List.of());
        near.close();
        ByteBuffer into = ByteBuffer.allocateDirect(8);
        assertEquals(Received.BYTES, far.receive(into, got));
        assertEquals(3, into.position());
        assertEquals(Received.END, far.receive(into, got));
    }

    @Test
    void aPeerThatLeftWithoutReadingIsAnEndToo() throws Exception {
        far.send(bytes(3), List.of());
        near.close();
        assertEquals(Received.END, far.receive(ByteBuffer.allocateDirect(8), got));
    }

    @Test
    void sendsAsFarAsThePeerHasRoomAndGoesOnLater() throws Exception {
        byte[] content = new byte[2_000_000];
        new Random(1).nextBytes(content);
        ByteBuffer from = ByteBuffer.allocateDirect(content.length).put(content).flip();
        ByteBuffer into = ByteBuffer.allocateDirect(content.length);
        int waits = 0;
        try (Fd file = Memfd.create("passed", 1)) {
            while (!near.send(from, List.of(file))) {
                waits++;
                assertTrue(from.hasRemaining());
                assertEquals(Received.BYTES, far.receive(into, got));
            }
        }
        assertFalse(from.hasRemaining());
        while (into.hasRemaining()) {
            assertEquals(Received.BYTES, far.receive(into, got));
        }
        assertTrue(waits > 0);
        byte[] arrived = new byte[content.length];
        into.flip().get(arrived);
        assertArrayEquals(content, arrived);
        assertEquals(1, got.size());
    }

    /** Who sent us a socket keeps it open, and shares its flags. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void neverWaitsThoughSomebodyMadeItBlocking() throws Exception {
        SharedFlags.blocking(near.fd());
        assertEquals(Received.NOTHING, near.receive(ByteBuffer.allocateDirect(8), got));
        ByteBuffer from = ByteBuffer.allocateDirect(2_000_000);
        assertFalse(near.send(from, List.of()));
        assertTrue(from.hasRemaining());
    }

    @Test
    void aPeerThatClosedIsAnErrorAndNotASignal() throws Exception {
        far.close();
        LinuxException e = assertThrows(LinuxException.class, () -> near.send(bytes(1), List.of()));
        assertEquals(Errno.EPIPE, e.errno());
    }

    @Test
    void refusesToSendADescriptorThatIsNotOpen() throws Exception {
        Fd closed = Memfd.create("closed", 1);
        closed.close();
        LinuxException e =
                assertThrows(LinuxException.class, () -> near.send(bytes(1), List.of(closed)));
        assertEquals("EBADF", e.errnoName());
        assertEquals(Received.NOTHING, far.receive(ByteBuffer.allocateDirect(1), got));
    }

    @Test
    void listensAcceptsAndConnects(@TempDir Path directory) throws Exception {
        String path = directory.resolve("socket").toString();
        LinuxException nobody = assertThrows(LinuxException.class, () -> UnixSocket.connect(path));
        assertEquals(Errno.ENOENT, nobody.errno());
        try (UnixSocket listening = UnixSocket.listen(path)) {
            assertNull(listening.accept());
            LinuxException taken =
                    assertThrows(LinuxException.class, () -> UnixSocket.listen(path));
            assertTrue(taken.is("EADDRINUSE"));
            try (UnixSocket client = UnixSocket.connect(path);
                    UnixSocket server = listening.accept()) {
                assertTrue(OpenDescriptors.isNonBlocking(client.fd()));
                assertTrue(OpenDescriptors.isNonBlocking(server.fd()));
                assertTrue(OpenDescriptors.closesOnExec(client.fd()));
                assertTrue(OpenDescriptors.closesOnExec(server.fd()));
                client.send(bytes(4), List.of());
                ByteBuffer into = ByteBuffer.allocateDirect(4);
                assertEquals(Received.BYTES, server.receive(into, got));
            }
        }
        LinuxException refused = assertThrows(LinuxException.class, () -> UnixSocket.connect(path));
        assertTrue(refused.is("ECONNREFUSED"));
    }

    @Test
    void refusesAPathThatTheKernelWouldCut(@TempDir Path directory) throws Exception {
        String base = directory + "/";
        String longest = base + "x".repeat(UnixSocket.PATH_BYTES_MAX - base.length());
        UnixSocket.listen(longest).close();
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> UnixSocket.listen(longest + "x"));
        assertTrue(e.getMessage().startsWith("socket path of 108 bytes is not in 1..107"));
        assertThrows(IllegalArgumentException.class, () -> UnixSocket.listen(""));
    }

    @Test
    void adoptsABlockingSocketAsNonBlocking() throws Exception {
        try (UnixSocket adopted = new UnixSocket(near.fd().duplicate(), "adopted")) {
            assertTrue(OpenDescriptors.isNonBlocking(adopted.fd()));
            assertEquals("adopted", adopted.toString());
        }
        Fd closed = Memfd.create("closed", 1);
        closed.close();
        assertThrows(LinuxException.class, () -> new UnixSocket(closed, "closed"));
    }
}
