package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.memory.SharedMemory;

/** What both formats share, told by examples; what a driver does wrong is in HostileRingTest. */
class DeviceVirtqueueTest {
    private static final long SPLIT = RingFeature.VERSION_1;
    private static final long SPLIT_EVENT = SPLIT | RingFeature.EVENT_IDX;
    private static final long PACKED = SPLIT | RingFeature.RING_PACKED;
    private static final long PACKED_EVENT = PACKED | RingFeature.EVENT_IDX;
    private static final long INDIRECT = RingFeature.INDIRECT_DESC;
    private static final long IN_ORDER = RingFeature.IN_ORDER;

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void handsOutTheBuffersOfAChain(long features) {
        try (RingRig rig = new RingRig(features, 8)) {
            long[] addresses = {rig.room(0), rig.room(100), rig.room(300)};
            assertTrue(rig.driver.add(addresses, new long[] {12, 60, 1500}, 2, 1, 7, false));
            assertFalse(rig.next(), "nothing is available before it is published");
            rig.driver.publish();

            assertTrue(rig.device.hasAvailable());
            assertTrue(rig.next());

            assertEquals(ChainFault.NONE, rig.chain.fault());
            assertEquals(3, rig.chain.descriptors());
            assertEquals(72, rig.chain.readableBytes());
            assertEquals(1500, rig.chain.writableBytes());
            assertEquals(2, rig.readable.count());
            assertEquals(rig.hostRoom(100), rig.readable.baseOf(1));
            assertEquals(60, rig.readable.lengthOf(1));
            assertEquals(rig.hostRoom(300), rig.writable.baseOf(0));
            assertFalse(rig.device.hasAvailable());
            assertFalse(rig.next());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT | INDIRECT, PACKED | INDIRECT})
    void followsAnIndirectTable(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            long[] addresses = new long[10];
            long[] lengths = new long[10];
            for (int i = 0; i < 10; i++) {
                addresses[i] = rig.room(100L * i);
                lengths[i] = 10L + i;
            }
            rig.driver.add(addresses, lengths, 4, 6, 7, true);
            rig.driver.publish();

            assertTrue(rig.next());

            assertEquals(ChainFault.NONE, rig.chain.fault());
            assertEquals(1, rig.chain.descriptors());
            assertEquals(10 + 11 + 12 + 13, rig.chain.readableBytes());
            assertEquals(14 + 15 + 16 + 17 + 18 + 19, rig.chain.writableBytes());
            assertEquals(rig.hostRoom(900), rig.writable.baseOf(5));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void takesADescriptorWithoutBytes(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.driver.add(new long[] {0, rig.room(0)}, new long[] {0, 5}, 2, 0, 7, false);
            rig.driver.publish();

            assertTrue(rig.next());

            assertEquals(ChainFault.NONE, rig.chain.fault());
            assertEquals(2, rig.chain.descriptors());
            assertEquals(5, rig.chain.readableBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void appendsToTheListsAndNeverClears(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.addOne(rig.room(20), 30, true, 2);
            rig.driver.publish();
            DescriptorChain second = new DescriptorChain(rig.readable, rig.writable);

            assertTrue(rig.device.next(rig.chain));
            assertTrue(rig.device.next(second));

            assertEquals(40, rig.writable.length());
            assertEquals(10, rig.chain.writableBytes());
            assertEquals(30, second.writableBytes());
        }
    }

    /** The first entry has F_WRITE, as DPDK's driver leaves it on the header of what it sends. */
    @Test
    void readsEveryEntryOfASendersTableInAPackedRing() {
        long features = PACKED | RingFeature.INDIRECT_DESC;
        try (RingRig rig = new RingRig(features, 4)) {
            long[] buffers = {rig.room(0), rig.room(50)};
            assertTrue(rig.driver.add(buffers, new long[] {12, 60}, 2, 0, 0, true));
            long first = rig.tables.host(0) + PackedDesc.LEN;
            SharedMemory.putLe64(first, PackedDesc.tail(12, 0, PackedDesc.F_WRITE));
            rig.driver.publish();
            assertTrue(rig.next());
            assertEquals(ChainFault.READABLE_AFTER_WRITABLE, rig.chain.fault());
            rig.device.putBack(rig.chain);

            DescriptorChain sent = DescriptorChain.ofSender(rig.readable, rig.writable);
            assertTrue(rig.device.next(sent));
            assertEquals(ChainFault.NONE, sent.fault());
            assertEquals(72, sent.readableBytes());
            assertEquals(0, sent.writableBytes());
            rig.device.putBack(sent);

            // In the ring itself the flag means what it says.
            rig.addOne(rig.room(0), 10, true, 1);
            rig.driver.publish();
            assertTrue(rig.device.next(sent));
            assertTrue(rig.device.next(sent));
            assertEquals(10, sent.writableBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void completesNothingUntilFlushed(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.addOne(rig.room(20), 30, true, 2);
            rig.driver.publish();
            for (int i = 1; i <= 2; i++) {
                assertTrue(rig.next());
                rig.device.complete(rig.chain, i);
            }
            assertFalse(rig.driver.poll());
            assertEquals(0, rig.device.published());

            rig.device.flush();

            assertEquals(2, rig.device.published());
            for (int i = 1; i <= 2; i++) {
                assertTrue(rig.driver.poll());
                assertEquals(i, rig.driver.token());
                assertEquals(i, rig.driver.writtenBytes());
            }
            assertFalse(rig.driver.poll());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED, SPLIT | IN_ORDER, PACKED | IN_ORDER})
    void givesAChainAgainThatWasPutBack(long features) {
        try (RingRig rig = new RingRig(features, 3 + 1)) {
            for (int lap = 0; lap < 9; lap++) {
                long[] addresses = {rig.room(0), rig.room(10), rig.room(20)};
                rig.driver.add(addresses, new long[] {1, 2, 3}, 3, 0, lap, false);
                rig.driver.publish();

                assertTrue(rig.next());
                rig.device.putBack(rig.chain);
                assertTrue(rig.device.hasAvailable());
                assertTrue(rig.next());
                assertEquals(6, rig.chain.readableBytes());
                rig.device.complete(rig.chain, 0);
                rig.device.flush();

                assertTrue(rig.driver.poll());
                assertEquals(lap, rig.driver.token());
                assertFalse(rig.next());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void putsBackOnlyTheChainTakenLast(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.addOne(rig.room(20), 30, true, 2);
            rig.driver.publish();
            DescriptorChain second = new DescriptorChain(rig.readable, rig.writable);
            rig.device.next(rig.chain);
            rig.device.next(second);

            assertThrows(IllegalStateException.class, () -> rig.device.putBack(rig.chain));
            rig.device.putBack(second);
            rig.device.putBack(rig.chain);

            assertTrue(rig.next());
            assertEquals(10, rig.chain.writableBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void takesCompletionsInAnyOrder(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.addOne(rig.room(20), 30, true, 2);
            rig.driver.publish();
            DescriptorChain second = new DescriptorChain(rig.readable, rig.writable);
            rig.device.next(rig.chain);
            rig.device.next(second);
            rig.device.complete(second, 22);
            rig.device.complete(rig.chain, 10);
            rig.device.flush();

            assertTrue(rig.driver.poll());
            assertEquals(2, rig.driver.token());
            assertEquals(22, rig.driver.writtenBytes());
            assertTrue(rig.driver.poll());
            assertEquals(1, rig.driver.token());
            assertEquals(4, rig.driver.freeDescriptors());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT | IN_ORDER, PACKED | IN_ORDER})
    void refusesCompletionsOutOfOrderWhereOrderWasPromised(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.addOne(rig.room(20), 30, true, 2);
            rig.driver.publish();
            DescriptorChain second = new DescriptorChain(rig.readable, rig.writable);
            rig.device.next(rig.chain);
            rig.device.next(second);

            assertThrows(IllegalStateException.class, () -> rig.device.complete(second, 0));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void refusesToClaimMoreBytesThanTheChainHasRoomFor(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.driver.publish();
            rig.device.next(rig.chain);

            assertThrows(IllegalStateException.class, () -> rig.device.complete(rig.chain, 11));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, SPLIT_EVENT, PACKED, PACKED_EVENT})
    void notifiesAnArmedDriverUntilToldThatItWasNotified(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.device.notified(); // a fresh ring would answer by an unconditional true
            assertTrue(rig.driver.enableInterrupts());
            assertFalse(rig.device.needsNotification(), "nothing published yet");
            passOne(rig);

            assertTrue(rig.device.needsNotification());
            assertTrue(rig.device.needsNotification(), "a held call is not lost");
            rig.device.notified();
            assertFalse(rig.device.needsNotification());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, SPLIT_EVENT, PACKED, PACKED_EVENT})
    void leavesADriverAloneThatDoesNotAsk(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.device.notified();
            rig.driver.disableInterrupts();
            for (int i = 0; i < 9; i++) {
                passOne(rig);
                assertFalse(rig.device.needsNotification());
                assertTrue(rig.driver.poll());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT_EVENT, PACKED_EVENT})
    void notifiesOncePerArming(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.device.notified();
            rig.driver.enableInterrupts();
            for (int i = 0; i < 8; i++) { // after two laps a packed event comes round again
                passOne(rig);
                assertEquals(i == 0, rig.device.needsNotification());
                rig.device.notified();
                assertTrue(rig.driver.poll());
            }
            assertTrue(rig.driver.enableInterrupts());
            passOne(rig);
            assertTrue(rig.device.needsNotification());
        }
    }

    @Test
    void looksAtOneArmStateOnly() {
        try (RingRig rig = new RingRig(SPLIT, 4)) {
            rig.device.notified();
            long event = rig.layout.driver() + VirtqAvail.usedEvent(4);
            passOne(rig);
            SharedMemory.putLe16(event, 0x8000); // would say no
            assertTrue(rig.device.needsNotification());
            rig.driver.disableInterrupts();
            SharedMemory.putLe16(event, 0); // would say yes
            assertFalse(rig.device.needsNotification());
        }
        try (RingRig rig = new RingRig(SPLIT_EVENT, 4)) {
            rig.device.notified();
            rig.driver.enableInterrupts();
            SharedMemory.putLe16(rig.layout.driver() + VirtqAvail.FLAGS, 1); // would say no
            passOne(rig);
            assertTrue(rig.device.needsNotification());
        }
        try (RingRig rig = new RingRig(PACKED, 4)) {
            rig.device.notified();
            int far = PackedEvent.event(3, false, PackedEvent.DESC_ONLY); // was not negotiated
            SharedMemory.putLe32(rig.layout.driver(), far);
            passOne(rig);
            assertTrue(rig.device.needsNotification());
        }
    }

    @Test
    void writesNoFlagsThatItsFeaturesForbid() {
        try (RingRig rig = new RingRig(SPLIT_EVENT, 4)) {
            long flags = rig.layout.device() + VirtqUsed.FLAGS;
            rig.device.disableKicks();
            assertEquals(0, SharedMemory.le16(flags));
            rig.device.enableKicks();
            assertEquals(0, SharedMemory.le16(flags));
        }
        try (RingRig rig = new RingRig(SPLIT, 4)) {
            long flags = rig.layout.device() + VirtqUsed.FLAGS;
            rig.device.disableKicks();
            assertEquals(1, SharedMemory.le16(flags));
            rig.device.enableKicks();
            assertEquals(0, SharedMemory.le16(flags));
        }
        try (RingRig rig = new RingRig(PACKED, 4)) {
            rig.device.enableKicks();
            assertEquals(0, SharedMemory.le32(rig.layout.device()));
            rig.device.disableKicks();
            assertEquals(0x1_0000, SharedMemory.le32(rig.layout.device()));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT_EVENT, PACKED_EVENT})
    void remembersAHeldCallOverManyLaps(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.device.notified();
            rig.driver.enableInterrupts();
            for (int i = 0; i < 70_000; i++) { // the event is as old as 16 bits can tell, and older
                passOne(rig);
                assertTrue(rig.device.needsNotification());
                assertTrue(rig.driver.poll());
            }
            rig.device.notified();
            assertFalse(rig.device.needsNotification());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, SPLIT_EVENT, PACKED, PACKED_EVENT})
    void notifiesWhoeverComesFirstAfterItForgot(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.driver.disableInterrupts();
            assertFalse(rig.device.needsNotification(), "nothing was published");
            passOne(rig);
            assertTrue(rig.device.needsNotification(), "a fresh ring knows of no notification");
            rig.device.notified();
            assertFalse(rig.device.needsNotification());

            rig.device.forgetNotified();

            assertTrue(rig.device.needsNotification());
            rig.device.notified();
            assertFalse(rig.device.needsNotification());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, SPLIT_EVENT, PACKED, PACKED_EVENT})
    void asksForAKickOnlyWhenNothingIsLeft(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            assertTrue(rig.device.enableKicks());
            rig.addOne(rig.room(0), 10, false, 1);
            rig.driver.publish();
            assertTrue(rig.driver.needsKick());
            assertFalse(rig.driver.needsKick(), "nothing new");

            assertFalse(rig.device.enableKicks(), "there is work");
            rig.device.disableKicks();
            rig.addOne(rig.room(0), 10, false, 2);
            rig.driver.publish();
            rig.driver.needsKick(); // with EVENT_IDX the event of the look above is still ahead
            assertTrue(rig.next());
            assertTrue(rig.next());
            rig.addOne(rig.room(0), 10, false, 3);
            rig.driver.publish();
            assertFalse(rig.driver.needsKick());
            assertTrue(rig.next());
            assertTrue(rig.device.enableKicks());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void standsWhereChainsWereNotTakenYet(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            for (int i = 0; i < 3; i++) {
                rig.addOne(rig.room(0), 10, true, i);
            }
            rig.driver.publish();
            DescriptorChain kept = new DescriptorChain(rig.readable, rig.writable);
            rig.next();
            rig.device.complete(rig.chain, 0);
            rig.device.flush();
            rig.next();
            rig.device.complete(rig.chain, 0); // staged: the driver does not know of it
            rig.device.next(kept);

            RingPosition position = rig.device.position();

            assertEquals(1, position.availIndex());
            assertEquals(1, position.usedIndex());
            rig.device = DeviceVirtqueue.open(rig.layout, features, position);
            assertTrue(rig.next());
            assertTrue(rig.next());
            assertFalse(rig.next());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void touchesNothingAfterItsMemoryVanished(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            rig.addOne(rig.room(0), 10, true, 1);
            rig.addOne(rig.room(0), 10, true, 2);
            rig.driver.publish();
            rig.next();
            RingLayout nowhere = new RingLayout(4, 16, 16, 16, rig.memory);
            rig.device.relocate(nowhere); // any access from here on ends the process

            rig.device.stop(RingFault.MEMORY_TRUNCATED);

            assertEquals(RingFault.MEMORY_TRUNCATED, rig.device.fault());
            assertFalse(rig.next());
            assertFalse(rig.device.hasAvailable());
            rig.device.complete(rig.chain, 0);
            rig.device.flush();
            assertFalse(rig.device.needsNotification());
            assertTrue(rig.device.enableKicks(), "nothing will come, so waiting is safe");
            rig.device.disableKicks();
            assertEquals(0, rig.device.position().availIndex());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, PACKED})
    void refusesARingThatIsNotLegal(long features) {
        try (RingRig rig = new RingRig(features, 4)) {
            RingLayout good = rig.layout;
            RingLayout[] bad = {
                new RingLayout(0, good.desc(), good.driver(), good.device(), rig.memory),
                new RingLayout(32769, good.desc(), good.driver(), good.device(), rig.memory),
                new RingLayout(4, good.desc() + 8, good.driver(), good.device(), rig.memory),
                new RingLayout(4, good.desc(), good.driver() + 1, good.device(), rig.memory),
                new RingLayout(4, good.desc(), good.driver(), good.device() + 2, rig.memory),
            };
            for (RingLayout layout : bad) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> DeviceVirtqueue.open(layout, features, DriverVirtqueue.FRESH));
            }
            RingPosition beyond = new RingPosition(65536, true, 0, true);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> DeviceVirtqueue.open(good, features, beyond));
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            rig.device.relocate(
                                    RingLayout.contiguous(
                                            good.desc(), 8, rig.packed(), rig.memory)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 32768})
    void goesRoundAPackedRingOfAnySize(int size) {
        try (RingRig rig = new RingRig(PACKED_EVENT, size)) {
            for (int i = 0; i < 2 * Math.min(size, 40_000) + 3; i++) {
                rig.addOne(rig.room(0), 10, true, i);
                rig.driver.publish();
                assertTrue(rig.next());
                rig.device.complete(rig.chain, i % 11);
                rig.device.flush();
                assertTrue(rig.driver.poll());
                assertEquals(i, rig.driver.token());
                assertEquals(i % 11, rig.driver.writtenBytes());
            }
        }
    }

    /** One chain through the ring, up to where the driver could poll it. */
    private static void passOne(RingRig rig) {
        if (rig.driver.freeDescriptors() == 0) {
            rig.driver.poll();
        }
        rig.addOne(rig.room(0), 10, true, 0);
        rig.driver.publish();
        assertTrue(rig.next());
        rig.device.complete(rig.chain, 0);
        rig.device.flush();
    }
}
