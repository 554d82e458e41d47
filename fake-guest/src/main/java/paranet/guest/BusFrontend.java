package paranet.guest;

import paranet.core.device.BusError;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.WakeupQueue;
import paranet.core.linux.AtomicSet;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.Readiness;
import paranet.core.linux.UnixSocket;
import paranet.core.memory.SharedMemory;
import paranet.core.vhostuser.BusRequest;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.MessageLayout.BusResult;
import paranet.core.vhostuser.MessageLayout.Negotiate;
import paranet.core.vhostuser.MessageType;
import paranet.core.vhostuser.ProtocolFeature;
import paranet.venet.wire.VbusEvent;
import paranet.venet.wire.VbusFastcall;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A front end of a vbus over a real socket, with a guest's memory and the guest's half of the bus:
 * event queues, signals, calls (docs/venet.md).
 *
 * <p>An interrupt is noticed in two ways: {@link #poll} looks at the event queues' memory, and
 * {@link #await} waits for their descriptors.
 *
 * <p>Every wait is bounded; whatever the back end fails to do becomes an {@link IOException}. What
 * the host writes is believed for nothing but this guest's own traffic: a cookie is the key of a
 * table.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class BusFrontend implements WakeupQueue, AutoCloseable {
    /** Arguments of a call, and data behind them: a block for each channel. */
    public static final int ARGS_BYTES = 256;

    private static final int ARGS_ALIGNMENT = 0x40000; // where the documented trace has them
    private static final int CHANNELS = 16;
    private static final int DOORBELL_BITS = 1024;
    private static final int WAKEUP_BUDGET = 8;
    private static final int WAKEUPS_MAX = 64;
    private static final int MILLION = 1_000_000;

    /** A device came or went. */
    record DeviceEvent(int devid, boolean added) {}

    /** A channel of calls through memory. */
    private record Fastcall(long guest, long host, EventFd start, EventFd done)
            implements AutoCloseable {
        /** The same with nothing asked for: a counter that says otherwise would be a call. */
        Fastcall renewed() throws IOException {
            close();
            SharedMemory.fill(host, VbusFastcall.BYTES, 0);
            return new Fastcall(guest, host, EventFd.open(), EventFd.open());
        }

        @Override
        public void close() {
            start.close();
            done.close();
        }
    }

    private final BusOptions options;
    private final GuestRam ram;
    private final Readiness readiness;
    private final CallCounter counter = new CallCounter();
    private final List<GuestEventQueue> eventqs = new ArrayList<>();
    private final Map<Long, GuestSignal> signals = new HashMap<>(); // by cookie
    private final Map<Integer, ArrayDeque<Integer>> earlyResults = new HashMap<>(); // by channel
    private final ArrayDeque<DeviceEvent> deviceEvents = new ArrayDeque<>();
    private final ArrayDeque<ShmSignal> wakeups = new ArrayDeque<>();
    private final long argsGuest;
    private final long argsHost;
    private final List<Fastcall> fastcalls = new ArrayList<>();
    private final EventFd doorbellKick;
    private final long doorbellGuest;
    private final long doorbellHost;
    private GuestConnection connection;
    private long generation = -1;
    private long interrupts;
    private long doorbells;
    private long events;
    private long strayEvents;

    private BusFrontend(BusOptions options, GuestRam ram) throws IOException {
        this.options = options;
        this.ram = ram;
        this.readiness = new Readiness(options.eventqs() + 1);
        for (int i = 0; i < options.eventqs(); i++) {
            eventqs.add(
                    new GuestEventQueue(ram, options.eventqSize(), options.inBand(), this::event));
        }
        this.argsGuest = ram.allocate(CHANNELS * ARGS_BYTES, ARGS_ALIGNMENT);
        this.argsHost = ram.host(argsGuest, CHANNELS * ARGS_BYTES);
        boolean bitmap = options.kicks() == KickMode.BITMAP;
        this.doorbellKick = bitmap ? EventFd.open() : null;
        this.doorbellGuest = bitmap ? ram.allocate(DOORBELL_BITS / Byte.SIZE, Long.BYTES) : 0;
        this.doorbellHost = bitmap ? ram.host(doorbellGuest, DOORBELL_BITS / Byte.SIZE) : 0;
        for (int i = 0; options.fastcall() && i < CHANNELS; i++) {
            long guest = ram.allocate(VbusFastcall.BYTES, VbusFastcall.ALIGNMENT);
            long host = ram.host(guest, VbusFastcall.BYTES);
            fastcalls.add(new Fastcall(guest, host, EventFd.open(), EventFd.open()));
        }
    }

    /** Connects to a back end that listens, trying for a while, and opens the bus. */
    public static BusFrontend connect(Path path, BusOptions options) throws IOException {
        return over(GuestConnection.connect(path), options);
    }

    /** Lets one back end connect, waiting for it for a while, and opens the bus. */
    public static BusFrontend listen(Path path, BusOptions options) throws IOException {
        return over(GuestConnection.listen(path), options);
    }

    /** Opens the bus over a connected socket, which it owns from then on. */
    static BusFrontend over(UnixSocket socket, BusOptions options) throws IOException {
        GuestRam ram;
        try {
            ram =
                    options.regions() == 0
                            ? GuestRam.createAtZero(options.ramBytes(), options.seed())
                            : GuestRam.create(
                                    options.regions(),
                                    options.ramBytes() / options.regions(),
                                    options.seed());
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        BusFrontend frontend = new BusFrontend(options, ram);
        try {
            frontend.begin(socket);
            return frontend;
        } catch (IOException e) {
            frontend.close();
            throw e;
        }
    }

    private void begin(UnixSocket socket) throws IOException {
        connection =
                new GuestConnection(
                        socket, ram, options.memorySlots(), eventq -> interrupted(eventq));
        long offered = connection.getU64(new FrontendRequest.GetFeatures());
        if ((offered & GuestConnection.PROTOCOL_FEATURES_BIT) == 0) {
            throw new IOException("the back end has no protocol features");
        }
        connection.tell(new FrontendRequest.SetFeatures(GuestConnection.PROTOCOL_FEATURES_BIT));
        connection.agreeOnProtocol(
                ProtocolFeature.VBUS
                        | ProtocolFeature.REPLY_ACK
                        | (options.memorySlots() ? ProtocolFeature.CONFIGURE_MEM_SLOTS : 0));
        if (!connection.has(ProtocolFeature.VBUS)) {
            throw new IOException("the back end serves no vbus");
        }
        connection.tell(new FrontendRequest.SetOwner());
        connection.tellMemory();
        negotiate();
    }

    /**
     * Opens the bus, or resets it: devices, signals and event queues start over, and what devices
     * there are is announced anew.
     */
    public void negotiate() throws IOException {
        forget();
        generation++;
        long wanted = options.capabilities();
        connection.tell(
                new BusRequest.Negotiate(Negotiate.MAGIC_VALUE, Negotiate.VERSION_VALUE, wanted));
        ByteBuffer reply = connection.channel().reply(MessageType.NEGOTIATE.id());
        int version = reply.getInt(BusResult.RESULT);
        long granted = reply.getLong(BusResult.BYTES + Negotiate.CAPABILITIES);
        if (version != Negotiate.VERSION_VALUE || granted != wanted) {
            throw new IOException(
                    "NEGOTIATE answers %d and capabilities 0x%x of 0x%x"
                            .formatted(version, granted, wanted));
        }
        for (int i = 0; i < eventqs.size(); i++) {
            setEventq(i);
        }
        if (doorbellKick != null) {
            SharedMemory.fill(doorbellHost, DOORBELL_BITS / Byte.SIZE, 0);
            require(
                    "SET_DOORBELL",
                    ask(
                            new BusRequest.SetDoorbell(
                                    doorbellGuest, DOORBELL_BITS, doorbellKick.fd())));
        }
        for (int i = 0; i < fastcalls.size(); i++) {
            Fastcall each = fastcalls.get(i).renewed();
            fastcalls.set(i, each);
            require(
                    "FASTCALL_ADD",
                    ask(
                            new BusRequest.FastcallAdd(
                                    i,
                                    VbusFastcall.BYTES,
                                    each.guest(),
                                    each.start().fd(),
                                    each.done().fd())));
        }
        require("READY", ask(new BusRequest.Ready(eventqs.size())));
    }

    private void setEventq(int index) throws IOException {
        GuestEventQueue eventq = eventqs.get(index);
        eventq.layOut(() -> kickEventq(index), this, options.fences());
        require(
                "SET_EVENTQ",
                ask(
                        new BusRequest.SetEventq(
                                index,
                                0,
                                eventq.count(),
                                eventq.ringGuest(),
                                eventq.dataGuest(),
                                options.inBand() ? null : eventq.call().fd(),
                                options.inBand() ? null : eventq.kick().fd())));
    }

    private void forget() {
        signals.values().forEach(GuestSignal::close);
        signals.clear();
        wakeups.clear();
        deviceEvents.clear();
        earlyResults.clear();
    }

    // Requests and calls.

    /** Sends a request of the bus and waits for its result. */
    public int ask(BusRequest request) throws IOException {
        connection.tell(request);
        return connection.channel().reply(request.id()).getInt(BusResult.RESULT);
    }

    static void require(String what, int result) throws IOException {
        if (result < 0) {
            throw new IOException("%s answers %d".formatted(what, result));
        }
    }

    /** Guest address of a channel's block of {@link #ARGS_BYTES}. */
    long argsGuest(int channel) {
        return argsGuest + (long) channel * ARGS_BYTES;
    }

    /** The same block here. */
    long argsHost(int channel) {
        return argsHost + (long) channel * ARGS_BYTES;
    }

    /** Makes a call whose arguments stand in the channel's block, and waits for its result. */
    int call(int channel, int vector, int length) throws IOException {
        return call(channel, vector, length, argsGuest(channel));
    }

    /** The same with arguments anywhere. */
    public int call(int channel, int vector, int length, long guestAddress) throws IOException {
        if (!fastcalls.isEmpty()) {
            return fastcall(fastcalls.get(channel), vector, length, guestAddress);
        }
        beginCall(channel, vector, length, guestAddress);
        return endCall(channel);
    }

    /** Makes a call and waits for nothing; those of one channel are executed in order. */
    void beginCall(int channel, int vector, int length, long guestAddress) throws IOException {
        connection.tell(new BusRequest.Call(channel, vector, length, guestAddress));
    }

    /**
     * The result of the first call begun on this channel that has not ended; those of other
     * channels may come before it.
     */
    int endCall(int channel) throws IOException {
        while (!hasResult(channel)) {
            ByteBuffer reply = connection.channel().reply(MessageType.CALL.id());
            earlyResults
                    .computeIfAbsent(reply.getInt(BusResult.AUX), _ -> new ArrayDeque<>())
                    .add(reply.getInt(BusResult.RESULT));
        }
        return earlyResults.get(channel).remove();
    }

    /** Whether a result of this channel came while that of another was waited for. */
    boolean hasResult(int channel) {
        ArrayDeque<Integer> early = earlyResults.get(channel);
        return early != null && !early.isEmpty();
    }

    private int fastcall(Fastcall channel, int vector, int length, long guestAddress)
            throws IOException {
        long desc = channel.host();
        SharedMemory.putLe32(desc + VbusFastcall.VECTOR, vector);
        SharedMemory.putLe32(desc + VbusFastcall.LEN, length);
        SharedMemory.putLe64(desc + VbusFastcall.DATAP, guestAddress);
        SharedMemory.releaseLe32(desc + VbusFastcall.RESULT, BusError.EINVAL);
        channel.start().signal();
        readiness.clear();
        readiness.watch(channel.done().fd());
        long start = System.nanoTime();
        while (counter.take(channel.done()) == 0) {
            if (System.nanoTime() - start > FrontendChannel.WAIT_NANOS_MAX) {
                throw new IOException("a call through memory never ended");
            }
            readiness.await((int) TimeUnit.SECONDS.toMillis(1));
        }
        return SharedMemory.acquireLe32(desc + VbusFastcall.RESULT);
    }

    // Signals.

    /**
     * A new signal with a cookie made of this number and how often the bus was opened, so that none
     * comes twice as long as the number does not.
     */
    GuestSignal newSignal(long number) {
        GuestSignal signal = new GuestSignal(this, generation << 48 | number);
        GuestSignal before = signals.putIfAbsent(signal.cookie(), signal);
        if (before != null) {
            throw new IllegalStateException("cookie 0x%x is in use".formatted(signal.cookie()));
        }
        return signal;
    }

    /** What DEVSHM answered: the handle by which the signal is told. */
    void bind(GuestSignal signal, int handle) throws IOException {
        if (options.kicks() != KickMode.DESCRIPTOR) {
            signal.bind(handle, null);
            return;
        }
        EventFd kick = EventFd.open();
        int result = ask(new BusRequest.SignalKick(handle, kick.fd()));
        if (result < 0) {
            kick.close();
            throw new IOException("SIGNAL_KICK of %d answers %d".formatted(handle, result));
        }
        signal.bind(handle, kick);
    }

    /** A signal that the host refused, or lost without saying so. */
    void discard(GuestSignal signal) {
        signals.remove(signal.cookie());
        signal.close();
    }

    /** Tells the host's side of a signal. */
    void ring(GuestSignal signal) {
        doorbells++;
        int handle = signal.handle();
        if (signal.kick() != null) {
            signal.kick().signal();
        } else if (options.kicks() == KickMode.BITMAP && handle < DOORBELL_BITS) {
            setDoorbellBit(handle);
        } else {
            tell(new BusRequest.ShmSignal(handle));
        }
    }

    /**
     * Who sets a bit of a word that was 0 kicks. We cannot see what the word was when the bit was
     * set; but a bit beside it that was set before and still is says that it was not 0, since only
     * this thread sets bits. A kick too many is harmless.
     */
    private void setDoorbellBit(int handle) {
        long word = doorbellHost + handle / Long.SIZE * (long) Long.BYTES;
        int bit = handle % Long.SIZE;
        long before = SharedMemory.opaqueLe64(word) & ~(1L << bit);
        long half = word + bit / Integer.SIZE * (long) Integer.BYTES;
        if (!AtomicSet.bit(half, bit % Integer.SIZE)) {
            return; // the memory was cut away
        }
        if ((SharedMemory.opaqueLe64(word) & before) == 0) {
            doorbellKick.signal();
        }
    }

    private void kickEventq(int index) {
        doorbells++;
        if (options.inBand()) {
            tell(new BusRequest.EventqKick(index));
        } else {
            eventqs.get(index).kick().signal();
        }
    }

    private void tell(BusRequest request) {
        try {
            connection.tell(request);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // Events.

    private void event(int eventid, long handle) {
        events++;
        switch (eventid) {
            case VbusEvent.ID_DEVADD, VbusEvent.ID_DEVDROP ->
                    deviceEvents.add(new DeviceEvent((int) handle, eventid == VbusEvent.ID_DEVADD));
            case VbusEvent.ID_SHMSIGNAL -> {
                GuestSignal signal = signals.get(handle);
                if (signal == null) {
                    strayEvents++;
                } else {
                    signal.shmSignal().wakeup(WAKEUP_BUDGET);
                }
            }
            case VbusEvent.ID_SHMCLOSE -> {
                GuestSignal signal = signals.remove(handle);
                if (signal == null) {
                    strayEvents++;
                } else {
                    signal.close();
                }
            }
            default -> strayEvents++;
        }
    }

    /** Serves what the event queues hold, and wakeups that were scheduled. */
    public void poll() {
        for (GuestEventQueue eventq : eventqs) {
            eventq.signal().wakeup(WAKEUP_BUDGET);
        }
        for (int i = Math.min(wakeups.size(), WAKEUPS_MAX); i > 0; i--) {
            wakeups.remove().wakeup(WAKEUP_BUDGET);
        }
    }

    /** Takes the interrupts that were served already, so that {@link #await} waits for new ones. */
    void settle() throws IOException {
        if (options.inBand()) {
            connection.channel().takeInterrupts();
        } else {
            for (GuestEventQueue eventq : eventqs) {
                interrupts += counter.take(eventq.call());
            }
        }
        poll();
    }

    /**
     * Waits for an interrupt and serves it; not at all when a wakeup is scheduled.
     *
     * @param nanosMax 0 or more; rounded up to milliseconds
     */
    void await(long nanosMax) throws IOException {
        if (wakeups.isEmpty()) {
            readiness.clear();
            if (options.inBand()) {
                readiness.watch(connection.channel().fd());
            } else {
                eventqs.forEach(eventq -> readiness.watch(eventq.call().fd()));
            }
            readiness.await(millis(nanosMax));
        }
        settle();
    }

    static int millis(long nanos) {
        return (int) Math.min((nanos + MILLION - 1) / MILLION, Integer.MAX_VALUE);
    }

    private void interrupted(int eventq) {
        if (eventq < 0 || eventq >= eventqs.size()) {
            strayEvents++;
        } else {
            interrupts++;
        }
    }

    /** What became of devices since this was last asked: the next event, or null. */
    DeviceEvent takeDeviceEvent() {
        return deviceEvents.poll();
    }

    @Override
    public void schedule(ShmSignal signal) {
        wakeups.add(signal);
    }

    /** There is one thread, and it is this one. */
    @Override
    public boolean isServing() {
        return true;
    }

    // Connection and memory.

    /** Ends the connection as a front end that dies does, keeping the memory. */
    public void disconnect() {
        connection.close();
        forget();
    }

    /** After {@link #disconnect}: the same guest at a back end that listens at this path. */
    public void reconnect(Path path) throws IOException {
        begin(GuestConnection.connect(path));
    }

    /** Whether the back end closes the connection within this time. */
    public boolean awaitEnd(long nanosMax) throws IOException {
        return connection.channel().awaitEnd(nanosMax);
    }

    /** Plugs in memory while everything runs. */
    public MemoryRegion plugMemory(long bytes) throws IOException {
        return connection.tellNewest(ram.grow(bytes));
    }

    /** Takes away what {@link #plugMemory} brought last; nothing there may be in use. */
    public void unplugMemory() throws IOException {
        connection.unplugMemory();
    }

    /** Sends any message at all, as an enemy would. */
    public void sendRaw(int id, int flags, byte[] payload, List<Fd> descriptors)
            throws IOException {
        connection.sendRaw(id, flags, payload, descriptors);
    }

    /** The socket, for what no front end would say. */
    FrontendChannel channel() {
        return connection.channel();
    }

    GuestEventQueue eventq(int index) {
        return eventqs.get(index);
    }

    public GuestRam ram() {
        return ram;
    }

    public BusOptions options() {
        return options;
    }

    /** Interrupts that came, by descriptor or message. */
    public long interrupts() {
        return interrupts;
    }

    /** Times that the host was told of something. */
    public long doorbells() {
        return doorbells;
    }

    /** Events that came. */
    public long events() {
        return events;
    }

    /** Events about what is none of ours. */
    public long strayEvents() {
        return strayEvents;
    }

    @Override
    public void close() {
        if (connection != null) {
            connection.close();
        }
        forget();
        eventqs.forEach(GuestEventQueue::close);
        fastcalls.forEach(Fastcall::close);
        if (doorbellKick != null) {
            doorbellKick.close();
        }
        readiness.close();
        counter.close();
        ram.close();
    }
}
