package paranet.core.host;

import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.OriginalCounters;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What one port did since it was opened, over all its connections.
 *
 * <p>Threading: the control thread adds and removes rings; any thread may take a snapshot.
 */
public final class PortCounters {
    /**
     * Counts at one moment.
     *
     * @param connections front ends that connected so far
     * @param calls interrupts sent to guests
     * @param callsFailed interrupts whose descriptor nobody reads any more
     * @param kicks wake-ups by guests that a worker saw
     * @param accounts of everything published: called for, or avoided by one cause, or held
     *     <p>Threading: immutable.
     */
    public record Snapshot(
            long connections,
            long calls,
            long callsFailed,
            long kicks,
            CallAccounts.Snapshot accounts) {
        /** The same in the words of 2009 (docs/mitigation.md). */
        public OriginalCounters original() {
            return new OriginalCounters(
                    accounts.signals(), accounts.calls(), 0, accounts.signals(), kicks);
        }
    }

    private final List<ServedVring> running = new CopyOnWriteArrayList<>();
    private final CallAccounts accounts = new CallAccounts();
    private final AtomicLong connections = new AtomicLong();
    private final AtomicLong endedCalls = new AtomicLong();
    private final AtomicLong endedCallsFailed = new AtomicLong();
    private final AtomicLong endedKicks = new AtomicLong();

    PortCounters() {}

    void connected() {
        connections.incrementAndGet();
    }

    void add(ServedVring vring) {
        accounts.add(vring.queueCalls().ledger());
        running.add(vring);
    }

    /** The ring stopped; its counts stay in the sums. */
    void remove(ServedVring vring) {
        accounts.remove(vring.queueCalls().ledger());
        running.remove(vring);
        endedCalls.addAndGet(vring.calls());
        endedCallsFailed.addAndGet(vring.callsFailed());
        endedKicks.addAndGet(vring.kicks());
    }

    Snapshot snapshot() {
        long calls = endedCalls.get();
        long callsFailed = endedCallsFailed.get();
        long kicks = endedKicks.get();
        for (ServedVring vring : running) {
            calls += vring.calls();
            callsFailed += vring.callsFailed();
            kicks += vring.kicks();
        }
        return new Snapshot(connections.get(), calls, callsFailed, kicks, accounts.snapshot());
    }
}
