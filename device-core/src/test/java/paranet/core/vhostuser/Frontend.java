package paranet.core.vhostuser;

import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The other end of a session, without a socket: it writes requests as bytes and reads replies as
 * bytes, with numbers of its own, so that both ends cannot be wrong together.
 */
final class Frontend {
    static final int VERSION = 1;
    static final int NEED_REPLY = 8;

    final SmallDevice device = new SmallDevice();
    final RecordingHost host = new RecordingHost();
    final Session session = new Session(device, host);

    /** The log line of the last request, or null. */
    String refused;

    /** Sends a request; the reply's bytes, or null when none came. */
    ByteBuffer say(int id, int flags, ByteBuffer payload, Fd... descriptors)
            throws ProtocolException {
        List<Fd> came = List.of(descriptors);
        MessageHeader header =
                MessageCodec.header(Dialect.VIRTIO, header(id, flags, payload.remaining()), came);
        FrontendRequest request = MessageCodec.request(header, payload, came);
        FrontendSession.Outcome outcome = session.handle(request, header.needReply());
        refused = outcome.refused();
        if (outcome.reply() == null) {
            return null;
        }
        ByteBuffer reply = ByteBuffer.allocate(MessageCodec.REPLY_BYTES_MAX);
        MessageCodec.reply(outcome.reply(), reply);
        return reply.flip();
    }

    /** Sends a request that asks for an acknowledgement; what the acknowledgement says. */
    long ask(int id, ByteBuffer payload, Fd... descriptors) throws ProtocolException {
        ByteBuffer reply = say(id, VERSION | NEED_REPLY, payload, descriptors);
        if (reply == null) {
            throw new AssertionError("no acknowledgement of " + id);
        }
        return number(id, reply);
    }

    /** Sends a request that must be silently accepted. */
    void tell(int id, ByteBuffer payload, Fd... descriptors) throws ProtocolException {
        ByteBuffer reply = say(id, VERSION, payload, descriptors);
        if (reply != null || refused != null) {
            throw new AssertionError("%d: reply %s, %s".formatted(id, reply, refused));
        }
    }

    /** Sends a request that has a reply of one number. */
    long get(int id, ByteBuffer payload) throws ProtocolException {
        ByteBuffer reply = say(id, VERSION, payload);
        if (reply == null || refused != null) {
            throw new AssertionError("%d: reply %s, %s".formatted(id, reply, refused));
        }
        return number(id, reply);
    }

    private static long number(int id, ByteBuffer reply) {
        ByteBuffer in = reply.slice().order(ByteOrder.nativeOrder());
        if (in.remaining() != 20 || in.getInt(0) != id || in.getInt(4) != 5 || in.getInt(8) != 8) {
            throw new AssertionError("malformed reply to " + id);
        }
        return in.getLong(12);
    }

    static ByteBuffer header(int id, int flags, int size) {
        return bytes(12).putInt(id).putInt(flags).putInt(size).flip();
    }

    static ByteBuffer nothing() {
        return bytes(0);
    }

    static ByteBuffer u64(long value) {
        return bytes(8).putLong(value).flip();
    }

    static ByteBuffer state(int vring, int number) {
        return bytes(8).putInt(vring).putInt(number).flip();
    }

    static ByteBuffer addresses(int vring, int flags, long desc, long used, long avail) {
        return bytes(40)
                .putInt(vring)
                .putInt(flags)
                .putLong(desc)
                .putLong(used)
                .putLong(avail)
                .putLong(0)
                .flip();
    }

    /** A memory table as most front ends write it: as long as its regions take. */
    static ByteBuffer table(MemoryRegion... regions) {
        ByteBuffer table = bytes(8 + 32 * regions.length).putInt(regions.length).putInt(0);
        for (MemoryRegion region : regions) {
            put(region, table);
        }
        return table.flip();
    }

    static ByteBuffer slot(MemoryRegion region) {
        ByteBuffer slot = bytes(40).putLong(0);
        put(region, slot);
        return slot.flip();
    }

    private static void put(MemoryRegion region, ByteBuffer into) {
        into.putLong(region.guestAddress())
                .putLong(region.size())
                .putLong(region.frontendAddress())
                .putLong(region.mmapOffset());
    }

    /** Configuration header and as many bytes of body as it announces. */
    static ByteBuffer config(int offset, int flags, byte... body) {
        return bytes(12 + body.length)
                .putInt(offset)
                .putInt(body.length)
                .putInt(flags)
                .put(body)
                .flip();
    }

    static ByteBuffer bytes(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
    }

    /** A descriptor to send along. */
    static Fd fd() {
        try {
            return EventFd.open().fd();
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    static final MemoryRegion LOW = new MemoryRegion(0, 0x10000, 0x7f0000000000L, 0);
    static final MemoryRegion HIGH = new MemoryRegion(0x100000, 0x10000, 0x7f0000100000L, 0x10000);

    /** Negotiates REPLY_ACK and the rest of what is offered, and bit 30. */
    Frontend negotiated() throws ProtocolException {
        tell(16, u64(0x1a23dL));
        tell(2, u64(0x40000000L | (device.features & ~(1L << 34))));
        return this;
    }

    /** One region of memory. */
    Frontend withMemory() throws ProtocolException {
        tell(5, table(LOW), fd());
        return this;
    }

    /** Describes a ring, up to its kick. */
    Frontend describe(int vring) throws ProtocolException {
        tell(8, state(vring, 256));
        tell(10, state(vring, 0));
        tell(9, addresses(vring, 0, 0x7f0000000000L, 0x7f0000002000L, 0x7f0000001000L));
        return this;
    }

    /** Describes a ring and starts it. */
    Fd start(int vring) throws ProtocolException {
        describe(vring);
        Fd kick = fd();
        tell(12, u64(vring), kick);
        return kick;
    }
}
