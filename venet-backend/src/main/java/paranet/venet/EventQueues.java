package paranet.venet;

import paranet.core.device.BusControl.LiveRange;
import paranet.core.memory.GuestMemory;
import paranet.core.mitigation.DecisionLog;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The event queues of one bus, by priority, and what waits until the guest is ready for events.
 *
 * <p>Threading: confined to one worker.
 */
final class EventQueues {
    private final List<VenetEventQueue> queues = new ArrayList<>();
    private final List<BusEvent> early = new ArrayList<>(); // before READY
    private final Wakeups wakeups;
    private final SecondLooks secondLooks;
    private final BusCalls calls;
    private final AtomicLong signals = new AtomicLong(); // written by the worker alone
    private boolean ready;

    EventQueues(Wakeups wakeups, SecondLooks secondLooks, BusCalls calls) {
        this.calls = calls;
        this.wakeups = wakeups;
        this.secondLooks = secondLooks;
    }

    /** Adds the next queue; 0 or an error. */
    int add(GuestMemory memory, int count, long ring, long data) {
        VenetEventQueue.Added added =
                VenetEventQueue.attach(
                        memory,
                        count,
                        ring,
                        data,
                        wakeups,
                        secondLooks,
                        calls.fold(queues.size()),
                        calls::nowNanos);
        if (added.result() == 0) {
            queues.add(added.queue());
        }
        return added.result();
    }

    int count() {
        return queues.size();
    }

    boolean isReady() {
        return ready;
    }

    /** Events may flow: those of the devices that there are first, then what came early. */
    void ready(List<Integer> devids) {
        ready = true;
        for (int devid : devids) {
            enqueue(BusEvent.deviceAdded(devid));
        }
        for (BusEvent event : early) {
            event.dequeue();
            enqueue(event);
        }
        early.clear();
        queues.forEach(VenetEventQueue::flush);
    }

    /** Tells the guest, or will as soon as it is ready. */
    void announce(BusEvent event) {
        if (ready) {
            enqueue(event).flush();
        } else if (event.enqueue()) {
            early.add(event);
        }
    }

    private VenetEventQueue enqueue(BusEvent event) {
        VenetEventQueue queue = queues.get(event.queueOf(queues.size()));
        queue.add(event);
        return queue;
    }

    /** The guest made room; false when there is no such queue. */
    boolean kicked(int index) {
        if (index < 0 || index >= queues.size()) {
            return false;
        }
        queues.get(index).kicked(Wakeups.BUDGET);
        return true;
    }

    /** What the guest broke, or null. */
    String fault() {
        for (int i = 0; i < queues.size(); i++) {
            if (queues.get(i).fault() != null) {
                return "event queue %d: %s".formatted(i, queues.get(i).fault());
            }
        }
        return null;
    }

    /** The queues that have news for a guest that wants to be told, a bit each, once. */
    int takeInterrupts() {
        int taken = 0;
        for (int i = 0; i < queues.size(); i++) {
            taken |= queues.get(i).takeInterrupt() ? 1 << i : 0;
            long signalled = queues.get(i).takeSignals();
            if (signalled != 0) {
                signals.setOpaque(signals.getPlain() + signalled);
            }
        }
        return taken;
    }

    /** Signals of devices that were put into the queues. Any thread. */
    long signals() {
        return signals.getOpaque();
    }

    long published(int index) {
        return queues.get(index).published();
    }

    /** The latest injections of a queue, and what needed none. */
    DecisionLog log(int index) {
        return queues.get(index).log();
    }

    List<LiveRange> liveRanges() {
        List<LiveRange> live = new ArrayList<>();
        for (VenetEventQueue queue : queues) {
            live.add(new LiveRange(queue.ringAddress(), queue.ringBytes()));
            live.add(new LiveRange(queue.dataAddress(), queue.dataBytes()));
        }
        return live;
    }

    void relocate(GuestMemory memory) {
        queues.forEach(queue -> queue.relocate(memory));
    }

    void forget() {
        queues.clear();
        early.clear();
        ready = false;
    }
}
