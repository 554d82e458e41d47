package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import paranet.core.linux.Fd;
import paranet.core.linux.UnixSocket;
import paranet.core.mitigation.PolicyOptions;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Where and when front ends can connect; what a newer one does to an older one. */
class PortListenerTest {
    private static final int GET_FEATURES = 1;

    @TempDir private Path directory;
    private final ControlLoop control = new ControlLoop();
    private final QueueWorker worker = QueueWorker.start("listener-test", bug -> {});
    private Port port;

    @BeforeEach
    void open() {
        port =
                Port.open(
                        "test", new NoDevice(), control, List.of(worker), new PolicyOptions.None());
    }

    @AfterEach
    void close() {
        port.close();
        worker.close();
        control.close();
    }

    private Path path() {
        return directory.resolve("port.sock");
    }

    @Test
    void removesItsSocketWhenClosed() throws Exception {
        PortListener listener = PortListener.open(path(), port, control);
        assertTrue(Files.exists(path()));
        listener.close();
        assertFalse(Files.exists(path()));
        try (var left = Files.list(directory)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void replacesASocketThatNobodyListensAt() throws Exception {
        UnixSocket.listen(path().toString()).close(); // leaves the path behind
        try (PortListener _ = PortListener.open(path(), port, control);
                UnixSocket frontend = UnixSocket.connect(path().toString())) {
            assertEquals(NoDevice.FEATURES | 1L << 30, askFeatures(frontend));
        }
    }

    @Test
    void leavesASocketAloneThatSomebodyListensAt() throws Exception {
        try (UnixSocket _ = UnixSocket.listen(path().toString())) {
            IOException refused =
                    assertThrows(IOException.class, () -> PortListener.open(path(), port, control));
            assertTrue(refused.getMessage().contains("another process listens"));
            assertTrue(Files.exists(path()));
        }
    }

    @Test
    void leavesAFileAloneThatIsNoSocket() throws Exception {
        Files.writeString(path(), "precious");
        assertThrows(IOException.class, () -> PortListener.open(path(), port, control));
        assertEquals("precious", Files.readString(path()));
    }

    @Test
    void namesTheDirectoryThatIsNotThere() {
        Path nowhere = directory.resolve("none/port.sock");
        IOException refused =
                assertThrows(IOException.class, () -> PortListener.open(nowhere, port, control));
        assertEquals(
                "%s: there is no directory %s; make it, or choose another path"
                        .formatted(nowhere, nowhere.getParent()),
                refused.getMessage());
    }

    @Test
    void servesOneFrontEndAfterTheOther() throws Exception {
        try (PortListener _ = PortListener.open(path(), port, control)) {
            for (int i = 0; i < 20; i++) {
                try (UnixSocket frontend = UnixSocket.connect(path().toString())) {
                    askFeatures(frontend);
                }
            }
            await(() -> port.snapshot().connections() == 20);
        }
    }

    @Test
    void givesEverythingElseItsTurnWhileManyConnect() throws Exception {
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        PortListener listener =
                PortListener.open(
                        path(),
                        control,
                        taken -> {
                            taken.close();
                            order.add("taken");
                            control.execute(() -> order.add("something else"));
                        },
                        false);
        control.call(
                () -> {
                    for (int i = 0; i < 3; i++) {
                        UnixSocket.connect(path().toString()).close();
                    }
                    return null;
                });
        await(() -> order.size() == 6);
        assertEquals(
                Collections.nCopies(3, List.of("taken", "something else")).stream()
                        .flatMap(List::stream)
                        .toList(),
                order);
        listener.close();
    }

    @Test
    void closesAnOlderConnectionForANewerOne() throws Exception {
        try (PortListener _ = PortListener.open(path(), port, control);
                UnixSocket older = UnixSocket.connect(path().toString())) {
            askFeatures(older);
            try (UnixSocket newer = UnixSocket.connect(path().toString())) {
                askFeatures(newer);
                ByteBuffer none = ByteBuffer.allocateDirect(1);
                assertEquals(UnixSocket.Received.END, older.receive(none, new ArrayList<>()));
                assertEquals(NoDevice.FEATURES | 1L << 30, askFeatures(newer));
            }
        }
    }

    @Test
    void closesOnlyTheConnectionThatBreaksTheFraming() throws Exception {
        try (PortListener _ = PortListener.open(path(), port, control)) {
            try (UnixSocket broken = UnixSocket.connect(path().toString())) {
                ByteBuffer header = message(GET_FEATURES, 2, 0); // version 2
                broken.send(header, List.of());
                await(() -> ended(broken));
            }
            try (UnixSocket next = UnixSocket.connect(path().toString())) {
                askFeatures(next);
            }
        }
    }

    @Test
    void connectsAsAClientOnceSomebodyListensAndAgainAfterwards() throws Exception {
        PortConnector connector = PortConnector.open(path(), port, control);
        try {
            for (int i = 0; i < 3; i++) {
                try (UnixSocket listening = UnixSocket.listen(path().toString())) {
                    UnixSocket[] accepted = new UnixSocket[1];
                    await(
                            () -> {
                                try {
                                    accepted[0] = listening.accept();
                                } catch (IOException e) {
                                    throw new AssertionError(e);
                                }
                                return accepted[0] != null;
                            });
                    askFeatures(accepted[0]);
                    accepted[0].close();
                } finally {
                    Files.deleteIfExists(path());
                }
            }
        } finally {
            connector.close();
        }
    }

    private static ByteBuffer message(int request, int flags, int payloadBytes) {
        return ByteBuffer.allocateDirect(12)
                .order(ByteOrder.nativeOrder())
                .putInt(request)
                .putInt(flags)
                .putInt(payloadBytes)
                .flip();
    }

    private static long askFeatures(UnixSocket frontend) throws Exception {
        frontend.send(message(GET_FEATURES, 1, 0), List.of());
        ByteBuffer reply = ByteBuffer.allocateDirect(20).order(ByteOrder.nativeOrder());
        List<Fd> none = new ArrayList<>();
        await(
                () -> {
                    try {
                        return frontend.receive(reply, none) != UnixSocket.Received.NOTHING
                                && !reply.hasRemaining();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        assertEquals(GET_FEATURES, reply.getInt(0));
        assertEquals(5, reply.getInt(4));
        return reply.getLong(12);
    }

    private static boolean ended(UnixSocket socket) {
        try {
            return socket.receive(ByteBuffer.allocateDirect(64), new ArrayList<>())
                    == UnixSocket.Received.END;
        } catch (IOException e) {
            return true; // ECONNRESET: what we sent was never read
        }
    }

    /** Asks again until it holds; at most ten seconds. */
    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within 10 s");
            Thread.onSpinWait();
        }
    }
}
