package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A guest that writes whatever it likes into rings and tables, between any two steps of the device
 * and during them.
 *
 * <p>Strategy: numbers near every bound of the formats, and random ones, written at random places
 * of rings and tables; each part of the ring is a buffer of its own, exactly as large as it must
 * be. In the bounded build any access outside throws.
 *
 * <p>Invariants: no step throws; each piece handed out lies in guest memory; a walk ends within its
 * bound; a fault stays; a position is always one of the ring's.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}.
 */
class HostileRingFuzzTest {
    private static final int RUNS = Boolean.getBoolean("paranet.long") ? 300_000 : 3000;
    private static final int STEPS = 200;
    private static final int DURING_RUNS = 200;
    private static final int DURING_STEPS = 2000;

    @Test
    void survivesWhateverIsWrittenBetweenItsSteps() {
        Long replayed = Long.getLong("paranet.seed");
        int faulted = 0;
        if (replayed != null) {
            run(replayed);
            return;
        }
        for (long seed = 1; seed <= RUNS; seed++) {
            faulted += run(seed) == RingFault.NONE ? 0 : 1;
        }
        assertTrue(faulted > RUNS / 4 && faulted < RUNS, "runs that ended broken: " + faulted);
    }

    @Test
    void survivesWhateverIsWrittenDuringItsSteps() throws Exception {
        for (long seed = 1; seed <= DURING_RUNS; seed++) {
            try (Guest guest = new Guest(seed)) {
                Thread writer = Thread.ofPlatform().daemon().start(guest::scribbleUntilDone);
                for (int step = 0; step < DURING_STEPS; step++) {
                    guest.deviceStep();
                }
                guest.done = true;
                writer.join();
            }
        }
    }

    private static RingFault run(long seed) {
        try (Guest guest = new Guest(seed)) {
            for (int step = 0; step < STEPS; step++) {
                guest.scribble(guest.random);
                guest.deviceStep();
            }
            return guest.device.fault();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("replay by -Dparanet.seed=" + seed, e);
        }
    }

    private static final class Guest implements AutoCloseable {
        private static final long TABLES = 0x10_0000;
        private static final int TABLE_BYTES = 32 * 16;

        final SplittableRandom random;
        final SplittableRandom scribbles;
        final boolean packed;
        final boolean inOrder;
        final int size;
        final RingLayout layout;
        final DeviceVirtqueue device;
        final List<NativeBuffer> parts = new ArrayList<>();
        final NativeBuffer tables;
        final IoVec readable = new IoVec(64);
        final IoVec writable = new IoVec(64);
        final List<DescriptorChain> held = new ArrayList<>();
        volatile boolean done;

        Guest(long seed) {
            random = new SplittableRandom(seed);
            scribbles = random.split();
            packed = random.nextBoolean();
            inOrder = random.nextInt(4) == 0;
            size = packed ? 1 + random.nextInt(12) : 1 << random.nextInt(5);
            long features =
                    RingFeature.VERSION_1
                            | (packed ? RingFeature.RING_PACKED : 0)
                            | (inOrder ? RingFeature.IN_ORDER : 0)
                            | (random.nextBoolean() ? RingFeature.EVENT_IDX : 0)
                            | (random.nextInt(4) > 0 ? RingFeature.INDIRECT_DESC : 0);
            tables = part(TABLE_BYTES);
            NativeBuffer neighbour = part(4096);
            NativeBuffer top = part(256);
            NativeBuffer desc = part(RingLayout.descBytes(size));
            NativeBuffer driver = part(RingLayout.driverBytes(size, packed));
            NativeBuffer dev = part(RingLayout.deviceBytes(size, packed));
            GuestMemory memory =
                    GuestMemory.of(
                            List.of(
                                    region(TABLES, tables),
                                    region(TABLES + TABLE_BYTES, neighbour),
                                    region(-256, top),
                                    region(0, desc)));
            layout = new RingLayout(size, desc.address(), driver.address(), dev.address(), memory);
            int start = random.nextInt(packed ? size : 65536);
            boolean wrap = random.nextBoolean();
            device =
                    DeviceVirtqueue.open(
                            layout, features, new RingPosition(start, wrap, start, wrap));
            device.notified();
        }

        private NativeBuffer part(long bytes) {
            NativeBuffer buffer = NativeBuffer.allocate(bytes);
            parts.add(buffer);
            return buffer;
        }

        private static GuestRegion region(long guestAddress, NativeBuffer buffer) {
            return new GuestRegion(guestAddress, guestAddress, buffer.bytes(), buffer.address());
        }

        void scribbleUntilDone() {
            while (!done) {
                scribble(scribbles);
            }
        }

        void scribble(SplittableRandom dice) {
            switch (dice.nextInt(8)) {
                case 0, 1, 2 -> descriptor(dice, layout.desc(), size, false);
                case 3, 4 -> descriptor(dice, tables.address(), TABLE_BYTES / 16, true);
                case 5 -> offer(dice);
                case 6 -> {
                    NativeBuffer part = parts.get(dice.nextInt(parts.size()));
                    long at = part.address() + dice.nextLong(part.bytes());
                    SharedMemory.putLe8(at, dice.nextInt(256));
                }
                default -> { // the words that arm
                    int word = dice.nextInt();
                    if (packed) {
                        SharedMemory.putLe32(layout.driver(), word);
                    } else {
                        SharedMemory.putLe16(layout.driver() + VirtqAvail.usedEvent(size), word);
                    }
                }
            }
        }

        private void descriptor(SplittableRandom dice, long table, int entries, boolean indirect) {
            long at = table + 16L * dice.nextInt(entries);
            boolean toTable = !indirect && dice.nextInt(3) == 0;
            long address =
                    switch (dice.nextInt(toTable ? 3 : 8)) {
                        case 0, 1 -> TABLES;
                        case 2 -> TABLES + 16;
                        case 3 -> TABLES + TABLE_BYTES - 8;
                        case 4 -> -dice.nextLong(1, 300);
                        case 5 -> dice.nextLong(2 * 16L * size);
                        case 6 -> TABLES + TABLE_BYTES + dice.nextInt(5000);
                        default -> dice.nextLong();
                    };
            long length =
                    switch (dice.nextInt(toTable ? 3 : 6)) {
                        case 0, 1 -> 16L * dice.nextInt(1, 6);
                        case 2 -> 16L * dice.nextInt(40);
                        case 3 -> 0xffff_ffffL;
                        case 4 -> dice.nextInt() & 0xffff_ffffL;
                        default -> dice.nextInt(3);
                    };
            int flags =
                    (dice.nextInt(3) == 0 ? VirtqDesc.F_NEXT : 0)
                            | (dice.nextBoolean() ? VirtqDesc.F_WRITE : 0)
                            | (toTable || dice.nextInt(60) == 0 ? VirtqDesc.F_INDIRECT : 0);
            int near = dice.nextInt(30) == 0 ? dice.nextInt(65536) : dice.nextInt(entries);
            long tail;
            if (packed) {
                boolean atDevice = dice.nextInt(3) > 0;
                boolean wrap = device.position().availWrap();
                int owner = atDevice ? PackedDesc.available(wrap) : dice.nextInt(65536) & 0x8080;
                int id = Math.min(near, dice.nextInt(60) == 0 ? near : size - 1);
                tail = PackedDesc.tail(length, id, flags | owner);
            } else {
                tail = VirtqDesc.tail(length, flags, near);
            }
            SharedMemory.putLe64(at, address);
            SharedMemory.releaseLe64(at + 8, tail);
        }

        private void offer(SplittableRandom dice) {
            if (packed) {
                return;
            }
            long avail = layout.driver();
            for (int i = 0; i < size; i++) {
                int head = dice.nextInt(100) == 0 ? dice.nextInt(65536) : dice.nextInt(size);
                SharedMemory.putLe16(avail + VirtqAvail.slot(i), head);
            }
            int ahead = dice.nextInt(60) == 0 ? dice.nextInt(65536) : dice.nextInt(size + 1);
            SharedMemory.releaseLe16(
                    avail + VirtqAvail.IDX, device.position().availIndex() + ahead);
        }

        void deviceStep() {
            RingFault before = device.fault();
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3, 4 -> take();
                case 5, 6, 7 -> {
                    if (!held.isEmpty()) {
                        complete(held.remove(inOrder ? 0 : random.nextInt(held.size())));
                    }
                }
                case 8 -> device.flush();
                case 9 -> {
                    if (device.needsNotification() && random.nextBoolean()) {
                        device.notified();
                    }
                }
                case 10 -> device.enableKicks();
                default -> device.disableKicks();
            }
            if (before != RingFault.NONE) {
                assertEquals(before, device.fault());
                device.hasAvailable();
            }
            RingPosition position = device.position();
            int bound = packed ? size : 65536;
            assertTrue(position.availIndex() >= 0 && position.availIndex() < bound);
            assertTrue(position.usedIndex() >= 0 && position.usedIndex() < bound);
        }

        private void take() {
            readable.clear();
            writable.clear();
            DescriptorChain chain = new DescriptorChain(readable, writable);
            if (!device.next(chain)) {
                assertEquals(0, readable.count() + writable.count());
                return;
            }
            assertTrue(chain.descriptors() >= 1 && chain.descriptors() <= size);
            assertInside(readable, chain.readableBytes());
            assertInside(writable, chain.writableBytes());
            if (random.nextInt(4) == 0) {
                device.putBack(chain);
            } else {
                held.add(chain);
                if (held.size() > 3 * size) { // a driver that offers more than it has
                    complete(held.removeFirst());
                }
            }
        }

        private void complete(DescriptorChain chain) {
            device.complete(chain, random.nextLong(chain.writableBytes() + 1));
        }

        private void assertInside(IoVec list, long bytes) {
            assertEquals(bytes, list.length());
            for (int i = 0; i < list.count(); i++) {
                long base = list.baseOf(i);
                long end = base + list.lengthOf(i);
                boolean inside = false;
                for (GuestRegion region : device.memory().regions()) {
                    long start = region.hostAddress();
                    inside |= base >= start && end > base && end <= start + region.size();
                }
                assertTrue(inside, "a piece lies outside guest memory");
            }
        }

        @Override
        public void close() {
            readable.close();
            writable.close();
            parts.forEach(NativeBuffer::close);
        }
    }
}
