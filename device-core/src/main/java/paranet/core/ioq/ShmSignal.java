package paranet.core.ioq;

import paranet.core.memory.SharedMemory;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One side of a shm-signal: a mailbox that this side owns, and the other side's, into which this
 * one injects (docs/venet.md).
 *
 * <p>Whether this side is enabled is kept here too, and only that copy is believed: the byte in
 * shared memory tells the other side. What the other side writes can make for a wakeup too many or
 * too few, and those are its own.
 *
 * <p>Threading: wakeup() runs on the thread that serves the {@link WakeupQueue}; inject() is for
 * one thread at a time, since two may ring where one would do; disable(), enable() and schedule()
 * are for any thread. Nothing else runs meanwhile that relocates.
 */
public final class ShmSignal {
    /** Where the side that owns the memory leaves out fences that the protocol needs. */
    public enum Fences {
        FULL(true, true),
        /** None in enable(): what is injected meanwhile can be missed (P1). */
        NONE_IN_ENABLE(false, true),
        /** None in the acknowledgement at the end of wakeup(): likewise (P2). */
        NONE_IN_ACKNOWLEDGEMENT(true, false),
        /** Neither: as the guest drivers for Linux were shipped. */
        LEGACY(false, false);

        private final boolean inEnable;
        private final boolean inAcknowledgement;

        Fences(boolean inEnable, boolean inAcknowledgement) {
            this.inEnable = inEnable;
            this.inAcknowledgement = inAcknowledgement;
        }
    }

    private final int locality;
    private final Fences fences;
    private final Doorbell doorbell;
    private final SignalConsumer consumer;
    private final WakeupQueue wakeups;

    private long mine; // the mailbox that this side owns
    private long peer;
    private final AtomicBoolean enabled = new AtomicBoolean(); // what we wrote to shared memory
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private boolean inWakeup; // of the serving thread alone

    private ShmSignal(int locality, Fences fences, long desc, SignalWiring wiring) {
        this.locality = locality;
        this.fences = fences;
        this.doorbell = wiring.doorbell();
        this.consumer = wiring.consumer();
        this.wakeups = wiring.wakeups();
        relocate(desc);
    }

    /** The host's side of a signal that {@link #isLegal}, at this host address; disabled. */
    public static ShmSignal south(long desc, SignalWiring wiring) {
        return new ShmSignal(ShmSignalDesc.SOUTH, Fences.FULL, desc, wiring);
    }

    /** The guest's side of a signal that {@link #layOut} made, at this host address; disabled. */
    public static ShmSignal north(long desc, SignalWiring wiring, Fences fences) {
        return new ShmSignal(ShmSignalDesc.NORTH, fences, desc, wiring);
    }

    /** Writes a signal with both mailboxes empty and disabled. */
    public static void layOut(long desc) {
        SharedMemory.fill(desc, ShmSignalDesc.BYTES, 0);
        SharedMemory.putLe32(desc + ShmSignalDesc.MAGIC, ShmSignalDesc.MAGIC_VALUE);
        SharedMemory.putLe32(desc + ShmSignalDesc.VER, ShmSignalDesc.VER_VALUE);
    }

    /** Whether magic and version are those of a signal. */
    public static boolean isLegal(long desc) {
        return SharedMemory.le32(desc + ShmSignalDesc.MAGIC) == ShmSignalDesc.MAGIC_VALUE
                && SharedMemory.le32(desc + ShmSignalDesc.VER) == ShmSignalDesc.VER_VALUE;
    }

    /** Whether a signal lies in a segment of {@code length} bytes; both as a guest says. */
    public static boolean fits(long offset, long length) {
        return offset >= 0
                && length >= ShmSignalDesc.BYTES
                && offset <= length - ShmSignalDesc.BYTES
                && offset % ShmSignalDesc.ALIGNMENT == 0;
    }

    /** Tells the other side that what was written before is there, and rings if it has to. */
    public void inject() {
        if (mark()) {
            ring();
        } else {
            skip();
        }
    }

    /**
     * The first half of {@link #inject}: tells the other side that what was written before is
     * there, for when it looks by itself.
     *
     * @return whether it asks to be rung; who says so answers by {@link #ring} now or, while {@link
     *     #isMissed}, later; else by {@link #skip}
     */
    public boolean mark() {
        SharedMemory.releaseLe8(peer + ShmSignalDesc.IRQ_DIRTY, 1);
        SharedMemory.fullFence(); // P1: pairs with enable; P2: pairs with wakeup
        return isRingable();
    }

    /** Rings. */
    public void ring() {
        SharedMemory.opaquePutLe8(peer + ShmSignalDesc.IRQ_PENDING, 1); // seen before the ring
        doorbell.ring();
    }

    /** Does not ring. */
    public void skip() {
        doorbell.skipped();
    }

    /** Whether the other side asks not to be rung. */
    public boolean isDeclined() {
        return SharedMemory.opaqueLe8(peer + ShmSignalDesc.IRQ_ENABLED) == 0;
    }

    /**
     * Whether the other side is dirty, asks to be told, and has not been: never so for long, but
     * after it missed an inject() for want of a fence. Inject again then.
     */
    public boolean isMissed() {
        return SharedMemory.opaqueLe8(peer + ShmSignalDesc.IRQ_DIRTY) != 0 && isRingable();
    }

    /** All that the other side's bytes are believed for: whether a ring would be no use. */
    private boolean isRingable() {
        return SharedMemory.opaqueLe8(peer + ShmSignalDesc.IRQ_ENABLED) != 0
                && SharedMemory.opaqueLe8(peer + ShmSignalDesc.IRQ_PENDING) == 0;
    }

    /** Asks the other side not to ring; it goes on to mark the mailbox dirty. */
    public void disable() {
        enabled.setOpaque(false);
        SharedMemory.opaquePutLe8(mine + ShmSignalDesc.IRQ_ENABLED, 0);
        SharedMemory.fullFence();
    }

    /** Asks the other side to ring, and schedules a wakeup for what came meanwhile. */
    public void enable() {
        enabled.setOpaque(true);
        SharedMemory.opaquePutLe8(mine + ShmSignalDesc.IRQ_ENABLED, 1);
        if (fences.inEnable) {
            SharedMemory.fullFence(); // P1: pairs with inject
        }
        if (isSignalled() && !(wakeups.isServing() && inWakeup)) {
            schedule();
        }
    }

    /** Whether this side asked to be told. */
    public boolean isEnabled() {
        return enabled.getOpaque();
    }

    /** Puts the signal into the queue of wakeups, unless it is there already. */
    public void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            wakeups.schedule(this);
        }
    }

    /**
     * What a doorbell and the queue of wakeups run: has the consumer look until there is nothing
     * new, at most {@code budget} times (at least 1).
     *
     * @return false if the budget ended first: a wakeup is scheduled then, and {@code pending} is
     *     left as it is, so that the other side does not ring meanwhile
     */
    public boolean wakeup(int budget) {
        scheduled.set(false);
        SharedMemory.fullFence(); // who finds it still set wrote what the loads below see
        inWakeup = true;
        try {
            return serve(budget);
        } finally {
            inWakeup = false;
        }
    }

    private boolean serve(int budget) {
        int left = budget;
        while (isEnabled() && isSignalled()) {
            do {
                if (left-- == 0) {
                    schedule();
                    return false;
                }
                SharedMemory.opaquePutLe8(mine + ShmSignalDesc.IRQ_DIRTY, 0);
                SharedMemory.fullFence(); // cleared before the consumer's first look
                consumer.service();
            } while (isDirty() && isEnabled());
            SharedMemory.opaquePutLe8(mine + ShmSignalDesc.IRQ_PENDING, 0);
            if (fences.inAcknowledgement) {
                SharedMemory.fullFence(); // P2: pairs with inject
            }
        }
        return true;
    }

    private boolean isSignalled() {
        return isDirty() || SharedMemory.opaqueLe8(mine + ShmSignalDesc.IRQ_PENDING) != 0;
    }

    private boolean isDirty() {
        return SharedMemory.opaqueLe8(mine + ShmSignalDesc.IRQ_DIRTY) != 0;
    }

    /** The same signal after the memory was mapped anew, at this host address. */
    public void relocate(long desc) {
        mine = desc + ShmSignalDesc.irq(locality);
        peer =
                desc
                        + ShmSignalDesc.irq(
                                locality == ShmSignalDesc.NORTH
                                        ? ShmSignalDesc.SOUTH
                                        : ShmSignalDesc.NORTH);
    }
}
