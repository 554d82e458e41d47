package paranet.core.device;

import paranet.core.memory.GuestMemory;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueReport;

import java.util.List;

/**
 * A bus with devices on it, as its worker serves it.
 *
 * <p>A bus knows neither descriptors nor threads. What it puts into an event queue it does not
 * announce itself: {@link #takeInterrupts} says which queues have news. After any method, those of
 * {@link BusControl} too, it can have work left, which {@link #step} does, and something to take.
 *
 * <p>Threading: confined to one worker.
 */
public interface Bus extends BusControl {
    /** What a call of a channel came to. */
    record Answer(int channel, int result) {}

    /**
     * The guest's memory from now on; {@link #liveRanges} lie in it, perhaps at other addresses.
     */
    void memory(GuestMemory memory);

    /** Results that came late, in their order, each once. */
    List<Answer> takeAnswers();

    /**
     * Executes the call that stands in a channel and writes its result there, now or later.
     *
     * @return the result, {@link #LATER}, or ENOENT without such a channel
     */
    int fastcall(int channel);

    /** What the calls in channels came to since this was last asked, in their order. */
    List<Answer> takeFastcalls();

    /** What a cycle of the worker, or a command, begins with: the one look at the clock. */
    default void begin(long nowNanos) {}

    /** When a call of the guest that is held back is due, or Long.MAX_VALUE. */
    default long callDueNanos() {
        return Long.MAX_VALUE;
    }

    /** Calls the guest in another way from now on. */
    default void coalesce(PolicyOptions options) {}

    /** What was published to all queues: called for, avoided or held. Any thread. */
    default CallAccounts.Snapshot accounts() {
        return new CallAccounts().snapshot();
    }

    /** How the queues whose signals can be told stand now. */
    default List<QueueReport> queues(long nowNanos) {
        return List.of();
    }

    /**
     * The latest decisions about one of them, or about an event queue, the newest first, a line
     * each; none where there is no such queue.
     */
    default List<String> explain(String queue, long nowNanos) {
        return List.of();
    }

    /** Signals of devices that were put into event queues so far. Any thread. */
    default long signalEvents() {
        return 0;
    }

    /**
     * Does a bounded part of what was left over, and what is due at {@code nowNanos}.
     *
     * @return false when nothing is left to do now
     */
    boolean step(long nowNanos);

    /** When {@link #step} has something to do again, or Long.MAX_VALUE. */
    long dueNanos();

    /**
     * A lane for each device that is plugged in; the same list until one is plugged in or pulled
     * out.
     */
    List<? extends BusLane> lanes();

    /** Why the connection has to end, or null; the guest broke an event queue. */
    String fault();

    /**
     * What single devices broke by since this was last asked, a line for people each; such a device
     * is served no more until its driver closes it, and the others go on.
     */
    default List<String> takeFaults() {
        return List.of();
    }

    /** The event queues that have news for a guest that wants to be told, a bit each, once. */
    int takeInterrupts();

    /**
     * A call as it stands in guest memory, in words: a name, then {@code field=value}, separated by
     * single spaces; with what the call wrote, after it. For traces.
     */
    String describe(int vector, int length, long guestAddress);

    /** The same for the call that stands in a channel; empty without such a channel. */
    String describeFastcall(int channel);

    /** Events that an event queue was given since it was added. */
    long published(int eventq);

    /** The handles of signals that ended since this was last asked. */
    List<Integer> takeClosedSignals();
}
