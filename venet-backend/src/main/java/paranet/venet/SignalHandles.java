package paranet.venet;

import paranet.core.device.BusError;
import paranet.core.ioq.ShmSignal;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The signals that a guest registered, by the handles it tells them by. Handles count up until
 * NEGOTIATE starts over.
 *
 * <p>Threading: confined to one worker.
 */
final class SignalHandles {
    /** Handles between two NEGOTIATE. */
    private static final int COUNT_MAX = 65_536;

    private final TreeMap<Integer, BusSignal> signals = new TreeMap<>();
    private final List<Integer> closed = new ArrayList<>(); // not taken
    private final Wakeups wakeups;
    private int next;

    SignalHandles(Wakeups wakeups) {
        this.wakeups = wakeups;
    }

    /** Gives a signal its handle; ENOSPC when there are no more. */
    int register(BusSignal signal, ShmSignal shmSignal) {
        if (next == COUNT_MAX) {
            return BusError.ENOSPC;
        }
        signal.register(shmSignal, next);
        signals.put(next, signal);
        return next++;
    }

    /** Ends a signal: its handle means nothing any more, and the guest is told. */
    void end(BusSignal signal) {
        signals.remove(signal.handle());
        closed.add(signal.handle());
        wakeups.remove(signal.shmSignal());
        signal.end();
    }

    boolean has(int handle) {
        return signals.containsKey(handle);
    }

    /** The guest told a signal; false when there is none of this handle. */
    boolean signalled(int handle) {
        BusSignal signal = signals.get(handle);
        if (signal == null) {
            return false;
        }
        signal.shmSignal().wakeup(Wakeups.BUDGET);
        return true;
    }

    /** The handles of signals that ended since this was last asked. */
    List<Integer> takeClosed() {
        if (closed.isEmpty()) {
            return List.of(); // asked in each duty cycle
        }
        List<Integer> taken = List.copyOf(closed);
        closed.clear();
        return taken;
    }

    /** All end, and the guest is not told. */
    void forget() {
        closed.addAll(signals.keySet());
        signals.clear();
        next = 0;
    }
}
