package paranet.guest;

import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.Readiness;
import paranet.core.linux.UnixSocket;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.ProtocolFeature;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/**
 * What a front end says whatever device is behind it: single messages, and where the guest's memory
 * lies.
 *
 * <p>Threading: confined to one thread at a time.
 */
final class GuestConnection implements AutoCloseable {
    /** VHOST_USER_F_PROTOCOL_FEATURES, which travels among the virtio features. */
    static final long PROTOCOL_FEATURES_BIT = 1L << 30;

    private static final long CONNECT_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);

    private final FrontendChannel channel;
    private final GuestRam ram;
    private final boolean memorySlots;
    private long protocolFeatures;

    /**
     * @param memorySlots whether regions are told one by one where that was negotiated
     * @param interrupted hears of each INTERRUPT, by event queue, while something is received
     */
    GuestConnection(UnixSocket socket, GuestRam ram, boolean memorySlots, IntConsumer interrupted) {
        this.channel = new FrontendChannel(socket, interrupted);
        this.ram = ram;
        this.memorySlots = memorySlots;
    }

    /** Connects to a back end that listens, trying for a while. */
    static UnixSocket connect(Path path) throws IOException {
        long start = System.nanoTime();
        try (Readiness pause = new Readiness(1)) {
            while (true) {
                try {
                    return UnixSocket.connect(path.toString());
                } catch (LinuxException e) {
                    boolean notYet = e.is("ENOENT") || e.is("ECONNREFUSED") || e.is("EAGAIN");
                    if (!notYet || System.nanoTime() - start > CONNECT_NANOS_MAX) {
                        throw e;
                    }
                    pause.await(5);
                }
            }
        }
    }

    /** Lets one back end connect, waiting for it for a while. */
    static UnixSocket listen(Path path) throws IOException {
        long start = System.nanoTime();
        try (UnixSocket listener = UnixSocket.listen(path.toString());
                Readiness readiness = new Readiness(1)) {
            readiness.watch(listener.fd());
            while (System.nanoTime() - start < CONNECT_NANOS_MAX) {
                UnixSocket connected = listener.accept();
                if (connected != null) {
                    return connected;
                }
                readiness.await(100);
            }
            throw new IOException("no back end connected to " + listener);
        }
    }

    /** Asks what the back end offers, and agrees on those of the wanted ones. */
    void agreeOnProtocol(long wanted) throws IOException {
        protocolFeatures = getU64(new FrontendRequest.GetProtocolFeatures()) & wanted;
        // REPLY_ACK is not in force yet: this one goes without.
        channel.send(new FrontendRequest.SetProtocolFeatures(protocolFeatures), false);
    }

    /** Whether these protocol features are in force. */
    boolean has(long protocolFeature) {
        return (protocolFeatures & protocolFeature) == protocolFeature;
    }

    FrontendChannel channel() {
        return channel;
    }

    // Memory.

    /** Tells all memory, in the way that was chosen. */
    void tellMemory() throws IOException {
        if (tellsSlots()) {
            List<Fd> files = ram.files();
            for (int i = 0; i < files.size(); i++) {
                set(new FrontendRequest.AddMemReg(ram.regions().get(i), files.get(i)));
            }
        } else {
            set(new FrontendRequest.SetMemTable(ram.regions(), ram.files()));
        }
    }

    private boolean tellsSlots() {
        return memorySlots && has(ProtocolFeature.CONFIGURE_MEM_SLOTS);
    }

    /** Tells of the region that memory grew by last. */
    MemoryRegion tellNewest(MemoryRegion region) throws IOException {
        if (tellsSlots()) {
            set(new FrontendRequest.AddMemReg(region, ram.files().getLast()));
        } else {
            tellMemory();
        }
        return region;
    }

    /** Takes the newest region away. */
    void unplugMemory() throws IOException {
        MemoryRegion region = ram.shrink();
        if (tellsSlots()) {
            set(new FrontendRequest.RemMemReg(region));
        } else {
            tellMemory();
        }
    }

    // Single messages.

    /**
     * Sends a request without a reply of its own and, with REPLY_ACK, waits for its success.
     *
     * @throws IOException also when the back end refuses
     */
    void set(FrontendRequest request) throws IOException {
        long error = trySet(request);
        if (error != 0) {
            throw new IOException("%s refused: %d".formatted(request.type(), error));
        }
    }

    /** The same, answering the back end's error number, or 0 when it gives none. */
    long trySet(FrontendRequest request) throws IOException {
        boolean acknowledged = has(ProtocolFeature.REPLY_ACK);
        channel.send(request, acknowledged);
        return acknowledged ? channel.replyU64(request.id()) : 0;
    }

    /** Sends a request that nobody answers. */
    void tell(FrontendRequest request) throws IOException {
        channel.send(request, false);
    }

    /** Sends a request whose reply is one number. */
    long getU64(FrontendRequest request) throws IOException {
        channel.send(request, false);
        return channel.replyU64(request.id());
    }

    /** Sends any message at all, as an enemy would. */
    void sendRaw(int id, int flags, byte[] payload, List<Fd> descriptors) throws IOException {
        channel.send(RequestEncoder.message(id, flags, payload), descriptors);
    }

    /** Sends any bytes at all. */
    void sendBytes(byte[] bytes) throws IOException {
        channel.send(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip(), List.of());
    }

    @Override
    public void close() {
        channel.close();
    }
}
