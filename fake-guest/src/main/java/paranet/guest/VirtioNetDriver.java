package paranet.guest;

import paranet.core.linux.Readiness;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.ProtocolFeature;
import paranet.guest.frame.MacAddress;
import paranet.virtionet.wire.VirtioNetConfig;
import paranet.virtionet.wire.VirtioNetCtrl;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The driver side of virtio-net (virtio 1.3, 5.1) on a fake front end: its pairs and its control
 * queue.
 *
 * <p>Threading: opening and closing belong to one thread; each pair may then have a thread of its
 * own.
 */
public final class VirtioNetDriver implements NetworkDriver {
    /** ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK (virtio 1.3, 2.1). */
    private static final int STATUS_RUNNING = 0x0f;

    private static final int CONTROL_RING_SIZE = 64;

    private final FakeFrontend frontend;
    private final List<NetQueuePair> pairs = new ArrayList<>();
    private final Readiness readiness;
    private ControlQueue control;

    private VirtioNetDriver(FakeFrontend frontend) {
        this.frontend = frontend;
        this.readiness = new Readiness(2 * frontend.options().queuePairs());
    }

    /** Sets all rings up, starts and enables them, and tells the device how many pairs are used. */
    public static VirtioNetDriver open(FakeFrontend frontend, DriverOptions options)
            throws IOException {
        VirtioNetDriver driver = new VirtioNetDriver(frontend);
        try {
            driver.start(options);
            return driver;
        } catch (IOException | RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    private void start(DriverOptions options) throws IOException {
        int wanted = frontend.options().queuePairs();
        boolean multi = has(VirtioNetFeature.MQ);
        if (wanted > 1 && !multi) {
            throw new IOException("the back end does not offer VIRTIO_NET_F_MQ");
        }
        if (wanted > 1 && frontend.has(ProtocolFeature.MQ)) {
            long served = frontend.getU64(new FrontendRequest.GetQueueNum());
            if (served < wanted) {
                throw new IOException(
                        "the back end serves %d queue pairs, not %d".formatted(served, wanted));
            }
        }
        for (int i = 0; i < wanted; i++) {
            pairs.add(NetQueuePair.open(frontend, i, options));
        }
        if (has(VirtioNetFeature.CTRL_VQ)) {
            control =
                    new ControlQueue(
                            frontend.openRing(controlIndex(multi), CONTROL_RING_SIZE),
                            frontend.ram());
        }
        for (NetQueuePair pair : pairs) {
            startAndEnable(pair.receiveRing());
            startAndEnable(pair.transmitRing());
        }
        if (control != null) {
            startAndEnable(control.ring());
        }
        if (frontend.has(ProtocolFeature.STATUS)) {
            frontend.set(new FrontendRequest.SetStatus(STATUS_RUNNING));
        }
        if (control != null && multi && control.queuePairs(wanted) != VirtioNetCtrl.OK) {
            throw new IOException("the device refuses %d queue pairs".formatted(wanted));
        }
    }

    private void startAndEnable(GuestRing ring) throws IOException {
        frontend.start(ring);
        if (!frontend.options().legacyEnable()) {
            frontend.enable(ring, true);
        }
    }

    /** The control queue comes after all pairs that could exist (virtio 1.3, 5.1.2). */
    private int controlIndex(boolean multi) throws IOException {
        if (!multi) {
            return 2;
        }
        int served =
                frontend.has(ProtocolFeature.CONFIG)
                        ? config16(VirtioNetConfig.MAX_VIRTQUEUE_PAIRS)
                        : (int) frontend.getU64(new FrontendRequest.GetQueueNum());
        return 2 * served;
    }

    private int config16(int offset) throws IOException {
        byte[] two = frontend.config(offset, 2);
        return (two[0] & 0xff) | (two[1] & 0xff) << 8;
    }

    /**
     * After {@link FakeFrontend#disconnect}: goes on at a back end that listens at this path, with
     * the same memory and rings.
     */
    public void reconnect(Path path) throws IOException {
        frontend.reconnect(path, () -> pairs.forEach(NetQueuePair::settle));
    }

    /** The same at the next back end that connects here. */
    public void listenAgain(Path path) throws IOException {
        frontend.listenAgain(path, () -> pairs.forEach(NetQueuePair::settle));
    }

    /** The MAC address that the device gives the guest; needs CONFIG and VIRTIO_NET_F_MAC. */
    public MacAddress macAddress() throws IOException {
        return MacAddress.of(frontend.config(VirtioNetConfig.MAC, VirtioNetConfig.MAC_BYTES), 0);
    }

    /** The largest IP packet that the device says it takes; needs CONFIG and VIRTIO_NET_F_MTU. */
    public int mtu() throws IOException {
        return config16(VirtioNetConfig.MTU);
    }

    /** Whether the link is up; needs CONFIG and VIRTIO_NET_F_STATUS. */
    public boolean isLinkUp() throws IOException {
        return (config16(VirtioNetConfig.STATUS) & VirtioNetConfig.S_LINK_UP) != 0;
    }

    /** Whether all of these virtio features are in force. */
    public boolean has(long features) {
        return (frontend.features() & features) == features;
    }

    public FakeFrontend frontend() {
        return frontend;
    }

    @Override
    public NetQueuePair pair(int index) {
        return pairs.get(index);
    }

    @Override
    public int pairs() {
        return pairs.size();
    }

    /** The control queue, or null when the device offers none. */
    public ControlQueue control() {
        return control;
    }

    /**
     * Waits for a frame on any pair, or for room too, by interrupts.
     *
     * @param nanosMax 0 or more; rounded up to milliseconds
     */
    @Override
    public void await(long nanosMax, boolean forRoom) throws IOException {
        readiness.clear();
        boolean quiet = true;
        for (NetQueuePair pair : pairs) {
            quiet &= pair.arm(readiness, forRoom);
        }
        if (quiet) {
            readiness.await(NetQueuePair.millis(nanosMax));
        }
        for (NetQueuePair pair : pairs) {
            pair.disarm(forRoom);
        }
    }

    /** Interrupts that the device sent for frames. */
    @Override
    public long calls() {
        return pairs.stream().mapToLong(NetQueuePair::calls).sum();
    }

    /** Every interrupt is one queue's. */
    @Override
    public long events() {
        return calls();
    }

    @Override
    public boolean leavesChecksums() {
        return has(VirtioNetFeature.CSUM);
    }

    @Override
    public boolean leavesSegments() {
        return has(VirtioNetFeature.CSUM | VirtioNetFeature.HOST_TSO4);
    }

    /** Kicks sent to the device for frames. */
    @Override
    public long kicks() {
        return pairs.stream().mapToLong(NetQueuePair::kicks).sum();
    }

    @Override
    public void close() {
        pairs.forEach(NetQueuePair::close);
        readiness.close();
        if (control != null) {
            control.close();
        }
        frontend.close();
    }
}
