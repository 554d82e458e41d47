package paranet.guest.sim;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqIterFlag;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.IoqSegment;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.ShmSignalDesc;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.SouthIoq;
import paranet.core.ioq.WakeupQueue;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.mitigation.QueueView;

import java.util.List;
import java.util.SplittableRandom;

/**
 * An IOQ ring and its signal, guest (north) and host (south).
 *
 * <p>A host that calls injects into the signal, which may ring; one that need not call injects too,
 * so that the guest finds the signal dirty; one that holds a call leaves the signal alone.
 *
 * <p>Threading: confined to its simulation.
 */
final class IoqPair extends RingPair {
    private static final long GUEST = 0x1_0000_0000L;
    private static final int BUDGET = 1 << 16;

    private final NativeBuffer memory = NativeBuffer.allocate(IoqRingHead.bytes(SIZE), 4096);
    private final boolean toGuest;
    private final NorthIoq north;
    private final SouthIoq south;
    private final NorthIterator in; // what the host is done with
    private final NorthIterator out; // of a ring from the guest
    private final long mailbox; // the guest's
    private boolean kicked;
    private int outstanding;
    private long takenCount;
    private long polled;

    /**
     * @param event tells the guest of this ring's signal
     * @param served what the guest does when it was told
     * @param wakeups runs what looks again
     */
    IoqPair(boolean toGuest, Doorbell event, Runnable served, WakeupQueue wakeups) {
        this.toGuest = toGuest;
        north =
                NorthIoq.layOut(
                        memory.address(),
                        SIZE,
                        toGuest ? IoqRole.CONSUMER : IoqRole.PRODUCER,
                        new SignalWiring(() -> kicked = true, served::run, wakeups),
                        ShmSignal.Fences.FULL);
        GuestRegion region = new GuestRegion(GUEST, GUEST, memory.bytes(), memory.address());
        south =
                SouthIoq.attach(
                                new IoqSegment(
                                        GuestMemory.of(List.of(region)),
                                        GUEST,
                                        IoqRingHead.bytes(SIZE),
                                        IoqRingHead.SIGNAL),
                                toGuest ? IoqRole.PRODUCER : IoqRole.CONSUMER,
                                0,
                                new SignalWiring(event, () -> {}, wakeups))
                        .ioq();
        mailbox = memory.address() + IoqRingHead.SIGNAL + ShmSignalDesc.irq(ShmSignalDesc.NORTH);
        if (toGuest) {
            NorthIterator fill = north.iterator(IoqIdx.VALID, 0);
            for (int slot = 0; slot < SIZE; slot++) {
                north.putValid(slot, true);
                fill.push();
            }
            in = north.iterator(IoqIdx.INUSE, 0);
            out = null;
        } else {
            in = north.iterator(IoqIdx.VALID, IoqIterFlag.NOFLIPOWNER);
            out = north.iterator(IoqIdx.BOTH, 0);
        }
        outstanding = toGuest ? SIZE : 0;
    }

    /** The event for this ring reached the guest. */
    void told() {
        north.signal().wakeup(BUDGET);
    }

    @Override
    boolean post() {
        if (toGuest || outstanding == SIZE) {
            return false; // a slot popped is a buffer posted
        }
        north.putValid(out.slot(), true);
        out.push();
        outstanding++;
        return true;
    }

    @Override
    boolean publish() {
        kicked = false;
        north.signal().inject();
        if (kicked) { // the host's thread acknowledges when it begins to look
            south.signal().wakeup(BUDGET);
        }
        return kicked;
    }

    @Override
    boolean poll() {
        if (!hasDone()) {
            return false;
        }
        in.pop();
        polled++;
        if (!toGuest) {
            outstanding--;
        }
        return true;
    }

    @Override
    boolean hasDone() {
        return polled < takenCount && !north.isSown(in.slot());
    }

    @Override
    boolean arm() {
        north.signal().enable();
        return !hasDone();
    }

    @Override
    void disarm() {
        north.signal().disable();
    }

    @Override
    int outstanding() {
        return outstanding;
    }

    @Override
    boolean take() {
        return south.look();
    }

    @Override
    void complete(long bytes) {
        takenCount++;
        if (toGuest) {
            south.push();
        } else {
            south.pop();
        }
    }

    @Override
    boolean wanted() {
        SharedMemory.fullFence(); // P1 and P2 of ShmSignal: pairs with the guest's enable
        return !declined() && SharedMemory.opaqueLe8(mailbox + ShmSignalDesc.IRQ_PENDING) == 0;
    }

    @Override
    boolean declined() {
        return SharedMemory.opaqueLe8(mailbox + ShmSignalDesc.IRQ_ENABLED) == 0;
    }

    @Override
    long consumed() {
        return toGuest ? takenCount - south.inuse() : QueueView.UNKNOWN;
    }

    @Override
    long posted() {
        return toGuest ? south.remaining() : QueueView.UNKNOWN;
    }

    @Override
    long taken() {
        return takenCount;
    }

    @Override
    void call() {
        south.signal().inject();
    }

    @Override
    void leave() {
        south.signal().inject();
    }

    @Override
    boolean armKicks() {
        south.signal().enable();
        return !south.isOwned();
    }

    @Override
    void disarmKicks() {
        south.signal().disable();
    }

    @Override
    void scribble(SplittableRandom random) {
        SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_ENABLED, random.nextInt(256));
        SharedMemory.putLe8(mailbox + ShmSignalDesc.IRQ_PENDING, random.nextInt(256));
    }

    @Override
    public void close() {
        memory.close();
    }
}
