package paranet.core.host;

import paranet.core.device.Bus;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.OriginalCounters;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What one bus port did since it was opened, over all its connections.
 *
 * <p>Threading: the control thread counts connections, the worker everything else; any thread may
 * take a snapshot.
 */
public final class BusCounters {
    private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int LINE = 16; // counters of different queues lie two cache lines apart
    private static final int DOORBELLS = 0; // these two before the event queues
    private static final int DEVICE_FAULTS = 1;
    private static final int INTERRUPTS = 0;
    private static final int INTERRUPTS_FAILED = 1;
    private static final int EVENTS = 2;
    private static final int KICKS = 3;

    /**
     * One event queue.
     *
     * @param interrupts sent to guests, by descriptor or in-band
     * @param interruptsFailed whose descriptor nobody reads any more
     * @param events published
     * @param kicks wake-ups by guests that made room
     *     <p>Threading: immutable.
     */
    public record Eventq(long interrupts, long interruptsFailed, long events, long kicks) {}

    /**
     * Counts at one moment.
     *
     * @param connections front ends that connected so far
     * @param doorbells wake-ups by guests that a signal was told, one by one or by the bitmap
     * @param deviceFaults devices that their driver broke, each until it was closed
     * @param eventqs by index, used or not
     * @param signals of devices, put into event queues
     * @param accounts of everything published: called for, or avoided by one cause, or held
     *     <p>Threading: immutable.
     */
    public record Snapshot(
            long connections,
            long doorbells,
            long deviceFaults,
            List<Eventq> eventqs,
            long signals,
            CallAccounts.Snapshot accounts) {
        /** The same in the words of 2009 (docs/mitigation.md). */
        public OriginalCounters original() {
            long kicks = eventqs.stream().mapToLong(Eventq::kicks).sum();
            return new OriginalCounters(events(), interrupts(), kicks, signals, doorbells);
        }

        /** Of all event queues. */
        public long interrupts() {
            return eventqs.stream().mapToLong(Eventq::interrupts).sum();
        }

        /** Of all event queues; divided by the interrupts, how many one of them stood for. */
        public long events() {
            return eventqs.stream().mapToLong(Eventq::events).sum();
        }
    }

    private final AtomicLong connections = new AtomicLong();
    private final long[] counts = new long[(1 + Bus.EVENTQ_COUNT_MAX) * LINE];

    BusCounters() {}

    void connected() {
        connections.incrementAndGet();
    }

    void doorbell() {
        add(DOORBELLS, 1);
    }

    void deviceFault() {
        add(DEVICE_FAULTS, 1);
    }

    void interrupt(int eventq) {
        add(line(eventq) + INTERRUPTS, 1);
    }

    void interruptFailed(int eventq) {
        add(line(eventq) + INTERRUPTS_FAILED, 1);
    }

    void events(int eventq, long published) {
        add(line(eventq) + EVENTS, published);
    }

    void kick(int eventq) {
        add(line(eventq) + KICKS, 1);
    }

    private static int line(int eventq) {
        return (1 + eventq) * LINE;
    }

    private void add(int counter, long more) {
        COUNTS.setOpaque(counts, counter, counts[counter] + more);
    }

    private long count(int counter) {
        return (long) COUNTS.getOpaque(counts, counter);
    }

    Snapshot snapshot(long signals, CallAccounts.Snapshot accounts) {
        List<Eventq> eventqs = new ArrayList<>();
        for (int i = 0; i < Bus.EVENTQ_COUNT_MAX; i++) {
            eventqs.add(
                    new Eventq(
                            count(line(i) + INTERRUPTS),
                            count(line(i) + INTERRUPTS_FAILED),
                            count(line(i) + EVENTS),
                            count(line(i) + KICKS)));
        }
        return new Snapshot(
                connections.get(),
                count(DOORBELLS),
                count(DEVICE_FAULTS),
                List.copyOf(eventqs),
                signals,
                accounts);
    }
}
