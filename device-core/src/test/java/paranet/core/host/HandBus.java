package paranet.core.host;

import paranet.core.device.Bus;
import paranet.core.device.BusError;
import paranet.core.device.BusLane;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A bus that a test plays by hand: it remembers what it was told, and a driver can register
 * signals, end them, read memory and have answers wait. Worker's thread, as every bus.
 */
final class HandBus implements Bus {
    /** Registers the next signal; its handle. */
    static final int SIGNAL = 0;

    /** Ends the signal whose handle is the address. */
    static final int END = 1;

    /** Answers what stands at the address, 32 bits. */
    static final int PEEK = 2;

    /** Answers later, when the test says so. */
    static final int WAIT = 3;

    /** The channel in memory whose calls are answered when the test says so. */
    static final int LATE_CHANNEL = 7;

    final List<String> told = new ArrayList<>();
    final List<Answer> answers = new ArrayList<>();
    final TreeMap<Integer, long[]> eventqs = new TreeMap<>();
    final TreeSet<Integer> signals = new TreeSet<>();
    final TreeMap<Integer, Long> channels = new TreeMap<>();
    private final List<Integer> closedSignals = new ArrayList<>();
    final List<Answer> fastcalls = new ArrayList<>();
    private final int[] published = new int[EVENTQ_COUNT_MAX];

    GuestMemory memory = GuestMemory.EMPTY;
    List<BusLane> lanes = List.of();
    String fault;
    int interrupts;
    int steps;
    long due = Long.MAX_VALUE;
    private int nextHandle;

    /** As a device would: an event for the guest, which wants to be told. */
    void event(int eventq) {
        if (eventqs.containsKey(eventq)) {
            published[eventq]++;
            interrupts |= 1 << eventq;
        }
    }

    /** What stands in guest memory; a hostile front end can have cut it. */
    int peek(long guestAddress) {
        long at = memory.translate(guestAddress, 4);
        return at == GuestMemory.NOT_MAPPED ? BusError.EFAULT : SharedMemory.le32(at);
    }

    @Override
    public void memory(GuestMemory next) {
        memory = next;
    }

    @Override
    public long capabilities() {
        return MULTI_EVENTQ | DOORBELL_BITMAP | FASTCALL | INBAND;
    }

    @Override
    public void negotiate(long capabilities) {
        reset();
    }

    @Override
    public void reset() {
        told.add("reset");
        eventqs.clear();
        closedSignals.addAll(signals);
        signals.clear();
        channels.clear();
        answers.clear();
        fastcalls.clear();
        interrupts = 0;
        nextHandle = 0;
        fault = null;
    }

    @Override
    public int addEventq(int count, long ring, long data) {
        published[eventqs.size()] = 0;
        eventqs.put(eventqs.size(), new long[] {ring, data});
        return 0;
    }

    @Override
    public int eventqCount() {
        return eventqs.size();
    }

    @Override
    public void ready() {
        event(0);
    }

    @Override
    public int call(int channel, int vector, int length, long guestAddress) {
        told.add("call %d %d".formatted(channel, vector));
        return switch (vector) {
            case SIGNAL -> {
                signals.add(nextHandle);
                yield nextHandle++;
            }
            case END -> {
                signals.remove((int) guestAddress);
                closedSignals.add((int) guestAddress);
                yield 0;
            }
            case PEEK -> peek(guestAddress);
            case WAIT -> LATER;
            default -> BusError.EINVAL;
        };
    }

    @Override
    public List<Answer> takeAnswers() {
        List<Answer> taken = List.copyOf(answers);
        answers.clear();
        return taken;
    }

    @Override
    public boolean hasSignal(int handle) {
        return signals.contains(handle);
    }

    @Override
    public boolean signalled(int handle) {
        told.add("signalled " + handle);
        if (signals.contains(handle)) {
            event(0);
            return true;
        }
        return false;
    }

    @Override
    public boolean eventqKicked(int index) {
        told.add("eventqKicked " + index);
        return eventqs.containsKey(index);
    }

    @Override
    public int setDoorbell(long guestAddress, int bits) {
        return 0;
    }

    @Override
    public void doorbell() {
        told.add("doorbell");
    }

    @Override
    public int addFastcall(int channel, int length, long guestAddress) {
        channels.put(channel, guestAddress);
        return 0;
    }

    @Override
    public int dropFastcall(int channel) {
        return channels.remove(channel) == null ? BusError.ENOENT : 0;
    }

    @Override
    public int fastcall(int channel) {
        told.add("fastcall " + channel);
        if (!channels.containsKey(channel)) {
            return BusError.ENOENT;
        }
        if (channel == LATE_CHANNEL) {
            return LATER;
        }
        fastcalls.add(new Answer(channel, 0));
        return 0;
    }

    @Override
    public String describeFastcall(int channel) {
        return "at=%d fastcalls=%d".formatted(channels.get(channel), fastcalls.size());
    }

    @Override
    public List<Answer> takeFastcalls() {
        List<Answer> taken = List.copyOf(fastcalls);
        fastcalls.clear();
        return taken;
    }

    @Override
    public boolean step(long nowNanos) {
        steps++;
        if (nowNanos >= due) {
            due = Long.MAX_VALUE;
            told.add("due");
        }
        return false;
    }

    @Override
    public long dueNanos() {
        return due;
    }

    @Override
    public List<? extends BusLane> lanes() {
        return lanes;
    }

    @Override
    public String fault() {
        return fault;
    }

    @Override
    public int takeInterrupts() {
        int taken = interrupts;
        interrupts = 0;
        return taken;
    }

    @Override
    public String describe(int vector, int length, long guestAddress) {
        return "vector=%d at=%d signals=%d".formatted(vector, guestAddress, signals.size());
    }

    @Override
    public long published(int eventq) {
        return published[eventq];
    }

    @Override
    public List<Integer> takeClosedSignals() {
        List<Integer> taken = List.copyOf(closedSignals);
        closedSignals.clear();
        return taken;
    }

    /** Ranges in use: those of the event queues. */
    @Override
    public List<LiveRange> liveRanges() {
        List<LiveRange> live = new ArrayList<>();
        for (long[] each : eventqs.values()) {
            live.add(new LiveRange(each[0], 64));
        }
        return live;
    }
}
