package paranet.venet;

import paranet.core.device.BusError;
import paranet.core.ioq.Attachment;
import paranet.core.ioq.IoqRingDesc;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.IoqSegment;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.mitigation.QueueView;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetEvent;
import paranet.venet.wire.VenetSg;
import paranet.venet.wire.VenetShm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * What a driver registered by DEVSHM, by shm id: rings, which have signals, and pools, which have
 * none. It stays until the device is closed.
 *
 * <p>Threading: confined to the worker of its bus.
 */
final class RegisteredMemory {
    private final TreeMap<Integer, Segment> pools = new TreeMap<>();
    private final TreeMap<Integer, Ring> rings = new TreeMap<>();
    private final CapabilityNegotiation capabilities;
    private final IntConsumer told;

    /** A ring that the driver registered, and its signal. */
    private record Ring(Segment segment, SouthIoq ioq, BusSignal signal) {}

    /**
     * Nothing yet.
     *
     * @param told takes the id of a ring whose signal its driver told
     */
    RegisteredMemory(CapabilityNegotiation capabilities, IntConsumer told) {
        this.capabilities = capabilities;
        this.told = told;
    }

    /** A ring that is registered, or null. */
    SouthIoq ring(int id) {
        Ring ring = rings.get(id);
        return ring == null ? null : ring.ioq();
    }

    /** A pool that is registered, or null. */
    Segment pool(int id) {
        return pools.get(id);
    }

    boolean has(int id) {
        return pools.containsKey(id) || rings.containsKey(id);
    }

    /** Whether something is registered that only this group allows. */
    boolean isInUse(int group) {
        return switch (group) {
            case VenetCapability.GROUP_SG -> has(VenetShm.PMTD_POOL);
            case VenetCapability.GROUP_EVENTQ -> has(VenetShm.EVENT_POOL);
            case VenetCapability.GROUP_L4RO -> has(VenetShm.L4RO_POOL);
            default -> false;
        };
    }

    /** DEVSHM: the handle of the signal, 0 without one, or an error. */
    int register(VbusConnection bus, ShmRequest request, boolean linkUp) {
        int id = request.id();
        if (!mayRegister(id, linkUp)) {
            return BusError.EINVAL;
        }
        if (has(id)) {
            return BusError.EEXIST;
        }
        boolean isRing = isRing(id);
        if (request.hasSignal() != isRing) {
            return BusError.EINVAL;
        }
        return isRing ? registerRing(bus, request) : registerPool(bus.memory(), request);
    }

    private static boolean isRing(int id) {
        return id == VenetShm.RX
                || id == VenetShm.TX
                || id == VenetShm.EVENT_RING
                || id == VenetShm.L4RO_PAGE_RING;
    }

    /** Whether the id is known and what it needs is there. */
    private boolean mayRegister(int id, boolean linkUp) {
        if (id == VenetShm.PMTD_POOL) { // the driver that there was registers it when it likes
            return capabilities.has(VenetCapability.GROUP_SG, VenetCapability.SG_PMTD);
        }
        if (linkUp) {
            return false;
        }
        return switch (id) {
            case VenetShm.RX, VenetShm.TX -> true;
            case VenetShm.EVENT_POOL -> capabilities.hasAny(VenetCapability.GROUP_EVENTQ);
            case VenetShm.EVENT_RING -> pools.containsKey(VenetShm.EVENT_POOL);
            case VenetShm.L4RO_POOL -> capabilities.hasAny(VenetCapability.GROUP_L4RO);
            case VenetShm.L4RO_PAGE_RING -> pools.containsKey(VenetShm.L4RO_POOL);
            default -> false;
        };
    }

    private int registerPool(GuestMemory memory, ShmRequest request) {
        long length = Integer.toUnsignedLong(request.length());
        if (request.id() == VenetShm.L4RO_POOL
                && length > (long) VenetShm.RING_COUNT_MAX * VenetSg.BYTES_MAX) {
            return BusError.EINVAL;
        }
        long address = memory.translate(request.guestAddress(), length);
        if (address == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        pools.put(request.id(), new Segment(request.guestAddress(), length, address));
        return 0;
    }

    private int registerRing(VbusConnection bus, ShmRequest request) {
        int id = request.id();
        long length = Integer.toUnsignedLong(request.length());
        if (id == VenetShm.EVENT_RING
                && (length - IoqRingHead.RING) / IoqRingDesc.BYTES * VenetEvent.BYTES_MAX
                        != pools.get(VenetShm.EVENT_POOL).length()) {
            return BusError.EINVAL;
        }
        BusSignal signal = new BusSignal(bus, request.cookie(), request.priority());
        Attachment attachment =
                SouthIoq.attach(
                        new IoqSegment(
                                bus.memory(),
                                request.guestAddress(),
                                length,
                                Integer.toUnsignedLong(request.signalOffset())),
                        roleOf(id),
                        0,
                        new SignalWiring(signal, () -> told.accept(id), bus.wakeups()));
        if (attachment.result() != 0) {
            return attachment.result();
        }
        int handle = bus.register(signal, attachment.ioq().signal());
        if (handle >= 0) {
            if (id != VenetShm.L4RO_PAGE_RING) { // which the guest is never told about
                signal.calls(
                        bus.signalCalls(
                                this,
                                signal,
                                attachment.ioq(),
                                id == VenetShm.RX
                                        ? QueueView.Kind.RECEIVE
                                        : QueueView.Kind.TRANSMIT));
            }
            long address = bus.memory().translate(request.guestAddress(), length);
            Segment segment = new Segment(request.guestAddress(), length, address);
            rings.put(id, new Ring(segment, attachment.ioq(), signal));
        }
        return handle;
    }

    /** Ours: frames for the guest and events are pushed, frames from it and empty pages popped. */
    private static IoqRole roleOf(int ring) {
        return ring == VenetShm.RX || ring == VenetShm.EVENT_RING
                ? IoqRole.PRODUCER
                : IoqRole.CONSUMER;
    }

    /** Every signal ends, in the order of shm ids. */
    void endSignals(VbusConnection bus) {
        for (Ring ring : rings.values()) {
            bus.end(ring.signal());
        }
    }

    /** Who decides when a ring's signal is told. */
    SignalCalls calls(int id) {
        return rings.get(id).signal().calls();
    }

    /** The same of all rings that the guest is told about, by what people call them. */
    Map<String, SignalCalls> signals() {
        Map<String, SignalCalls> signals = new LinkedHashMap<>();
        rings.forEach(
                (id, ring) -> {
                    if (ring.signal().calls() != null) {
                        signals.put(
                                switch (id) {
                                    case VenetShm.RX -> "rx";
                                    case VenetShm.TX -> "tx";
                                    default -> "evt";
                                },
                                ring.signal().calls());
                    }
                });
        return signals;
    }

    List<Segment> segments() {
        List<Segment> all = new ArrayList<>(pools.values());
        rings.values().forEach(ring -> all.add(ring.segment()));
        return all;
    }

    void relocate(GuestMemory memory) {
        for (Segment segment : segments()) {
            segment.relocate(memory);
        }
        for (Ring ring : rings.values()) {
            ring.ioq().relocate(ring.segment().address());
        }
    }

    void forget() {
        rings.clear();
        pools.clear();
    }
}
