package paranet.core.vhostuser;

import paranet.core.device.BusControl;
import paranet.core.device.BusError;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * A bus of the smallest kind: it remembers what it was told, refuses what it is asked to refuse,
 * and has the signals that a test gives it.
 */
final class SmallBus implements BusControl {
    final List<String> told = new ArrayList<>();
    final TreeSet<Integer> signals = new TreeSet<>();
    final TreeSet<Integer> channels = new TreeSet<>();
    final List<LiveRange> live = new ArrayList<>();
    long capabilities = MULTI_EVENTQ | DOORBELL_BITMAP | FASTCALL | INBAND;
    int eventqs;

    /** What the methods with a result answer. */
    int result;

    @Override
    public long capabilities() {
        return capabilities;
    }

    @Override
    public void negotiate(long capabilities) {
        reset();
        told.add("negotiate 0x%x".formatted(capabilities));
    }

    @Override
    public void reset() {
        told.add("reset");
        eventqs = 0;
        signals.clear();
        channels.clear();
        live.clear();
    }

    @Override
    public int addEventq(int count, long ring, long data) {
        told.add("eventq %d 0x%x 0x%x".formatted(count, ring, data));
        if (result >= 0) {
            eventqs++;
        }
        return result;
    }

    @Override
    public int eventqCount() {
        return eventqs;
    }

    @Override
    public void ready() {
        told.add("ready");
    }

    @Override
    public int call(int channel, int vector, int length, long guestAddress) {
        told.add("call %d %d 0x%x".formatted(vector, length, guestAddress));
        return result;
    }

    @Override
    public boolean hasSignal(int handle) {
        return signals.contains(handle);
    }

    @Override
    public boolean signalled(int handle) {
        told.add("signalled " + handle);
        return signals.contains(handle);
    }

    @Override
    public boolean eventqKicked(int index) {
        told.add("eventqKicked " + index);
        return index >= 0 && index < eventqs;
    }

    @Override
    public int setDoorbell(long guestAddress, int bits) {
        told.add("setDoorbell 0x%x %d".formatted(guestAddress, bits));
        return result;
    }

    @Override
    public void doorbell() {
        told.add("doorbell");
    }

    @Override
    public int addFastcall(int channel, int length, long guestAddress) {
        told.add("addFastcall %d %d 0x%x".formatted(channel, length, guestAddress));
        if (result >= 0 && !channels.add(channel)) {
            return BusError.EEXIST;
        }
        return result;
    }

    @Override
    public int dropFastcall(int channel) {
        told.add("dropFastcall " + channel);
        return channels.remove(channel) ? 0 : BusError.ENOENT;
    }

    @Override
    public List<LiveRange> liveRanges() {
        return List.copyOf(live);
    }
}
