package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Each cause, told apart; the accounts and the states. */
class QueueCallsTest {
    private static final long CALL = MitigationPolicy.CALL;

    private Rig rig = new Rig("fixed,rx-usecs=20,rx-frames=64,tx-usecs=20,tx-frames=64");

    private void assertAccounts(long calls, AvoidedBy cause, long frames) {
        assertEquals(calls, rig.calls.ledger().calls());
        assertEquals(frames, rig.avoided(cause));
        assertEquals(frames, rig.calls.ledger().avoided());
        assertEquals(calls + frames, rig.calls.ledger().opportunities());
    }

    @Test
    void framesThatShareACall() {
        rig.publish(0, FrameClass.NORMAL, 5);
        assertEquals(QueueCalls.State.HELD, rig.calls.state());
        rig.ask(20);
        assertAccounts(1, AvoidedBy.SAME_QUEUE_HOLD, 4);
        assertEquals(QueueCalls.State.CALLED, rig.calls.state());
        assertEquals(5, rig.calls.ledger().held(FrameClass.NORMAL, 15), "20 us are 15 bits");
    }

    @Test
    void framesThatShareACallBecauseEnoughWereHeld() {
        rig.publish(0, FrameClass.NORMAL, 60);
        assertEquals(QueueCalls.State.HELD, rig.calls.state());
        assertEquals(CALL, rig.publish(1, FrameClass.NORMAL, 4));
        assertAccounts(1, AvoidedBy.FRAME_CAP, 63);
    }

    @Test
    void decisionsAboutWhatWasHeldThatCameLate() {
        rig.publish(0, FrameClass.NORMAL, 1);
        rig.ask(10); // before its time: not late
        rig.ask(20.5);
        assertEquals(1, rig.calls.ledger().late(9), "500 ns are 9 bits");
        assertEquals(500, rig.calls.ledger().lateNanos());
        assertEquals(20_500, rig.calls.ledger().heldNanos(FrameClass.NORMAL));
    }

    @Test
    void accountsThatDoNotAddUpStopTheWorker() {
        rig.publish(0, FrameClass.NORMAL, 5);
        rig.calls.ledger().avoided(AvoidedBy.EVAPORATED, 1);
        assertThrows(IllegalStateException.class, () -> rig.ask(1));
    }

    @Test
    void framesThatAPollingGuestFinds() {
        rig.wanted = false;
        rig.declined = true;
        rig.publish(0, FrameClass.NORMAL, 5);
        assertAccounts(0, AvoidedBy.PEER_POLLING, 5);
        assertEquals(QueueCalls.State.POLLED, rig.calls.state());
    }

    @Test
    void framesPublishedWhileACallIsUnanswered() {
        rig = new Rig("none");
        rig.consumed = 0;
        rig.publish(0, FrameClass.NORMAL, 1);
        rig.wanted = false;
        rig.publish(1, FrameClass.NORMAL, 5);
        assertAccounts(1, AvoidedBy.CALL_PENDING, 5);
        rig.consumed = 1;
        rig.publish(2, FrameClass.NORMAL, 5);
        assertEquals(5, rig.avoided(AvoidedBy.PEER_POLLING));
        assertEquals(QueueCalls.State.POLLED, rig.calls.state());
    }

    @Test
    void heldFramesThatTheGuestTookByItself() {
        rig.publish(0, FrameClass.NORMAL, 5);
        rig.wanted = false;
        rig.ask(10);
        assertAccounts(0, AvoidedBy.EVAPORATED, 5);
    }

    @Test
    void heldFramesThatTheGuestTookBeforeItArmedAgain() {
        rig.consumed = 0;
        rig.publish(0, FrameClass.NORMAL, 3);
        rig.publish(1, FrameClass.NORMAL, 2);
        rig.consumed = 4;
        rig.ask(20);
        assertEquals(1, rig.calls.ledger().calls());
        assertEquals(4, rig.avoided(AvoidedBy.EVAPORATED));
    }

    @Test
    void completionsThatWereTakenWithReceivedFrames() {
        rig =
                new Rig(
                        "fixed,rx-usecs=20,rx-frames=64,tx-usecs=20,tx-frames=64",
                        QueueView.Kind.TRANSMIT);
        rig.publish(0, FrameClass.COMPLETION, 5);
        rig.device.called(QueueView.Kind.RECEIVE, 5000);
        rig.wanted = false;
        rig.ask(10);
        assertAccounts(0, AvoidedBy.TX_RIDES_RX, 5);
    }

    @Test
    void aBrokenRingsCallIsUnconditional() {
        rig.publish(0, FrameClass.NORMAL, 2);
        rig.calls.forget();
        assertEquals(CALL, rig.ask(1));
        rig.calls.forget();
        assertEquals(CALL, rig.ask(2));
        assertAccounts(1, AvoidedBy.SAME_QUEUE_HOLD, 1);
        assertEquals(1, rig.calls.ledger().unconditionalCalls());
    }

    @Test
    void aQueueThatStopsTellsWhatIsHeldAndGoesOnWithACall() {
        rig.publish(0, FrameClass.NORMAL, 2);
        assertTrue(rig.calls.freeze(1000));
        assertFalse(rig.calls.freeze(1000));
        assertEquals(QueueCalls.State.FROZEN, rig.calls.state());
        assertEquals(1, rig.calls.ledger().calls());
        assertEquals(MitigationPolicy.NOTHING, rig.ask(2));
        rig.calls.thaw();
        assertEquals(CALL, rig.publish(3, FrameClass.NORMAL, 1));
    }

    @Test
    void anotherPolicyDecidesAboutWhatIsHeld() {
        rig.publish(0, FrameClass.NORMAL, 2);
        rig.calls.policy(Immediate.INSTANCE, rig.device);
        assertEquals(CALL, rig.ask(1));
    }

    @Test
    void oneInjectionOfAnEventQueueTellsOfManyQueues() {
        EventFold fold = new EventFold();
        PolicyOptions none = CoalesceText.parse("none");
        QueueCalls receive = rig.queue(none, QueueView.Kind.RECEIVE, fold);
        QueueCalls transmit = rig.queue(none, QueueView.Kind.TRANSMIT, fold);
        DeviceCalls otherDevice = rig.guest.device();
        QueueCalls other =
                new QueueCalls(
                        QueueView.Kind.RECEIVE,
                        256,
                        Immediate.INSTANCE,
                        otherDevice,
                        fold,
                        none.costs());
        signal(receive, transmit, other);
        fold.injected(true);
        assertEquals(1, receive.ledger().calls());
        assertEquals(1, transmit.ledger().avoided(AvoidedBy.TX_RIDES_RX));
        assertEquals(1, other.ledger().avoided(AvoidedBy.OTHER_DEVICE));
        signal(other, transmit);
        fold.injected(false);
        assertEquals(1, other.ledger().avoided(AvoidedBy.CALL_PENDING));
        assertEquals(1, transmit.ledger().avoided(AvoidedBy.CALL_PENDING));
        signal(other);
        fold.injected(true);
        signal(transmit);
        fold.injected(false);
        assertEquals(1, other.ledger().calls());
        assertEquals(1, transmit.ledger().avoided(AvoidedBy.OTHER_DEVICE));
        assertEquals(7, fold.events());
        assertEquals(2, fold.injections());
        assertFalse(fold.isOpen());
        OriginalCounters counters = OriginalCounters.ofBus(fold, 1, 3, 4);
        assertEquals(new OriginalCounters(8, 2, 3, 7, 4), counters);
        assertEquals(1 - 2 / 7.0, counters.saved());
        assertEquals("events 8 qnotify 2 qinject 3 notify 7 inject 4", counters.inOriginalWords());
    }

    private static void signal(QueueCalls... queues) {
        for (QueueCalls queue : queues) {
            queue.published(FrameClass.NORMAL, 1, 60, 0);
            queue.ring(true, false, -1, -1, -1, 0);
            assertEquals(CALL, queue.decide(0));
        }
    }

    @Test
    void countsByTheOriginalNames() {
        rig.publish(0, FrameClass.NORMAL, 1);
        rig.publish(10, FrameClass.NORMAL, 1);
        rig.ask(20);
        assertEquals(
                new OriginalCounters(2, 1, 0, 2, 9),
                OriginalCounters.ofQueues(List.of(rig.calls.ledger()), 9));
    }

    @Test
    void keepsTheLatestDecisionsForPeople() {
        for (int i = 0; i < 100; i++) {
            rig.publish(100 * i, FrameClass.NORMAL, 1);
            rig.ask(100 * i + 20);
        }
        DecisionLog log = rig.calls.log();
        assertEquals(64, log.count());
        assertEquals(CallReason.DEADLINE, log.reason(0));
        assertEquals(CallReason.HELD, log.reason(1));
        assertEquals(9_920_000, log.due(1));
        assertEquals(9_900_000, log.nanos(1));
        assertEquals(1, log.frames(63));
    }
}
