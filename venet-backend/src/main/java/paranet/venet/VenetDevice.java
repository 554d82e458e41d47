package paranet.venet;

import paranet.core.device.BusError;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.offload.Offloads;
import paranet.core.offload.VirtioNetHdr;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetEventqQuery;
import paranet.venet.wire.VenetFunction;
import paranet.venet.wire.VenetL4roQuery;
import paranet.venet.wire.VenetShm;

import java.util.List;
import java.util.Map;

/**
 * One venet device as its driver calls it: the verbs of DEVCALL, and the memory it registers by
 * DEVSHM. What is registered stays until the device is closed.
 *
 * <p>The first check that fails decides the answer: what the call needs to be legal now, then
 * lengths, then whether memory is mapped, alignment, and what stands in the memory.
 *
 * <p>Threading: confined to the worker of its bus.
 */
public final class VenetDevice {
    private final VenetOptions options;
    private final CapabilityNegotiation capabilities;
    private final FrameBridge bridge;
    private final VenetLane lane;
    private final RegisteredMemory registered;
    private final VenetQueries queries;
    private final BurstThreshold bursts;
    private final PageWait pageWait;
    private VenetEvents events; // null until the link is up, or for ever without a ring
    private boolean networkUp = true;
    private boolean hasCarrier = true; // as far as the bridge knows
    private String fault;
    private boolean broken; // and nobody has asked yet
    private long nowNanos; // of the last step

    /**
     * A closed device with the default options.
     *
     * @param mac what MACQUERY answers, 6 bytes
     * @param bridge the network side, of which the first pair is used; it stays the caller's
     */
    public VenetDevice(byte[] mac, CapabilityNegotiation capabilities, FrameBridge bridge) {
        this(mac, capabilities, bridge, VenetOptions.DEFAULT);
    }

    /**
     * A closed device that offers what options and bridge allow.
     *
     * @param mac what MACQUERY answers, 6 bytes
     * @param bridge the network side, of which the first pair is used; it stays the caller's
     */
    public VenetDevice(byte[] mac, VenetOptions options, FrameBridge bridge) {
        this(mac, options.capabilities(bridge), bridge, options);
    }

    VenetDevice(
            byte[] mac,
            CapabilityNegotiation capabilities,
            FrameBridge bridge,
            VenetOptions options) {
        this.capabilities = capabilities;
        this.bridge = bridge;
        this.options = options;
        this.lane = new VenetLane(bridge);
        this.registered = new RegisteredMemory(capabilities, this::told);
        this.queries = new VenetQueries(mac, capabilities);
        this.bursts = new BurstThreshold(lane, options.burstMicros());
        this.pageWait = new PageWait(lane);
        carrier(false);
    }

    /** Whether the driver has the link up. */
    public boolean isLinkUp() {
        return lane.isUp();
    }

    /** Its frames. */
    VenetLane lane() {
        return lane;
    }

    /** Frames lost so far, by reason; any thread may ask. */
    public Map<DropReason, Long> drops() {
        return lane.drops().snapshot();
    }

    /** Frames given to the network so far; any thread may ask. */
    public long transmittedFrames() {
        return lane.transmittedFrames();
    }

    /** Frames given to the guest so far; any thread may ask. */
    public long receivedFrames() {
        return lane.receivedFrames();
    }

    /** What the driver broke, so that the device serves it no more until it is closed, or null. */
    public String fault() {
        return fault;
    }

    /** The network side has a link, or has none: the driver is told if it asked to be. */
    public void networkUp(boolean isUp) {
        if (networkUp == isUp) {
            return;
        }
        networkUp = isUp;
        lane.networkUp(isUp);
        if (lane.isUp()) {
            tellLinkState(isUp);
        }
    }

    private void tellLinkState(boolean isUp) {
        if (events != null
                && capabilities.has(
                        VenetCapability.GROUP_EVENTQ, VenetCapability.EVENTQ_LINKSTATE)) {
            events.linkState(isUp);
            checkEvents();
        }
    }

    /** A ring that is registered, or null. */
    SouthIoq ring(int id) {
        return registered.ring(id);
    }

    /** A pool that is registered, or null. */
    Segment pool(int id) {
        return registered.pool(id);
    }

    /** DEVCALL: {@code length} bytes of data at {@code guestAddress}. */
    int call(GuestMemory memory, int function, int length, long guestAddress) {
        if (fault != null) {
            return BusError.EINVAL;
        }
        boolean linkUp = lane.isUp();
        return switch (function) {
            case VenetFunction.LINKUP -> linkUp();
            case VenetFunction.LINKDOWN -> linkDown();
            case VenetFunction.MACQUERY ->
                    length == VenetFunction.MACQUERY_BYTES
                            ? queries.macQuery(memory, guestAddress)
                            : BusError.EINVAL;
            case VenetFunction.NEGCAP ->
                    !linkUp && length == VenetCapability.BYTES
                            ? queries.negotiate(memory, guestAddress, registered)
                            : BusError.EINVAL;
            case VenetFunction.FLUSHRX -> flushReceive();
            case VenetFunction.PMTDQUERY ->
                    capabilities.has(VenetCapability.GROUP_SG, VenetCapability.SG_PMTD)
                            ? VenetShm.PMTD_POOL
                            : BusError.EINVAL;
            case VenetFunction.EVQQUERY ->
                    mayQuery(VenetCapability.GROUP_EVENTQ) && length == VenetEventqQuery.BYTES
                            ? VenetQueries.eventqQuery(memory, guestAddress)
                            : BusError.EINVAL;
            case VenetFunction.L4ROQUERY ->
                    mayQuery(VenetCapability.GROUP_L4RO) && length == VenetL4roQuery.BYTES
                            ? VenetQueries.l4roQuery(memory, guestAddress)
                            : BusError.EINVAL;
            default -> BusError.EINVAL;
        };
    }

    /** What the network sees of us; a bridge that has nothing new to be told may be gone. */
    private void carrier(boolean on) {
        if (hasCarrier != on) {
            hasCarrier = on;
            bridge.carrier(on);
        }
    }

    private int linkUp() {
        if (lane.isUp()) {
            return BusError.EEXIST;
        }
        if (!registered.has(VenetShm.RX) || !registered.has(VenetShm.TX)) {
            return BusError.EINVAL;
        }
        open();
        lane.up();
        carrier(true);
        tellLinkState(networkUp);
        return 0;
    }

    /** What was registered and negotiated by now stays while the link is up. */
    private void open() {
        SouthIoq transmit = ring(VenetShm.TX);
        if (events == null && registered.has(VenetShm.EVENT_RING)) {
            events =
                    new VenetEvents(
                            ring(VenetShm.EVENT_RING),
                            registered.calls(VenetShm.EVENT_RING),
                            pool(VenetShm.EVENT_POOL),
                            transmit.size());
        }
        Segment receivePool =
                capabilities.has(VenetCapability.GROUP_L4RO, VenetCapability.SG)
                        ? pool(VenetShm.L4RO_POOL)
                        : null;
        SouthIoq pages = receivePool == null ? null : ring(VenetShm.L4RO_PAGE_RING);
        int accepted = receivePool == null ? FrameOffload.NONE : accepted(pages != null);
        boolean scatters = capabilities.has(VenetCapability.GROUP_SG, VenetCapability.SG);
        bridge.usePairs(1);
        bridge.format(new FrameFormat(VirtioNetHdr.BYTES, accepted));
        VenetLink link =
                new VenetLink(
                        transmit,
                        ring(VenetShm.RX),
                        pages,
                        scatters,
                        scatters
                                ? offloads(VenetCapability.GROUP_SG) | FrameOffload.CSUM
                                : FrameOffload.NONE,
                        receivePool,
                        accepted,
                        bridge.sinkOffloads());
        boolean completes =
                capabilities.has(VenetCapability.GROUP_EVENTQ, VenetCapability.EVENTQ_TXC);
        lane.open(
                link,
                events,
                completes,
                options.txMitigation(),
                registered.calls(VenetShm.TX),
                registered.calls(VenetShm.RX));
    }

    /** A frame that is to be segmented needs pages; one that is not fits its slot. */
    private int accepted(boolean hasPages) {
        return FrameOffload.CSUM
                | (hasPages ? offloads(VenetCapability.GROUP_L4RO) : FrameOffload.NONE);
    }

    private int offloads(int group) {
        return Offloads.usable(
                FrameOffload.CSUM
                        | offload(group, VenetCapability.SG_TSO4, FrameOffload.TSO4)
                        | offload(group, VenetCapability.SG_TSO6, FrameOffload.TSO6)
                        | offload(group, VenetCapability.SG_ECN, FrameOffload.TSO_ECN)
                        | offload(group, VenetCapability.SG_UFO, FrameOffload.UFO));
    }

    private int offload(int group, int capability, int offload) {
        return capabilities.has(group, capability) ? offload : FrameOffload.NONE;
    }

    private int linkDown() {
        if (!lane.isUp()) {
            return BusError.ENOENT;
        }
        lane.down();
        carrier(false);
        return 0;
    }

    /** Every empty buffer goes back to the driver with length 0, and nobody is told: it asked. */
    private int flushReceive() {
        if (!lane.isUp()) {
            return BusError.EINVAL;
        }
        lane.flushReceive();
        return 0;
    }

    private boolean mayQuery(int group) {
        return !lane.isUp() && capabilities.hasAny(group);
    }

    /** DEVSHM: the handle of the signal, 0 without one, or an error. */
    int register(VbusConnection bus, ShmRequest request) {
        if (fault != null) {
            return BusError.EINVAL;
        }
        int result = registered.register(bus, request, lane.isUp());
        if (result >= 0 && request.id() == VenetShm.PMTD_POOL) {
            lane.transmitPool(pool(VenetShm.PMTD_POOL));
        }
        return result;
    }

    /** The driver told the signal of a ring. */
    private void told(int id) {
        ring(id).signal().disable(); // until the lane was looked at
        if (id == VenetShm.TX) {
            bursts.ring();
        } else {
            lane.wake();
        }
    }

    /** Does what is due at {@code nowNanos}. */
    void step(long nowNanos) {
        this.nowNanos = nowNanos;
        checkEvents();
        bursts.step(nowNanos);
        pageWait.step(nowNanos);
    }

    /** When {@link #step} has something to do, or Long.MAX_VALUE. */
    long dueNanos() {
        return pageWait.dueNanos(nowNanos);
    }

    private void checkEvents() {
        if (events != null && fault == null && events.fault() != null) {
            breakDown(events.fault());
        }
    }

    /** Serves the driver no more, until it closes the device. */
    void breakDown(String why) {
        if (fault == null) {
            fault = why;
            broken = true;
            lane.halt();
            carrier(false);
        }
    }

    /** Whether the device broke since this was last asked. */
    boolean takeBroken() {
        boolean taken = broken;
        broken = false;
        return taken;
    }

    /** Whether frames that the driver posted can still leave. */
    boolean hasPosted() {
        return lane.hasPosted();
    }

    /** Pulled out: the driver is told that the link is down, and no frame moves any more. */
    void pullOut() {
        if (lane.isUp() && fault == null) {
            tellLinkState(false);
        }
        lane.stop();
        carrier(false);
    }

    /** DEVCLOSE: the signals end in the order of their shm ids. */
    void close(VbusConnection bus) {
        if (fault == null && registered.has(VenetShm.TX)) {
            dropPosted();
        }
        registered.endSignals(bus);
        forget();
    }

    private void dropPosted() {
        if (lane.isOpen()) {
            lane.dropPosted();
            return;
        }
        SouthIoq transmit = ring(VenetShm.TX);
        for (int i = transmit.owned(transmit.size()); i > 0; i--) {
            lane.drops().count(DropReason.DEVICE_CLOSED);
        }
    }

    /** The end of the bus: nobody is told, and guest memory is not touched. */
    void forget() {
        lane.close();
        carrier(false);
        events = null;
        fault = null;
        broken = false;
        bursts.forget();
        pageWait.forget();
        registered.forget();
        capabilities.reset();
    }

    /** Who decides when the guest is told, by what people call the ring. */
    Map<String, SignalCalls> signals() {
        return registered.signals();
    }

    /** What is registered. */
    List<Segment> segments() {
        return registered.segments();
    }

    /** The same device in memory that was mapped anew. */
    void relocate(GuestMemory memory) {
        lane.memory(memory);
        registered.relocate(memory);
    }
}
