package paranet.core.vhostuser;

import paranet.core.linux.Fd;
import paranet.core.vhostuser.MessageLayout.BusCall;
import paranet.core.vhostuser.MessageLayout.BusNumber;
import paranet.core.vhostuser.MessageLayout.BusResult;
import paranet.core.vhostuser.MessageLayout.CallDesc;
import paranet.core.vhostuser.MessageLayout.Config;
import paranet.core.vhostuser.MessageLayout.Doorbell;
import paranet.core.vhostuser.MessageLayout.Header;
import paranet.core.vhostuser.MessageLayout.MemoryTable;
import paranet.core.vhostuser.MessageLayout.Negotiate;
import paranet.core.vhostuser.MessageLayout.Rarp;
import paranet.core.vhostuser.MessageLayout.Region;
import paranet.core.vhostuser.MessageLayout.SetEventq;
import paranet.core.vhostuser.MessageLayout.SingleRegion;
import paranet.core.vhostuser.MessageLayout.VringAddr;
import paranet.core.vhostuser.MessageLayout.VringFile;
import paranet.core.vhostuser.MessageLayout.VringState;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes to requests and replies to bytes. It checks the form that {@link MessageType} prescribes
 * and nothing else: a value that makes no sense passes here and is refused by the {@link Session}.
 *
 * <p>A message that breaks the form costs its sender the connection: {@link ProtocolException}, and
 * every descriptor that was handed in is closed.
 *
 * <p>Threading: immutable, without state.
 */
public final class MessageCodec {
    /** Longest reply, header included, in bytes. */
    public static final int REPLY_BYTES_MAX = Header.BYTES + Config.BYTES_MAX;

    /** Longest request of ours, header included, in bytes. */
    public static final int BACKEND_REQUEST_BYTES_MAX = Header.BYTES + BusNumber.BYTES;

    private MessageCodec() {}

    /**
     * Reads a header, 12 bytes from the buffer's position on, before anything is allocated for its
     * payload.
     *
     * @param dialect which messages the port understands; others are unknown, whatever their form
     * @param descriptors what arrived with these bytes; closed if the header is not acceptable
     */
    public static MessageHeader header(Dialect dialect, ByteBuffer bytes, List<Fd> descriptors)
            throws ProtocolException {
        try {
            return header(dialect, bytes);
        } catch (ProtocolException broken) {
            descriptors.forEach(Fd::close);
            throw broken;
        }
    }

    private static MessageHeader header(Dialect dialect, ByteBuffer bytes)
            throws ProtocolException {
        ByteBuffer in = window(bytes);
        int id = in.getInt(Header.REQUEST);
        int flags = in.getInt(Header.FLAGS);
        int size = in.getInt(Header.SIZE);
        MessageType type = dialect.type(id);
        String name = MessageHeader.nameOf(type, id);
        if ((flags & Header.F_VERSION_MASK) != Header.VERSION) {
            throw new ProtocolException(
                    name,
                    "version %d in flags 0x%x, must be %d"
                            .formatted(flags & Header.F_VERSION_MASK, flags, Header.VERSION));
        }
        if ((flags & ~(Header.F_VERSION_MASK | Header.F_NEED_REPLY)) != 0) {
            throw new ProtocolException(
                    name,
                    "flags 0x%x, a request may set no other than 0x%x"
                            .formatted(flags, Header.VERSION | Header.F_NEED_REPLY));
        }
        if (Integer.compareUnsigned(size, type.payloadBytesMin()) < 0
                || Integer.compareUnsigned(size, type.payloadBytesMax()) > 0) {
            throw new ProtocolException(
                    name,
                    "payload of %s bytes, must be %s"
                            .formatted(
                                    Integer.toUnsignedString(size),
                                    type.payloadBytesMin() == type.payloadBytesMax()
                                            ? type.payloadBytesMin()
                                            : type.payloadBytesMin()
                                                    + " to "
                                                    + type.payloadBytesMax()));
        }
        return new MessageHeader(type, id, size, (flags & Header.F_NEED_REPLY) != 0);
    }

    /**
     * Reads the request that follows a header.
     *
     * @param payload the header's number of bytes from the buffer's position on
     * @param descriptors all that came with header or payload; the request owns them from now on,
     *     or they are closed: those that a message may carry but nobody needs, and all of them when
     *     the form is broken
     */
    public static FrontendRequest request(
            MessageHeader header, ByteBuffer payload, List<Fd> descriptors)
            throws ProtocolException {
        try {
            ByteBuffer in = window(payload);
            if (in.remaining() < header.payloadBytes()) {
                throw new ProtocolException(
                        header.messageName(),
                        "%d bytes of payload, the header announced %d"
                                .formatted(in.remaining(), header.payloadBytes()));
            }
            in.limit(header.payloadBytes());
            requireDescriptors(header, in, descriptors.size());
            return decode(header, in, descriptors);
        } catch (ProtocolException broken) {
            descriptors.forEach(Fd::close);
            throw broken;
        }
    }

    private static void requireDescriptors(MessageHeader header, ByteBuffer in, int came)
            throws ProtocolException {
        MessageType type = header.type();
        boolean right =
                switch (type.descriptors()) {
                    case NONE -> came == 0;
                    case ONE -> came == 1;
                    case TWO -> came == 2;
                    case TWO_OR_NONE -> came == 2 || came == 0;
                    case AT_MOST_ONE -> came <= 1;
                    case ONE_OR_FLAG -> came == ((in.getLong(0) & VringFile.F_NO_FD) == 0 ? 1 : 0);
                    case ONE_PER_REGION -> came == requireRegions(header, in);
                    case ANY -> true;
                };
        if (!right) {
            throw new ProtocolException(
                    type.name(),
                    "%d descriptors, must be %s%s"
                            .formatted(came, type.descriptors().words(), detail(type, in)));
        }
    }

    private static String detail(MessageType type, ByteBuffer in) {
        return switch (type.descriptors()) {
            case ONE_OR_FLAG -> " (payload 0x%x)".formatted(in.getLong(0));
            case ONE_PER_REGION ->
                    " (%d regions); is the guest's memory shared, as with memory-backend-memfd,share=on?"
                            .formatted(in.getInt(MemoryTable.COUNT));
            case NONE, ONE, TWO, TWO_OR_NONE, AT_MOST_ONE, ANY -> "";
        };
    }

    /** The count of a memory table, which the payload must hold; it may hold more (UML's does). */
    private static int requireRegions(MessageHeader header, ByteBuffer in)
            throws ProtocolException {
        int count = in.getInt(MemoryTable.COUNT);
        if (Integer.compareUnsigned(count, MemoryTable.REGIONS_MAX) > 0) {
            throw new ProtocolException(
                    header.messageName(),
                    "%s regions, must be at most %d"
                            .formatted(Integer.toUnsignedString(count), MemoryTable.REGIONS_MAX));
        }
        if (header.payloadBytes() < MemoryTable.region(count)) {
            throw new ProtocolException(
                    header.messageName(),
                    "payload of %d bytes, %d regions take %d"
                            .formatted(header.payloadBytes(), count, MemoryTable.region(count)));
        }
        return count;
    }

    private static FrontendRequest decode(MessageHeader header, ByteBuffer in, List<Fd> descriptors)
            throws ProtocolException {
        return switch (header.type()) {
            case GET_FEATURES -> new FrontendRequest.GetFeatures();
            case SET_FEATURES -> new FrontendRequest.SetFeatures(in.getLong(0));
            case SET_OWNER -> new FrontendRequest.SetOwner();
            case RESET_OWNER -> new FrontendRequest.ResetOwner();
            case SET_MEM_TABLE -> new FrontendRequest.SetMemTable(regions(in), descriptors);
            case SET_VRING_NUM ->
                    new FrontendRequest.SetVringNum(
                            in.getInt(VringState.INDEX), in.getInt(VringState.NUM));
            case SET_VRING_ADDR ->
                    new FrontendRequest.SetVringAddr(
                            in.getInt(VringAddr.INDEX),
                            in.getInt(VringAddr.FLAGS),
                            in.getLong(VringAddr.DESC),
                            in.getLong(VringAddr.AVAIL),
                            in.getLong(VringAddr.USED));
            case SET_VRING_BASE ->
                    new FrontendRequest.SetVringBase(
                            in.getInt(VringState.INDEX), in.getInt(VringState.NUM));
            case GET_VRING_BASE -> new FrontendRequest.GetVringBase(in.getInt(VringState.INDEX));
            case SET_VRING_KICK ->
                    new FrontendRequest.SetVringKick(fileIndex(in), oneOrNone(descriptors));
            case SET_VRING_CALL ->
                    new FrontendRequest.SetVringCall(fileIndex(in), oneOrNone(descriptors));
            case SET_VRING_ERR ->
                    new FrontendRequest.SetVringErr(fileIndex(in), oneOrNone(descriptors));
            case GET_PROTOCOL_FEATURES -> new FrontendRequest.GetProtocolFeatures();
            case SET_PROTOCOL_FEATURES -> new FrontendRequest.SetProtocolFeatures(in.getLong(0));
            case GET_QUEUE_NUM -> new FrontendRequest.GetQueueNum();
            case SET_VRING_ENABLE ->
                    new FrontendRequest.SetVringEnable(
                            in.getInt(VringState.INDEX), in.getInt(VringState.NUM));
            case SEND_RARP -> new FrontendRequest.SendRarp(bytes(in, Rarp.MAC, Rarp.MAC_BYTES));
            case NET_SET_MTU -> new FrontendRequest.NetSetMtu(in.getLong(0));
            case SET_BACKEND_REQ_FD -> new FrontendRequest.SetBackendReqFd(descriptors.getFirst());
            case GET_CONFIG ->
                    new FrontendRequest.GetConfig(
                            in.getInt(Config.OFFSET),
                            in.getInt(Config.SIZE),
                            in.getInt(Config.FLAGS));
            case SET_CONFIG -> setConfig(header, in);
            case RESET_DEVICE -> new FrontendRequest.ResetDevice();
            case GET_MAX_MEM_SLOTS -> new FrontendRequest.GetMaxMemSlots();
            case ADD_MEM_REG ->
                    new FrontendRequest.AddMemReg(
                            region(in, SingleRegion.REGION), descriptors.getFirst());
            case REM_MEM_REG -> {
                descriptors.forEach(Fd::close); // some front ends send the file once more
                yield new FrontendRequest.RemMemReg(region(in, SingleRegion.REGION));
            }
            case SET_STATUS -> new FrontendRequest.SetStatus(in.getLong(0));
            case GET_STATUS -> new FrontendRequest.GetStatus();
            case NEGOTIATE ->
                    new BusRequest.Negotiate(
                            in.getInt(Negotiate.MAGIC),
                            in.getInt(Negotiate.VERSION),
                            in.getLong(Negotiate.CAPABILITIES));
            case SET_EVENTQ ->
                    new BusRequest.SetEventq(
                            in.getInt(SetEventq.INDEX),
                            in.getInt(SetEventq.FLAGS),
                            in.getInt(SetEventq.COUNT),
                            in.getLong(SetEventq.RING),
                            in.getLong(SetEventq.DATA),
                            oneOrNone(descriptors),
                            descriptors.isEmpty() ? null : descriptors.getLast());
            case READY -> new BusRequest.Ready(in.getInt(BusNumber.NUMBER));
            case CALL ->
                    new BusRequest.Call(
                            in.getInt(BusCall.CHANNEL),
                            in.getInt(BusCall.DESC + CallDesc.VECTOR),
                            in.getInt(BusCall.DESC + CallDesc.LEN),
                            in.getLong(BusCall.DESC + CallDesc.DATAP));
            case SIGNAL_KICK ->
                    new BusRequest.SignalKick(in.getInt(BusNumber.NUMBER), descriptors.getFirst());
            case SET_DOORBELL ->
                    new BusRequest.SetDoorbell(
                            in.getLong(Doorbell.GUEST_ADDRESS),
                            in.getInt(Doorbell.BITS),
                            descriptors.getFirst());
            case SHMSIGNAL -> new BusRequest.ShmSignal(in.getInt(BusNumber.NUMBER));
            case EVENTQ_KICK -> new BusRequest.EventqKick(in.getInt(BusNumber.NUMBER));
            case FASTCALL_ADD ->
                    new BusRequest.FastcallAdd(
                            in.getInt(CallDesc.VECTOR),
                            in.getInt(CallDesc.LEN),
                            in.getLong(CallDesc.DATAP),
                            descriptors.getFirst(),
                            descriptors.getLast());
            case FASTCALL_DROP -> new BusRequest.FastcallDrop(in.getInt(BusNumber.NUMBER));
            case UNKNOWN -> {
                descriptors.forEach(Fd::close);
                yield new FrontendRequest.Unknown(header.id(), header.payloadBytes());
            }
        };
    }

    private static List<MemoryRegion> regions(ByteBuffer in) {
        int count = in.getInt(MemoryTable.COUNT);
        List<MemoryRegion> regions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            regions.add(region(in, MemoryTable.region(i)));
        }
        return regions;
    }

    private static MemoryRegion region(ByteBuffer in, int at) {
        return new MemoryRegion(
                in.getLong(at + Region.GUEST_ADDRESS),
                in.getLong(at + Region.SIZE),
                in.getLong(at + Region.FRONTEND_ADDRESS),
                in.getLong(at + Region.MMAP_OFFSET));
    }

    private static FrontendRequest setConfig(MessageHeader header, ByteBuffer in)
            throws ProtocolException {
        int size = in.getInt(Config.SIZE);
        if (Integer.compareUnsigned(size, in.limit() - Config.BODY) > 0) {
            throw new ProtocolException(
                    header.messageName(),
                    "payload of %d bytes, must be %d and the %s bytes of configuration it announces"
                            .formatted(in.limit(), Config.BODY, Integer.toUnsignedString(size)));
        }
        return new FrontendRequest.SetConfig(
                in.getInt(Config.OFFSET), in.getInt(Config.FLAGS), bytes(in, Config.BODY, size));
    }

    private static int fileIndex(ByteBuffer in) {
        return (int) (in.getLong(0) & VringFile.INDEX_MASK);
    }

    private static Fd oneOrNone(List<Fd> descriptors) {
        return descriptors.isEmpty() ? null : descriptors.getFirst();
    }

    private static byte[] bytes(ByteBuffer in, int at, int length) {
        byte[] bytes = new byte[length];
        in.get(at, bytes);
        return bytes;
    }

    /** Appends a reply, at most {@link #REPLY_BYTES_MAX} bytes, at the buffer's position. */
    public static void reply(Reply reply, ByteBuffer into) {
        // Flags are these two bits and nothing else: QEMU and UML compare the whole number.
        int flags = Header.VERSION | Header.F_REPLY;
        switch (reply) {
            case Reply.Features(long features) -> u64(reply.request(), flags, features, into);
            case Reply.ProtocolFeatures(long features) ->
                    u64(reply.request(), flags, features, into);
            case Reply.QueueNum(int pairs) -> u64(reply.request(), flags, pairs, into);
            case Reply.VringBase(int vring, int base) -> {
                header(reply.request(), flags, VringState.BYTES, into);
                into.putInt(vring).putInt(base);
            }
            case Reply.Config(int offset, int bits, byte[] body) -> {
                header(reply.request(), flags, Config.BODY + body.length, into);
                into.putInt(offset).putInt(body.length).putInt(bits).put(body);
            }
            case Reply.ConfigFailed() -> header(reply.request(), flags, 0, into);
            case Reply.MaxMemSlots(int slots) -> u64(reply.request(), flags, slots, into);
            case Reply.Status(int status) -> u64(reply.request(), flags, status, into);
            case Reply.Ack(int request, long error) -> u64(request, flags, error, into);
            case Reply.BusResult(int request, int result, int aux) -> {
                header(request, flags, BusResult.BYTES, into);
                into.putInt(result).putInt(aux);
            }
            case Reply.Negotiated(int result, long capabilities) -> {
                header(reply.request(), flags, BusResult.BYTES + Negotiate.BYTES, into);
                into.putInt(result).putInt(0);
                into.putInt(Negotiate.MAGIC_VALUE).putInt(Negotiate.VERSION_VALUE);
                into.putLong(capabilities);
            }
        }
    }

    /** Appends a request of ours at the buffer's position. */
    public static void backendRequest(BackendRequest request, boolean needReply, ByteBuffer into) {
        int flags = needReply ? Header.VERSION | Header.F_NEED_REPLY : Header.VERSION;
        switch (request) {
            case BackendRequest.ConfigChangeMsg() -> header(request.id(), flags, 0, into);
            case BackendRequest.Interrupt(int eventq) -> {
                header(request.id(), flags, BusNumber.BYTES, into);
                into.putInt(eventq).putInt(0);
            }
        }
    }

    private static void u64(int request, int flags, long value, ByteBuffer into) {
        header(request, flags, MessageLayout.U64_BYTES, into);
        into.putLong(value);
    }

    private static void header(int request, int flags, int payloadBytes, ByteBuffer into) {
        into.order(ByteOrder.nativeOrder()).putInt(request).putInt(flags).putInt(payloadBytes);
    }

    /** The bytes from the position on, counted from 0, in the host's order. */
    private static ByteBuffer window(ByteBuffer bytes) {
        return bytes.slice().order(ByteOrder.nativeOrder());
    }
}
