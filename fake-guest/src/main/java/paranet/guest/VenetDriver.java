package paranet.guest;

import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.NorthIoq;
import paranet.core.memory.SharedMemory;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.MacAddress;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetEvent;
import paranet.venet.wire.VenetEventqQuery;
import paranet.venet.wire.VenetFunction;
import paranet.venet.wire.VenetL4roQuery;
import paranet.venet.wire.VenetShm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The driver side of one venet device: its start-up in the order of the driver for Linux of 2009,
 * and its frames.
 *
 * <p>While it polls, the receive ring's signal is masked; {@link #arm} unmasks it, and an interrupt
 * makes it poll again. Memory is allocated once, so that a driver can be started again.
 *
 * <p>Threading: confined to the thread of its bus.
 */
public final class VenetDriver implements FramePort {
    private static final int SIGNAL_OFFSET = IoqRingHead.SIGNAL;

    // Numbers of signals within a device's cookies, as the documented trace has them.
    private static final int RX_NUMBER = 0;
    private static final int TX_NUMBER = 1;
    private static final int EVENTS_NUMBER = 2;
    private static final int PAGES_NUMBER = 4;
    private static final int STARTS_SHIFT = 24;
    private static final int DEVICE_SHIFT = 8;

    private final BusFrontend bus;
    private final VenetDriverOptions options;
    private final VenetTransmit transmit;
    private final VenetReceive receive;
    private final VenetEvents events;
    private final List<GuestSignal> signals = new ArrayList<>();
    private DeviceProxy proxy; // null while stopped
    private long starts;
    private int sendBits;
    private int eventBits;
    private int receiveBits;
    private MacAddress mac;
    private boolean linkUp; // what we asked for
    private boolean carrier; // what the device says
    private boolean polling;
    private long linkEvents;
    private long strayEvents;

    /** A driver with memory of its own, not started. */
    VenetDriver(BusFrontend bus, VenetDriverOptions options) {
        this.bus = bus;
        this.options = options;
        this.transmit = new VenetTransmit(bus.ram(), options);
        this.receive = new VenetReceive(bus.ram(), options);
        this.events = new VenetEvents(bus.ram(), options.ringSize(), new EventListener());
    }

    private final class EventListener implements VenetEvents.Listener {
        @Override
        public void linkState(boolean up) {
            linkEvents++;
            carrier = up && linkUp;
        }

        @Override
        public void transmitComplete(long cookie) {
            transmit.complete(cookie);
        }

        @Override
        public void stray() {
            strayEvents++;
        }
    }

    // Start-up.

    /** Opens the device and registers everything, leaving the link down. */
    void start(int devid) throws IOException {
        proxy = new DeviceProxy(bus, devid, 0);
        carrier = false;
        linkUp = false;
        polling = false;
        BusFrontend.require("DEVOPEN", proxy.open(VenetFunction.VERSION));
        starts++;
        sendBits = negotiate(VenetCapability.GROUP_SG, options.sendBits());
        eventBits = negotiate(VenetCapability.GROUP_EVENTQ, options.eventBits());
        if (eventBits != 0) {
            startEvents();
        }
        receiveBits = negotiate(VenetCapability.GROUP_L4RO, options.receiveBits());
        if (receiveBits != 0) {
            startPages();
        }
        startRings();
        if (isGranted(sendBits, VenetCapability.SG_PMTD)) {
            int pool = proxy.call(VenetFunction.PMTDQUERY, 0);
            BusFrontend.require("PMTDQUERY", pool);
            share(pool, transmit.poolGuest(), transmit.poolBytes());
            transmit.usePool();
        }
        receive.ring().signal().enable();
        if (!hasTransmitEvents()) {
            transmit.ring().signal().enable();
        }
        SharedMemory.fill(proxy.data(), VenetFunction.MACQUERY_BYTES, 0);
        BusFrontend.require(
                "MACQUERY", proxy.call(VenetFunction.MACQUERY, VenetFunction.MACQUERY_BYTES));
        byte[] bytes = new byte[VenetFunction.MACQUERY_BYTES];
        SharedMemory.copy(proxy.data(), bytes, 0, bytes.length);
        mac = MacAddress.of(bytes, 0);
    }

    private int negotiate(int group, int wanted) throws IOException {
        SharedMemory.putLe32(proxy.data() + VenetCapability.GID, group);
        SharedMemory.putLe32(proxy.data() + VenetCapability.BITS, wanted);
        BusFrontend.require("NEGCAP", proxy.call(VenetFunction.NEGCAP, VenetCapability.BYTES));
        return SharedMemory.le32(proxy.data() + VenetCapability.BITS);
    }

    private void startEvents() throws IOException {
        SharedMemory.fill(proxy.data(), VenetEventqQuery.BYTES, 0);
        BusFrontend.require("EVQQUERY", proxy.call(VenetFunction.EVQQUERY, VenetEventqQuery.BYTES));
        int eventBytes = SharedMemory.le32(proxy.data() + VenetEventqQuery.EVSIZE);
        if (eventBytes != VenetEvent.BYTES_MAX) {
            throw new IOException("events of %d bytes".formatted(eventBytes));
        }
        int pool = SharedMemory.le32(proxy.data() + VenetEventqQuery.DPID);
        int ring = SharedMemory.le32(proxy.data() + VenetEventqQuery.QID);
        share(pool, events.poolGuest(), events.poolBytes());
        GuestSignal signal = newSignal(EVENTS_NUMBER);
        signal.of(events.layOut(signal, bus, bus.options().fences()).signal());
        signal.shmSignal().enable();
        share(ring, events.ringGuest(), events.ringBytes(), signal);
    }

    private void startPages() throws IOException {
        SharedMemory.fill(proxy.data(), VenetL4roQuery.BYTES, 0);
        BusFrontend.require("L4ROQUERY", proxy.call(VenetFunction.L4ROQUERY, VenetL4roQuery.BYTES));
        int pool = SharedMemory.le32(proxy.data() + VenetL4roQuery.DPID);
        int ring = SharedMemory.le32(proxy.data() + VenetL4roQuery.PQID);
        share(pool, receive.poolGuest(), receive.poolBytes());
        GuestSignal signal = newSignal(PAGES_NUMBER);
        signal.of(receive.pages().layOut(signal, bus, bus.options().fences()).signal());
        share(ring, receive.pages().ringGuest(), receive.pages().ringBytes(), signal);
    }

    private void startRings() throws IOException {
        GuestSignal toUs = newSignal(RX_NUMBER);
        NorthIoq in =
                receive.layOut(
                        receiveBits != 0, toUs, this::interrupted, bus, bus.options().fences());
        toUs.of(in.signal());
        share(VenetShm.RX, receive.ringGuest(), receive.ringBytes(), toUs);
        GuestSignal toThem = newSignal(TX_NUMBER);
        NorthIoq out =
                transmit.layOut(sendBits, hasTransmitEvents(), toThem, bus, bus.options().fences());
        toThem.of(out.signal());
        share(VenetShm.TX, transmit.ringGuest(), transmit.ringBytes(), toThem);
        receive.fill();
    }

    private GuestSignal newSignal(int number) {
        GuestSignal signal =
                bus.newSignal(
                        (starts - 1) << STARTS_SHIFT
                                | (long) (proxy.devid() + 1) << DEVICE_SHIFT
                                | number);
        signals.add(signal);
        return signal;
    }

    private void share(int id, long guestAddress, long bytes) throws IOException {
        BusFrontend.require("DEVSHM " + id, proxy.shm(id, guestAddress, bytes));
    }

    private void share(int id, long guestAddress, long bytes, GuestSignal signal)
            throws IOException {
        int handle =
                proxy.shm(
                        id,
                        guestAddress,
                        bytes,
                        SIGNAL_OFFSET,
                        options.priority(),
                        signal.cookie());
        if (handle < 0) {
            signals.remove(signal);
            bus.discard(signal);
        }
        BusFrontend.require("DEVSHM " + id, handle);
        bus.bind(signal, handle);
    }

    /** Closes the device; its signals end as events say so. */
    void stop() throws IOException {
        quiesce();
        BusFrontend.require("DEVCLOSE", proxy.close());
        proxy = null;
    }

    /** The device or the bus is gone: nothing of it counts any more. */
    void abandon() {
        quiesce();
        proxy = null;
    }

    private void quiesce() {
        signals.forEach(signal -> signal.shmSignal().disable());
        signals.clear();
        linkUp = false;
        carrier = false;
        polling = false;
    }

    // Verbs.

    /** Lets frames flow. Without LINKSTATE there is a carrier at once. */
    public void linkUp() throws IOException {
        linkUp = true;
        BusFrontend.require("LINKUP", proxy.call(VenetFunction.LINKUP, 0));
        if (!isGranted(eventBits, VenetCapability.EVENTQ_LINKSTATE)) {
            carrier = true;
        }
    }

    public void linkDown() throws IOException {
        BusFrontend.require("LINKDOWN", proxy.call(VenetFunction.LINKDOWN, 0));
        linkUp = false;
        carrier = false;
    }

    /**
     * Frames of another MTU from now on, not above the first; with the link up, the host gives back
     * the buffers that it has.
     */
    public void changeMtu(int mtu) throws IOException {
        receive.mtu(mtu);
        if (linkUp) {
            BusFrontend.require("FLUSHRX", proxy.call(VenetFunction.FLUSHRX, 0));
            interrupted(); // the host tells nobody of a flush
        }
    }

    /** Any verb without data, as an enemy or a test would. */
    int verb(int function) throws IOException {
        return proxy.call(function, 0);
    }

    // Frames.

    @Override
    public boolean send(GuestFrame frame) {
        return carrier && hasRoom() && transmit.send(frame);
    }

    @Override
    public boolean hasRoom() {
        if (!carrier) {
            return false;
        }
        if (!transmit.hasRoom()) {
            bus.poll(); // completions are events
        }
        return transmit.hasRoom();
    }

    @Override
    public boolean receive(GuestFrame into) {
        if (polling && receive.receive(into)) {
            return true;
        }
        bus.poll();
        return polling && receive.receive(into);
    }

    /** Nothing is staged: each push told the host. */
    @Override
    public void flush() {}

    private void interrupted() {
        receive.ring().signal().disable();
        polling = true;
    }

    /** Whether nothing is left to do; the next frame makes an interrupt then. */
    boolean arm() {
        if (polling && !receive.hasNext()) {
            polling = false;
            receive.ring().signal().enable();
        }
        return !polling;
    }

    // What is known.

    boolean isStarted() {
        return proxy != null;
    }

    /** Number of the device on its bus. */
    public int devid() {
        return proxy.devid();
    }

    DeviceProxy proxy() {
        return proxy;
    }

    /** Bits granted of group SG. */
    public int sendBits() {
        return sendBits;
    }

    /** Bits granted of group EVENTQ. */
    public int eventBits() {
        return eventBits;
    }

    /** Bits granted of group L4RO. */
    public int receiveBits() {
        return receiveBits;
    }

    public MacAddress mac() {
        return mac;
    }

    /** Whether the device has a carrier, as far as it says. */
    public boolean hasCarrier() {
        return carrier;
    }

    private boolean hasTransmitEvents() {
        return isGranted(eventBits, VenetCapability.EVENTQ_TXC);
    }

    private static boolean isGranted(int bits, int bit) {
        return (bits & bit) != 0;
    }

    /** Packets that the host is not done with. */
    public int transmitOutstanding() {
        bus.poll();
        return transmit.outstanding();
    }

    /** LINKSTATE events that came. */
    public long linkEvents() {
        return linkEvents;
    }

    /** What the host told or wrote that could not be so: events, completions, frames. */
    public long strays() {
        return strayEvents + transmit.strayCompletions() + receive.broken();
    }

    /** Buffers that came back empty. */
    public long flushed() {
        return receive.flushed();
    }

    VenetTransmit transmitSide() {
        return transmit;
    }

    VenetEvents eventSide() {
        return events;
    }

    VenetReceive receiveSide() {
        return receive;
    }

    @Override
    public long framesSent() {
        return transmit.framesSent();
    }

    @Override
    public long framesReceived() {
        return receive.framesReceived();
    }
}
