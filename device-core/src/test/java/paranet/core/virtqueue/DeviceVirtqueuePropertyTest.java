package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.Fd;
import paranet.core.linux.Mapping;
import paranet.core.linux.Memfd;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.IoVec;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Both sides of a ring take random steps beside a model of queues.
 *
 * <p>Strategy: either format with any mix of features and sizes, started anywhere; chains of any
 * shape, empty buffers and buffers across regions included; put back, completed in any order,
 * notified or held; now and then the memory moves or the device is replaced by a new one at the
 * same base.
 *
 * <p>Invariants: chains come out once, whole and in order; used ones come back once, with their
 * length; nothing shows before it is published; kicks and notifications are wanted exactly when the
 * event lies among what is new; the position is what was published.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}.
 */
class DeviceVirtqueuePropertyTest {
    private static final int RUNS = Boolean.getBoolean("paranet.long") ? 10_000 : 300;
    private static final int STEPS = 1500;

    @Test
    void behavesLikeItsModel() throws Exception {
        Long replayed = Long.getLong("paranet.seed");
        if (replayed != null) {
            run(replayed);
            return;
        }
        for (long seed = 1; seed <= RUNS; seed++) {
            run(seed);
        }
    }

    private static void run(long seed) throws Exception {
        try (Run run = new Run(seed)) {
            for (int step = 0; step < STEPS; step++) {
                run.step();
            }
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("replay by -Dparanet.seed=" + seed, e);
        }
    }

    /** One chain on its way; {@code slots} is what it counts in the ring's indices. */
    private record Chain(
            int token, List<Buffer> buffers, int readable, int slots, int descriptors) {
        List<Buffer> read() {
            return buffers.subList(0, readable);
        }

        List<Buffer> written() {
            return buffers.subList(readable, buffers.size());
        }
    }

    private record Buffer(long address, long length) {}

    /** A chain that the device has. */
    private record Held(Chain chain, DescriptorChain cursor, int sequence) {}

    /** A chain given back. */
    private record Used(Chain chain, long written) {}

    /** What one side wants to hear: always, never, or of the entry {@code at} (modulo the ring). */
    private record Arm(boolean always, boolean event, long at) {
        static final Arm ALWAYS = new Arm(true, false, 0);
        static final Arm NEVER = new Arm(false, false, 0);

        static Arm on(long at) {
            return new Arm(false, true, at);
        }

        boolean covers(long from, long to, long modulus) {
            for (long entry = from; entry < to; entry++) {
                if (always || (event && Math.floorMod(entry - at, modulus) == 0)) {
                    return true;
                }
            }
            return false;
        }
    }

    private static final class Run implements AutoCloseable {
        private static final long GUEST = 0xffff_8000_0000_0000L; // over 2^63: unsigned
        private static final int ENTRIES = 40;
        private static final int ROOM = 4096;
        private static final int GAP = 8192;

        private final SplittableRandom random;
        private final boolean packed;
        private final boolean eventIdx;
        private final long features;
        private final int size;
        private final long modulus;
        private final RingPosition start;

        private final long ringBytes;
        private final long boundary; // of the two regions, in bytes from GUEST
        private final Fd file;
        private final Mapping[] views = new Mapping[2];
        private int view;
        private final DriverVirtqueue driver;
        private DeviceVirtqueue device;
        private final IoVec readable = new IoVec(2 * ENTRIES);
        private final IoVec writable = new IoVec(2 * ENTRIES);

        // The model.
        private final Deque<Chain> staged = new ArrayDeque<>();
        private final Deque<Chain> available = new ArrayDeque<>();
        private final List<Held> held = new ArrayList<>();
        private final List<Used> completed = new ArrayList<>();
        private final Deque<Used> used = new ArrayDeque<>();
        private int free;
        private int tokens;
        private int taken; // chains, less those put back; since the device was opened
        private int given; // chains published since the device was opened
        private long offeredSlots; // from here on: slots since the start
        private long takenSlots;
        private long usedSlots;
        private long polledSlots;
        private long kickAsked;
        private long signalled;
        private boolean forgotten = true;
        private Arm interrupts;
        private Arm kicks;

        Run(long seed) throws Exception {
            random = new SplittableRandom(seed);
            packed = random.nextBoolean();
            eventIdx = random.nextBoolean();
            features =
                    RingFeature.VERSION_1
                            | (packed ? RingFeature.RING_PACKED : 0)
                            | (eventIdx ? RingFeature.EVENT_IDX : 0)
                            | (random.nextBoolean() ? RingFeature.INDIRECT_DESC : 0)
                            | (random.nextInt(3) == 0 ? RingFeature.IN_ORDER : 0);
            size = packed ? 1 + random.nextInt(20) : 1 << random.nextInt(6);
            modulus = packed ? 2L * size : 65536;
            start = randomStart();
            ringBytes = (RingLayout.bytesFor(size, packed) + 15) & -16;
            boundary = ringBytes + IndirectTables.bytesFor(size, ENTRIES) + ROOM;
            file = Memfd.create("ring", boundary + GAP + ROOM);
            for (int i = 0; i < views.length; i++) {
                views[i] = Mapping.map(file, boundary + GAP + ROOM);
            }
            driver =
                    DriverVirtqueue.open(
                            layout(),
                            features,
                            new IndirectTables(
                                    views[0].address() + ringBytes, GUEST + ringBytes, ENTRIES));
            driver.reset(start);
            device = DeviceVirtqueue.open(layout(), features, start);
            free = size;
            interrupts = !packed && eventIdx ? Arm.on(0) : Arm.ALWAYS;
            kicks = interrupts;
        }

        private RingPosition randomStart() {
            if (packed) {
                int offset = random.nextInt(size);
                boolean wrap = random.nextBoolean();
                return new RingPosition(offset, wrap, offset, wrap);
            }
            int index = random.nextBoolean() ? 0 : 65536 - random.nextInt(1, 2 * size + 1);
            return new RingPosition(index, false, index, false);
        }

        private RingLayout layout() {
            long host = views[view].address();
            GuestMemory memory =
                    GuestMemory.of(
                            List.of(
                                    new GuestRegion(GUEST, 0x1000, boundary, host),
                                    new GuestRegion(
                                            GUEST + boundary,
                                            0x1000 + boundary,
                                            ROOM,
                                            host + boundary + GAP)));
            return RingLayout.contiguous(host, size, packed, memory);
        }

        void step() {
            switch (random.nextInt(14)) {
                case 0, 1 -> add();
                case 2 -> publish();
                case 3, 4 -> take();
                case 5 -> putBack();
                case 6, 7 -> complete();
                case 8 -> flush();
                case 9, 10 -> poll();
                case 11 -> interrupt();
                case 12 -> kick();
                default -> {
                    if (random.nextInt(8) == 0) {
                        moveOrReplace();
                    }
                }
            }
            assertEquals(!available.isEmpty(), device.hasAvailable());
            assertEquals(!used.isEmpty(), driver.hasUsed());
            assertEquals(free, driver.freeDescriptors());
            assertEquals(given, device.published());
            assertEquals(position(usedSlots), device.position());
            assertEquals(position(polledSlots), driver.position());
            assertEquals(RingFault.NONE, device.fault());
        }

        private RingPosition position(long slots) {
            if (!packed) {
                int index = (int) (start.usedIndex() + slots) & 0xffff;
                return new RingPosition(index, false, index, false);
            }
            long lap = (start.usedWrap() ? 0 : size) + start.usedIndex() + slots;
            int offset = (int) (lap % size);
            boolean wrap = lap / size % 2 == 0;
            return new RingPosition(offset, wrap, offset, wrap);
        }

        private void add() {
            boolean indirect =
                    (features & RingFeature.INDIRECT_DESC) != 0 && random.nextInt(3) == 0;
            int most = indirect ? ENTRIES : size;
            int count = 1 + random.nextInt(random.nextInt(4) == 0 ? most : Math.min(most, 4));
            int readableCount = random.nextInt(count + 1);
            List<Buffer> buffers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                long length = random.nextInt(4) == 0 ? 0 : random.nextInt(1, 200);
                long room = random.nextInt(2 * ROOM - 200);
                boolean unseen = length == 0 && random.nextBoolean(); // no byte of it
                long address = unseen ? random.nextLong() : GUEST + boundary - ROOM + room;
                buffers.add(new Buffer(address, length));
            }
            int descriptors = indirect ? 1 : count;
            int slots = packed ? descriptors : 1;
            Chain chain = new Chain(tokens++, buffers, readableCount, slots, descriptors);
            boolean fits =
                    driver.add(
                            buffers.stream().mapToLong(Buffer::address).toArray(),
                            buffers.stream().mapToLong(Buffer::length).toArray(),
                            readableCount,
                            count - readableCount,
                            chain.token,
                            indirect);
            assertEquals(descriptors <= free, fits);
            if (fits) {
                free -= descriptors;
                staged.add(chain);
            }
        }

        private void publish() {
            driver.publish();
            staged.forEach(chain -> offeredSlots += chain.slots);
            available.addAll(staged);
            staged.clear();
        }

        private void take() {
            readable.clear();
            writable.clear();
            DescriptorChain cursor = new DescriptorChain(readable, writable);
            Chain expected = available.poll();
            assertEquals(expected != null, device.next(cursor));
            if (expected != null) {
                assertEquals(ChainFault.NONE, cursor.fault());
                assertEquals(expected.descriptors, cursor.descriptors());
                assertLists(expected.read(), cursor.readableBytes(), readable);
                assertLists(expected.written(), cursor.writableBytes(), writable);
                held.add(new Held(expected, cursor, taken++));
                takenSlots += expected.slots;
            }
        }

        /** The list names exactly the bytes of these buffers, in the view now in use. */
        private void assertLists(List<Buffer> buffers, long bytes, IoVec list) {
            assertEquals(buffers.stream().mapToLong(Buffer::length).sum(), bytes);
            int element = 0;
            long inElement = 0;
            for (Buffer buffer : buffers) {
                for (long done = 0; done < buffer.length; ) {
                    long offset = buffer.address + done - GUEST;
                    boolean second = offset >= boundary;
                    long piece = buffer.length - done;
                    if (!second) {
                        piece = Math.min(piece, boundary - offset);
                    }
                    piece = Math.min(piece, list.lengthOf(element) - inElement);
                    assertEquals(
                            views[view].address() + offset + (second ? GAP : 0),
                            list.baseOf(element) + inElement);
                    done += piece;
                    inElement += piece;
                    if (inElement == list.lengthOf(element)) {
                        element++;
                        inElement = 0;
                    }
                }
            }
            assertEquals(element, list.count());
        }

        private void putBack() {
            if (held.isEmpty() || held.getLast().sequence != taken - 1) {
                return;
            }
            Held last = held.removeLast();
            device.putBack(last.cursor);
            available.addFirst(last.chain);
            taken--;
            takenSlots -= last.chain.slots;
        }

        private void complete() {
            if (held.isEmpty()) {
                return;
            }
            boolean inOrder = (features & RingFeature.IN_ORDER) != 0;
            Held one = held.remove(inOrder ? 0 : random.nextInt(held.size()));
            long written = random.nextLong(one.cursor.writableBytes() + 1);
            device.complete(one.cursor, written);
            completed.add(new Used(one.chain, written));
        }

        private void flush() {
            device.flush();
            completed.forEach(one -> usedSlots += one.chain.slots);
            given += completed.size();
            used.addAll(completed);
            completed.clear();
        }

        private void poll() {
            Used expected = used.poll();
            assertEquals(expected != null, driver.poll());
            if (expected != null) {
                assertEquals(expected.chain.token, driver.token());
                assertEquals(expected.written, driver.writtenBytes());
                free += expected.chain.descriptors;
                polledSlots += expected.chain.slots;
            }
        }

        private void interrupt() {
            switch (random.nextInt(5)) {
                case 0 -> {
                    assertEquals(used.isEmpty(), driver.enableInterrupts());
                    interrupts = eventIdx ? Arm.on(polledSlots) : Arm.ALWAYS;
                }
                case 1 -> {
                    driver.disableInterrupts();
                    interrupts = eventIdx && !packed ? Arm.on(polledSlots + 32768) : Arm.NEVER;
                }
                case 2 -> {
                    device.notified();
                    signalled = usedSlots;
                    forgotten = false;
                }
                case 3 -> {
                    if (random.nextInt(4) == 0) {
                        device.forgetNotified();
                        forgotten = true;
                    }
                }
                default -> {
                    boolean wanted =
                            forgotten
                                    ? given > 0
                                    : interrupts.covers(signalled, usedSlots, modulus);
                    assertEquals(wanted, device.needsNotification());
                    if (!wanted && !forgotten) {
                        signalled = usedSlots;
                    }
                }
            }
        }

        private void kick() {
            switch (random.nextInt(3)) {
                case 0 -> {
                    assertEquals(available.isEmpty(), device.enableKicks());
                    kicks = eventIdx ? Arm.on(takenSlots) : Arm.ALWAYS;
                }
                case 1 -> {
                    device.disableKicks();
                    kicks = eventIdx && !packed ? kicks : Arm.NEVER;
                }
                default -> {
                    assertEquals(
                            kicks.covers(kickAsked, offeredSlots, modulus), driver.needsKick());
                    kickAsked = offeredSlots;
                }
            }
        }

        private void moveOrReplace() {
            view = 1 - view;
            if (random.nextBoolean()) {
                device.relocate(layout());
                return;
            }
            flush();
            if (held.stream().anyMatch(one -> one.sequence < given)) {
                device.relocate(layout()); // a gap: the base has no words for it
                return;
            }
            long base = VringBase.encode(device.position(), features);
            assertTrue(base >>> 32 == 0);
            device =
                    DeviceVirtqueue.open(
                            layout(), features, VringBase.decode((int) base, layout(), features));
            while (!held.isEmpty()) {
                Held last = held.removeLast();
                takenSlots -= last.chain.slots;
                available.addFirst(last.chain);
            }
            assertFalse(device.needsNotification());
            taken = 0;
            given = 0;
            forgotten = true;
        }

        @Override
        public void close() {
            readable.close();
            writable.close();
            views[0].close();
            views[1].close();
            file.close();
        }
    }
}
