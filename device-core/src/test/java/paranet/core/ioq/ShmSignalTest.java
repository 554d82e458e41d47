package paranet.core.ioq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * Each operation in each state of a mailbox, written as enabled, pending and dirty; most run on the
 * mailbox of either side, and without the fences that one thread does not notice.
 */
class ShmSignalTest {
    /** Whose mailbox a test is about. */
    enum Owner {
        NORTH,
        SOUTH,
        LEGACY_NORTH
    }

    private static final int BUDGET = 10;

    private final NativeBuffer buffer = NativeBuffer.allocate(16);
    private final long desc = buffer.address();
    private final SignalSide ownerSide = new SignalSide();
    private final SignalSide peerSide = new SignalSide();
    private long mailbox;
    private ShmSignal owner;
    private ShmSignal peer;

    @AfterEach
    void free() {
        buffer.close();
    }

    private void open(Owner whose) {
        ShmSignal.layOut(desc);
        mailbox = desc + (whose == Owner.SOUTH ? 11 : 8);
        owner =
                switch (whose) {
                    case NORTH -> ShmSignal.north(desc, ownerSide.wiring(), ShmSignal.Fences.FULL);
                    case LEGACY_NORTH ->
                            ShmSignal.north(desc, ownerSide.wiring(), ShmSignal.Fences.LEGACY);
                    case SOUTH -> ShmSignal.south(desc, ownerSide.wiring());
                };
        peer =
                whose == Owner.SOUTH
                        ? ShmSignal.north(desc, peerSide.wiring(), ShmSignal.Fences.FULL)
                        : ShmSignal.south(desc, peerSide.wiring());
    }

    /** Puts the mailbox into a state such as "110". */
    private void enter(String state) {
        if (state.charAt(0) == '1') {
            owner.enable();
        } else {
            owner.disable();
        }
        SharedMemory.putLe8(mailbox + 1, state.charAt(1) - '0');
        SharedMemory.putLe8(mailbox + 2, state.charAt(2) - '0');
    }

    private String state() {
        return ""
                + SharedMemory.le8(mailbox)
                + SharedMemory.le8(mailbox + 1)
                + SharedMemory.le8(mailbox + 2);
    }

    @Test
    void isLaidOutEmptyAndDisabled() {
        SharedMemory.fill(desc, 16, 0xff);
        ShmSignal.layOut(desc);
        assertEquals(0x1_58FA_39DFL, SharedMemory.le64(desc));
        assertEquals(0, SharedMemory.le64(desc + 8));
        assertTrue(ShmSignal.isLegal(desc));
    }

    @ParameterizedTest
    @CsvSource({
        "000, 001, 0", // masked
        "001, 001, 0",
        "010, 011, 0",
        "100, 111, 1", // armed
        "101, 111, 1", // dirty and not rung: what a legacy guest leaves behind
        "110, 111, 0", // in service
        "111, 111, 0", // in flight
    })
    void injectingRingsOnceAndOnlyWhereItWasAskedTo(String before, String after, int rings) {
        for (Owner whose : Owner.values()) {
            open(whose);
            peerSide.rings = 0;
            peerSide.skips = 0;
            enter(before);
            peer.inject();
            assertEquals(after, state());
            assertEquals(rings, peerSide.rings);
            assertEquals(1 - rings, peerSide.skips);
        }
    }

    @ParameterizedTest
    @EnumSource
    void marksTheMailboxBeforeItRings(Owner whose) {
        open(whose);
        enter("100");
        String[] seen = new String[1];
        peerSide.bell = () -> seen[0] = state();
        peer.inject();
        assertEquals("111", seen[0]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"111", "101", "110"})
    void serviceBeginsByClearingDirtyAndEndsByTheAcknowledgement(String before) {
        for (Owner whose : Owner.values()) {
            open(whose);
            ownerSide.services = 0;
            enter(before);
            ownerSide.consumer = () -> assertEquals("1" + before.charAt(1) + "0", state());
            assertTrue(owner.wakeup(BUDGET));
            assertEquals(1, ownerSide.services);
            assertEquals("100", state());
            assertEquals(0, peerSide.rings + ownerSide.scheduled + ownerSide.rings);
        }
    }

    @ParameterizedTest
    @EnumSource
    void looksAgainWhenItBecomesDirtyInService(Owner whose) {
        open(whose);
        enter("111");
        ownerSide.consumer =
                () -> {
                    if (ownerSide.services < 3) {
                        peer.inject();
                        assertEquals("111", state());
                    }
                };
        assertTrue(owner.wakeup(BUDGET));
        assertEquals(3, ownerSide.services);
        assertEquals(0, peerSide.rings);
        assertEquals("100", state());
    }

    @ParameterizedTest
    @EnumSource
    void aConsumerThatMasksEndsTheServiceAndIsAcknowledged(Owner whose) {
        open(whose);
        enter("111");
        ownerSide.consumer = owner::disable;
        assertTrue(owner.wakeup(BUDGET));
        assertEquals("000", state());
        enter("111");
        ownerSide.consumer =
                () -> {
                    owner.disable();
                    peer.inject();
                };
        assertTrue(owner.wakeup(BUDGET));
        assertEquals("001", state());
        assertEquals(2, ownerSide.services);
        assertEquals(0, peerSide.rings);
    }

    @ParameterizedTest
    @ValueSource(strings = {"000", "001", "010", "011"})
    void aDoorbellAtAMaskedMailboxChangesNothing(String before) {
        for (Owner whose : Owner.values()) {
            open(whose);
            enter(before);
            assertTrue(owner.wakeup(BUDGET));
            assertEquals(before, state());
            assertEquals(0, ownerSide.services);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDoorbellThatComesLateFindsNothingToDo(Owner whose) {
        open(whose);
        enter("100");
        assertTrue(owner.wakeup(BUDGET));
        assertEquals("100", state());
        assertEquals(0, ownerSide.services);
    }

    @ParameterizedTest
    @CsvSource({"000, 100, 0", "001, 101, 1", "010, 110, 1", "011, 111, 1"})
    void enablingSchedulesAWakeupForWhatCameMeanwhile(String before, String after, int wakeups) {
        for (Owner whose : Owner.values()) {
            open(whose);
            ownerSide.scheduled = 0;
            ownerSide.services = 0;
            enter(before);
            owner.enable();
            assertEquals(after, state());
            assertEquals(wakeups, ownerSide.scheduled);
            assertEquals(0, peerSide.rings + ownerSide.services);
            assertTrue(owner.wakeup(BUDGET));
            assertEquals("100", state());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDoorbellThatCameWhileMaskedIsReplayed(Owner whose) {
        open(whose);
        enter("100");
        peer.inject();
        owner.disable();
        owner.wakeup(BUDGET);
        assertEquals("011", state());
        owner.enable();
        assertEquals(1, ownerSide.scheduled);
    }

    @ParameterizedTest
    @EnumSource
    void enablingInsideTheWakeupLeavesTheLookToIt(Owner whose) {
        open(whose);
        enter("111");
        ownerSide.consumer =
                () -> {
                    owner.disable();
                    if (ownerSide.services == 1) {
                        peer.inject();
                    }
                    owner.enable();
                };
        assertTrue(owner.wakeup(BUDGET));
        assertEquals(2, ownerSide.services);
        assertEquals(0, ownerSide.scheduled);
        assertEquals("100", state());
    }

    @ParameterizedTest
    @EnumSource
    void enablingOnAnotherThreadDuringAWakeupSchedules(Owner whose) {
        open(whose);
        enter("111");
        ownerSide.consumer =
                () -> {
                    ownerSide.serving = false;
                    owner.enable(); // pending is set
                    ownerSide.serving = true;
                };
        owner.wakeup(BUDGET);
        assertEquals(1, ownerSide.scheduled);
    }

    @Test
    void enablingAfterAWakeupThatFailedSchedules() {
        open(Owner.SOUTH);
        enter("111");
        ownerSide.consumer =
                () -> {
                    throw new InternalError("memory is gone");
                };
        try {
            owner.wakeup(BUDGET);
        } catch (InternalError e) {
            assertEquals("memory is gone", e.getMessage());
        }
        owner.enable();
        assertEquals(1, ownerSide.scheduled);
    }

    @Test
    void schedulesCollapseUntilAWakeupBegins() {
        open(Owner.SOUTH);
        owner.schedule();
        owner.schedule();
        enter("011");
        owner.enable();
        assertEquals(1, ownerSide.scheduled);
        ownerSide.consumer = owner::schedule; // this one has looked already
        owner.wakeup(BUDGET);
        assertEquals(2, ownerSide.scheduled);
        ownerSide.consumer = () -> {};
        owner.wakeup(BUDGET);
        owner.schedule();
        assertEquals(3, ownerSide.scheduled);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void aBudgetThatEndsLeavesPendingAndSchedules(int budget) {
        open(Owner.SOUTH);
        enter("111");
        ownerSide.consumer = peer::inject;
        assertFalse(owner.wakeup(budget));
        assertEquals(budget, ownerSide.services);
        assertEquals("111", state());
        assertEquals(1, ownerSide.scheduled);
        assertEquals(0, peerSide.rings);
        ownerSide.consumer = () -> {};
        assertTrue(owner.wakeup(budget));
        assertEquals("100", state());
    }

    @Test
    void aBudgetThatSufficesExactlyIsNoEnd() {
        open(Owner.SOUTH);
        enter("111");
        assertTrue(owner.wakeup(1));
        assertEquals("100", state());
        assertEquals(0, ownerSide.scheduled);
    }

    @Test
    void aMissedMailboxIsDirtyEnabledAndNotPending() {
        open(Owner.LEGACY_NORTH);
        for (String state : new String[] {"000", "001", "010", "011", "100", "110", "111"}) {
            enter(state);
            assertFalse(peer.isMissed(), state);
        }
        enter("101");
        assertTrue(peer.isMissed());
        assertEquals("101", state());
        peer.inject();
        assertEquals(1, peerSide.rings);
        assertFalse(peer.isMissed());
    }

    @ParameterizedTest
    @EnumSource
    void touchesNoByteButThoseItMay(Owner whose) {
        open(whose);
        long other = desc + (whose == Owner.SOUTH ? 8 : 11);
        SharedMemory.putLe16(other, 0x5a5a);
        SharedMemory.putLe8(other + 2, 0x5a);
        SharedMemory.putLe16(desc + 14, 0x5a5a);
        owner.enable();
        peer.inject();
        owner.wakeup(BUDGET);
        owner.disable();
        peer.inject();
        owner.enable();
        assertEquals(0x5a5a, SharedMemory.le16(other));
        assertEquals(0x5a, SharedMemory.le8(other + 2));
        assertEquals(0x5a5a, SharedMemory.le16(desc + 14));
        assertTrue(ShmSignal.isLegal(desc));
    }

    @Test
    void goesOnAfterItsMemoryMoved() {
        open(Owner.SOUTH);
        enter("100");
        try (NativeBuffer elsewhere = NativeBuffer.allocate(16)) {
            ShmSignal.layOut(elsewhere.address());
            SharedMemory.putLe8(elsewhere.address() + 13, 1);
            owner.relocate(elsewhere.address());
            assertTrue(owner.wakeup(BUDGET));
            assertEquals(1, ownerSide.services);
            assertEquals(0, SharedMemory.le8(elsewhere.address() + 13));
            owner.inject();
            assertEquals(1, SharedMemory.le8(elsewhere.address() + 10));
            assertEquals("100", state());
        }
    }
}
