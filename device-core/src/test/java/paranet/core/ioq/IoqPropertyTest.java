package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import paranet.core.linux.Fd;
import paranet.core.linux.Mapping;
import paranet.core.linux.Memfd;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.SharedMemory;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Both sides of a ring take random steps beside a model of queues, as each kind of ring is used.
 *
 * <p>Strategy: any size; the north fills, pushes, pops and reaps as the driver of that ring does,
 * the south hands over at once or later and in any order; doorbells and wakeups come late, in any
 * order; either side masks itself, in its consumer too; now and then the memory moves, or the south
 * attaches anew.
 *
 * <p>Invariants: what is pushed is popped once, whole and in order; a descriptor has one owner; the
 * indexes count what the model counts; a mailbox that is enabled and has something has a doorbell
 * or a wakeup on its way; in the end all has arrived by wakeups alone.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}.
 */
class IoqPropertyTest {
    private static final int RUNS = Boolean.getBoolean("paranet.long") ? 10_000 : 150;
    private static final int STEPS = 1500;

    /** The rings of venet and its bus: who produces, and how the north moves. */
    enum Kind {
        RX(IoqRole.PRODUCER, IoqIdx.INUSE, IoqIterFlag.AUTOUPDATE),
        TX(IoqRole.CONSUMER, IoqIdx.BOTH, IoqIterFlag.AUTOUPDATE),
        TX_WITH_TXC(IoqRole.CONSUMER, IoqIdx.INUSE, IoqIterFlag.AUTOUPDATE),
        TX_WITH_TXC_EARLIER(IoqRole.CONSUMER, IoqIdx.BOTH, IoqIterFlag.AUTOUPDATE),
        EVQ(IoqRole.PRODUCER, IoqIdx.INUSE, IoqIterFlag.AUTOUPDATE),
        PAGEQ(IoqRole.CONSUMER, IoqIdx.INUSE, 0),
        BRIDGE_EVENTQ(IoqRole.PRODUCER, IoqIdx.INUSE, 0);

        final IoqRole south;
        final IoqIdx northIdx;
        final int northFlags;

        Kind(IoqRole south, IoqIdx northIdx, int northFlags) {
            this.south = south;
            this.northIdx = northIdx;
            this.northFlags = northFlags;
        }

        boolean isFilledByNorth() {
            return south == IoqRole.CONSUMER;
        }
    }

    @ParameterizedTest
    @EnumSource
    void behavesLikeItsModel(Kind kind) throws Exception {
        Long replayed = Long.getLong("paranet.seed");
        if (replayed != null) {
            run(kind, replayed);
            return;
        }
        for (long seed = 1; seed <= RUNS; seed++) {
            run(kind, seed);
        }
    }

    private static void run(Kind kind, long seed) throws Exception {
        try (Run run = new Run(kind, seed)) {
            for (int step = 0; step < STEPS; step++) {
                run.step();
            }
            run.settle();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(kind + ": replay by -Dparanet.seed=" + seed, e);
        }
    }

    /** What a descriptor says. */
    private record Desc(int slot, long cookie, long ptr, long length) {}

    /** One side's signal with the doorbells and wakeups on their way to it. */
    private static final class Side {
        final SignalSide calls = new SignalSide();
        ShmSignal signal;
        int bells; // on their way to this side
        int wakeupsRun;
        boolean polls; // masked itself, and looks without being told

        boolean isExpected() {
            return bells > 0 || calls.scheduled > wakeupsRun;
        }
    }

    private static final class Run implements AutoCloseable {
        private static final long GUEST = 0xffff_8000_0000_0000L;

        private final SplittableRandom random;
        private final Kind kind;
        private final int size;
        private final long bytes;
        private final boolean keeps; // the south hands over later
        private final Fd file;
        private final Mapping[] views = new Mapping[2];
        private int view;
        private final Side northSide = new Side();
        private final Side southSide = new Side();
        private final NorthIoq north;
        private final NorthIterator northEnd;
        private final NorthIterator reaper;
        private SouthIoq south;

        // The model.
        private final Deque<Desc> inuse = new ArrayDeque<>(); // pushed and not popped
        private final Deque<Desc> empty = new ArrayDeque<>(); // what the south may push into
        private final Deque<Desc> popped = new ArrayDeque<>(); // by the south and not reaped
        private final BitSet kept = new BitSet(); // slots, by the south
        private final boolean[] sown;
        private int northSlot;
        private int southSlot;
        private long fills;
        private boolean calm;

        Run(Kind kind, long seed) throws Exception {
            this.kind = kind;
            random = new SplittableRandom(seed);
            size = 1 + random.nextInt(random.nextBoolean() ? 4 : 20);
            keeps = random.nextInt(3) == 0;
            sown = new boolean[size];
            bytes = IoqRingHead.bytes(size);
            file = Memfd.create("ioq", bytes);
            for (int i = 0; i < views.length; i++) {
                views[i] = Mapping.map(file, bytes);
            }
            north =
                    NorthIoq.layOut(
                            views[0].address(),
                            size,
                            kind.isFilledByNorth() ? IoqRole.PRODUCER : IoqRole.CONSUMER,
                            northSide.calls.wiring(),
                            ShmSignal.Fences.FULL);
            northEnd = north.iterator(kind.northIdx, kind.northFlags);
            reaper = north.iterator(IoqIdx.VALID, IoqIterFlag.NOFLIPOWNER);
            northSide.signal = north.signal();
            northSide.calls.bell = () -> southSide.bells++;
            southSide.calls.bell = () -> northSide.bells++;
            northSide.calls.consumer = () -> serve(northSide);
            southSide.calls.consumer = () -> serve(southSide);
            boolean early = random.nextBoolean();
            if (early) {
                attach();
            }
            if (!kind.isFilledByNorth()) {
                postAll();
            }
            if (!early) {
                attach();
            }
        }

        private void attach() {
            GuestMemory memory =
                    GuestMemory.of(
                            List.of(new GuestRegion(GUEST, 0x1000, bytes, views[view].address())));
            Attachment attachment =
                    SouthIoq.attach(
                            new IoqSegment(memory, GUEST, bytes, 8),
                            kind.south,
                            keeps ? IoqIterFlag.NOFLIPOWNER : 0,
                            southSide.calls.wiring());
            assertEquals(0, attachment.result());
            south = attachment.ioq();
            southSide.signal = south.signal();
        }

        private void postAll() {
            NorthIterator tail = north.iterator(IoqIdx.VALID, 0);
            for (int slot = 0; slot < size; slot++) {
                north.putValid(slot, kind != Kind.EVQ);
                empty.add(fill(slot));
                assertTrue(tail.push());
                sown[slot] = true;
            }
        }

        private Desc fill(int slot) {
            Desc desc = new Desc(slot, fills++, random.nextLong(), random.nextLong());
            north.putCookie(slot, desc.cookie);
            north.putPtr(slot, desc.ptr);
            north.putLength(slot, desc.length);
            return desc;
        }

        void step() {
            switch (random.nextInt(13)) {
                case 0, 1, 2 -> north();
                case 3, 4, 5 -> south();
                case 6 -> reap();
                case 7 -> handOver();
                case 8 -> inject();
                case 9 -> mask(random.nextBoolean() ? northSide : southSide);
                case 10, 11 -> wakeUp(random.nextBoolean() ? northSide : southSide, 1);
                default -> move();
            }
            check();
        }

        private boolean north() {
            return kind.isFilledByNorth() ? northPushes() : northPops();
        }

        private boolean south() {
            return kind.isFilledByNorth() ? southPops() : southPushes();
        }

        private boolean northPushes() {
            northEnd.seekTail();
            assertEquals(northSlot, northEnd.slot());
            if (north.remaining(kind.northIdx) == 0) {
                return false;
            }
            if (sown[northSlot]) {
                assertFalse(northEnd.push());
                return false;
            }
            inuse.add(fill(northSlot));
            north.putValid(northSlot, true);
            assertTrue(northEnd.push());
            sown[northSlot] = true;
            northSlot = (northSlot + 1) % size;
            return true;
        }

        private boolean southPops() {
            Desc expected = takeFrom(inuse);
            if (expected == null) {
                return false;
            }
            south.pop();
            pass(expected.slot);
            popped.add(expected);
            return true;
        }

        private boolean southPushes() {
            Desc expected = takeFrom(empty);
            if (expected == null) {
                return false;
            }
            long length = random.nextLong();
            south.putLength(length);
            south.push();
            pass(expected.slot);
            inuse.add(new Desc(expected.slot, expected.cookie, expected.ptr, length));
            return true;
        }

        /** The south looks, and sees the next of these or nothing. */
        private Desc takeFrom(Deque<Desc> queue) {
            boolean owned = sown[southSlot] && !kept.get(southSlot);
            assertEquals(owned, south.isOwned());
            assertEquals(owned, south.look());
            assertEquals(southSlot, south.slot());
            if (!owned) {
                return null;
            }
            Desc expected = queue.remove();
            assertEquals(
                    expected, new Desc(south.slot(), south.cookie(), south.ptr(), south.length()));
            return expected;
        }

        private void pass(int slot) {
            southSlot = (southSlot + 1) % size;
            if (keeps) {
                kept.set(slot);
            } else {
                sown[slot] = false;
            }
        }

        private void handOver() {
            if (!kept.isEmpty()) {
                int from = kept.nextSetBit(random.nextInt(size));
                int slot = from >= 0 ? from : kept.nextSetBit(0);
                kept.clear(slot);
                south.flip(slot);
                sown[slot] = false;
            }
        }

        private boolean northPops() {
            northEnd.seekHead();
            assertEquals(northSlot, northEnd.slot());
            if (inuse.isEmpty() || sown[northSlot]) {
                assertEquals(sown[northSlot], north.isSown(northSlot));
                assertTrue(sown[northSlot]);
                assertFalse(northEnd.pop());
                return false;
            }
            Desc expected = inuse.remove();
            assertEquals(expected, read(northSlot));
            empty.add(fill(northSlot));
            assertTrue(northEnd.pop());
            sown[northSlot] = true;
            northSlot = (northSlot + 1) % size;
            return true;
        }

        private Desc read(int slot) {
            return new Desc(slot, north.cookie(slot), north.ptr(slot), north.length(slot));
        }

        /** By ownership without TXC, by what a completion event would say with it. */
        private void reap() {
            reaper.seekHead();
            switch (kind) {
                case TX -> {
                    while (north.isValid(reaper.slot()) && !north.isSown(reaper.slot())) {
                        reapOne();
                    }
                    assertTrue(popped.isEmpty() || sown[popped.element().slot]);
                }
                case TX_WITH_TXC_EARLIER -> {
                    if (!popped.isEmpty() && !sown[popped.element().slot]) {
                        reapOne();
                    }
                }
                default -> popped.clear();
            }
        }

        private void reapOne() {
            int slot = reaper.slot();
            assertEquals(popped.remove(), read(slot));
            north.putValid(slot, false);
            assertTrue(reaper.pop());
            assertFalse(north.isSown(slot));
        }

        private void inject() {
            (random.nextBoolean() ? northSide : southSide).signal.inject();
        }

        private void mask(Side side) {
            if (side.polls) {
                poll(side);
            } else if (side.signal.isEnabled()) {
                side.signal.disable();
            } else {
                side.signal.enable();
            }
        }

        /** What a masked consumer does by itself until it finds nothing, and enables. */
        private void poll(Side side) {
            while (side == northSide ? north() : south()) {
                if (random.nextInt(4) == 0) {
                    return;
                }
            }
            side.polls = false;
            side.signal.enable();
        }

        /** The consumer of either side; what it does may disturb what it is called for. */
        private void serve(Side side) {
            if (!calm && random.nextInt(3) == 0) {
                (side == northSide ? southSide : northSide).signal.inject();
            }
            if (!calm && random.nextInt(4) == 0) {
                side.signal.disable();
                side.polls = true;
                return;
            }
            if ((side == northSide) != kind.isFilledByNorth()) {
                drain(side);
            } else if (side == northSide) {
                reap();
            }
            if (random.nextInt(4) == 0) {
                side.signal.disable();
                side.signal.enable();
            }
        }

        private void drain(Side side) {
            for (boolean more = true; more; ) {
                more = side == northSide ? north() : south();
            }
        }

        /** A doorbell, or the queue of wakeups. */
        private void wakeUp(Side side, int budget) {
            if (side.calls.scheduled > side.wakeupsRun
                    && (side.bells == 0 || random.nextBoolean())) {
                side.wakeupsRun++;
            } else if (side.bells > 0) {
                side.bells--;
            }
            side.signal.wakeup(budget);
        }

        private void move() {
            view = 1 - view;
            if (random.nextBoolean() && kept.isEmpty() && !southSide.isExpected()) {
                southSide.signal.disable();
                southSide.polls = false;
                attach();
            } else {
                south.relocate(views[view].address());
            }
        }

        private void check() {
            boolean both = kind.northIdx == IoqIdx.BOTH;
            int valid = kind.isFilledByNorth() ? (both ? inuse.size() + popped.size() : 0) : size;
            assertEquals(valid, north.count(IoqIdx.VALID));
            assertEquals(valid, north.count(IoqIdx.BOTH));
            assertEquals(inuse.size(), north.count(IoqIdx.INUSE));
            assertEquals(inuse.size(), south.inuse());
            assertEquals(size - inuse.size(), south.remaining());
            int owned = 0;
            for (int slot = southSlot; owned < size && sown[slot] && !kept.get(slot); ) {
                owned++;
                slot = (slot + 1) % size;
            }
            assertEquals(owned, south.owned(size + 1));
            checkSignal(northSide, 16);
            checkSignal(southSide, 19);
        }

        private void checkSignal(Side side, int mailbox) {
            long at = views[0].address() + mailbox;
            boolean enabled = SharedMemory.le8(at) != 0;
            boolean isSignalled = SharedMemory.le16(at + 1) != 0; // pending or dirty
            assertEquals(enabled, side.signal.isEnabled());
            assertTrue(!enabled || !isSignalled || side.isExpected());
        }

        /** Nobody polls or produces any more: doorbells and wakeups alone bring the rest. */
        void settle() {
            calm = true;
            while (!kept.isEmpty()) {
                handOver();
            }
            for (Side side : List.of(northSide, southSide)) {
                side.polls = false;
                side.signal.enable();
                side.signal.inject();
            }
            int wakeups = 0;
            while (northSide.isExpected() || southSide.isExpected()) {
                wakeUp(northSide.isExpected() ? northSide : southSide, 2);
                check();
                assertTrue(++wakeups < STEPS, "wakeups do not end");
            }
            assertTrue(inuse.isEmpty());
        }

        @Override
        public void close() {
            views[0].close();
            views[1].close();
            file.close();
        }
    }
}
