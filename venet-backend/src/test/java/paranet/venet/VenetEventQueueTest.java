package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.memory.SharedMemory;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the guest finds in its event queues, and how often it is interrupted for it. */
class VenetEventQueueTest {
    private static final int EFAULT = -14;
    private static final int EINVAL = -22;
    private static final long ENABLED_NORTH = BusRig.EVENTQ + 16;
    private static final long PENDING_NORTH = BusRig.EVENTQ + 17;
    private static final long ENABLED_SOUTH = BusRig.EVENTQ + 19;

    private final BusRig rig = new BusRig();
    private final VbusConnection bus = rig.bus;

    @AfterEach
    void free() {
        rig.close();
    }

    private static BusEvent signal(long cookie) {
        return BusEvent.ofSignal(cookie, 0);
    }

    @Test
    void isARingWithItsRecordsInMemoryAndAligned() {
        rig.layOut(BusRig.EVENTQ, 8, IoqRole.CONSUMER);
        for (int count : new int[] {0, 2049, 1 << 31, -1}) {
            assertEquals(EINVAL, bus.addEventq(count, -1, -1));
        }
        assertEquals(EFAULT, bus.addEventq(8, BusRig.BYTES - 311, BusRig.RECORDS));
        assertEquals(EFAULT, bus.addEventq(8, BusRig.EVENTQ, BusRig.BYTES - 8 * 144 + 8));
        assertEquals(EFAULT, bus.addEventq(8, BusRig.EVENTQ, -8));
        assertEquals(EINVAL, bus.addEventq(8, BusRig.EVENTQ, BusRig.RECORDS + 4));
        assertEquals(EINVAL, bus.addEventq(8, BusRig.EVENTQ + 4, BusRig.RECORDS));
        assertEquals(EINVAL, bus.addEventq(7, BusRig.EVENTQ, BusRig.RECORDS), "count in header");
        SharedMemory.putLe32(rig.at + BusRig.EVENTQ + 8, 0);
        assertEquals(EINVAL, bus.addEventq(8, BusRig.EVENTQ, BusRig.RECORDS), "signal's magic");
        assertEquals(0, bus.eventqCount());
        rig.layOut(BusRig.EVENTQ, 8, IoqRole.CONSUMER);
        assertEquals(0, bus.addEventq(8, BusRig.EVENTQ, BusRig.RECORDS));
        assertEquals(1, bus.eventqCount());
    }

    @Test
    void writesRecordsAsTheStructsLie() {
        rig.ready();
        SharedMemory.fill(rig.at + BusRig.RECORDS, 8 * 144, 0x55);
        bus.plugIn(BusRig.device());
        bus.announce(signal(0x1122334455667788L));
        long record = rig.at + BusRig.RECORDS;
        assertEquals(0, SharedMemory.le64(record), "DEVADD and padding");
        assertEquals(0, SharedMemory.le64(record + 8));
        byte[] type = new byte[128];
        SharedMemory.copy(record + 16, type, 0, 128);
        assertEquals("virtual-ethernet", new String(type, 0, 16, StandardCharsets.US_ASCII));
        for (int i = 16; i < 128; i++) {
            assertEquals(0, type[i]);
        }
        assertEquals(2, SharedMemory.le64(record + 144));
        assertEquals(0x1122334455667788L, SharedMemory.le64(record + 144 + 8));
        for (int i = 16; i < 144; i++) {
            assertEquals(0, SharedMemory.le8(record + 144 + i));
        }
    }

    @Test
    void foldsEventsIntoOneInterruptUntilTheGuestHasDrained() {
        rig.ready();
        bus.takeInterrupts();
        for (int i = 0; i < 5; i++) {
            bus.announce(signal(i));
            assertEquals(i == 0 ? 1 : 0, bus.takeInterrupts());
        }
        assertEquals(5, rig.take(0).size());
        bus.announce(signal(9));
        assertEquals(1, bus.takeInterrupts(), "acknowledged, so it is told again");
    }

    @Test
    void leavesAGuestAloneThatMaskedTheQueue() {
        rig.ready();
        bus.takeInterrupts();
        SharedMemory.putLe8(rig.at + ENABLED_NORTH, 0);
        bus.announce(signal(1));
        assertEquals(0, bus.takeInterrupts());
        assertEquals(1, SharedMemory.le8(rig.at + BusRig.EVENTQ + 18), "dirty all the same");
        assertEquals(0, SharedMemory.le8(rig.at + PENDING_NORTH));
        assertEquals(List.of("signal 1"), rig.take(0));
    }

    @Test
    void keepsWhatDoesNotFitAndAsksToBeToldOfRoom() {
        rig.addEventq(4);
        bus.ready();
        for (int i = 0; i < 10; i++) {
            bus.announce(signal(i));
        }
        assertEquals(1, SharedMemory.le8(rig.at + ENABLED_SOUTH));
        assertEquals(List.of("signal 0", "signal 1", "signal 2", "signal 3"), rig.take(0));
        assertTrue(bus.eventqKicked(0));
        assertEquals(List.of("signal 4", "signal 5", "signal 6", "signal 7"), rig.take(0));
        assertTrue(bus.eventqKicked(0));
        assertEquals(List.of("signal 8", "signal 9"), rig.take(0));
        assertEquals(0, SharedMemory.le8(rig.at + ENABLED_SOUTH), "room enough: it does not ask");
        assertEquals(false, bus.eventqKicked(1));
        assertEquals(false, bus.eventqKicked(-1));
    }

    @Test
    void findsRoomThatWasMadeBeforeItAsked() {
        rig.addEventq(4);
        bus.ready();
        for (int i = 0; i < 4; i++) {
            bus.announce(signal(i));
        }
        rig.take(0); // tells of room, and is not heard
        rig.eventqs.get(0).signal().inject();
        for (int i = 4; i < 9; i++) {
            bus.announce(signal(i)); // the last does not fit, and asks
        }
        rig.take(0);
        assertTrue(!bus.step(0), "one step does it");
        assertEquals(List.of("signal 8"), rig.take(0));
    }

    @Test
    void aSignalThatWaitsIsNotQueuedTwice() {
        rig.addEventq(1);
        bus.ready();
        BusEvent other = signal(1);
        BusEvent event = signal(2);
        bus.announce(other);
        bus.announce(event);
        bus.announce(event);
        bus.announce(event);
        assertEquals(List.of("signal 1"), rig.take(0));
        bus.eventqKicked(0);
        assertEquals(List.of("signal 2"), rig.take(0));
        bus.eventqKicked(0);
        assertEquals(List.of(), rig.take(0));
        bus.announce(event);
        assertEquals(List.of("signal 2"), rig.take(0), "published, it may be queued again");
    }

    @Test
    void aQueuedSignalThatEndsBecomesItsEnd() {
        rig.addEventq(1);
        bus.ready();
        BusSignal ending = new BusSignal(bus, 7, 0);
        bus.announce(signal(1));
        ending.ring();
        bus.announce(signal(3));
        ending.end();
        ending.ring();
        rig.take(0);
        bus.eventqKicked(0);
        assertEquals(List.of("close 7"), rig.take(0), "in the signal's place");
        bus.eventqKicked(0);
        assertEquals(List.of("signal 3"), rig.take(0));
        bus.eventqKicked(0);
        assertEquals(List.of(), rig.take(0), "and nothing comes after the end");
    }

    @Test
    void anEndIsToldOnceAlsoWithoutASignalBefore() {
        rig.ready();
        BusSignal ending = new BusSignal(bus, 7, 0);
        ending.end();
        ending.ring();
        assertEquals(List.of("close 7"), rig.take(0));
    }

    @Test
    void choosesTheQueueByPriority() {
        for (int i = 0; i < 3; i++) {
            rig.addEventq(8);
        }
        bus.plugIn(BusRig.device());
        bus.ready();
        assertEquals(1 << 2, bus.takeInterrupts());
        assertEquals(List.of("add 0 virtual-ethernet"), rig.take(2));
        int[] priorities = {0, 1, 2, 3, 7, Integer.MAX_VALUE, Integer.MIN_VALUE, -1};
        int[] queues = {0, 1, 2, 2, 2, 2, 2, 2};
        for (int i = 0; i < priorities.length; i++) {
            bus.announce(BusEvent.ofSignal(i, priorities[i]));
            assertEquals(List.of("signal " + i), rig.take(queues[i]), "priority " + priorities[i]);
            assertEquals(1 << queues[i], bus.takeInterrupts());
        }
        bus.pullOut(0);
        assertEquals(List.of("drop 0"), rig.take(2));
    }

    @Test
    void devicesUseTheEighthQueueOfEight() {
        for (int i = 0; i < 8; i++) {
            rig.addEventq(8);
        }
        bus.ready();
        bus.plugIn(BusRig.device());
        assertEquals(1 << 7, bus.takeInterrupts());
    }

    @ParameterizedTest
    @ValueSource(longs = {BusRig.RECORDS - 1, BusRig.RECORDS + 7 * 144 + 1, 0, -1, 1L << 63})
    void aRecordOutsideTheirArrayBreaksTheQueue(long ptr) {
        NorthIoq ring = rig.addEventq(8);
        bus.ready();
        ring.putPtr(0, ptr);
        bus.announce(signal(1));
        assertNotNull(bus.fault());
        assertTrue(bus.fault().startsWith("event queue 0: event record at "), bus.fault());
        assertEquals(0, bus.takeInterrupts());
        bus.announce(signal(2));
        assertEquals(List.of(), rig.take(0));
        bus.negotiate(0);
        assertNull(bus.fault());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 143})
    void aRecordThatIsTooShortBreaksTheQueue(long length) {
        NorthIoq ring = rig.addEventq(8);
        bus.ready();
        ring.putLength(0, length);
        bus.announce(signal(1));
        assertNotNull(bus.fault());
    }

    @Test
    void aRecordMayLieAnywhereInTheirArray() {
        NorthIoq ring = rig.addEventq(8);
        bus.ready();
        ring.putPtr(0, BusRig.RECORDS + 7 * 144);
        ring.putPtr(1, BusRig.RECORDS + 1);
        ring.putLength(1, -1); // unsigned: more than enough
        bus.announce(signal(1));
        bus.announce(signal(2));
        assertNull(bus.fault());
        assertEquals(List.of("signal 1", "signal 2"), rig.take(0));
    }
}
