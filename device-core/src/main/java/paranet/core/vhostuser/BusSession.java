package paranet.core.vhostuser;

import paranet.core.device.BusControl;
import paranet.core.device.BusError;
import paranet.core.linux.Fd;
import paranet.core.vhostuser.MessageLayout.Negotiate;

import java.util.ArrayDeque;
import java.util.List;

/**
 * A connection to a bus. It decides what may be said when; what it means is the {@link
 * BusControl}'s, and what has to happen outside goes through a {@link BusHost}.
 *
 * <p>The bus is closed until NEGOTIATE, which needs protocol feature VBUS and memory, and resets
 * everything but memory when it comes again. Then come the event queues, and READY lets events
 * flow. What comes at the wrong moment, or needs a capability that was not negotiated, is answered
 * by EINVAL and has no effect.
 *
 * <p>Unlike a virtio device's, a refusal that the front end did not ask to hear of ends the
 * connection when memory is concerned: the two would disagree about where rings lie.
 *
 * <p>Threading: confined to the control thread.
 */
public final class BusSession extends FrontendSession {
    /** Where the rings of both sides can be accessed whole, addresses are alike to this modulus. */
    private static final int ALIGNMENT = 8;

    private enum Moment {
        CLOSED,
        NEGOTIATED,
        READY
    }

    private final BusControl bus;
    private final BusHost host;

    private final LateCalls late = new LateCalls();

    private Moment moment = Moment.CLOSED;
    private long capabilities;
    private long dropped;

    /** Starts with nothing negotiated, on a bus that was just reset. */
    public BusSession(BusControl bus, BusHost host) {
        super(host, ProtocolFeature.OFFERED_VBUS);
        this.bus = bus;
        this.host = host;
    }

    @Override
    public Dialect dialect() {
        return Dialect.VBUS;
    }

    /** Messages without a reply that meant nothing when they came. */
    public long dropped() {
        return dropped;
    }

    @Override
    Reply refusal(FrontendRequest request, RequestRefused refused, boolean acknowledges)
            throws ProtocolException {
        if (!acknowledges && isAboutMemory(request)) {
            throw new ProtocolException(
                    MessageHeader.nameOf(request.type(), request.id()),
                    refused.getMessage() + " (no acknowledgement could say so)");
        }
        return super.refusal(request, refused, acknowledges);
    }

    private static boolean isAboutMemory(FrontendRequest request) {
        return request instanceof FrontendRequest.SetMemTable
                || request instanceof FrontendRequest.RemMemReg;
    }

    @Override
    Reply perform(FrontendRequest request) throws RequestRefused, ProtocolException {
        return switch (request) {
            case BusRequest toBus -> perform(toBus);
            case FrontendRequest.GetFeatures() -> new Reply.Features(F_PROTOCOL_FEATURES);
            case FrontendRequest.SetFeatures(long chosen) -> setFeatures(chosen);
            case FrontendRequest.SetOwner() -> null;
            case FrontendRequest.GetProtocolFeatures() ->
                    new Reply.ProtocolFeatures(protocol.offered());
            case FrontendRequest.SetProtocolFeatures(long chosen) -> setProtocolFeatures(chosen);
            case FrontendRequest.SetMemTable(List<MemoryRegion> regions, List<Fd> files) ->
                    setMemTable(regions, files);
            case FrontendRequest.GetMaxMemSlots() -> new Reply.MaxMemSlots(MEMORY_SLOTS_MAX);
            case FrontendRequest.AddMemReg(MemoryRegion region, Fd file) -> addMemReg(region, file);
            case FrontendRequest.RemMemReg(MemoryRegion region) -> remMemReg(region);
            case FrontendRequest.Unknown(int id, int payloadBytes) ->
                    throw new RequestRefused(
                            "unknown or not offered, %d bytes of payload ignored"
                                    .formatted(payloadBytes));
            // The codec makes Unknown of them, or breaks the connection (Dialect).
            default -> throw new RequestRefused("a bus has no such message");
        };
    }

    private static Reply setFeatures(long chosen) throws RequestRefused {
        ProtocolChoice.requireOffered(chosen, F_PROTOCOL_FEATURES);
        return null;
    }

    private Reply setProtocolFeatures(long chosen) throws RequestRefused {
        if (moment != Moment.CLOSED && (chosen & ProtocolFeature.VBUS) == 0) {
            throw new RequestRefused("0x%x lacks VBUS, which is in use".formatted(chosen));
        }
        protocol.choose(chosen);
        return null;
    }

    private Reply setMemTable(List<MemoryRegion> regions, List<Fd> files) throws RequestRefused {
        for (MemoryRegion region : regions) {
            requireAlike(region);
        }
        for (BusControl.LiveRange live : bus.liveRanges()) {
            requirePreserved(live, regions, files);
        }
        memory.replace(regions, files);
        return null;
    }

    private Reply addMemReg(MemoryRegion region, Fd file) throws RequestRefused {
        requireAlike(region);
        memory.add(region, file);
        return null;
    }

    private Reply remMemReg(MemoryRegion region) throws RequestRefused {
        for (BusControl.LiveRange live : bus.liveRanges()) {
            if (holds(region, live)) {
                throw new RequestRefused("in use: " + words(live));
            }
        }
        memory.remove(region);
        return null;
    }

    /** So that what is aligned for the guest is aligned here. */
    private static void requireAlike(MemoryRegion region) throws RequestRefused {
        long modulus = region.guestAddress() & (ALIGNMENT - 1);
        if ((region.mmapOffset() & (ALIGNMENT - 1)) != modulus
                || (region.size() & (ALIGNMENT - 1)) != modulus) {
            throw new RequestRefused(
                    "guest address 0x%x, mmap offset 0x%x and size 0x%x differ modulo %d"
                            .formatted(
                                    region.guestAddress(),
                                    region.mmapOffset(),
                                    region.size(),
                                    ALIGNMENT));
        }
    }

    /** A range in use has to stay at the same place of the same file. */
    private void requirePreserved(
            BusControl.LiveRange live, List<MemoryRegion> regions, List<Fd> files)
            throws RequestRefused {
        MemoryRegion before = null;
        for (MemoryRegion region : memory.regions()) {
            before = holds(region, live) ? region : before;
        }
        for (int i = 0; i < regions.size(); i++) {
            MemoryRegion after = regions.get(i);
            if (before != null
                    && holds(after, live)
                    && after.mmapOffset() - after.guestAddress()
                            == before.mmapOffset() - before.guestAddress()
                    && host.isSameFile(before, files.get(i))) {
                return;
            }
        }
        throw new RequestRefused("does not preserve what is in use: " + words(live));
    }

    private static boolean holds(MemoryRegion region, BusControl.LiveRange live) {
        long offset = live.guestAddress() - region.guestAddress();
        return offset >= 0 && offset <= region.size() && live.length() <= region.size() - offset;
    }

    private static String words(BusControl.LiveRange live) {
        return "0x%x bytes at guest address 0x%x".formatted(live.length(), live.guestAddress());
    }

    /** The reply to a request of the bus; null for those that have none, or have it later. */
    private Reply perform(BusRequest request) throws ProtocolException {
        if (request instanceof BusRequest.Negotiate(int magic, int version, long wanted)) {
            return negotiate(magic, version, wanted);
        }
        int result = moment == Moment.CLOSED ? BusError.EINVAL : result(request);
        if (result == BusControl.LATER) {
            return null;
        }
        if (result < 0) {
            request.close();
        }
        if (request.type().answer() == MessageType.Answer.NONE) {
            dropped += result < 0 ? 1 : 0;
            return null;
        }
        return request instanceof BusRequest.Call call
                ? answer(call.channel(), result)
                : new Reply.BusResult(request.id(), result, 0);
    }

    private static Reply answer(int channel, int result) {
        return new Reply.BusResult(MessageType.CALL.id(), result, channel);
    }

    /**
     * Takes an answer that the bus gave later, and then hands the bus the calls of that channel
     * that waited for it.
     */
    public void answered(int channel, int result) {
        if (!late.isBusy(channel)) {
            return; // NEGOTIATE answered it
        }
        host.reply(answer(channel, result));
        ArrayDeque<BusRequest.Call> waited = late.end(channel);
        while (!waited.isEmpty()) {
            int next = call(waited.remove());
            if (next == BusControl.LATER) {
                late.begin(channel, waited);
                return;
            }
            host.reply(answer(channel, next));
        }
    }

    /** The bus starts over: what closes is closed, and what waited never began. */
    private void answerAll() {
        for (Integer channel = late.first(); channel != null; channel = late.first()) {
            host.reply(answer(channel, 0));
            for (int i = late.end(channel).size(); i > 0; i--) {
                host.reply(answer(channel, BusError.EINVAL));
            }
        }
    }

    private int call(BusRequest.Call call) {
        return bus.call(call.channel(), call.vector(), call.length(), call.guestAddress());
    }

    /** Calls of one channel are answered in order; those of others go on. */
    private int callInTurn(BusRequest.Call call) throws ProtocolException {
        if (late.isBusy(call.channel())) {
            late.add(call);
            return BusControl.LATER;
        }
        int result = call(call);
        if (result == BusControl.LATER) {
            late.begin(call.channel(), new ArrayDeque<>());
        }
        return result;
    }

    private Reply negotiate(int magic, int version, long wanted) {
        if (!protocol.has(ProtocolFeature.VBUS)
                || memory.regions().isEmpty()
                || magic != Negotiate.MAGIC_VALUE
                || version != Negotiate.VERSION_VALUE) {
            return new Reply.Negotiated(BusError.EINVAL, 0);
        }
        answerAll();
        host.releaseBus();
        capabilities = wanted & bus.capabilities();
        bus.negotiate(capabilities);
        moment = Moment.NEGOTIATED;
        return new Reply.Negotiated(Negotiate.VERSION_VALUE, capabilities);
    }

    private int result(BusRequest request) throws ProtocolException {
        return switch (request) {
            case BusRequest.Negotiate _ -> throw new IllegalStateException("answered already");
            case BusRequest.SetEventq eventq -> setEventq(eventq);
            case BusRequest.Ready(int count) -> ready(count);
            case BusRequest.Call call -> callInTurn(call);
            case BusRequest.SignalKick(int handle, Fd kick) -> signalKick(handle, kick);
            case BusRequest.SetDoorbell(long guestAddress, int bits, Fd kick) ->
                    setDoorbell(guestAddress, bits, kick);
            case BusRequest.ShmSignal(int handle) -> bus.signalled(handle) ? 0 : BusError.ENOENT;
            case BusRequest.EventqKick(int index) -> bus.eventqKicked(index) ? 0 : BusError.ENOENT;
            case BusRequest.FastcallAdd fastcall -> addFastcall(fastcall);
            case BusRequest.FastcallDrop(int channel) -> dropFastcall(channel);
        };
    }

    private int setEventq(BusRequest.SetEventq request) {
        boolean inBand = request.call() == null;
        if (moment != Moment.NEGOTIATED
                || (inBand && !granted(BusControl.INBAND))
                || request.flags() != 0
                || request.index() != bus.eventqCount()
                || request.index() >= BusControl.EVENTQ_COUNT_MAX
                || (!inBand && !canWake(request.call(), request.kick()))) {
            return BusError.EINVAL;
        }
        int result = bus.addEventq(request.count(), request.ring(), request.data());
        if (result >= 0) {
            host.eventq(request.index(), request.call(), request.kick());
        }
        return result;
    }

    private int ready(int count) {
        if (moment != Moment.NEGOTIATED
                || count != bus.eventqCount()
                || count < 1
                || (count > 1 && !granted(BusControl.MULTI_EVENTQ))) {
            return BusError.EINVAL;
        }
        moment = Moment.READY;
        bus.ready();
        return 0;
    }

    private int signalKick(int handle, Fd kick) {
        if (!bus.hasSignal(handle)) {
            return BusError.ENOENT;
        }
        if (!host.signalKick(handle, kick)) {
            return BusError.EINVAL;
        }
        bus.signalled(handle); // one that came before there was a descriptor is not lost
        return 0;
    }

    private int setDoorbell(long guestAddress, int bits, Fd kick) {
        if (!granted(BusControl.DOORBELL_BITMAP) || !host.canWake(kick)) {
            return BusError.EINVAL;
        }
        int result = bus.setDoorbell(guestAddress, bits);
        if (result >= 0) {
            host.doorbellKick(kick);
            bus.doorbell();
        }
        return result;
    }

    private int addFastcall(BusRequest.FastcallAdd request) {
        if (!granted(BusControl.FASTCALL) || !canWake(request.start(), request.done())) {
            return BusError.EINVAL;
        }
        int result = bus.addFastcall(request.channel(), request.length(), request.guestAddress());
        if (result >= 0) {
            host.fastcall(request.channel(), request.start(), request.done());
        }
        return result;
    }

    private int dropFastcall(int channel) {
        if (!granted(BusControl.FASTCALL)) {
            return BusError.EINVAL;
        }
        int result = bus.dropFastcall(channel);
        if (result >= 0) {
            host.fastcall(channel, null, null);
        }
        return result;
    }

    /** Before the bus is asked: what it has taken it does not give back. */
    private boolean canWake(Fd one, Fd other) {
        return host.canWake(one) && host.canWake(other);
    }

    private boolean granted(long capability) {
        return (capabilities & capability) != 0;
    }

    @Override
    void end() {
        bus.reset();
        host.releaseBus();
        memory.release();
    }
}
