package paranet.venet;

import paranet.core.device.BusError;
import paranet.core.ioq.Attachment;
import paranet.core.ioq.Doorbell;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.IoqSegment;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.SouthIoq;
import paranet.core.ioq.WakeupQueue;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.core.mitigation.CallReason;
import paranet.core.mitigation.DecisionLog;
import paranet.core.mitigation.EventFold;
import paranet.core.mitigation.MitigationPolicy;
import paranet.venet.wire.VbusEvent;
import paranet.venet.wire.VenetFunction;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.function.LongSupplier;

/**
 * One event queue of the bus: a ring of the guest's, its records, and the backlog of what does not
 * fit.
 *
 * <p>All of the backlog is published before the guest is told once; while its signal is pending, it
 * is not told again. Only while the backlog cannot be flushed does the queue ask to be told of
 * room.
 *
 * <p>Threading: confined to one worker.
 */
final class VenetEventQueue implements Doorbell {
    private static final byte[] TYPE = VenetFunction.TYPE.getBytes(StandardCharsets.US_ASCII);

    private final ArrayDeque<BusEvent> backlog = new ArrayDeque<>();
    private final int count;
    private final long ringAddress;
    private final long dataAddress; // guest's
    private final SecondLooks.Look look;
    private SouthIoq ring;
    private long data; // ours
    private long published;
    private boolean interrupt;
    private boolean rang; // since the last injection began
    private final EventFold fold;
    private final LongSupplier clock;
    private final DecisionLog log = new DecisionLog();
    private long signals; // published
    private String fault;

    private VenetEventQueue(
            int count,
            long ringAddress,
            long dataAddress,
            long data,
            SecondLooks.Look look,
            EventFold fold,
            LongSupplier clock) {
        this.clock = clock;
        this.count = count;
        this.look = look;
        this.fold = fold;
        this.ringAddress = ringAddress;
        this.dataAddress = dataAddress;
        this.data = data;
    }

    /** What comes of adding a queue: {@code queue} is null unless {@code result} is 0. */
    record Added(int result, VenetEventQueue queue) {}

    /** {@code count} slots at guest address {@code ring}, their records at {@code data}. */
    static Added attach(
            GuestMemory memory,
            int count,
            long ring,
            long data,
            WakeupQueue wakeups,
            SecondLooks looks,
            EventFold fold,
            LongSupplier clock) {
        if (Integer.compareUnsigned(count - 1, IoqRingHead.COUNT_MAX) >= 0) {
            return new Added(BusError.EINVAL, null);
        }
        long host = memory.translate(data, (long) VbusEvent.BYTES * count);
        if (host == GuestMemory.NOT_MAPPED
                || memory.translate(ring, IoqRingHead.bytes(count)) == GuestMemory.NOT_MAPPED) {
            return new Added(BusError.EFAULT, null);
        }
        if (((data | host) & (IoqRingHead.ALIGNMENT - 1)) != 0) {
            return new Added(BusError.EINVAL, null);
        }
        VenetEventQueue queue =
                new VenetEventQueue(count, ring, data, host, looks.look(), fold, clock);
        Attachment attachment =
                SouthIoq.attach(
                        new IoqSegment(memory, ring, IoqRingHead.bytes(count), IoqRingHead.SIGNAL),
                        IoqRole.PRODUCER,
                        0,
                        new SignalWiring(queue, queue::roomMade, wakeups));
        if (attachment.result() != 0) {
            return new Added(attachment.result(), null);
        }
        queue.ring = attachment.ioq();
        queue.look.of(queue.ring.signal());
        return new Added(0, queue);
    }

    long ringAddress() {
        return ringAddress;
    }

    long ringBytes() {
        return IoqRingHead.bytes(count);
    }

    long dataAddress() {
        return dataAddress;
    }

    long dataBytes() {
        return (long) VbusEvent.BYTES * count;
    }

    /** Adds an event to the backlog, unless it waits there already. */
    void add(BusEvent event) {
        if (event.enqueue()) {
            backlog.add(event);
        }
    }

    /** Events that wait for room. */
    int waiting() {
        return backlog.size();
    }

    /** Publishes as much of the backlog as the ring takes, then tells the guest once. */
    void flush() {
        long before = published;
        while (!backlog.isEmpty() && fault == null) {
            if (!ring.look()) {
                ring.signal().enable(); // looks again by itself if room was made meanwhile
                break;
            }
            long offset = ring.ptr() - dataAddress;
            if (Long.compareUnsigned(ring.length(), VbusEvent.BYTES) < 0
                    || Long.compareUnsigned(offset, dataBytes() - VbusEvent.BYTES) > 0) {
                fault =
                        "event record at guest address 0x%x, %s bytes, is not in the %d at 0x%x"
                                .formatted(
                                        ring.ptr(),
                                        Long.toUnsignedString(ring.length()),
                                        dataBytes(),
                                        dataAddress);
                break;
            }
            BusEvent event = backlog.remove();
            event.dequeue();
            write(event, data + offset);
            signals += event.id() == VbusEvent.ID_SHMSIGNAL ? 1 : 0;
            ring.push();
            published++;
        }
        if (published != before) {
            rang = false;
            ring.signal().inject();
            fold.injected(rang);
            log.add(
                    clock.getAsLong(),
                    rang ? CallReason.IMMEDIATE : CallReason.NOT_WANTED,
                    published - before,
                    MitigationPolicy.NOTHING);
        }
    }

    private static void write(BusEvent event, long record) {
        for (int at = 0; at < VbusEvent.BYTES; at += Long.BYTES) {
            SharedMemory.putLe64(record + at, 0); // a fill would allocate until it is compiled
        }
        SharedMemory.putLe32(record + VbusEvent.EVENTID, event.id());
        SharedMemory.putLe64(record + VbusEvent.HANDLE, event.handle());
        if (event.id() == VbusEvent.ID_DEVADD) {
            SharedMemory.copy(TYPE, 0, record + VbusEvent.DEVADD_TYPE, TYPE.length);
        }
    }

    /** The guest told the ring's signal. */
    void kicked(int budget) {
        ring.signal().wakeup(budget);
    }

    private void roomMade() {
        ring.signal().disable();
        flush();
    }

    @Override
    public void ring() {
        interrupt = true;
        rang = true;
    }

    @Override
    public void skipped() {
        look.arm();
    }

    /** Whether the guest has to be interrupted, once. */
    boolean takeInterrupt() {
        boolean taken = interrupt;
        interrupt = false;
        return taken;
    }

    /** Events published so far. */
    long published() {
        return published;
    }

    /** Signals among them, since this was last asked. */
    long takeSignals() {
        long taken = signals;
        signals = 0;
        return taken;
    }

    /** The latest injections, and what needed none: one was pending, or the guest drains. */
    DecisionLog log() {
        return log;
    }

    /** What the guest broke, or null. */
    String fault() {
        return fault;
    }

    /** The same queue in memory that was mapped anew. */
    void relocate(GuestMemory memory) {
        ring.relocate(Segment.require(memory, ringAddress, ringBytes()));
        data = Segment.require(memory, dataAddress, dataBytes());
    }
}
