package paranet.core.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.explore.ShmSignalModel.Guest;
import paranet.core.explore.TwoCores.Order;
import paranet.core.explore.VirtqueueModel.Format;

/**
 * Every order of memory accesses of a device and its guest, for each protocol: a million states of
 * each, or ten million with {@code -Dparanet.long=true}; and each mistake that a device could make
 * is found, by the rule that is named.
 *
 * <p>The rules: where nothing has to happen any more, everything published is consumed (lost
 * wake-up); nothing that the guest asks for is held beyond its time (deadline); nobody is called
 * who does not ask, nor twice where once would do (interrupt count).
 *
 * <p>Mistakes that policies could make are explored with the policies themselves in {@code
 * DecisionExplorerTest}.
 */
class LostWakeUpExplorerTest {
    private static final boolean LONG = Boolean.getBoolean("paranet.long");
    private static final int STATES_MIN = LONG ? 10_000_000 : 1_000_000;
    private static final Bounds SMALL = new Bounds(4, 2, 1);

    private static final Guest TAKES = new Guest(false, false, false);
    private static final Guest POLLS = new Guest(true, false, false);

    @Test
    void splitFlagsLoseNoWakeUp() {
        assertSound(queue(Format.SPLIT_FLAGS, LONG ? new Bounds(9, 4, 3) : new Bounds(5, 3, 2)));
    }

    @Test
    void splitEventIdxLosesNoWakeUp() {
        assertSound(
                queue(Format.SPLIT_EVENT_IDX, LONG ? new Bounds(8, 3, 3) : new Bounds(5, 2, 2)));
    }

    @Test
    void packedFlagsLoseNoWakeUp() {
        assertSound(queue(Format.PACKED_FLAGS, LONG ? new Bounds(12, 4, 3) : new Bounds(6, 4, 2)));
    }

    @Test
    void packedEventsLoseNoWakeUp() {
        assertSound(queue(Format.PACKED_EVENT, LONG ? new Bounds(12, 6, 3) : new Bounds(8, 3, 2)));
    }

    @Test
    void shmSignalsLoseNoWakeUp() {
        Guest guest = new Guest(true, false, true);
        Bounds bounds = LONG ? new Bounds(12, 6, 3) : new Bounds(8, 2, 3);
        assertSound(new ShmSignalModel(guest, Order.TSO, bounds, Mutant.NONE));
    }

    @Test
    void eventQueuesLoseNoWakeUp() {
        Bounds bounds = LONG ? new Bounds(3, 3, 0) : new Bounds(2, 3, 0);
        assertSound(new EventQueueModel(false, true, Order.TSO, bounds, Mutant.NONE));
    }

    /** Where stores may pass each other, the same protocols hold: their releases see to it. */
    @ParameterizedTest
    @EnumSource(Format.class)
    void virtqueuesLoseNoWakeUpWhereStoresAreReordered(Format format) {
        assertHolds(new VirtqueueModel(format, Order.PSO, SMALL, Mutant.NONE));
    }

    @Test
    void signalsLoseNoWakeUpWhereStoresAreReordered() {
        assertHolds(new ShmSignalModel(TAKES, Order.PSO, SMALL, Mutant.NONE));
        assertHolds(new ShmSignalModel(POLLS, Order.PSO, SMALL, Mutant.NONE));
        assertHolds(new EventQueueModel(false, true, Order.PSO, new Bounds(1, 2, 0), Mutant.NONE));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void withoutAFenceAVirtqueueLosesAWakeUp(Format format) {
        assertDies("lost wake-up", small(format, Mutant.NO_FENCE));
    }

    @Test
    void withoutAFenceASignalLosesAWakeUp() {
        assertDies("lost wake-up", signal(TAKES, Mutant.NO_FENCE));
        assertDies("lost wake-up", signal(POLLS, Mutant.NO_FENCE));
        assertDies("lost wake-up", events(Mutant.NO_FENCE));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void aFenceOfStoresAloneLosesAWakeUpOfAVirtqueue(Format format) {
        assertDies("lost wake-up", small(format, Mutant.STORE_FENCE_ONLY));
    }

    @Test
    void aFenceOfStoresAloneLosesAWakeUpOfASignal() {
        assertDies("lost wake-up", signal(TAKES, Mutant.STORE_FENCE_ONLY));
        assertDies("lost wake-up", signal(POLLS, Mutant.STORE_FENCE_ONLY));
        assertDies("lost wake-up", events(Mutant.STORE_FENCE_ONLY));
    }

    /**
     * On x86 the two mistakes are one. Where stores are reordered a fence of stores has its use.
     */
    @Test
    void aFenceOfStoresIsMoreThanNoneOnlyWhereStoresAreReordered() {
        Bounds unheld = new Bounds(2, 0, 0); // so that nothing else is found first
        Format format = Format.SPLIT_EVENT_IDX;
        assertDies(
                "an entry that was not written",
                new VirtqueueModel(format, Order.PSO, unheld, Mutant.NO_FENCE));
        assertDies(
                "lost wake-up",
                new VirtqueueModel(format, Order.PSO, unheld, Mutant.STORE_FENCE_ONLY));
        assertDies("lost wake-up", new VirtqueueModel(format, Order.TSO, unheld, Mutant.NO_FENCE));
    }

    /** The drivers of 2009 had but fences of stores where they enabled and acknowledged. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theGuestOf2009LosesAWakeUp(boolean polls) {
        Guest shipped = new Guest(polls, true, false);
        assertDies("lost wake-up", new ShmSignalModel(shipped, Order.TSO, SMALL, Mutant.NONE));
        assertDies(
                "lost wake-up",
                new EventQueueModel(true, false, Order.TSO, new Bounds(1, 2, 0), Mutant.NONE));
    }

    /** The first one, 50 us later, is enough: all stores have landed by then. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSecondLookWakesTheGuestOf2009(boolean polls) {
        Guest shipped = new Guest(polls, true, true);
        assertHolds(new ShmSignalModel(shipped, Order.TSO, SMALL, Mutant.NONE));
        assertHolds(new EventQueueModel(true, true, Order.TSO, new Bounds(1, 2, 0), Mutant.NONE));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void whatWasToldMustNotGoOnWithAHeldCall(Format format) {
        assertDies("lost wake-up", small(format, Mutant.OLD_ADVANCED_ON_HOLD));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void aHeldCallIsLookedAtAgainWhenItIsDue(Format format) {
        assertDies("interrupt count", small(format, Mutant.NO_RECHECK_AT_DUE));
    }

    @Test
    void aHeldRingIsLookedAtAgainWhenItIsDue() {
        assertDies("interrupt count", signal(POLLS, Mutant.NO_RECHECK_AT_DUE));
    }

    @Test
    void indicesAreNoSignedNumbers() {
        assertDies("lost wake-up", small(Format.SPLIT_EVENT_IDX, Mutant.SIGNED_COMPARE));
    }

    @Test
    void pendingIsClearedOnlyAfterTheEventsWereTaken() {
        assertDies("interrupt count", events(Mutant.PENDING_CLEARED_FIRST));
        assertDies("interrupt count", signal(TAKES, Mutant.PENDING_CLEARED_FIRST));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void aDeadlineComesBeforeTheBudget(Format format) {
        assertDies("deadline", small(format, Mutant.BUDGET_BEFORE_DEADLINE));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void aDeviceThatBeginsAnewCalls(Format format) {
        assertDies("lost wake-up", small(format, Mutant.RESET_WITHOUT_CALL));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void newLimitsCountForWhatIsHeld(Format format) {
        assertDies("deadline", small(format, Mutant.LIMITS_NOT_REEVALUATED));
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void anUrgentFrameBeyondItsBoundIsANormalOne(Format format) {
        assertDies("deadline", small(format, Mutant.URGENT_WAITS_FOR_TOKEN));
    }

    @ParameterizedTest
    @EnumSource(names = {"SPLIT_FLAGS", "SPLIT_EVENT_IDX"})
    void nothingIsHeldFromAGuestWithoutBuffers(Format format) {
        assertDies("deadline", small(format, Mutant.HELD_WITHOUT_BUFFERS));
    }

    private static Model queue(Format format, Bounds bounds) {
        return new VirtqueueModel(format, Order.TSO, bounds, Mutant.NONE);
    }

    /** Beside the same without the mistake, which holds. */
    private static Model small(Format format, Mutant mutant) {
        assertHolds(queue(format, SMALL));
        return new VirtqueueModel(format, Order.TSO, SMALL, mutant);
    }

    private static Model signal(Guest guest, Mutant mutant) {
        assertHolds(new ShmSignalModel(guest, Order.TSO, SMALL, Mutant.NONE));
        return new ShmSignalModel(guest, Order.TSO, SMALL, mutant);
    }

    private static Model events(Mutant mutant) {
        Bounds bounds = new Bounds(1, 2, 0);
        assertHolds(new EventQueueModel(false, false, Order.TSO, bounds, Mutant.NONE));
        return new EventQueueModel(false, false, Order.TSO, bounds, mutant);
    }

    private static Explorer.Outcome assertHolds(Model model) {
        Explorer.Outcome outcome = Explorer.explore(model);
        assertNull(outcome.broken(), outcome::toString);
        assertTrue(outcome.rests() > 0, "it never comes to rest");
        return outcome;
    }

    private static void assertSound(Model model) {
        Explorer.Outcome outcome = assertHolds(model);
        System.out.printf("did: %s: %s%n", model, outcome);
        assertTrue(outcome.states() >= STATES_MIN, outcome::toString);
    }

    private static void assertDies(String rule, Model model) {
        Explorer.Outcome outcome = Explorer.explore(model);
        String broken = String.valueOf(outcome.broken());
        assertEquals(rule, broken.substring(0, Math.min(rule.length(), broken.length())));
    }
}
