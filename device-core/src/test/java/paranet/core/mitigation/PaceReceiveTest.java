package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Default options, so a normal frame waits 20 us at most, and a bulk frame 100 us. */
class PaceReceiveTest {
    private static final long CALL = MitigationPolicy.CALL;

    private Rig rig = new Rig("pace");

    /** A million frames a second, so that the gap is 17.97 us; ends at the time given. */
    private void flow(double untilMicros) {
        for (int i = 100; i >= 0; i--) {
            rig.wanted = i == 0;
            rig.publish(untilMicros - i, FrameClass.NORMAL, 1);
        }
        assertEquals(rig.now, rig.calls.view().lastCallNanos());
    }

    @Test
    void callsAtOnceAfterAPauseWhateverTheRateWas() {
        rig = new Rig("pace,preset=throughput");
        flow(1000);
        assertNotEquals(CALL, rig.publish(1001, FrameClass.NORMAL, 1));
        assertEquals(CALL, rig.ask(1021));
        assertEquals(CALL, rig.publish(1200, FrameClass.NORMAL, 1));
    }

    @Test
    void holdsNothingAtARateWhereNothingIsGained() {
        for (int i = 1; i < 1000; i++) {
            assertTrue(rig.publishCalls(i * 400, FrameClass.NORMAL, 1), "2500 a second");
        }
    }

    @Test
    void holdsForTheGapThatCostsLeast() {
        flow(1000);
        assertEquals(1_017_972.0, (double) rig.publish(1001, FrameClass.NORMAL, 1), 20.0);
    }

    @Test
    void noFrameWaitsLongerThanItsClassAllows() {
        rig = new Rig("pace,latency-price=0.0001");
        flow(1000);
        assertEquals(1_100_000, rig.publish(1005, FrameClass.BULK, 1), "100 us after the call");
        assertEquals(1_030_000, rig.publish(1010, FrameClass.NORMAL, 1), "normal");
        assertEquals(1_030_000, rig.publish(1012, FrameClass.ACK, 1));
        assertEquals(CALL, rig.publish(1013, FrameClass.URGENT, 1));
        assertEquals(CallReason.URGENT, rig.calls.log().reason(0));
    }

    @Test
    void holdsEightAcknowledgements() {
        flow(1000);
        assertNotEquals(CALL, rig.publish(1001, FrameClass.ACK, 7));
        assertEquals(CALL, rig.publish(1002, FrameClass.ACK, 1));
    }

    @Test
    void holdsNoMoreThanAGuestPollsAtOnce() {
        flow(1000);
        assertNotEquals(CALL, rig.publish(1001, FrameClass.NORMAL, 63));
        assertEquals(CALL, rig.publish(1002, FrameClass.NORMAL, 1));
        assertEquals(63, rig.avoided(AvoidedBy.FRAME_CAP));
    }

    @Test
    void holdsLittleWhileUrgentFramesCome() {
        flow(1000);
        assertEquals(CALL, rig.publish(1001, FrameClass.URGENT, 1));
        assertNotEquals(CALL, rig.publish(1002, FrameClass.NORMAL, 9));
        assertEquals(CALL, rig.publish(1003, FrameClass.NORMAL, 1), "6 us of 600 ns each");
        flow(11_102);
        assertNotEquals(CALL, rig.publish(11_103, FrameClass.NORMAL, 10), "10 ms later");
    }

    @Test
    void urgentFramesOverTheirBoundAreNormal() {
        rig = new Rig("pace,urgent-rate=100");
        flow(1000);
        assertEquals(CALL, rig.publish(1001, FrameClass.URGENT, 1));
        assertNotEquals(CALL, rig.publish(1002, FrameClass.URGENT, 1));
        assertEquals(1, rig.calls.ledger().urgentDemoted());
        assertEquals(CALL, rig.ask(1022), "and are not starved");
        flow(12_000);
        assertEquals(CALL, rig.publish(12_001, FrameClass.URGENT, 1), "10 ms bring another");
    }

    @Test
    void aDeadlineComesBeforeTheBudget() {
        rig = new Rig("pace,irq-budget=100");
        assertEquals(CALL, rig.publish(1000, FrameClass.NORMAL, 1));
        assertEquals(2_020_000, rig.publish(2000, FrameClass.NORMAL, 1), "over the budget");
        assertEquals(2_020_000, rig.publish(2010, FrameClass.NORMAL, 1));
        assertEquals(CALL, rig.ask(2020));
        assertEquals(1, rig.avoided(AvoidedBy.BUDGET));
        assertEquals(CALL, rig.publish(2030, FrameClass.URGENT, 1));
        rig.publish(3000, FrameClass.NORMAL, 1);
        rig.wanted = false;
        rig.ask(3010);
        assertEquals(2, rig.avoided(AvoidedBy.BUDGET), "held back is held back, taken or not");
    }

    @Test
    void callsAGuestThatRunsOutOfBuffers() {
        flow(1000);
        rig.posted = 32;
        assertNotEquals(CALL, rig.publish(1001, FrameClass.NORMAL, 1));
        rig.posted = 31;
        assertEquals(CALL, rig.ask(1002));
        assertEquals(CallReason.LOW_WATER, rig.calls.log().reason(0));
    }

    @Test
    void followsACallOfAnotherQueueIfItIsDueSoon() {
        flow(1000);
        rig.publish(1001, FrameClass.NORMAL, 1);
        QueueCalls other = rig.queue(CoalesceText.parse("none"), QueueView.Kind.RECEIVE, null);
        for (double micros : new double[] {1005, 1015}) {
            long now = (long) (1000 * micros);
            other.published(FrameClass.NORMAL, 1, 60, now);
            other.ring(true, false, -1, -1, -1, now);
            assertEquals(CALL, other.decide(now));
            assertEquals(micros > 1010, rig.ask(micros) == CALL);
        }
        assertEquals(CallReason.COMPANION, rig.calls.log().reason(0));
    }

    @Test
    void goesOnBeneathTheGuestsLimits() {
        rig = new Rig("pace,latency-price=0.0001");
        flow(1000);
        rig.calls.command(Coalescing.command(5, 4), rig.now);
        assertEquals(1_005_000, rig.publish(1001, FrameClass.NORMAL, 1));
        assertEquals(CALL, rig.publish(1002, FrameClass.NORMAL, 3));
        rig.calls.command(Coalescing.command(0, 4), rig.now + 200_000_000);
        assertEquals(CALL, rig.publish(1003, FrameClass.NORMAL, 1));
        rig.calls.forgetCommands();
        assertEquals(1_024_000, rig.publish(1004, FrameClass.NORMAL, 1));
    }

    @Test
    void stepsAsideForAGuestThatSteersByItself() {
        rig.calls.command(Coalescing.command(50, 64), 0);
        assertTrue(rig.calls.policy() instanceof PaceReceive);
        rig.calls.command(Coalescing.command(50, 64), 99_000_000);
        assertTrue(rig.calls.policy() instanceof FixedPolicy);
        assertEquals(100_050_000, rig.publish(100_000, FrameClass.NORMAL, 1));
        rig.calls.command(Coalescing.command(50, 64), 199_000_000);
        assertTrue(rig.calls.policy() instanceof PaceReceive);
    }

    @Test
    void callsAgainFiveTimesAndNoMore() {
        rig.consumed = 0;
        assertEquals(CALL, rig.publish(0, FrameClass.NORMAL, 1));
        rig.wanted = false;
        double micros = 0;
        for (int wait = 2000; wait <= 32_000; wait *= 2) {
            micros += wait;
            assertEquals((long) (micros * 1000), rig.calls.due());
            assertEquals((long) (micros * 1000), rig.ask(micros - 1));
            assertEquals(CALL, rig.ask(micros));
        }
        assertEquals(MitigationPolicy.NOTHING, rig.calls.due());
        assertEquals(5, rig.calls.ledger().recalls());
        assertEquals(62_000 + 8000, micros + 8000);
        rig.publish(70_000, FrameClass.NORMAL, 1);
        assertEquals(72_000_000, rig.calls.due(), "a publish begins the series anew");
        rig.consumed = 1;
        assertEquals(MitigationPolicy.NOTHING, rig.ask(71_000), "progress ends it");
        assertEquals(1, rig.calls.ledger().calls());
        assertEquals(1, rig.calls.ledger().opportunities() - rig.calls.ledger().calls());
    }

    /** It was armed, and told: what came since lies behind that, and it finds it by itself. */
    @Test
    void aGuestThatIsLateForACallAndForWhatCameSinceLostNoWakeUp() {
        rig.consumed = 0;
        rig.publish(0, FrameClass.NORMAL, 1);
        rig.wanted = false;
        rig.publish(10, FrameClass.NORMAL, 1);
        assertEquals(CALL, rig.ask(2000));
        rig.consumed = 2;
        rig.ask(2010);
        assertEquals(1, rig.calls.ledger().recalls());
        assertEquals(0, rig.calls.ledger().watchdogRecalls());
        assertEquals(MitigationPolicy.NOTHING, rig.calls.due());
    }

    @Test
    void bulkFramesAloneWaitLongerUnlessSomethingUrgentMayComeBehindThem() {
        flow(1000);
        double gap = rig.publish(1001, FrameClass.BULK, 1) - 1_000_000;
        assertEquals(93_000, gap, 1000, "five times what a frame waits for that may not wait");
        assertEquals(1_018_000.0, (double) rig.publish(1002, FrameClass.NORMAL, 1), 1000.0);
        flow(2000);
        assertEquals(CALL, rig.publish(2001, FrameClass.URGENT, 1));
        assertEquals(2_019_000.0, (double) rig.publish(2002, FrameClass.BULK, 1), 1000.0);
    }

    @Test
    void framesThatTheGuestTookByItselfAreHeldNoLonger() {
        rig.consumed = 0;
        flow(1000);
        rig.consumed = rig.calls.view().published();
        rig.publish(1001, FrameClass.NORMAL, 3);
        rig.consumed += 3;
        assertNotEquals(CALL, rig.publish(1010, FrameClass.NORMAL, 1));
        assertEquals(3, rig.avoided(AvoidedBy.EVAPORATED));
        assertEquals(1, rig.calls.view().unnotified());
        assertEquals(1_010_000, rig.calls.view().oldestNanos());
    }

    @Test
    void aSlowGuestIsNoLostWakeUp() {
        rig.consumed = 0;
        rig.publish(0, FrameClass.NORMAL, 1);
        rig.wanted = false;
        assertEquals(CALL, rig.ask(2000));
        rig.consumed = 1;
        rig.ask(2010);
        assertEquals(1, rig.calls.ledger().recalls());
        assertEquals(0, rig.calls.ledger().watchdogRecalls());
    }
}
