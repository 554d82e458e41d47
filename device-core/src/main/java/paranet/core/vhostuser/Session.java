package paranet.core.vhostuser;

import paranet.core.device.Device;
import paranet.core.linux.Fd;
import paranet.core.vhostuser.MessageLayout.Config;
import paranet.core.vhostuser.MessageLayout.VringAddr;
import paranet.core.vhostuser.MessageLayout.VringFile;

import java.util.List;

/**
 * One front end's connection, without the socket: request in, reply out. What has to happen outside
 * goes through a {@link SessionHost}, what belongs to the device through a {@link Device}.
 *
 * <p>A request with a value that is not acceptable is refused: nothing changes but that a ring
 * whose restart fails stays stopped. <em>All rings</em> are those from 0 to {@link Device#vrings} -
 * 1.
 *
 * <p>A ring starts with SET_VRING_KICK, needing a size and addresses. It ends with GET_VRING_BASE,
 * a reset, or features other than those it was started with. A front end that rebinds its driver
 * sends no end at all (User-Mode Linux): so SET_VRING_NUM, SET_VRING_BASE, and SET_VRING_ADDR with
 * another address end a started ring too, and it waits for its kick where it stood, or where
 * SET_VRING_BASE says. Memory that is replaced under a started ring does not end it.
 *
 * <p>Threading: confined to the control thread.
 */
public final class Session extends FrontendSession {
    /**
     * NET_SET_MTU makes sense only to a device that offers VIRTIO_NET_F_MTU (virtio 1.3, 5.1.3).
     */
    private static final long NET_F_MTU = 1L << 3;

    private static final int MTU_MIN = 68; // virtio 1.3, 5.1.4.1
    private static final int MTU_MAX = 65535;

    private final Device device;
    private final SessionHost host;
    private final Vring[] vrings;

    private long features;
    private boolean enablesRings; // whether bit 30 was acknowledged: rings wait to be enabled
    private boolean hasChannel;

    /**
     * Starts with nothing negotiated. The device is in its initial state, and no ring of the host's
     * is started.
     */
    public Session(Device device, SessionHost host) {
        super(host, ProtocolFeature.OFFERED);
        if (device.vrings() > VringFile.VRINGS_MAX) {
            throw new IllegalArgumentException(
                    "%d vrings, eight bits name %d"
                            .formatted(device.vrings(), VringFile.VRINGS_MAX));
        }
        this.device = device;
        this.host = host;
        vrings = new Vring[device.vrings()];
        for (int i = 0; i < vrings.length; i++) {
            vrings[i] = new Vring();
        }
    }

    @Override
    public Dialect dialect() {
        return Dialect.VIRTIO;
    }

    @Override
    Reply refusal(FrontendRequest request, RequestRefused refused, boolean acknowledges)
            throws ProtocolException {
        return request instanceof FrontendRequest.GetConfig
                ? new Reply.ConfigFailed()
                : super.refusal(request, refused, acknowledges);
    }

    @Override
    Reply perform(FrontendRequest request) throws RequestRefused {
        return switch (request) {
            case FrontendRequest.GetFeatures() ->
                    new Reply.Features(device.features() | F_PROTOCOL_FEATURES);
            case FrontendRequest.SetFeatures(long chosen) -> setFeatures(chosen);
            case FrontendRequest.SetOwner() -> null; // a connection has one owner: its front end
            case FrontendRequest.ResetOwner() -> resetOwner();
            case FrontendRequest.SetMemTable(List<MemoryRegion> regions, List<Fd> files) -> {
                memory.replace(regions, files);
                yield null;
            }
            case FrontendRequest.SetVringNum(int vring, int size) -> setVringNum(vring, size);
            case FrontendRequest.SetVringAddr(
                            int vring,
                            int flags,
                            long desc,
                            long avail,
                            long used) ->
                    setVringAddr(vring, flags, desc, avail, used);
            case FrontendRequest.SetVringBase(int vring, int base) -> setVringBase(vring, base);
            case FrontendRequest.GetVringBase(int vring) -> getVringBase(vring);
            case FrontendRequest.SetVringKick(int vring, Fd kick) -> setVringKick(vring, kick);
            case FrontendRequest.SetVringCall(int vring, Fd call) -> setVringCall(vring, call);
            case FrontendRequest.SetVringErr(int vring, Fd err) -> setVringErr(vring, err);
            case FrontendRequest.GetProtocolFeatures() ->
                    new Reply.ProtocolFeatures(protocol.offered());
            case FrontendRequest.SetProtocolFeatures(long chosen) -> {
                protocol.choose(chosen);
                yield null;
            }
            case FrontendRequest.GetQueueNum() -> new Reply.QueueNum(device.queuePairs());
            case FrontendRequest.SetVringEnable(int vring, int enable) ->
                    setVringEnable(vring, enable);
            case FrontendRequest.SendRarp(byte[] mac) -> sendRarp(mac);
            case FrontendRequest.NetSetMtu(long mtu) -> netSetMtu(mtu);
            case FrontendRequest.SetBackendReqFd(Fd socket) -> setBackendReqFd(socket);
            case FrontendRequest.GetConfig(int offset, int size, int flags) ->
                    getConfig(offset, size, flags);
            case FrontendRequest.SetConfig(int offset, int flags, byte[] body) ->
                    setConfig(offset, flags, body);
            case FrontendRequest.ResetDevice() -> resetDevice();
            case FrontendRequest.GetMaxMemSlots() -> new Reply.MaxMemSlots(MEMORY_SLOTS_MAX);
            case FrontendRequest.AddMemReg(MemoryRegion region, Fd file) -> {
                memory.add(region, file);
                yield null;
            }
            case FrontendRequest.RemMemReg(MemoryRegion region) -> {
                memory.remove(region);
                yield null;
            }
            case FrontendRequest.SetStatus(long status) -> setStatus(status);
            case FrontendRequest.GetStatus() -> new Reply.Status(device.status());
            case BusRequest bus -> throw new RequestRefused("a virtio device has no bus");
            case FrontendRequest.Unknown(int id, int payloadBytes) ->
                    throw new RequestRefused(
                            "unknown or not offered, %d bytes of payload ignored"
                                    .formatted(payloadBytes));
        };
    }

    private Reply setFeatures(long chosen) throws RequestRefused {
        long offered = device.features() | F_PROTOCOL_FEATURES;
        ProtocolChoice.requireOffered(chosen & ~device.tolerated(), offered);
        long taken = chosen & device.features();
        String objection = device.objection(taken);
        if (objection != null) {
            throw new RequestRefused("0x%x: %s".formatted(chosen, objection));
        }
        if (taken != features) {
            stopAll();
        }
        features = taken;
        device.negotiate(taken);
        enablesRings = (chosen & F_PROTOCOL_FEATURES) != 0;
        if (!enablesRings) {
            enableAll(true);
        }
        return null;
    }

    /**
     * Deprecated; memory and connection stay. Who never enables rings does not lose them either.
     */
    private Reply resetOwner() {
        if (enablesRings) {
            enableAll(false);
        }
        return null;
    }

    private Reply setVringNum(int index, int size) throws RequestRefused {
        Vring vring = vring(index);
        Vring.requireSize(size, features);
        stop(index);
        vring.size(size);
        return null;
    }

    private Reply setVringAddr(int index, int flags, long desc, long avail, long used)
            throws RequestRefused {
        Vring vring = vring(index);
        if ((flags & ~VringAddr.F_LOG) != 0) {
            throw new RequestRefused(
                    "flags 0x%x, only 0x%x is defined".formatted(flags, VringAddr.F_LOG));
        }
        Vring.requireAligned(desc, avail, used, features);
        if (!vring.liesAt(desc, avail, used)) {
            stop(index);
            vring.addresses(desc, avail, used);
        }
        return null;
    }

    private Reply setVringBase(int index, int base) throws RequestRefused {
        Vring vring = vring(index);
        Vring.requireBase(base, features);
        stop(index);
        vring.base(base);
        return null;
    }

    private Reply getVringBase(int index) throws RequestRefused {
        Vring vring = vring(index);
        stop(index);
        // The call descriptor goes with the kick, as in other back ends, and comes again at the
        // next
        // start. The err descriptor stays: QEMU sends it only once.
        if (vring.hasCall) {
            vring.hasCall = false;
            host.callVring(index, null);
        }
        return new Reply.VringBase(index, vring.base());
    }

    private Reply setVringKick(int index, Fd kick) throws RequestRefused {
        Vring vring = vring(index);
        vring.setup(features, kick); // refuses before a started ring is touched
        stop(index);
        host.startVring(index, vring.setup(features, kick), vring.enabled);
        vring.started = true;
        return null;
    }

    private Reply setVringCall(int index, Fd call) throws RequestRefused {
        Vring vring = vring(index);
        vring.hasCall = call != null;
        host.callVring(index, call);
        return null;
    }

    private Reply setVringErr(int index, Fd err) throws RequestRefused {
        Vring vring = vring(index);
        vring.hasErr = err != null;
        host.errVring(index, err);
        return null;
    }

    /** Obeyed without bit 30 as well: VMMs that skip it mean what they say. */
    private Reply setVringEnable(int index, int enable) throws RequestRefused {
        Vring vring = vring(index);
        if (Integer.compareUnsigned(enable, 1) > 0) {
            throw new RequestRefused(
                    "%s is neither 0 nor 1".formatted(Integer.toUnsignedString(enable)));
        }
        enable(index, vring, enable == 1);
        return null;
    }

    private Reply sendRarp(byte[] mac) throws RequestRefused {
        boolean zero = true;
        for (byte each : mac) {
            zero &= each == 0;
        }
        if (zero || (mac[0] & 1) != 0) {
            throw new RequestRefused(
                    "%02x:%02x:%02x:%02x:%02x:%02x is not a station's address"
                            .formatted(mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]));
        }
        device.announce(mac);
        return null;
    }

    private Reply netSetMtu(long mtu) throws RequestRefused {
        if ((device.features() & NET_F_MTU) == 0) {
            throw new RequestRefused("%d bytes, but MTU was not offered".formatted(mtu));
        }
        if (mtu < MTU_MIN || mtu > MTU_MAX) {
            throw new RequestRefused(
                    "%s bytes is not in %d..%d"
                            .formatted(Long.toUnsignedString(mtu), MTU_MIN, MTU_MAX));
        }
        if (!device.mtu((int) mtu)) {
            throw new RequestRefused("%d bytes does not suit the device".formatted(mtu));
        }
        return null;
    }

    private Reply setBackendReqFd(Fd socket) throws RequestRefused {
        host.backendChannel(socket, protocol.has(ProtocolFeature.REPLY_ACK));
        hasChannel = true;
        return null;
    }

    private Reply getConfig(int offset, int size, int flags) throws RequestRefused {
        requireConfig(offset, size);
        byte[] body = new byte[size];
        device.readConfig(offset, body);
        return new Reply.Config(offset, flags, body);
    }

    private Reply setConfig(int offset, int flags, byte[] body) throws RequestRefused {
        requireConfig(offset, body.length);
        if (flags != Config.WRITABLE && flags != Config.MIGRATION) {
            throw new RequestRefused(
                    "flags 0x%x, must be %d or %d"
                            .formatted(flags, Config.WRITABLE, Config.MIGRATION));
        }
        if (!device.writeConfig(offset, body, flags == Config.MIGRATION)) {
            throw new RequestRefused(
                    "%d bytes at %d are not all writable".formatted(body.length, offset));
        }
        return null;
    }

    private void requireConfig(int offset, int size) throws RequestRefused {
        if (Integer.compareUnsigned(size - 1, Config.BODY_BYTES_MAX) >= 0) {
            throw new RequestRefused(
                    "%s bytes is not in 1..%d"
                            .formatted(Integer.toUnsignedString(size), Config.BODY_BYTES_MAX));
        }
        int bytes = device.configBytes();
        if (Integer.compareUnsigned(offset, bytes) > 0 || size > bytes - offset) {
            throw new RequestRefused(
                    "%d bytes at %s, configuration has %d"
                            .formatted(size, Integer.toUnsignedString(offset), bytes));
        }
    }

    private Reply resetDevice() {
        forgetRings();
        device.reset();
        return null;
    }

    private Reply setStatus(long status) {
        int low = (int) (status & 0xff);
        if (low == 0) {
            forgetRings(); // a device resets with its rings stopped
        }
        device.status(low);
        return null;
    }

    /** Rings and features as at the beginning; memory, descriptors and connection stay. */
    private void forgetRings() {
        stopAll();
        enableAll(false);
        for (Vring vring : vrings) {
            vring.forget();
        }
        features = 0;
        enablesRings = false;
    }

    private Vring vring(int index) throws RequestRefused {
        if (Integer.compareUnsigned(index, vrings.length) >= 0) {
            throw new RequestRefused(
                    "ring %s, there are %d"
                            .formatted(Integer.toUnsignedString(index), vrings.length));
        }
        return vrings[index];
    }

    private void stopAll() {
        for (int i = 0; i < vrings.length; i++) {
            stop(i);
        }
    }

    /** Ends a started ring, and remembers where it stood. */
    private void stop(int index) {
        Vring vring = vrings[index];
        if (vring.started) {
            vring.started = false;
            long base = host.stopVring(index);
            if (base >= 0) { // not one that had stopped by itself
                vring.base((int) base);
            }
        }
    }

    private void enableAll(boolean enabled) {
        for (int i = 0; i < vrings.length; i++) {
            enable(i, vrings[i], enabled);
        }
    }

    private void enable(int index, Vring vring, boolean enabled) {
        if (vring.enabled != enabled) {
            vring.enabled = enabled;
            host.enableVring(index, enabled);
        }
    }

    @Override
    void end() {
        stopAll();
        for (int i = 0; i < vrings.length; i++) {
            enable(i, vrings[i], false);
            if (vrings[i].hasCall) {
                host.callVring(i, null);
            }
            if (vrings[i].hasErr) {
                host.errVring(i, null);
            }
        }
        if (hasChannel) {
            host.endBackendChannel();
        }
        memory.release();
        device.reset();
    }
}
