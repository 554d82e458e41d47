package paranet.guest;

import paranet.core.linux.Fd;
import paranet.core.vhostuser.BusRequest;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.MessageLayout.BusCall;
import paranet.core.vhostuser.MessageLayout.BusNumber;
import paranet.core.vhostuser.MessageLayout.CallDesc;
import paranet.core.vhostuser.MessageLayout.Config;
import paranet.core.vhostuser.MessageLayout.Doorbell;
import paranet.core.vhostuser.MessageLayout.Header;
import paranet.core.vhostuser.MessageLayout.MemoryTable;
import paranet.core.vhostuser.MessageLayout.Negotiate;
import paranet.core.vhostuser.MessageLayout.Region;
import paranet.core.vhostuser.MessageLayout.SetEventq;
import paranet.core.vhostuser.MessageLayout.SingleRegion;
import paranet.core.vhostuser.MessageLayout.VringAddr;
import paranet.core.vhostuser.MessageLayout.VringFile;
import paranet.core.vhostuser.MessageLayout.VringState;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Requests to bytes: the front end's half of the codec (vhost-user, Front-end message types).
 *
 * <p>Threading: immutable, without state.
 */
final class RequestEncoder {
    private RequestEncoder() {}

    /** Header and payload, in a direct buffer ready to be sent. */
    static ByteBuffer encode(FrontendRequest request, boolean needReply) {
        byte[] payload = payload(request);
        int flags = needReply ? Header.VERSION | Header.F_NEED_REPLY : Header.VERSION;
        return message(request.id(), flags, payload);
    }

    /** Any bytes behind any header. */
    static ByteBuffer message(int id, int flags, byte[] payload) {
        return ByteBuffer.allocateDirect(Header.BYTES + payload.length)
                .order(ByteOrder.nativeOrder())
                .putInt(id)
                .putInt(flags)
                .putInt(payload.length)
                .put(payload)
                .flip();
    }

    /** The descriptors that travel with a request; they stay the record's. */
    static List<Fd> descriptors(FrontendRequest request) {
        return switch (request) {
            case FrontendRequest.SetMemTable(_, List<Fd> files) -> files;
            case FrontendRequest.SetVringKick(_, Fd kick) -> oneOrNone(kick);
            case FrontendRequest.SetVringCall(_, Fd call) -> oneOrNone(call);
            case FrontendRequest.SetVringErr(_, Fd err) -> oneOrNone(err);
            case FrontendRequest.SetBackendReqFd(Fd socket) -> List.of(socket);
            case FrontendRequest.AddMemReg(_, Fd file) -> List.of(file);
            case BusRequest.SetEventq eventq when eventq.call() != null ->
                    List.of(eventq.call(), eventq.kick());
            case BusRequest.SignalKick(_, Fd kick) -> List.of(kick);
            case BusRequest.SetDoorbell(_, _, Fd kick) -> List.of(kick);
            case BusRequest.FastcallAdd fastcall -> List.of(fastcall.start(), fastcall.done());
            default -> List.of();
        };
    }

    private static List<Fd> oneOrNone(Fd fd) {
        return fd == null ? List.of() : List.of(fd);
    }

    private static byte[] payload(FrontendRequest request) {
        return switch (request) {
            case FrontendRequest.GetFeatures(),
                    FrontendRequest.SetOwner(),
                    FrontendRequest.ResetOwner(),
                    FrontendRequest.GetProtocolFeatures(),
                    FrontendRequest.GetQueueNum(),
                    FrontendRequest.ResetDevice(),
                    FrontendRequest.GetMaxMemSlots(),
                    FrontendRequest.GetStatus(),
                    FrontendRequest.SetBackendReqFd(_) ->
                    new byte[0];
            case FrontendRequest.SetFeatures(long features) -> u64(features);
            case FrontendRequest.SetProtocolFeatures(long features) -> u64(features);
            case FrontendRequest.NetSetMtu(long mtu) -> u64(mtu);
            case FrontendRequest.SetStatus(long status) -> u64(status);
            case FrontendRequest.SendRarp(byte[] mac) -> to(8).put(mac).array();
            case FrontendRequest.SetMemTable(List<MemoryRegion> regions, _) -> table(regions);
            case FrontendRequest.AddMemReg(MemoryRegion region, _) -> single(region);
            case FrontendRequest.RemMemReg(MemoryRegion region) -> single(region);
            case FrontendRequest.SetVringNum(int vring, int size) -> state(vring, size);
            case FrontendRequest.SetVringBase(int vring, int base) -> state(vring, base);
            case FrontendRequest.GetVringBase(int vring) -> state(vring, 0);
            case FrontendRequest.SetVringEnable(int vring, int enable) -> state(vring, enable);
            case FrontendRequest.SetVringAddr(
                            int vring,
                            int flags,
                            long desc,
                            long avail,
                            long used) ->
                    to(VringAddr.BYTES)
                            .putInt(VringAddr.INDEX, vring)
                            .putInt(VringAddr.FLAGS, flags)
                            .putLong(VringAddr.DESC, desc)
                            .putLong(VringAddr.AVAIL, avail)
                            .putLong(VringAddr.USED, used)
                            .array();
            case FrontendRequest.SetVringKick(int vring, Fd kick) -> file(vring, kick);
            case FrontendRequest.SetVringCall(int vring, Fd call) -> file(vring, call);
            case FrontendRequest.SetVringErr(int vring, Fd err) -> file(vring, err);
            case FrontendRequest.GetConfig(int offset, int size, int flags) ->
                    config(offset, flags, new byte[size]);
            case FrontendRequest.SetConfig(int offset, int flags, byte[] body) ->
                    config(offset, flags, body);
            case BusRequest toBus -> payload(toBus);
            case FrontendRequest.Unknown(_, int bytes) -> new byte[bytes];
        };
    }

    private static byte[] payload(BusRequest request) {
        return switch (request) {
            case BusRequest.Negotiate(int magic, int version, long capabilities) ->
                    to(Negotiate.BYTES)
                            .putInt(Negotiate.MAGIC, magic)
                            .putInt(Negotiate.VERSION, version)
                            .putLong(Negotiate.CAPABILITIES, capabilities)
                            .array();
            case BusRequest.SetEventq eventq ->
                    to(SetEventq.BYTES)
                            .putInt(SetEventq.INDEX, eventq.index())
                            .putInt(SetEventq.FLAGS, eventq.flags())
                            .putInt(SetEventq.COUNT, eventq.count())
                            .putLong(SetEventq.RING, eventq.ring())
                            .putLong(SetEventq.DATA, eventq.data())
                            .array();
            case BusRequest.Ready(int count) -> busNumber(count);
            case BusRequest.Call(int channel, int vector, int length, long guestAddress) ->
                    to(BusCall.BYTES)
                            .putInt(BusCall.CHANNEL, channel)
                            .put(BusCall.DESC, callDesc(vector, length, guestAddress))
                            .array();
            case BusRequest.SignalKick(int handle, _) -> busNumber(handle);
            case BusRequest.SetDoorbell(long guestAddress, int bits, _) ->
                    to(Doorbell.BYTES)
                            .putLong(Doorbell.GUEST_ADDRESS, guestAddress)
                            .putInt(Doorbell.BITS, bits)
                            .array();
            case BusRequest.ShmSignal(int handle) -> busNumber(handle);
            case BusRequest.EventqKick(int index) -> busNumber(index);
            case BusRequest.FastcallAdd fastcall ->
                    callDesc(fastcall.channel(), fastcall.length(), fastcall.guestAddress());
            case BusRequest.FastcallDrop(int channel) -> busNumber(channel);
        };
    }

    private static byte[] busNumber(int number) {
        return to(BusNumber.BYTES).putInt(BusNumber.NUMBER, number).array();
    }

    private static byte[] callDesc(int vector, int length, long guestAddress) {
        return to(CallDesc.BYTES)
                .putInt(CallDesc.VECTOR, vector)
                .putInt(CallDesc.LEN, length)
                .putLong(CallDesc.DATAP, guestAddress)
                .array();
    }

    private static ByteBuffer to(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    private static byte[] u64(long value) {
        return to(8).putLong(value).array();
    }

    private static byte[] state(int vring, int number) {
        return to(VringState.BYTES)
                .putInt(VringState.INDEX, vring)
                .putInt(VringState.NUM, number)
                .array();
    }

    private static byte[] file(int vring, Fd fd) {
        return u64(fd == null ? vring | VringFile.F_NO_FD : vring);
    }

    private static byte[] config(int offset, int flags, byte[] body) {
        return to(Config.BODY + body.length)
                .putInt(Config.OFFSET, offset)
                .putInt(Config.SIZE, body.length)
                .putInt(Config.FLAGS, flags)
                .put(Config.BODY, body)
                .array();
    }

    private static byte[] table(List<MemoryRegion> regions) {
        byte[] bytes = new byte[MemoryTable.region(regions.size())];
        ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        out.putInt(MemoryTable.COUNT, regions.size());
        for (int i = 0; i < regions.size(); i++) {
            region(out, MemoryTable.region(i), regions.get(i));
        }
        return bytes;
    }

    private static byte[] single(MemoryRegion region) {
        byte[] bytes = new byte[SingleRegion.BYTES];
        region(ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()), SingleRegion.REGION, region);
        return bytes;
    }

    private static void region(ByteBuffer out, int at, MemoryRegion region) {
        out.putLong(at + Region.GUEST_ADDRESS, region.guestAddress())
                .putLong(at + Region.SIZE, region.size())
                .putLong(at + Region.FRONTEND_ADDRESS, region.frontendAddress())
                .putLong(at + Region.MMAP_OFFSET, region.mmapOffset());
    }
}
