package paranet.guest;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqIterFlag;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.WakeupQueue;
import paranet.core.memory.SharedMemory;
import paranet.venet.wire.VenetEvent;

/**
 * What a venet device tells its driver: ring 102 and pool 101.
 *
 * <p>Threading: confined to the thread of its bus.
 */
final class VenetEvents {
    /** Hears of what the device tells. */
    interface Listener {
        void linkState(boolean up);

        void transmitComplete(long cookie);

        /** An event of no known kind. */
        void stray();
    }

    private final int size;
    private final Listener listener;
    private final long ringGuest;
    private final long ringHost;
    private final long poolGuest;
    private final long poolHost;
    private NorthIoq ring;
    private NorthIterator in;

    VenetEvents(GuestRam ram, int size, Listener listener) {
        this.size = size;
        this.listener = listener;
        this.ringGuest = ram.allocate(IoqRingHead.bytes(size), IoqRingHead.ALIGNMENT);
        this.ringHost = ram.host(ringGuest, IoqRingHead.bytes(size));
        this.poolGuest = ram.allocate(poolBytes(), 1);
        this.poolHost = ram.host(poolGuest, poolBytes());
    }

    long ringGuest() {
        return ringGuest;
    }

    long ringBytes() {
        return IoqRingHead.bytes(size);
    }

    long poolGuest() {
        return poolGuest;
    }

    long poolBytes() {
        return (long) size * VenetEvent.BYTES_MAX;
    }

    /** A fresh ring that the host owns all slots of. */
    NorthIoq layOut(Doorbell doorbell, WakeupQueue wakeups, ShmSignal.Fences fences) {
        ring =
                NorthIoq.layOut(
                        ringHost,
                        size,
                        IoqRole.CONSUMER,
                        new SignalWiring(doorbell, this::serve, wakeups),
                        fences);
        SharedMemory.fill(poolHost, poolBytes(), 0);
        NorthIterator fill = ring.iterator(IoqIdx.VALID, 0);
        for (int slot = 0; slot < size; slot++) {
            ring.putCookie(slot, slot);
            ring.putPtr(slot, (long) slot * VenetEvent.BYTES_MAX);
            ring.putLength(slot, VenetEvent.BYTES_MAX);
            fill.push();
        }
        in = ring.iterator(IoqIdx.INUSE, IoqIterFlag.AUTOUPDATE);
        return ring;
    }

    ShmSignal signal() {
        return ring.signal();
    }

    /** Masked, takes what is there; what comes meanwhile makes the signal dirty again. */
    private void serve() {
        ring.signal().disable();
        for (int i = 0; i < size && !ring.isSown(in.slot()); i++) {
            long at = poolHost + (long) in.slot() * VenetEvent.BYTES_MAX; // whatever ptr says
            int id = SharedMemory.le32(at + VenetEvent.ID);
            int state = SharedMemory.le8(at + VenetEvent.LINKSTATE_STATE);
            long cookie = SharedMemory.le64(at + VenetEvent.TXC_COOKIE);
            SharedMemory.fill(at, VenetEvent.BYTES_MAX, 0);
            in.pop();
            switch (id) {
                case VenetEvent.ID_LINKSTATE -> listener.linkState(state != 0);
                case VenetEvent.ID_TXC -> listener.transmitComplete(cookie);
                default -> listener.stray();
            }
        }
        ring.signal().enable();
    }
}
