package paranet.virtionet;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.device.Device;
import paranet.core.device.DeviceLane;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.mitigation.Coalescing;
import paranet.virtionet.wire.VirtioNetConfig;
import paranet.virtionet.wire.VirtioNetCtrl;
import paranet.virtionet.wire.VirtioNetFeature;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * The virtio network device (virtio 1.3, 5.1) between a front end's rings and a {@link
 * FrameBridge}: negotiation, configuration space and the meaning of control commands. The frames
 * are moved by its lanes, one for each queue pair.
 *
 * <p>What lanes must know is published as one immutable state. The bridge belongs to whoever made
 * it.
 *
 * <p>Threading: any thread; each lane belongs to one QueueWorker.
 */
public final class VirtioNetDevice implements Device {
    private static final Logger LOG = LoggerFactory.getLogger(VirtioNetDevice.class);

    /** What a guest may be offered whatever the network is like: we do the rest in software. */
    private static final long ALWAYS =
            VirtioNetFeature.VERSION_1
                    | VirtioNetFeature.RING_PACKED
                    | VirtioNetFeature.INDIRECT_DESC
                    | VirtioNetFeature.EVENT_IDX
                    | VirtioNetFeature.ANY_LAYOUT
                    | VirtioNetFeature.IN_ORDER
                    | VirtioNetFeature.MRG_RXBUF
                    | VirtioNetFeature.CSUM
                    | VirtioNetFeature.HOST_TSO4
                    | VirtioNetFeature.HOST_TSO6
                    | VirtioNetFeature.HOST_ECN
                    | VirtioNetFeature.HOST_UFO
                    | VirtioNetFeature.HOST_USO
                    | VirtioNetFeature.MTU
                    | VirtioNetFeature.STATUS
                    | VirtioNetFeature.SPEED_DUPLEX
                    | VirtioNetFeature.CTRL_VQ
                    | VirtioNetFeature.CTRL_RX
                    | VirtioNetFeature.CTRL_RX_EXTRA
                    | VirtioNetFeature.CTRL_VLAN
                    | VirtioNetFeature.CTRL_MAC_ADDR
                    | VirtioNetFeature.CTRL_GUEST_OFFLOADS
                    | VirtioNetFeature.GUEST_ANNOUNCE
                    | VirtioNetFeature.NOTF_COAL
                    | VirtioNetFeature.VQ_NOTF_COAL;

    /** What a front end can do for its guest all by itself. */
    private static final long OF_FRONT_ENDS =
            VirtioNetFeature.CTRL_GUEST_OFFLOADS
                    | VirtioNetFeature.MTU
                    | VirtioNetFeature.MAC
                    | VirtioNetFeature.STATUS
                    | VirtioNetFeature.CTRL_VQ
                    | VirtioNetFeature.CTRL_RX
                    | VirtioNetFeature.CTRL_VLAN
                    | VirtioNetFeature.CTRL_RX_EXTRA
                    | VirtioNetFeature.GUEST_ANNOUNCE
                    | VirtioNetFeature.MQ
                    | VirtioNetFeature.CTRL_MAC_ADDR
                    | VirtioNetFeature.STANDBY
                    | VirtioNetFeature.SPEED_DUPLEX;

    private final VirtioNetOptions options;
    private final FrameBridge bridge;
    private final long features;
    private final VirtioNetLane[] lanes;

    // Everything below is changed under this object's lock; readers of other threads see `state`.
    private volatile VirtioNetState state;
    private volatile List<Runnable> configListeners = List.of();
    private volatile List<Runnable> pairsListeners = List.of();
    private volatile List<IntConsumer> limitsListeners = List.of();
    private int status;
    private MacAddress mac;
    private int mtu;
    private boolean linkUp = true;
    private boolean announcing;
    private ReceiveFilter filter;
    private long guestOffloads;
    private int sourceBytesMax;
    private final BitSet enabledPairs = new BitSet();
    private final BitSet enabledRings = new BitSet();
    private final NotificationLimits limits;
    private int commandedPairs = 1;
    private int usedPairs;

    /**
     * A device that nobody has negotiated with yet.
     *
     * @throws IllegalArgumentException if the bridge serves fewer pairs than the options ask for
     */
    public VirtioNetDevice(VirtioNetOptions options, FrameBridge bridge) {
        if (bridge.queuePairs() < options.queuePairs()) {
            throw new IllegalArgumentException(
                    "%d queue pairs, but %s has %d"
                            .formatted(
                                    options.queuePairs(), bridge.describe(), bridge.queuePairs()));
        }
        this.options = options;
        this.bridge = bridge;
        this.features = offered(options, bridge);
        this.mtu = configuredMtu();
        this.mac = options.mac();
        this.filter = ReceiveFilter.promiscuous(mac, false);
        this.limits = new NotificationLimits(2 * options.queuePairs());
        publish(0, Integer.MAX_VALUE);
        this.lanes = new VirtioNetLane[options.queuePairs()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = new VirtioNetLane(this, i, bridge.sink(i), bridge.source(i));
        }
        reset();
    }

    private static long offered(VirtioNetOptions options, FrameBridge bridge) {
        long all =
                ALWAYS | FeatureOffloads.guestFeatures(bridge.sourceOffloads()) | options.added();
        all |= options.queuePairs() > 1 ? VirtioNetFeature.MQ : 0;
        all = options.mac() == null ? all & ~VirtioNetFeature.MAC : all | VirtioNetFeature.MAC;
        return FeatureRule.supported(all & ~options.removed());
    }

    private int configuredMtu() {
        int bytes = options.mtu() != 0 ? options.mtu() : bridge.mtu();
        return Math.clamp(bytes, VirtioNetConfig.MTU_MIN, VirtioNetConfig.MTU_MAX);
    }

    @Override
    public long features() {
        return features;
    }

    @Override
    public long tolerated() {
        return OF_FRONT_ENDS & ~features;
    }

    @Override
    public int queuePairs() {
        return options.queuePairs();
    }

    @Override
    public int vrings() {
        return 2 * options.queuePairs() + ((features & VirtioNetFeature.CTRL_VQ) != 0 ? 1 : 0);
    }

    /** Behind the last pair, which without MQ is the first (virtio 1.3, 5.1.2). */
    @Override
    public boolean isControl(int vring) {
        VirtioNetState now = state;
        int pairs = now.has(VirtioNetFeature.MQ) ? options.queuePairs() : 1;
        return now.has(VirtioNetFeature.CTRL_VQ) && vring == 2 * pairs;
    }

    @Override
    public String objection(long chosen) {
        return FeatureRule.objection(chosen);
    }

    /**
     * {@inheritDoc} The same choice once more changes nothing: front ends repeat it on a running
     * device.
     */
    @Override
    public synchronized void negotiate(long chosen) {
        if (chosen != state.features()) {
            begin(chosen);
        }
    }

    /** A driver with these features begins; nothing was commanded yet. */
    private void begin(long chosen) {
        publish(chosen, Integer.MAX_VALUE);
        sourceBytesMax = 0;
        announcing = false;
        forgetCommands();
    }

    /** Drops what control commands have set, except for the address that the driver read. */
    synchronized void forgetCommands() {
        VirtioNetState now = state;
        filter = ReceiveFilter.promiscuous(mac, now.has(VirtioNetFeature.CTRL_VLAN));
        commandedPairs = 1;
        limits.reset().stream().forEach(this::tellLimits);
        applyOffloads(now.features() & VirtioNetFeature.GUEST_OFFLOADS);
        steer();
    }

    /**
     * Lets the bridge leave to the guest what it accepts. While that changes, lanes make room for
     * the largest frame there is; afterwards still for the largest that may lie queued.
     */
    private void applyOffloads(long accepted) {
        guestOffloads = accepted;
        long chosen = state.features();
        publish(chosen, Integer.MAX_VALUE);
        bridge.format(new FrameFormat(state.headerBytes(), state.accepted()));
        sourceBytesMax = Math.max(sourceBytesMax, bridge.frameBytesMax());
        publish(chosen, sourceBytesMax);
    }

    private void publish(long chosen, int room) {
        boolean promisedMtu = (chosen & VirtioNetFeature.MTU) != 0;
        state =
                new VirtioNetState(
                        chosen,
                        guestOffloads & chosen,
                        bridge.sinkOffloads(),
                        filter,
                        linkUp,
                        room,
                        promisedMtu ? mtu : 0);
    }

    private void publish() {
        publish(state.features(), state.sourceBytesMax());
    }

    /** The newest of what lanes must know. */
    VirtioNetState state() {
        return state;
    }

    @Override
    public int configBytes() {
        return VirtioNetConfig.BYTES;
    }

    @Override
    public void readConfig(int offset, byte[] to) {
        System.arraycopy(config(), offset, to, 0, to.length);
    }

    private synchronized byte[] config() {
        ByteBuffer config =
                ByteBuffer.allocate(VirtioNetConfig.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (mac != null) {
            config.put(VirtioNetConfig.MAC, mac.bytes());
        }
        int link =
                (linkUp ? VirtioNetConfig.S_LINK_UP : 0)
                        | (announcing ? VirtioNetConfig.S_ANNOUNCE : 0);
        return config.putShort(VirtioNetConfig.STATUS, (short) link)
                .putShort(VirtioNetConfig.MAX_VIRTQUEUE_PAIRS, (short) options.queuePairs())
                .putShort(VirtioNetConfig.MTU, (short) mtu)
                .putInt(VirtioNetConfig.SPEED, options.speed())
                .put(VirtioNetConfig.DUPLEX, (byte) options.duplex())
                .array();
    }

    /**
     * {@inheritDoc} A legacy driver may write the address (virtio 1.3, 5.1.4); a migration restores
     * it too, and may repeat what else there is, but not change it.
     */
    @Override
    public synchronized boolean writeConfig(int offset, byte[] from, boolean migration) {
        byte[] changed = config();
        byte[] present = changed.clone();
        System.arraycopy(from, 0, changed, offset, from.length);
        int end = offset + from.length;
        boolean legacy = !state.has(VirtioNetFeature.VERSION_1) && end <= VirtioNetConfig.STATUS;
        if (!legacy && !migration) {
            return false;
        }
        for (int i = Math.max(offset, VirtioNetConfig.MAX_VIRTQUEUE_PAIRS); i < end; i++) {
            if (changed[i] != present[i]) {
                return false;
            }
        }
        byte[] address = new byte[VirtioNetConfig.MAC_BYTES];
        System.arraycopy(changed, VirtioNetConfig.MAC, address, 0, address.length);
        if (offset < VirtioNetConfig.STATUS) {
            setMac(MacAddress.of(address));
        }
        return true;
    }

    private void setMac(MacAddress address) {
        mac = address;
        filter = filter.own(address);
        publish();
    }

    @Override
    public void status(int status) {
        synchronized (this) {
            this.status = status;
        }
        if (status == 0) {
            reset();
        }
    }

    @Override
    public synchronized int status() {
        return status;
    }

    /** {@inheritDoc} The bound outlives a reset: front ends say it once (NET_SET_MTU). */
    @Override
    public synchronized boolean mtu(int bytes) {
        if (bytes < VirtioNetConfig.MTU_MIN || bytes > VirtioNetConfig.MTU_MAX) {
            return false;
        }
        if (bridge.mtu() != bytes && !bridge.mtu(bytes)) {
            return false;
        }
        mtu = bytes;
        sourceBytesMax = Math.max(sourceBytesMax, bridge.frameBytesMax());
        publish(state.features(), sourceBytesMax);
        return true;
    }

    @Override
    public void announce(byte[] address) {
        DropReason reason = bridge.announce(ReverseArp.request(address));
        if (reason != DropReason.NONE) {
            LOG.warn(
                    "{}: {} not announced: {}",
                    bridge.describe(),
                    MacAddress.of(address),
                    reason.meaning());
        }
    }

    /**
     * Takes the link up or down, and tells the guest. A link that comes back may hang on another
     * switch, so a guest that can (GUEST_ANNOUNCE) is asked to announce itself.
     */
    public void linkUp(boolean up) {
        boolean tell;
        synchronized (this) {
            if (linkUp == up) {
                return;
            }
            linkUp = up;
            announcing =
                    up
                            && state.has(VirtioNetFeature.GUEST_ANNOUNCE)
                            && state.has(VirtioNetFeature.CTRL_VQ);
            publish();
            tell = state.has(VirtioNetFeature.STATUS);
        }
        if (tell) {
            configListeners.forEach(Runnable::run);
        }
    }

    /** Whether frames pass. */
    public boolean linkUp() {
        return state.linkUp();
    }

    @Override
    public synchronized void reset() {
        status = 0;
        mac = options.mac();
        enabledPairs.clear();
        enabledRings.clear();
        usedPairs = 0; // said again, whatever it was
        begin(0);
    }

    @Override
    public int lanes() {
        return lanes.length;
    }

    @Override
    public DeviceLane lane(int lane) {
        return lanes[lane];
    }

    @Override
    public int laneOf(int vring) {
        return isControl(vring) ? 0 : Math.min(vring / 2, lanes.length - 1);
    }

    @Override
    public synchronized void onConfigChange(Runnable listener) {
        configListeners = Stream.concat(configListeners.stream(), Stream.of(listener)).toList();
    }

    @Override
    public synchronized void onPairsChange(Runnable listener) {
        pairsListeners = Stream.concat(pairsListeners.stream(), Stream.of(listener)).toList();
    }

    @Override
    public synchronized Coalescing limits(int vring) {
        return isControl(vring) || vring >= 2 * options.queuePairs() ? null : limits.of(vring);
    }

    @Override
    public synchronized void onLimitsChange(IntConsumer listener) {
        limitsListeners = Stream.concat(limitsListeners.stream(), Stream.of(listener)).toList();
    }

    private void tellLimits(int vring) {
        limitsListeners.forEach(listener -> listener.accept(vring));
    }

    /** Losses of all lanes, by reason; reasons that did not happen are left out. */
    public Map<DropReason, Long> drops() {
        Map<DropReason, Long> sum = new EnumMap<>(DropReason.class);
        for (VirtioNetLane lane : lanes) {
            lane.drops().snapshot().forEach((reason, count) -> sum.merge(reason, count, Long::sum));
        }
        return sum;
    }

    /** A front end that keeps the control queue to itself steers by enabling rings. */
    synchronized void pairEnabled(int pair, boolean enabled) {
        enabledPairs.set(pair, enabled);
        steer();
    }

    /**
     * A receive or transmit ring is in use now, or no more: then it is back at the limits for all
     * rings of its direction (virtio 1.3, 5.1.6.5.8).
     */
    synchronized void ringEnabled(int vring, boolean enabled) {
        enabledRings.set(vring, enabled);
        if (!enabled && limits.forgetOwn(vring)) {
            tellLimits(vring);
        }
    }

    /** A ring is no more, for now: a front end may pause its guest, who notices nothing. */
    synchronized void ringStopped(int vring) {
        enabledRings.clear(vring);
    }

    private void steer() {
        VirtioNetState now = state;
        int pairs = 1;
        if (now.has(VirtioNetFeature.MQ)) {
            pairs =
                    now.has(VirtioNetFeature.CTRL_VQ)
                            ? commandedPairs
                            : Math.max(1, enabledPairs.length());
        }
        if (pairs != usedPairs) {
            usedPairs = pairs;
            bridge.usePairs(pairs);
            pairsListeners.forEach(Runnable::run);
        }
    }

    // The meaning of each control command; false means that it is refused.

    synchronized boolean receiveMode(int number, boolean on) {
        long needed =
                number <= VirtioNetCtrl.RX_ALLMULTI
                        ? VirtioNetFeature.CTRL_RX
                        : VirtioNetFeature.CTRL_RX_EXTRA;
        if (!state.has(needed)) {
            return false;
        }
        filter = filter.mode(number, on);
        publish();
        return true;
    }

    synchronized boolean addressTables(long[] unicast, long[] multicast) {
        if (!state.has(VirtioNetFeature.CTRL_RX)) {
            return false;
        }
        filter = filter.tables(unicast, multicast);
        publish();
        return true;
    }

    synchronized boolean ownAddress(MacAddress address) {
        if (!state.has(VirtioNetFeature.CTRL_MAC_ADDR)
                || address.isGroup()
                || address.bits() == 0) {
            return false;
        }
        setMac(address);
        return true;
    }

    synchronized boolean vlan(int id, boolean in) {
        if (!filter.filtersVlans() || id >= ReceiveFilter.VLAN_IDS) {
            return false;
        }
        filter = filter.vlan(id, in);
        publish();
        return true;
    }

    synchronized boolean announceAcknowledged() {
        boolean known = state.has(VirtioNetFeature.GUEST_ANNOUNCE);
        announcing &= !known;
        return known;
    }

    synchronized boolean commandPairs(int pairs) {
        if (!state.has(VirtioNetFeature.MQ) || pairs < 1 || pairs > options.queuePairs()) {
            return false;
        }
        commandedPairs = pairs;
        steer();
        return true;
    }

    synchronized boolean guestOffloads(long accepted) {
        long negotiated = state.features() & VirtioNetFeature.GUEST_OFFLOADS;
        if (!state.has(VirtioNetFeature.CTRL_GUEST_OFFLOADS) || (accepted & ~negotiated) != 0) {
            return false;
        }
        applyOffloads(accepted);
        return true;
    }

    /** Limits for all receive or all transmit rings, enabled or not (NOTF_COAL_RX_SET, TX_SET). */
    synchronized boolean limitAll(int number, long maxPackets, long maxUsecs) {
        if (!state.has(VirtioNetFeature.NOTF_COAL)) {
            return false;
        }
        int first = NotificationLimits.first(number);
        for (int vring = first; vring < 2 * options.queuePairs(); vring += 2) {
            limits.setForAll(vring, maxPackets, maxUsecs);
            tellLimits(vring);
        }
        return true;
    }

    /** Limits for one ring, which has to be a receive or transmit ring in use. */
    synchronized boolean limit(int vring, long maxPackets, long maxUsecs) {
        if (!isLimitable(vring)) {
            return false;
        }
        limits.set(vring, maxPackets, maxUsecs);
        tellLimits(vring);
        return true;
    }

    private boolean isLimitable(int vring) {
        return state.has(VirtioNetFeature.VQ_NOTF_COAL)
                && !isControl(vring)
                && enabledRings.get(vring);
    }

    /** What NOTF_COAL_VQ_GET answers of a ring: virtio_net_ctrl_coal; or null if it is refused. */
    synchronized byte[] limitsOf(int vring) {
        if (!isLimitable(vring)) {
            return null;
        }
        return ByteBuffer.allocate(VirtioNetCtrl.COAL_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) limits.maxPackets(vring))
                .putInt((int) limits.maxUsecs(vring))
                .array();
    }
}
