package paranet.guest.sim;

import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.IoqSegment;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.SouthIoq;
import paranet.core.ioq.WakeupQueue;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.mitigation.EventFold;

import java.util.ArrayList;
import java.util.List;

/**
 * The one ring by which all devices of a bus tell the guest: as venet's, on real IOQ rings. All
 * that is signalled at one time is published before the guest is told once.
 *
 * <p>Threading: confined to its simulation.
 */
final class EventQueue implements AutoCloseable {
    private static final int COUNT = 64; // a pending device is not signalled again: never full
    private static final int RECORD_BYTES = 8;
    private static final long GUEST = 0x1_0000_0000L;
    private static final int BUDGET = 1 << 16;

    private final VirtualClock clock;
    private final EventFold fold = new EventFold();
    private final NativeBuffer memory =
            NativeBuffer.allocate(IoqRingHead.bytes(COUNT) + COUNT * RECORD_BYTES, 4096);
    private final long records = memory.address() + IoqRingHead.bytes(COUNT);
    private final NorthIoq north;
    private final NorthIterator in;
    private final SouthIoq south;
    private final List<IoqPair> rings = new ArrayList<>();
    private final List<Integer> backlog = new ArrayList<>();
    private final InterruptLine line;
    private boolean flushPlanned;
    private boolean rang;
    private int unread;
    private long pendingSince = -1;
    private long pendingNanos;
    private long pendings;

    EventQueue(VirtualClock clock, VirtualCpu cpu, WakeupQueue wakeups, long eventNanos) {
        this.clock = clock;
        north =
                NorthIoq.layOut(
                        memory.address(),
                        COUNT,
                        IoqRole.CONSUMER,
                        new SignalWiring(() -> {}, this::drain, wakeups),
                        ShmSignal.Fences.FULL);
        GuestRegion region = new GuestRegion(GUEST, GUEST, memory.bytes(), memory.address());
        south =
                SouthIoq.attach(
                                new IoqSegment(
                                        GuestMemory.of(List.of(region)),
                                        GUEST,
                                        IoqRingHead.bytes(COUNT),
                                        IoqRingHead.SIGNAL),
                                IoqRole.PRODUCER,
                                0,
                                new SignalWiring(() -> rang = true, () -> {}, wakeups))
                        .ioq();
        NorthIterator fill = north.iterator(IoqIdx.VALID, 0);
        for (int slot = 0; slot < COUNT; slot++) {
            north.putPtr(slot, (long) slot * RECORD_BYTES);
            north.putValid(slot, true);
            fill.push();
        }
        in = north.iterator(IoqIdx.INUSE, 0);
        north.signal().enable();
        line = new InterruptLine(cpu, () -> eventNanos * unread, this::served);
    }

    EventFold fold() {
        return fold;
    }

    /** Another ring whose signal this tells of; returns its handle. */
    int add(IoqPair ring) {
        rings.add(ring);
        return rings.size() - 1;
    }

    /** A ring's signal rang. */
    void signal(int handle) {
        if (!backlog.contains(handle)) {
            backlog.add(handle);
        }
        planFlush();
    }

    /** All of this moment is told together. */
    void planFlush() {
        if (!flushPlanned) {
            flushPlanned = true;
            clock.after(0, this::flush);
        }
    }

    private void flush() {
        flushPlanned = false;
        rang = false;
        for (int handle : backlog) {
            if (!south.look()) {
                throw new IllegalStateException("the event queue is full");
            }
            SharedMemory.putLe64(records + south.ptr(), handle);
            south.push();
            unread++;
        }
        if (!backlog.isEmpty()) {
            backlog.clear();
            south.signal().inject();
        }
        fold.injected(rang);
        if (rang) {
            pendingSince = clock.nowNanos();
            pendings++;
            line.raise();
        }
    }

    private void served() {
        north.signal().wakeup(BUDGET);
        if (pendingSince >= 0) {
            pendingNanos += clock.nowNanos() - pendingSince;
            pendingSince = -1;
        }
    }

    private void drain() {
        for (int taken = 0; taken < COUNT && !north.isSown(in.slot()); taken++) {
            int handle = (int) SharedMemory.le64(records + (long) in.slot() * RECORD_BYTES);
            in.pop();
            unread--;
            rings.get(handle).told();
        }
    }

    void clearTimes() {
        pendingNanos = 0;
        pendings = 0;
    }

    /** Mean time from an injection until nothing is pending any more. */
    double windowNanos() {
        return pendings == 0 ? 0 : (double) pendingNanos / pendings;
    }

    @Override
    public void close() {
        memory.close();
    }
}
