package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.Mapping;
import paranet.core.linux.Memfd;
import paranet.core.linux.Readiness;
import paranet.core.linux.UnixSocket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A front end of a bus in bytes, over a real socket, with a real file behind its memory. */
final class RawFrontend implements AutoCloseable {
    static final int NEGOTIATE = 0x7600;
    static final int SET_EVENTQ = 0x7601;
    static final int READY = 0x7602;
    static final int CALL = 0x7603;
    static final int SIGNAL_KICK = 0x7604;
    static final int SET_DOORBELL = 0x7605;
    static final int SHMSIGNAL = 0x7606;
    static final int EVENTQ_KICK = 0x7607;
    static final int FASTCALL_ADD = 0x7608;
    static final int FASTCALL_DROP = 0x7609;
    static final int INTERRUPT = 0x7680;

    static final int MEMORY_BYTES = 0x10000;

    /** Where {@link #tellMemory} has its region. */
    static final long USER_ADDRESS = 0x7f00_0000_0000L;

    static final int USED = 0x2000;
    private static final int GET_FEATURES = 1;
    private static final int SET_VRING_NUM = 8;
    private static final int SET_VRING_ADDR = 9;
    static final int INBAND = 8;
    static final int ALL = 0xf;

    private static final int WAIT_MILLIS_MAX = 10_000;

    /** One message of the back end's. */
    record Message(int id, int flags, ByteBuffer payload) {
        int result() {
            return payload.getInt(0);
        }
    }

    private final UnixSocket socket;
    final Fd file = Memfd.create("bus", MEMORY_BYTES);
    final Mapping memory = Mapping.map(file, MEMORY_BYTES);
    final EventFd call = EventFd.open();
    final EventFd kick = EventFd.open();

    private RawFrontend(UnixSocket socket) throws IOException {
        this.socket = socket;
    }

    /** Connected to a port, which has taken the connection when this returns. */
    static RawFrontend connect(FrontendPort port, ControlLoop control) throws Exception {
        List<UnixSocket> pair = UnixSocket.pair();
        control.call(
                () -> {
                    port.attach(pair.get(1), () -> {});
                    return null;
                });
        return new RawFrontend(pair.get(0));
    }

    static ByteBuffer bytes(int count) {
        return ByteBuffer.allocateDirect(count).order(ByteOrder.LITTLE_ENDIAN);
    }

    static ByteBuffer number(int number) {
        return bytes(8).putInt(number).putInt(0).flip();
    }

    void send(int id, ByteBuffer payload, Fd... descriptors) throws IOException {
        assertTrue(trySend(id, payload, descriptors), "the back end reads no more");
    }

    /** Sends, and wants an acknowledgement. */
    void ask(int id, ByteBuffer payload, Fd... descriptors) throws IOException {
        assertTrue(trySend(id, 9, payload, descriptors), "the back end reads no more");
    }

    boolean trySend(int id, ByteBuffer payload, Fd... descriptors) throws IOException {
        return trySend(id, 1, payload, descriptors);
    }

    private boolean trySend(int id, int flags, ByteBuffer payload, Fd... descriptors)
            throws IOException {
        ByteBuffer message =
                bytes(12 + payload.remaining())
                        .putInt(id)
                        .putInt(flags)
                        .putInt(payload.remaining())
                        .put(payload)
                        .flip();
        return socket.send(message, List.of(descriptors));
    }

    /** The next message; null when the back end closed. */
    Message receive() throws IOException {
        ByteBuffer header = read(12);
        return header == null
                ? null
                : new Message(header.getInt(0), header.getInt(4), read(header.getInt(8)));
    }

    private ByteBuffer read(int count) throws IOException {
        ByteBuffer into = bytes(count);
        try (Readiness readiness = new Readiness(1)) {
            readiness.watch(socket.fd());
            while (into.hasRemaining()) {
                assertTrue(readiness.await(WAIT_MILLIS_MAX), "nothing came within 10 s");
                if (socket.receive(into, new ArrayList<>()) == UnixSocket.Received.END) {
                    return null;
                }
            }
        }
        return into.flip();
    }

    /** Whether something is there to read at once. */
    boolean hasMessage() throws IOException {
        try (Readiness readiness = new Readiness(1)) {
            readiness.watch(socket.fd());
            return readiness.await(0);
        }
    }

    /** Waits until the back end closed the connection; what came before is passed over. */
    void awaitEnd() throws IOException {
        while (receive() != null) {
            // a reply that nobody asks about
        }
    }

    /** The result of a request. */
    int result(int id, ByteBuffer payload, Fd... descriptors) throws IOException {
        send(id, payload, descriptors);
        Message reply = receive();
        assertEquals(id, reply.id());
        assertEquals(5, reply.flags());
        return reply.result();
    }

    static ByteBuffer callOf(int channel, int vector, long guestAddress) {
        return bytes(24)
                .putInt(channel)
                .putInt(0)
                .putInt(vector)
                .putInt(16)
                .putLong(guestAddress)
                .flip();
    }

    int callBus(int channel, int vector, long guestAddress) throws IOException {
        return result(CALL, callOf(channel, vector, guestAddress));
    }

    /** Describes a ring of that size, whose avail and used parts lie 0x1000 and 0x2000 in. */
    void placeRing(int vring, int size, long desc) throws IOException {
        send(SET_VRING_NUM, vring(vring, size));
        send(
                SET_VRING_ADDR,
                bytes(40)
                        .putInt(vring)
                        .putInt(0)
                        .putLong(desc)
                        .putLong(USER_ADDRESS + USED)
                        .putLong(USER_ADDRESS + 0x1000) // avail
                        .putLong(0)
                        .flip());
    }

    static ByteBuffer vring(int vring, int number) {
        return bytes(8).putInt(vring).putInt(number).flip();
    }

    /** Until the back end has answered, so that it has done all that was asked before. */
    void awaitAnswer() throws IOException {
        send(GET_FEATURES, bytes(0));
        assertEquals(NoDevice.FEATURES | 1L << 30, receive().payload().getLong(0));
    }

    /** One region over the whole file, at guest address 0. */
    void tellMemory() throws IOException {
        tellMemory(file);
    }

    void tellMemory(Fd from) throws IOException {
        send(
                5,
                bytes(40)
                        .putInt(1)
                        .putInt(0)
                        .putLong(0)
                        .putLong(MEMORY_BYTES)
                        .putLong(USER_ADDRESS)
                        .putLong(0)
                        .flip(),
                from);
    }

    /** Up to NEGOTIATE. */
    RawFrontend negotiated(int capabilities) throws IOException {
        send(2, bytes(8).putLong(1L << 30).flip());
        send(16, bytes(8).putLong(1L << 56 | 1L << 15 | 1L << 3).flip());
        send(3, bytes(0));
        tellMemory();
        negotiate(capabilities);
        return this;
    }

    void negotiate(int capabilities) throws IOException {
        assertEquals(1, result(NEGOTIATE, negotiation(capabilities)));
    }

    static ByteBuffer negotiation(int capabilities) {
        return bytes(16).putInt(0xBF53EEF5).putInt(1).putLong(capabilities).flip();
    }

    static ByteBuffer eventq(int index) {
        return bytes(32)
                .putInt(index)
                .putInt(0)
                .putInt(8)
                .putInt(0)
                .putLong(0x1000)
                .putLong(0x2000)
                .flip();
    }

    static ByteBuffer fastcall(int channel) {
        return bytes(16).putInt(channel).putInt(24).putLong(0x4000).flip();
    }

    static ByteBuffer doorbell() {
        return bytes(16).putLong(0x3000).putInt(64).putInt(0).flip();
    }

    /** With one event queue and its two descriptors. */
    RawFrontend ready(int capabilities) throws IOException {
        negotiated(capabilities);
        assertEquals(0, result(SET_EVENTQ, eventq(0), call.fd(), kick.fd()));
        assertEquals(0, result(READY, number(1)));
        return this;
    }

    /** With one event queue in-band; its first interrupt has come. */
    RawFrontend readyInBand() throws IOException {
        negotiated(ALL);
        assertEquals(0, result(SET_EVENTQ, eventq(0)));
        assertEquals(0, result(READY, number(1)));
        awaitInterrupt(0);
        return this;
    }

    void awaitInterrupt(int eventq) throws IOException {
        Message message = receive();
        assertEquals(INTERRUPT, message.id());
        assertEquals(1, message.flags());
        assertEquals(eventq, message.payload().getInt(0));
    }

    /** Waits for a wake-up and takes it away. */
    static void await(EventFd event) throws IOException {
        try (Readiness readiness = new Readiness(1)) {
            readiness.watch(event.fd());
            assertTrue(readiness.await(WAIT_MILLIS_MAX), "not woken within 10 s");
        }
        event.drain();
    }

    @Override
    public void close() {
        socket.close();
        call.close();
        kick.close();
        memory.close();
        file.close();
    }
}
