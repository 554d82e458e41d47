package paranet.venet;

import paranet.core.device.AtomicBits;
import paranet.core.device.Bus;
import paranet.core.device.BusError;
import paranet.core.device.BusLane;
import paranet.core.device.FrameSorter;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueReport;
import paranet.core.mitigation.QueueView;
import paranet.venet.BusSlots.Slot;
import paranet.venet.wire.VbusCall;
import paranet.venet.wire.VenetFunction;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One front end's bus: the devices plugged into it, the calls to them, the signals, and the event
 * queues that tell the guest.
 *
 * <p>Threading: confined to one worker.
 */
public final class VbusConnection implements Bus {
    private final Wakeups wakeups = new Wakeups();
    private final SecondLooks secondLooks = new SecondLooks();
    private final BusSlots slots = new BusSlots();
    private final BusCalls calls = new BusCalls();
    private final SignalHandles signals = new SignalHandles(wakeups);
    private final EventQueues eventqs = new EventQueues(wakeups, secondLooks, calls);
    private final FastcallChannels channels = new FastcallChannels();
    private final DoorbellBitmap doorbell;
    private final List<Answer> answers = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();
    private GuestMemory memory = GuestMemory.EMPTY;
    private long nowNanos; // of the last step

    /** A bus without devices; {@code atomicBits} clears what guests set in the doorbell bitmap. */
    public VbusConnection(AtomicBits atomicBits) {
        doorbell = new DoorbellBitmap(atomicBits, this::signalled);
    }

    /** Plugs a device in, under the lowest devid that is free, and tells the guest. */
    public int plugIn(VenetDevice device) {
        int devid = slots.plugIn(device);
        device.relocate(memory);
        if (eventqs.isReady()) {
            announce(BusEvent.deviceAdded(devid));
        }
        return devid;
    }

    /** Pulls a device out, and tells the guest; its driver has to close it. */
    public void pullOut(int devid) {
        slots.pullOut(devid);
        if (eventqs.isReady()) {
            announce(BusEvent.deviceDropped(devid));
        }
    }

    /** The devices that are plugged in, by devid. */
    public List<Integer> devids() {
        return slots.devids();
    }

    GuestMemory memory() {
        return memory;
    }

    SecondLooks secondLooks() {
        return secondLooks;
    }

    Wakeups wakeups() {
        return wakeups;
    }

    @Override
    public void memory(GuestMemory memory) {
        this.memory = memory;
        eventqs.relocate(memory);
        for (Slot slot : slots.all()) {
            slot.device().relocate(memory);
        }
        channels.relocate(memory);
        doorbell.relocate(memory);
    }

    @Override
    public List<LiveRange> liveRanges() {
        List<Segment> segments = new ArrayList<>(channels.segments());
        for (Slot slot : slots.all()) {
            segments.addAll(slot.device().segments());
        }
        if (doorbell.segment() != null) {
            segments.add(doorbell.segment());
        }
        List<LiveRange> live = new ArrayList<>(eventqs.liveRanges());
        for (Segment segment : segments) {
            live.add(new LiveRange(segment.guestAddress(), segment.length()));
        }
        return live;
    }

    @Override
    public long capabilities() {
        return MULTI_EVENTQ | DOORBELL_BITMAP | FASTCALL | INBAND;
    }

    @Override
    public void negotiate(long capabilities) {
        List<Answer> closed = new ArrayList<>(answers);
        for (Slot slot : slots.all()) {
            if (slot.closing() != null && !slot.closing().caller().isFastcall()) {
                closed.add(new Answer(slot.closing().caller().channel(), 0));
            }
        }
        reset();
        answers.addAll(closed);
    }

    @Override
    public void reset() {
        slots.forget();
        answers.clear();
        faults.clear();
        signals.forget();
        calls.forget();
        channels.forget();
        eventqs.forget();
        wakeups.forget();
        secondLooks.clear();
        doorbell.forget();
    }

    @Override
    public int addEventq(int count, long ring, long data) {
        return eventqs.add(memory, count, ring, data);
    }

    @Override
    public int eventqCount() {
        return eventqs.count();
    }

    @Override
    public void ready() {
        eventqs.ready(devids());
    }

    /** Tells the guest, or will as soon as it is ready. */
    void announce(BusEvent event) {
        eventqs.announce(event);
    }

    @Override
    public int call(int channel, int vector, int length, long guestAddress) {
        return execute(new Caller(channel, null), vector, length, guestAddress);
    }

    private int execute(Caller caller, int vector, int length, long guestAddress) {
        int due = VbusCall.bytes(vector);
        if (due < 0 || length != due) {
            return BusError.EINVAL;
        }
        long at = memory.translate(guestAddress, due);
        if (at == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        return switch (vector) {
            case VbusCall.DEVOPEN -> open(at);
            case VbusCall.DEVCLOSE -> close(caller, SharedMemory.le64(at + VbusCall.CLOSE_DEVH));
            case VbusCall.DEVCALL -> callDevice(at);
            default -> registerShm(at);
        };
    }

    private int open(long at) {
        int devid = SharedMemory.le32(at + VbusCall.OPEN_DEVID);
        int version = SharedMemory.le32(at + VbusCall.OPEN_VERSION);
        Slot slot = slots.pluggedIn(devid);
        if (slot == null) {
            return BusError.ENOENT;
        }
        if (version != VenetFunction.VERSION) {
            return BusError.EINVAL;
        }
        if (slot.isOpen()) {
            return BusError.EBUSY;
        }
        SharedMemory.putLe64(at + VbusCall.OPEN_HANDLE, slots.open(slot));
        return 0;
    }

    private int close(Caller caller, long devh) {
        Slot slot = slots.takeHandle(devh);
        if (slot == null) {
            return BusError.ENOENT;
        }
        if (slot.device().hasPosted()) {
            slot.closing(new LateClose(slot.device(), caller));
            return LATER;
        }
        close(slot);
        return 0;
    }

    private void close(Slot slot) {
        slot.device().close(this);
        slots.closed(slot);
    }

    /** Goes on with a DEVCLOSE; whether there is more to do now. */
    private boolean goOnClosing(Slot slot) {
        LateClose closing = slot.closing();
        if (!closing.step(nowNanos)) {
            return closing.isReady();
        }
        close(slot);
        if (closing.caller().isFastcall()) {
            channels.answer(closing.caller(), 0);
        } else {
            answers.add(new Answer(closing.caller().channel(), 0));
        }
        return false;
    }

    private int callDevice(long at) {
        VenetDevice device = slots.device(SharedMemory.le64(at + VbusCall.CALL_DEVH));
        return device == null
                ? BusError.ENOENT
                : device.call(
                        memory,
                        SharedMemory.le32(at + VbusCall.CALL_FUNC),
                        SharedMemory.le32(at + VbusCall.CALL_LEN),
                        SharedMemory.le64(at + VbusCall.CALL_DATAP));
    }

    private int registerShm(long at) {
        VenetDevice device = slots.device(SharedMemory.le64(at + VbusCall.SHM_DEVH));
        return device == null
                ? BusError.ENOENT
                : device.register(
                        this,
                        new ShmRequest(
                                SharedMemory.le32(at + VbusCall.SHM_ID),
                                SharedMemory.le32(at + VbusCall.SHM_LEN),
                                SharedMemory.le32(at + VbusCall.SHM_SIGNAL_OFFSET),
                                SharedMemory.le32(at + VbusCall.SHM_SIGNAL_PRIO),
                                SharedMemory.le64(at + VbusCall.SHM_SIGNAL_COOKIE),
                                SharedMemory.le64(at + VbusCall.SHM_DATAP)));
    }

    /** Gives a signal its handle; ENOSPC when there are no more. */
    int register(BusSignal signal, ShmSignal shmSignal) {
        return signals.register(signal, shmSignal);
    }

    /** Ends a signal: its handle means nothing any more, and the guest is told. */
    void end(BusSignal signal) {
        if (signal.calls() != null) {
            signal.calls().freeze();
            calls.remove(signal.calls());
        }
        signals.end(signal);
    }

    /** Who decides when the signal of a device's ring is told. */
    SignalCalls signalCalls(
            RegisteredMemory device, BusSignal signal, SouthIoq ring, QueueView.Kind kind) {
        return calls.add(device, ring, kind, signal.event().queueOf(Math.max(1, eventqs.count())));
    }

    @Override
    public void begin(long now) {
        calls.begin(now);
        for (Slot slot : slots.all()) {
            FrameSorter sorter = slot.device().lane().sorter();
            sorter.begin(now);
            if (sorter.isWanted() != calls.isSorting()) {
                sorter.wanted(calls.isSorting());
            }
        }
    }

    @Override
    public void coalesce(PolicyOptions options) {
        calls.coalesce(options);
    }

    @Override
    public List<QueueReport> queues(long now) {
        List<QueueReport> queues = new ArrayList<>();
        for (Slot slot : slots.all()) {
            slot.device()
                    .signals()
                    .forEach(
                            (name, signal) ->
                                    queues.add(
                                            signal.queueCalls().report(name + slot.devid(), now)));
        }
        return queues;
    }

    @Override
    public List<String> explain(String queue, long now) {
        for (int i = 0; i < eventqs.count(); i++) {
            if (queue.equals("evq" + i)) {
                return eventqs.log(i).lines(now);
            }
        }
        for (Slot slot : slots.all()) {
            for (Map.Entry<String, SignalCalls> each : slot.device().signals().entrySet()) {
                if (queue.equals(each.getKey() + slot.devid())) {
                    return each.getValue().queueCalls().log().lines(now);
                }
            }
        }
        return List.of();
    }

    @Override
    public CallAccounts.Snapshot accounts() {
        return calls.accounts();
    }

    @Override
    public long signalEvents() {
        return eventqs.signals();
    }

    @Override
    public long callDueNanos() {
        return calls.dueNanos();
    }

    @Override
    public List<Integer> takeClosedSignals() {
        return signals.takeClosed();
    }

    @Override
    public boolean hasSignal(int handle) {
        return signals.has(handle);
    }

    @Override
    public boolean signalled(int handle) {
        return signals.signalled(handle);
    }

    @Override
    public boolean eventqKicked(int index) {
        return eventqs.kicked(index);
    }

    @Override
    public int setDoorbell(long guestAddress, int bits) {
        return doorbell.replace(memory, guestAddress, bits);
    }

    @Override
    public void doorbell() {
        doorbell.look();
    }

    @Override
    public int addFastcall(int channel, int length, long guestAddress) {
        return channels.add(memory, channel, length, guestAddress);
    }

    @Override
    public int dropFastcall(int channel) {
        return channels.drop(channel);
    }

    @Override
    public int fastcall(int channel) {
        Segment desc = channels.desc(channel);
        if (desc == null) {
            return BusError.ENOENT;
        }
        for (Slot slot : slots.all()) {
            if (slot.closing() != null && slot.closing().caller().fastcall() == desc) {
                return LATER; // it is being executed
            }
        }
        Caller caller = new Caller(channel, desc);
        int result =
                execute(
                        caller,
                        FastcallChannels.vector(desc),
                        FastcallChannels.length(desc),
                        FastcallChannels.guestAddress(desc));
        if (result != LATER) {
            channels.answer(caller, result);
        }
        return result;
    }

    @Override
    public List<Answer> takeFastcalls() {
        return channels.takeExecuted();
    }

    @Override
    public List<Answer> takeAnswers() {
        if (answers.isEmpty()) {
            return List.of(); // asked in each duty cycle
        }
        List<Answer> taken = List.copyOf(answers);
        answers.clear();
        return taken;
    }

    @Override
    public List<? extends BusLane> lanes() {
        return slots.lanes();
    }

    @Override
    public boolean step(long nowNanos) {
        if (doorbell.hasLeft()) {
            doorbell.look();
        }
        wakeups.step();
        this.nowNanos = nowNanos;
        calls.begin(nowNanos);
        boolean closing = false;
        for (Slot slot : slots.all()) {
            slot.device().step(nowNanos);
            if (slot.device().takeBroken()) {
                faults.add("device %d: %s".formatted(slot.devid(), slot.device().fault()));
            }
            if (slot.closing() != null) {
                closing |= goOnClosing(slot);
            }
        }
        secondLooks.step(nowNanos);
        calls.step();
        return closing || doorbell.hasLeft() || !wakeups.isEmpty();
    }

    @Override
    public long dueNanos() {
        long due = Math.min(secondLooks.dueNanos(), calls.dueNanos());
        for (Slot slot : slots.all()) {
            due = Math.min(due, slot.device().dueNanos());
            if (slot.closing() != null) {
                due = Math.min(due, slot.closing().dueNanos(nowNanos));
            }
        }
        return due;
    }

    @Override
    public List<String> takeFaults() {
        if (faults.isEmpty()) {
            return List.of(); // asked in each duty cycle
        }
        List<String> taken = List.copyOf(faults);
        faults.clear();
        return taken;
    }

    @Override
    public String fault() {
        return eventqs.fault();
    }

    @Override
    public int takeInterrupts() {
        return eventqs.takeInterrupts();
    }

    @Override
    public String describe(int vector, int length, long guestAddress) {
        return CallText.of(memory, vector, length, guestAddress);
    }

    @Override
    public String describeFastcall(int channel) {
        Segment desc = channels.desc(channel);
        return desc == null
                ? ""
                : describe(
                        FastcallChannels.vector(desc),
                        FastcallChannels.length(desc),
                        FastcallChannels.guestAddress(desc));
    }

    @Override
    public long published(int eventq) {
        return eventqs.published(eventq);
    }
}
