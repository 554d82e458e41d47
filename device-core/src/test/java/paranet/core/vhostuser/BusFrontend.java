package paranet.core.vhostuser;

import paranet.core.linux.Fd;

import java.nio.ByteBuffer;
import java.util.List;

/** The other end of a session with a bus, in bytes, with numbers of its own. */
final class BusFrontend {
    static final int MAGIC = 0xBF53EEF5;
    static final int ALL = 0xf;

    final SmallBus bus = new SmallBus();
    final RecordingBusHost host = new RecordingBusHost();
    final BusSession session = new BusSession(bus, host);

    /** The log line of the last request, or null. */
    String refused;

    /** Sends a request; the reply's bytes, or null when none came. */
    ByteBuffer say(int id, int flags, ByteBuffer payload, Fd... descriptors)
            throws ProtocolException {
        List<Fd> came = List.of(descriptors);
        MessageHeader header =
                MessageCodec.header(
                        session.dialect(), Frontend.header(id, flags, payload.remaining()), came);
        FrontendRequest request = MessageCodec.request(header, payload, came);
        FrontendSession.Outcome outcome = session.handle(request, header.needReply());
        refused = outcome.refused();
        if (outcome.reply() == null) {
            return null;
        }
        ByteBuffer reply = Frontend.bytes(MessageCodec.REPLY_BYTES_MAX);
        MessageCodec.reply(outcome.reply(), reply);
        reply.flip();
        if (reply.getInt(0) != id
                || reply.getInt(4) != 5
                || reply.getInt(8) != reply.limit() - 12) {
            throw new AssertionError("malformed reply to " + id);
        }
        return reply;
    }

    /** Sends a request that must be silently accepted. */
    void tell(int id, ByteBuffer payload, Fd... descriptors) throws ProtocolException {
        ByteBuffer reply = say(id, 1, payload, descriptors);
        if (reply != null || refused != null) {
            throw new AssertionError("%d: reply %s, %s".formatted(id, reply, refused));
        }
    }

    /** The result of a request to the bus; asking for an acknowledgement must not matter. */
    int result(int id, ByteBuffer payload, Fd... descriptors) throws ProtocolException {
        ByteBuffer reply = say(id, 9, payload, descriptors);
        if (reply == null || reply.limit() != (id == 0x7600 ? 36 : 20)) {
            throw new AssertionError("reply to %x".formatted(id));
        }
        return reply.getInt(12);
    }

    static ByteBuffer negotiation(int magic, int version, long capabilities) {
        return Frontend.bytes(16).putInt(magic).putInt(version).putLong(capabilities).flip();
    }

    static ByteBuffer eventq(int index, int flags) {
        return Frontend.bytes(32)
                .putInt(index)
                .putInt(flags)
                .putInt(64)
                .putInt(0)
                .putLong(0x1000)
                .putLong(0x2000)
                .flip();
    }

    static ByteBuffer number(int number) {
        return Frontend.bytes(8).putInt(number).putInt(0).flip();
    }

    static ByteBuffer call(int channel, int vector, int length, long guestAddress) {
        return Frontend.bytes(24)
                .putInt(channel)
                .putInt(0)
                .putInt(vector)
                .putInt(length)
                .putLong(guestAddress)
                .flip();
    }

    static ByteBuffer doorbell(long guestAddress, int bits) {
        return Frontend.bytes(16).putLong(guestAddress).putInt(bits).putInt(0).flip();
    }

    static ByteBuffer fastcall(int channel) {
        return Frontend.bytes(16).putInt(channel).putInt(24).putLong(0x3000).flip();
    }

    /** Says everything up to NEGOTIATE. */
    BusFrontend withMemory() throws ProtocolException {
        tell(2, Frontend.u64(1L << 30));
        tell(16, Frontend.u64(1L << 56 | 1L << 15 | 1L << 3));
        tell(3, Frontend.nothing());
        tell(5, Frontend.table(Frontend.LOW), Frontend.fd());
        return this;
    }

    BusFrontend negotiated(long capabilities) throws ProtocolException {
        int result = withMemory().result(0x7600, negotiation(MAGIC, 1, capabilities));
        if (result != 1) {
            throw new AssertionError("NEGOTIATE: " + result);
        }
        return this;
    }

    BusFrontend ready(long capabilities) throws ProtocolException {
        negotiated(capabilities);
        int added = result(0x7601, eventq(0, 0), Frontend.fd(), Frontend.fd());
        int ready = result(0x7602, number(1));
        if ((added | ready) != 0) {
            throw new AssertionError("SET_EVENTQ %d, READY %d".formatted(added, ready));
        }
        return this;
    }
}
