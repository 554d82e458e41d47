package paranet.guest;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.WakeupQueue;
import paranet.core.linux.EventFd;
import paranet.core.linux.LinuxException;
import paranet.core.memory.SharedMemory;
import paranet.venet.wire.VbusEvent;

/**
 * One event queue of a guest's bus, and its records.
 *
 * <p>One look takes at most as many events as there are slots: what is published while it looks
 * makes the signal dirty again.
 *
 * <p>Threading: confined to the thread of its bus.
 */
final class GuestEventQueue implements AutoCloseable {
    /** Hears of each event. */
    @FunctionalInterface
    interface Listener {
        void event(int eventid, long handle);
    }

    private static final int PAGE = 4096;

    private final int count;
    private final long ringGuest;
    private final long ringHost;
    private final long dataGuest;
    private final long dataHost;
    private final Listener listener;
    private final EventFd call; // both null in-band
    private final EventFd kick;
    private NorthIoq ring;
    private NorthIterator in;

    /** Memory for {@code count} events, and descriptors unless {@code inBand}. */
    GuestEventQueue(GuestRam ram, int count, boolean inBand, Listener listener)
            throws LinuxException {
        this.count = count;
        this.listener = listener;
        this.ringGuest = ram.allocate(IoqRingHead.bytes(count), PAGE);
        this.ringHost = ram.host(ringGuest, IoqRingHead.bytes(count));
        this.dataGuest = ram.allocate((long) count * VbusEvent.BYTES, PAGE);
        this.dataHost = ram.host(dataGuest, (long) count * VbusEvent.BYTES);
        this.call = inBand ? null : EventFd.open();
        this.kick = inBand ? null : EventFd.open();
    }

    /** A fresh ring that the host owns all slots of, and which is to interrupt. */
    void layOut(Doorbell doorbell, WakeupQueue wakeups, ShmSignal.Fences fences) {
        ring =
                NorthIoq.layOut(
                        ringHost,
                        count,
                        IoqRole.CONSUMER,
                        new SignalWiring(doorbell, this::drain, wakeups),
                        fences);
        SharedMemory.fill(dataHost, (long) count * VbusEvent.BYTES, 0);
        NorthIterator fill = ring.iterator(IoqIdx.VALID, 0);
        for (int slot = 0; slot < count; slot++) {
            ring.putCookie(slot, slot);
            ring.putPtr(slot, dataGuest + (long) slot * VbusEvent.BYTES);
            ring.putLength(slot, VbusEvent.BYTES);
            ring.putValid(slot, true);
            fill.push();
        }
        in = ring.iterator(IoqIdx.INUSE, 0);
        ring.signal().enable();
    }

    private void drain() {
        int taken = 0;
        while (taken < count && !ring.isSown(in.slot())) {
            long record = dataHost + (long) in.slot() * VbusEvent.BYTES; // whatever cookie says
            int eventid = SharedMemory.le32(record + VbusEvent.EVENTID);
            long handle = SharedMemory.le64(record + VbusEvent.HANDLE);
            SharedMemory.fill(record, VbusEvent.BYTES, 0);
            in.pop();
            taken++;
            listener.event(eventid, handle);
        }
        if (taken > 0) {
            ring.signal().inject();
        }
    }

    int count() {
        return count;
    }

    long ringGuest() {
        return ringGuest;
    }

    long dataGuest() {
        return dataGuest;
    }

    ShmSignal signal() {
        return ring.signal();
    }

    EventFd call() {
        return call;
    }

    EventFd kick() {
        return kick;
    }

    @Override
    public void close() {
        if (call != null) {
            call.close();
            kick.close();
        }
    }
}
