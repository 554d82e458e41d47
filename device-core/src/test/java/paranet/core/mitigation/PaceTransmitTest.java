package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Default options: a completion is held for 100 us, and for 400 us where receives go on. */
class PaceTransmitTest {
    private static final long CALL = MitigationPolicy.CALL;

    private final Rig rig = new Rig("pace", QueueView.Kind.TRANSMIT);
    private double micros = 1000;
    private long sent;

    @BeforeEach
    void everythingSentIsDone() {
        rig.taken = 0;
    }

    private long complete(double at, long frames) {
        sent += frames;
        rig.taken = sent;
        return rig.publish(at, FrameClass.COMPLETION, frames);
    }

    private PaceTransmit policy() {
        return (PaceTransmit) rig.calls.policy();
    }

    /** The guest takes what is held with what it received; true if a hold came to that. */
    private boolean evaporates() {
        micros += 1000;
        if (complete(micros, 1) == CALL) {
            return false;
        }
        rig.device.called(QueueView.Kind.RECEIVE, (long) (1000 * micros + 10_000));
        rig.wanted = false;
        rig.ask(micros + 20);
        rig.wanted = true;
        return true;
    }

    private void learn() {
        while (policy().evaporates() < 0.5) {
            evaporates();
        }
    }

    @Test
    void assumesNothingAndTriesEverySixteenth() {
        int calls = 0;
        while (!evaporates()) {
            calls++;
        }
        assertEquals(15, calls);
        assertEquals(1.0 / 16, policy().evaporates());
        learn();
        assertTrue(evaporates());
        assertEquals(rig.avoided(AvoidedBy.TX_RIDES_RX), rig.calls.ledger().avoided());
        assertEquals(0, rig.avoided(AvoidedBy.EVAPORATED));
    }

    @Test
    void aCallForReceivedFramesBeginsTheHoldAnewAndNeverEndsIt() {
        learn();
        micros += 1000;
        assertEquals((long) (1000 * micros) + 100_000, complete(micros, 1));
        for (int after = 90; after <= 300; after += 70) {
            rig.device.called(QueueView.Kind.RECEIVE, (long) (1000 * (micros + after)));
            long due = Math.min(after + 100, 400);
            assertEquals((long) (1000 * (micros + due)), rig.ask(micros + after));
        }
        rig.device.called(QueueView.Kind.RECEIVE, (long) (1000 * (micros + 390)));
        assertEquals(CALL, rig.ask(micros + 400), "four times, and no more");
    }

    @Test
    void halvesTheHoldForAGuestThatWaitsForItsCompletion() {
        while (policy().evaporates() < 0.9) {
            evaporates();
        }
        long hold = policy().holdNanos();
        for (int i = 0; i < 4; i++) {
            micros += 15;
            assertNotEquals(CALL, complete(micros, 1), "sent at once when it was told");
            micros += 100;
            assertEquals(CALL, rig.ask(micros));
            assertEquals(i < 2 ? hold : hold / 2, policy().holdNanos(), "twice, not by chance");
            hold = policy().holdNanos();
        }
        assertTrue(evaporates());
        assertTrue(policy().holdNanos() > hold, "and recovers");
    }

    @Test
    void aGuestThatHasNothingToSendIsNotOneThatWaits() {
        while (policy().evaporates() < 0.9) {
            evaporates();
        }
        for (int i = 0; i < 3; i++) {
            micros += 1000;
            assertNotEquals(CALL, complete(micros, 1));
            assertEquals(CALL, rig.ask(micros + 100));
        }
        assertEquals(100_000, policy().holdNanos());
    }

    @Test
    void holdsWhileMoreIsInFlight() {
        rig.taken = 3;
        assertEquals(1_100_000, rig.publish(1000, FrameClass.COMPLETION, 1));
        rig.publish(1001, FrameClass.COMPLETION, 2);
        assertEquals(CALL, rig.ask(1100));
    }

    @Test
    void holdsNoLongerThanAnythingIsInFlight() {
        rig.taken = 2;
        assertNotEquals(CALL, rig.publish(1000, FrameClass.COMPLETION, 1));
        assertEquals(CALL, rig.publish(1003, FrameClass.COMPLETION, 1));
        assertEquals(0, policy().evaporates());
    }

    /** As a guest does whose receive poll takes completions and arms again before any are asked. */
    @Test
    void learnsFromAGuestThatTakesThemAndIsArmedAgainWhenMoreComes() {
        rig.consumed = 0;
        int held = 0;
        for (int i = 0; i < 1000; i++) {
            micros += 20;
            if (complete(micros, 1) != CALL) {
                held++;
            }
            rig.device.called(QueueView.Kind.RECEIVE, (long) (1000 * micros + 10_000));
            rig.consumed = sent;
        }
        assertTrue(held > 800, held + " held");
        assertTrue(policy().evaporates() > 0.9, "evaporates " + policy().evaporates());
        assertEquals(100_000, policy().holdNanos());
        assertEquals(held - 1, rig.avoided(AvoidedBy.TX_RIDES_RX), "all but the one held still");
    }

    @Test
    void theDeadlineIsThatOfTheOldestThatTheGuestHasNotTaken() {
        learn();
        rig.consumed = sent;
        micros += 1000;
        complete(micros, 1);
        rig.consumed = sent;
        assertEquals((long) (1000 * micros) + 150_000, complete(micros + 50, 1));
    }

    @Test
    void holdsNoMoreThanAQuarterOfTheRing() {
        learn();
        assertNotEquals(CALL, complete(1_000_000, 63));
        assertEquals(CALL, complete(1_000_001, 1));
    }

    @Test
    void triesSeldomWhereTrialsFail() {
        int holds = 0;
        for (int i = 0; i < 4000; i++) {
            micros += 1000;
            if (complete(micros, 1) != CALL) {
                holds++;
                assertEquals(CALL, rig.ask(micros + 500));
            }
        }
        assertEquals(8, holds, "after 16, 32, 64, .. 1024, 1024 calls");
    }
}
