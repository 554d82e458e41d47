package paranet.guest;

import paranet.core.linux.Fd;
import paranet.core.linux.UnixSocket;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.MessageLayout;
import paranet.core.vhostuser.MessageLayout.Config;
import paranet.core.vhostuser.MessageLayout.Header;
import paranet.core.vhostuser.MessageType;
import paranet.core.vhostuser.ProtocolFeature;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A vhost-user front end over a real socket, with memory and rings of its own.
 *
 * <p>It survives its back end: {@link VirtioNetDriver#reconnect} takes the same memory and rings to
 * another one, where they go on from what was used last.
 *
 * <p>Every wait is bounded; whatever the back end fails to do becomes an {@link IOException}.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class FakeFrontend implements AutoCloseable {
    /** VHOST_USER_F_PROTOCOL_FEATURES, which travels among the virtio features. */
    public static final long PROTOCOL_FEATURES_BIT = GuestConnection.PROTOCOL_FEATURES_BIT;

    private final FrontendOptions options;
    private final GuestRam ram;
    private final List<GuestRing> rings = new ArrayList<>();
    private GuestConnection connection;
    private FrontendChannel backendChannel;
    private long offered;
    private long features;

    private FakeFrontend(FrontendOptions options, GuestRam ram, UnixSocket socket) {
        this.options = options;
        this.ram = ram;
        this.connection = connectionOver(socket);
    }

    private GuestConnection connectionOver(UnixSocket socket) {
        return new GuestConnection(socket, ram, options.memorySlots(), _ -> {});
    }

    /** Connects to a back end that listens, trying for a while, and negotiates. */
    public static FakeFrontend connect(Path path, FrontendOptions options) throws IOException {
        return negotiated(options, GuestConnection.connect(path));
    }

    /** Lets one back end connect, waiting for it for a while, and negotiates. */
    public static FakeFrontend listen(Path path, FrontendOptions options) throws IOException {
        return negotiated(options, GuestConnection.listen(path));
    }

    private static FakeFrontend negotiated(FrontendOptions options, UnixSocket socket)
            throws IOException {
        GuestRam ram;
        try {
            ram =
                    GuestRam.create(
                            options.regions(),
                            options.ramBytes() / options.regions(),
                            options.seed());
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        FakeFrontend frontend = new FakeFrontend(options, ram, socket);
        try {
            frontend.negotiate();
            frontend.tellMemory();
            return frontend;
        } catch (IOException e) {
            frontend.close();
            throw e;
        }
    }

    private void negotiate() throws IOException {
        offered = getU64(new FrontendRequest.GetFeatures());
        if ((offered & PROTOCOL_FEATURES_BIT) != 0) {
            connection.agreeOnProtocol(options.protocolFeatures());
        }
        set(new FrontendRequest.SetOwner());
        features = offered & options.features();
        setFeatures(features);
        if (has(ProtocolFeature.BACKEND_REQ)) {
            openBackendChannel();
        }
    }

    private void openBackendChannel() throws IOException {
        List<UnixSocket> pair = UnixSocket.pair();
        backendChannel = new FrontendChannel(pair.getFirst(), _ -> {});
        try (UnixSocket theirs = pair.getLast()) {
            set(new FrontendRequest.SetBackendReqFd(theirs.fd()));
        }
    }

    /** SET_FEATURES with these and, unless the options say otherwise, bit 30. */
    public void setFeatures(long chosen) throws IOException {
        features = chosen;
        boolean acknowledges = (offered & PROTOCOL_FEATURES_BIT) != 0 && !options.legacyEnable();
        set(
                new FrontendRequest.SetFeatures(
                        acknowledges ? chosen | PROTOCOL_FEATURES_BIT : chosen));
    }

    /** Tells all memory, in the way that the options choose. */
    public void tellMemory() throws IOException {
        connection.tellMemory();
    }

    /** Plugs in memory while everything runs. */
    public MemoryRegion plugMemory(long bytes) throws IOException {
        return connection.tellNewest(ram.grow(bytes));
    }

    /** The same right behind the newest region; a buffer may lie in both. */
    public MemoryRegion plugMemoryBehind(long bytes) throws IOException {
        return connection.tellNewest(ram.growBehind(bytes));
    }

    /** Takes away what {@link #plugMemory} brought last; no buffer there may be in use. */
    public void unplugMemory() throws IOException {
        connection.unplugMemory();
    }

    // Rings.

    /** A fresh ring in this guest's memory, not started. */
    public GuestRing openRing(int index, int size) throws IOException {
        GuestRing ring = GuestRing.open(ram, index, size, features);
        rings.add(ring);
        return ring;
    }

    /** Starts a ring where its driver stands, without enabling it. */
    public void start(GuestRing ring) throws IOException {
        start(ring, ring.base());
    }

    /** Starts a ring at this base. */
    public void start(GuestRing ring, int base) throws IOException {
        int index = ring.index();
        set(new FrontendRequest.SetVringNum(index, ring.queue().size()));
        set(new FrontendRequest.SetVringBase(index, base));
        set(
                new FrontendRequest.SetVringAddr(
                        index,
                        0,
                        ring.descFrontend(),
                        ring.driverFrontend(),
                        ring.deviceFrontend()));
        set(new FrontendRequest.SetVringErr(index, ring.errEvent().fd()));
        set(new FrontendRequest.SetVringCall(index, ring.callEvent().fd()));
        set(new FrontendRequest.SetVringKick(index, ring.kickEvent().fd()));
        ring.running(true);
    }

    /** Enables or disables a ring, started or not. */
    public void enable(GuestRing ring, boolean enabled) throws IOException {
        set(new FrontendRequest.SetVringEnable(ring.index(), enabled ? 1 : 0));
    }

    /** Stops a ring. Returns where it stood, as SET_VRING_BASE takes it. */
    public int stop(GuestRing ring) throws IOException {
        connection.tell(new FrontendRequest.GetVringBase(ring.index()));
        ByteBuffer reply = connection.channel().reply(MessageType.GET_VRING_BASE.id());
        if (reply.remaining() != MessageLayout.VringState.BYTES
                || reply.getInt(MessageLayout.VringState.INDEX) != ring.index()) {
            throw new IOException("GET_VRING_BASE answered for another ring");
        }
        ring.running(false);
        return reply.getInt(MessageLayout.VringState.NUM);
    }

    /** Starts and enables all rings again at a back end that knows nothing of them. */
    private void startAllAgain(List<GuestRing> running) throws IOException {
        for (GuestRing ring : running) {
            // First enabled: a ring that runs while disabled discards what it holds (Ring states).
            if (!options.legacyEnable()) {
                enable(ring, true);
            }
            start(ring);
        }
    }

    // Connection.

    /** Ends the connection as a front end that dies does, keeping memory and rings. */
    public void disconnect() {
        connection.close();
        if (backendChannel != null) {
            backendChannel.close();
            backendChannel = null;
        }
    }

    /**
     * After {@link #disconnect}: the same guest at a back end that listens at this path.
     *
     * @param settle runs once the former back end has let go of the rings and before they start:
     *     the drivers take what was used, so that each ring's position is where the new one begins
     */
    void reconnect(Path path, Runnable settle) throws IOException {
        connection = connectionOver(GuestConnection.connect(path));
        resume(settle);
    }

    /** After {@link #disconnect}: the same guest at the next back end that connects here. */
    void listenAgain(Path path, Runnable settle) throws IOException {
        connection = connectionOver(GuestConnection.listen(path));
        resume(settle);
    }

    private void resume(Runnable settle) throws IOException {
        long before = features;
        negotiate();
        if (features != before) {
            throw new IOException(
                    "features were 0x%x and are now 0x%x".formatted(before, features));
        }
        tellMemory();
        settle.run();
        startAllAgain(rings.stream().filter(GuestRing::isRunning).toList());
    }

    /** Whether the back end closes the connection within this time. */
    public boolean awaitEnd(long nanosMax) throws IOException {
        return connection.channel().awaitEnd(nanosMax);
    }

    // Single messages.

    /**
     * Sends a request without a reply of its own and, with REPLY_ACK, waits for its success.
     *
     * @throws IOException also when the back end refuses
     */
    public void set(FrontendRequest request) throws IOException {
        connection.set(request);
    }

    /** The same, answering the back end's error number, or 0 when it gives none. */
    public long trySet(FrontendRequest request) throws IOException {
        return connection.trySet(request);
    }

    /** Sends a request whose reply is one number. */
    public long getU64(FrontendRequest request) throws IOException {
        return connection.getU64(request);
    }

    /** Reads configuration space; an empty array means that the back end could not. */
    public byte[] config(int offset, int size) throws IOException {
        connection.tell(new FrontendRequest.GetConfig(offset, size, 0));
        ByteBuffer reply = connection.channel().reply(MessageType.GET_CONFIG.id());
        byte[] body = new byte[Math.max(0, reply.remaining() - Config.BODY)];
        if (body.length > 0) {
            reply.get(Config.BODY, body);
        }
        return body;
    }

    /** Sends any message at all, as an enemy would. */
    public void sendRaw(int id, int flags, byte[] payload, List<Fd> descriptors)
            throws IOException {
        connection.sendRaw(id, flags, payload, descriptors);
    }

    /** Sends any bytes at all. */
    public void sendBytes(byte[] bytes) throws IOException {
        connection.sendBytes(bytes);
    }

    /**
     * Takes the next request of the back end, answering it with 0 if it asks for that.
     *
     * @return its number, or -1 when none came in time
     */
    public int backendRequest(long nanosMax) throws IOException {
        FrontendChannel.Message message = backendChannel.receive(nanosMax);
        if (message == null) {
            return -1;
        }
        if ((message.flags() & Header.F_NEED_REPLY) != 0) {
            backendChannel.send(
                    RequestEncoder.message(
                            message.id(),
                            Header.VERSION | Header.F_REPLY,
                            new byte[MessageLayout.U64_BYTES]),
                    List.of());
        }
        return message.id();
    }

    // What was agreed.

    /** Whether these protocol features are in force. */
    public boolean has(long protocolFeature) {
        return connection.has(protocolFeature);
    }

    /** Virtio features in force, without bit 30. */
    public long features() {
        return features;
    }

    /** What the back end offered, with bit 30. */
    public long offered() {
        return offered;
    }

    public FrontendOptions options() {
        return options;
    }

    public GuestRam ram() {
        return ram;
    }

    @Override
    public void close() {
        disconnect();
        rings.forEach(GuestRing::close);
        ram.close();
    }
}
