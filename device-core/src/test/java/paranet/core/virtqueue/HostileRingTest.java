package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.memory.IoVec;
import paranet.core.memory.SharedMemory;

/** Each thing that a driver must not write: which fault it is, and what still works afterwards. */
class HostileRingTest {
    private static final long SPLIT = RingFeature.VERSION_1;
    private static final long PACKED = SPLIT | RingFeature.RING_PACKED;
    private static final long INDIRECT = RingFeature.INDIRECT_DESC;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int TABLE = 4;
    private static final int SIZE = 8;

    @Test
    void stopsAtAHeadBeyondTheTable() {
        try (RingRig rig = new RingRig(SPLIT, SIZE)) {
            offer(rig, SIZE);
            assertBroken(rig, RingFault.HEAD_OUT_OF_RANGE, SIZE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, 0xffff})
    void stopsAtANextBeyondTheTable(int next) {
        try (RingRig rig = new RingRig(SPLIT, SIZE)) {
            desc(rig, 3, rig.room(0), 1, NEXT, next);
            offer(rig, 3);
            assertBroken(rig, RingFault.NEXT_OUT_OF_RANGE, next);
        }
    }

    @Test
    void stopsAtALoopInTheDescriptorTable() {
        try (RingRig rig = new RingRig(SPLIT, SIZE)) {
            desc(rig, 0, rig.room(0), 1, NEXT, 1);
            desc(rig, 1, rig.room(0), 1, NEXT, 0);
            offer(rig, 0);
            assertBroken(rig, RingFault.CHAIN_TOO_LONG, 0);
        }
    }

    @Test
    void takesAChainAsLongAsTheQueueAndNoLonger() {
        try (RingRig rig = new RingRig(SPLIT, SIZE)) {
            for (int i = 0; i < SIZE; i++) {
                desc(rig, i, rig.room(2L * i), 1, i < SIZE - 1 ? NEXT : 0, i + 1);
            }
            offer(rig, 0);
            assertTrue(rig.next());
            assertEquals(SIZE, rig.chain.descriptors());
            assertEquals(SIZE, rig.chain.readableBytes());
        }
        try (RingRig rig = new RingRig(PACKED, SIZE)) {
            for (int i = 0; i < SIZE; i++) {
                packed(rig, i, rig.room(2L * i), 1, 0, i < SIZE - 1 ? NEXT : 0);
            }
            assertTrue(rig.next());
            assertEquals(SIZE, rig.chain.descriptors());
            assertEquals(new RingPosition(0, true, 0, true), rig.device.position());
        }
        try (RingRig rig = new RingRig(PACKED, SIZE)) {
            for (int i = 0; i < SIZE; i++) {
                packed(rig, i, rig.room(2L * i), 1, 0, NEXT);
            }
            assertBroken(rig, RingFault.CHAIN_TOO_LONG, 0);
        }
    }

    @Test
    void stopsAtALoopInAnIndirectTable() {
        try (RingRig rig = new RingRig(SPLIT | INDIRECT, SIZE)) {
            table(rig, 0, rig.room(0), 1, NEXT, 1);
            table(rig, 1, rig.room(0), 1, NEXT, 0);
            desc(rig, 0, rig.tables.guestAddress(), 32, TABLE, 0);
            offer(rig, 0);
            assertBroken(rig, RingFault.CHAIN_TOO_LONG, 0);
        }
    }

    @Test
    void stopsAtANextBeyondTheIndirectTable() {
        try (RingRig rig = new RingRig(SPLIT | INDIRECT, SIZE)) {
            table(rig, 0, rig.room(0), 1, NEXT, 2);
            desc(rig, 0, rig.tables.guestAddress(), 32, TABLE, 0);
            offer(rig, 0);
            assertBroken(rig, RingFault.NEXT_OUT_OF_RANGE, 2);
        }
    }

    @ParameterizedTest
    @CsvSource({"false,0", "false,15", "false,24", "false,16400", "true,0", "true,8", "true,16400"})
    void stopsAtAnIndirectTableOfNoLegalLength(boolean packed, long bytes) {
        try (RingRig rig = new RingRig((packed ? PACKED : SPLIT) | INDIRECT, SIZE)) {
            offerTable(rig, rig.tables.guestAddress(), bytes, TABLE);
            assertBroken(rig, RingFault.INDIRECT_LENGTH, bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void takesATableLongerThanAShortRing(boolean packed) {
        try (RingRig rig = new RingRig((packed ? PACKED : SPLIT) | INDIRECT, 1)) {
            long[] addresses = new long[19]; // as many pieces as Linux makes of one frame
            long[] lengths = new long[19];
            for (int i = 0; i < 19; i++) {
                addresses[i] = rig.room(10L * i);
                lengths[i] = 5;
            }
            rig.driver.add(addresses, lengths, 19, 0, 1, true);
            rig.driver.publish();
            assertTrue(rig.next());
            assertEquals(95, rig.chain.readableBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stopsAtATableInsideATable(boolean packed) {
        try (RingRig rig = new RingRig((packed ? PACKED : SPLIT) | INDIRECT, SIZE)) {
            int flags = packed ? TABLE << 16 : TABLE; // the halves of the tail's upper word differ
            table(rig, 0, rig.room(0), 1, packed ? 0 : NEXT, 1);
            long at = rig.tables.hostAddress() + 16;
            SharedMemory.putLe64(at, rig.tables.guestAddress());
            SharedMemory.putLe64(at + 8, 16L | (long) flags << 32);
            offerTable(rig, rig.tables.guestAddress(), 32, TABLE);
            assertBroken(rig, RingFault.INDIRECT_NESTED, 1);
        }
    }

    @Test
    void stopsAtATableThatIsTheRingItself() {
        try (RingRig rig = new RingRig(SPLIT | INDIRECT, SIZE)) {
            desc(rig, 0, RingRig.GUEST, 16, TABLE, 0); // its own first entry: without end
            offer(rig, 0);
            assertBroken(rig, RingFault.INDIRECT_NESTED, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stopsAtATableWithANext(boolean packed) {
        try (RingRig rig = new RingRig((packed ? PACKED : SPLIT) | INDIRECT, SIZE)) {
            long address = rig.tables.guestAddress();
            offerTable(rig, address, 32, TABLE | NEXT);
            assertBroken(rig, RingFault.INDIRECT_WITH_NEXT, address);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stopsAtATableThatWasNotNegotiated(boolean packed) {
        try (RingRig rig = new RingRig(packed ? PACKED : SPLIT, SIZE)) {
            long address = rig.tables.guestAddress();
            offerTable(rig, address, 32, TABLE);
            assertBroken(rig, RingFault.INDIRECT_NOT_NEGOTIATED, address);
        }
    }

    @ParameterizedTest
    @CsvSource({"false,0", "false,-16", "false,-1", "true,0", "true,-16", "true,-1"})
    void stopsAtATableOutsideMemory(boolean packed, long fromEnd) {
        try (RingRig rig = new RingRig((packed ? PACKED : SPLIT) | INDIRECT, SIZE)) {
            long address = RingRig.GUEST + rig.buffer.bytes() + fromEnd;
            offerTable(rig, address, 32, TABLE);
            assertBroken(rig, RingFault.INDIRECT_UNMAPPED, address);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ignoresTheWriteFlagOfATable(boolean packed) {
        try (RingRig rig = new RingRig((packed ? PACKED : SPLIT) | INDIRECT, SIZE)) {
            table(rig, 0, rig.room(0), 5, 0, 0);
            offerTable(rig, rig.tables.guestAddress(), 16, TABLE | WRITE);
            assertTrue(rig.next());
            assertEquals(5, rig.chain.readableBytes());
        }
    }

    @Test
    void endsAChainOfTheRingInATable() {
        try (RingRig rig = new RingRig(SPLIT | INDIRECT, SIZE)) {
            table(rig, 0, rig.room(100), 6, WRITE, 0);
            desc(rig, 0, rig.room(0), 5, NEXT, 1);
            desc(rig, 1, rig.tables.guestAddress(), 16, TABLE, 0);
            offer(rig, 0);
            assertTrue(rig.next());
            assertEquals(2, rig.chain.descriptors());
            assertEquals(5, rig.chain.readableBytes());
            assertEquals(6, rig.chain.writableBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, 0xffff})
    void stopsAtAPackedIdBeyondTheQueue(int id) {
        try (RingRig rig = new RingRig(PACKED, SIZE)) {
            packed(rig, 0, rig.room(0), 1, id, 0);
            assertBroken(rig, RingFault.BUFFER_ID_OUT_OF_RANGE, id);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE + 1, 0x8000, 0xffff})
    void stopsAtAnAvailIndexFurtherAheadThanTheQueueIsLong(int index) {
        try (RingRig rig = new RingRig(SPLIT, SIZE)) {
            SharedMemory.releaseLe16(rig.layout.driver() + VirtqAvail.IDX, index);
            assertBroken(rig, RingFault.AVAIL_JUMP, index);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesOverAChainOutsideMemory(boolean packed) {
        for (long fromEnd : new long[] {-9, 0, 1 << 30, -RingRig.GUEST}) {
            try (RingRig rig = new RingRig(packed ? PACKED : SPLIT, SIZE)) {
                long address = RingRig.GUEST + rig.buffer.bytes() + fromEnd;
                long[] addresses = {rig.room(0), address, rig.room(0)};
                rig.driver.add(addresses, new long[] {7, 10, 10}, 1, 2, 1, false);
                assertUnusable(rig, ChainFault.UNMAPPED);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesOverAChainWithAReadableBufferAfterAWritableOne(boolean packed) {
        try (RingRig rig = new RingRig(packed ? PACKED : SPLIT, SIZE)) {
            long[] addresses = {rig.room(0), rig.room(0), rig.room(0)};
            rig.driver.add(addresses, new long[] {5, 0, 5}, 3, 0, 1, false);
            // the one in the middle, empty as it is, becomes writable
            long flags = rig.layout.desc() + VirtqDesc.BYTES + VirtqDesc.FLAGS + (packed ? 2 : 0);
            SharedMemory.putLe16(flags, SharedMemory.le16(flags) | WRITE);
            assertUnusable(rig, ChainFault.READABLE_AFTER_WRITABLE);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesOverAChainOfMorePiecesThanTheListsHold(boolean packed) {
        try (RingRig rig = new RingRig(packed ? PACKED : SPLIT, SIZE);
                IoVec two = new IoVec(2)) {
            DescriptorChain chain = new DescriptorChain(rig.readable, two);
            two.add(rig.hostRoom(0), 1); // not this chain's
            long[] addresses = {rig.room(100), rig.room(0), rig.room(10)};
            rig.driver.add(addresses, new long[] {4, 4, 4}, 1, 2, 1, false);
            rig.driver.publish();
            assertTrue(rig.device.next(chain));
            assertEquals(ChainFault.TOO_MANY_PIECES, chain.fault());
            assertEquals(0, rig.readable.count());
            assertEquals(1, two.length(), "what was there before stays");
            assertEquals(0, chain.readableBytes());
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void passesOverAChainOfMoreBytesThanALengthCanSay(boolean packed, boolean writable) {
        // The same 8 MiB named often enough make 4 GiB.
        long bytes = 8 << 20;
        int enough = 513;
        try (RingRig rig =
                        new RingRig(
                                (packed ? PACKED : SPLIT) | INDIRECT,
                                SIZE,
                                DriverVirtqueue.FRESH,
                                bytes);
                IoVec many = new IoVec(1024)) {
            DescriptorChain chain = new DescriptorChain(many, many);
            int write = writable ? WRITE : 0;
            for (int i = 0; i < enough; i++) { // over the other tables and into the room
                boolean last = i == enough - 1;
                int flags = packed ? 0 : write | (last ? 0 : NEXT);
                int high = packed ? write : last ? 0 : i + 1; // packed flags, or next
                table(rig, i, RingRig.GUEST, bytes, flags, high);
            }
            offerTable(rig, rig.tables.guestAddress(), 16L * enough, TABLE);
            assertTrue(rig.device.next(chain));
            assertEquals(ChainFault.TOO_LONG, chain.fault());
            assertEquals(0, many.count());
        }
    }

    /** Whether ring and port go on after the unusable chain that was added, but not published. */
    private static void assertUnusable(RingRig rig, ChainFault fault) {
        rig.driver.publish();
        rig.addOne(rig.room(0), 3, false, 2);
        rig.driver.publish();
        assertTrue(rig.next());
        assertEquals(fault, rig.chain.fault());
        assertEquals(0, rig.readable.count() + rig.writable.count(), "no piece of it is offered");
        assertEquals(0, rig.chain.readableBytes() + rig.chain.writableBytes());
        rig.device.complete(rig.chain, 0);
        assertTrue(rig.next());
        assertEquals(ChainFault.NONE, rig.chain.fault());
        assertEquals(3, rig.chain.readableBytes());
        rig.device.complete(rig.chain, 0);
        rig.device.flush();
        for (int token = 1; token <= 2; token++) {
            assertTrue(rig.driver.poll());
            assertEquals(token, rig.driver.token());
            assertEquals(0, rig.driver.writtenBytes());
        }
    }

    private static void assertBroken(RingRig rig, RingFault fault, long value) {
        RingPosition before = rig.device.position();
        assertFalse(rig.next());
        assertEquals(fault, rig.device.fault());
        assertEquals(value, rig.device.faultValue());
        assertEquals(0, rig.readable.count() + rig.writable.count(), "no piece of it is offered");
        assertEquals(before, rig.device.position());

        rig.driver.reset(DriverVirtqueue.FRESH); // what the driver mends later does not help
        rig.addOne(rig.room(0), 1, false, 1);
        rig.driver.publish();
        assertFalse(rig.next());
        assertFalse(rig.device.hasAvailable());
        assertTrue(rig.device.enableKicks());
        assertEquals(fault, rig.device.fault());

        rig.device = DeviceVirtqueue.open(rig.layout, rig.features, DriverVirtqueue.FRESH);
        assertTrue(rig.next(), "a new start makes the queue usable");
    }

    /** Writes an entry of the split descriptor table. */
    private static void desc(
            RingRig rig, int index, long address, long length, int flags, int next) {
        long at = rig.layout.desc() + 16L * index;
        SharedMemory.putLe64(at, address);
        SharedMemory.putLe64(at + 8, length | (long) flags << 32 | (long) next << 48);
    }

    /** Makes a head available in the split ring. */
    private static void offer(RingRig rig, int head) {
        int index = SharedMemory.le16(rig.layout.driver() + 2);
        SharedMemory.putLe16(rig.layout.driver() + 4 + 2L * (index % rig.size), head);
        SharedMemory.releaseLe16(rig.layout.driver() + 2, index + 1);
    }

    /** Writes and makes available an entry of the packed ring, in its first lap. */
    private static void packed(
            RingRig rig, int offset, long address, long length, int id, int flags) {
        long at = rig.layout.desc() + 16L * offset;
        SharedMemory.putLe64(at, address);
        SharedMemory.releaseLe64(at + 8, length | (long) id << 32 | (long) (flags | 0x80) << 48);
    }

    /** Writes an entry of the first indirect table in either format: no packed flags but WRITE. */
    private static void table(
            RingRig rig, int index, long address, long length, int flags, int next) {
        long at = rig.tables.hostAddress() + 16L * index;
        SharedMemory.putLe64(at, address);
        SharedMemory.putLe64(at + 8, length | (long) flags << 32 | (long) next << 48);
    }

    private static void offerTable(RingRig rig, long address, long bytes, int flags) {
        if (rig.packed()) {
            packed(rig, 0, address, bytes, 0, flags);
        } else {
            desc(rig, 0, address, bytes, flags, 1);
            offer(rig, 0);
        }
    }
}
