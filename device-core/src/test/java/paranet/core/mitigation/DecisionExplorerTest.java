package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;
import java.util.List;

/**
 * The policies as they ship, through every sequence of so many events; and each mistake that a user
 * of theirs could make, found by the rule that is named. The order of memory accesses is {@code
 * paranet.core.explore}'s subject.
 *
 * <p><i>Strategy.</i> A ring of numbers and a guest, as in {@link CallTheoremsPropertyTest}, but
 * every sequence from a short list of events instead of random ones; a worker that is never late.
 * After the last event the guest, if it sleeps, is given all the time it needs.
 *
 * <p><i>Invariants.</i> A guest that sleeps while something is published is called in the end (lost
 * wake-up), and within the deadline of its class (deadline). It is called for nothing that it did
 * not ask for, and not for completions when it is called for frames (interrupt count).
 */
class DecisionExplorerTest {
    private static final int DEPTH = Boolean.getBoolean("paranet.long") ? 7 : 6;
    private static final int DEPTH_OF_MISTAKES = 5;
    private static final long MICRO = 1000;

    /** It holds also what comes seldom, and only one frame in so many milliseconds is urgent. */
    private static final String PACE = "pace,latency-price=0.0001,urgent-rate=100";

    private enum Event {
        NORMAL,
        URGENT,
        BULK,
        A_WHILE, // less than any deadline
        LONGER,
        POLLS,
        ARMS,
        POLLS_AND_LEAVES_NO_BUFFERS,
        LIMITS,
        STOPS_AND_GOES_ON,
        OTHER_QUEUE_CALLED
    }

    private enum Mistake {
        NONE,
        OLD_ADVANCED_ON_HOLD,
        NO_RECHECK_AT_DUE,
        BUDGET_BEFORE_DEADLINE,
        RESET_WITHOUT_CALL,
        LIMITS_NOT_REEVALUATED,
        URGENT_WAITS_FOR_TOKEN,
        TRANSMIT_FIRED_WITH_RECEIVE,
        HELD_WITHOUT_BUFFERS
    }

    private static final List<Event> RECEIVE =
            List.of(
                    Event.NORMAL,
                    Event.URGENT,
                    Event.BULK,
                    Event.A_WHILE,
                    Event.LONGER,
                    Event.POLLS,
                    Event.ARMS,
                    Event.POLLS_AND_LEAVES_NO_BUFFERS,
                    Event.LIMITS,
                    Event.STOPS_AND_GOES_ON);
    private static final List<Event> TRANSMIT =
            List.of(
                    Event.NORMAL,
                    Event.A_WHILE,
                    Event.LONGER,
                    Event.POLLS,
                    Event.ARMS,
                    Event.STOPS_AND_GOES_ON,
                    Event.OTHER_QUEUE_CALLED);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "none",
                "fixed,rx-usecs=20,rx-frames=8",
                "throttle,rx-usecs=20",
                PACE,
                PACE + ",irq-budget=100",
            })
    void everySequenceOfReceiveKeepsTheRules(String policy) {
        int depth = policy.equals(PACE) ? DEPTH : DEPTH - 1;
        explore(Mistake.NONE, policy, QueueView.Kind.RECEIVE, depth);
        System.out.printf(
                "did: %s, every sequence of %d of %d events%n", policy, depth, RECEIVE.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "fixed,tx-usecs=100,tx-frames=8", "pace"})
    void everySequenceOfTransmitKeepsTheRules(String policy) {
        explore(Mistake.NONE, policy, QueueView.Kind.TRANSMIT, DEPTH);
    }

    @Test
    void whatWasToldMustNotGoOnWithAHeldCall() {
        assertDies("lost wake-up", Mistake.OLD_ADVANCED_ON_HOLD, "fixed,rx-usecs=20");
    }

    @Test
    void aHeldCallIsLookedAtAgainWhenItIsDue() {
        assertDies("interrupt count", Mistake.NO_RECHECK_AT_DUE, "fixed,rx-usecs=20");
    }

    @Test
    void aDeadlineComesBeforeTheBudget() {
        assertDies("deadline", Mistake.BUDGET_BEFORE_DEADLINE, "pace,irq-budget=100");
    }

    @Test
    void aDeviceThatBeginsAnewCalls() {
        assertDies("lost wake-up", Mistake.RESET_WITHOUT_CALL, "fixed,rx-usecs=20");
    }

    @Test
    void newLimitsCountForWhatIsHeld() {
        assertDies("deadline", Mistake.LIMITS_NOT_REEVALUATED, PACE);
    }

    @Test
    void anUrgentFrameBeyondItsBoundIsANormalOne() {
        assertDies("deadline", Mistake.URGENT_WAITS_FOR_TOKEN, PACE);
    }

    @Test
    void nothingIsHeldFromAGuestWithoutBuffers() {
        assertDies("deadline", Mistake.HELD_WITHOUT_BUFFERS, PACE);
    }

    @Test
    void aCallForFramesIsNoneForCompletions() {
        String found =
                search(
                        Mistake.TRANSMIT_FIRED_WITH_RECEIVE,
                        "pace",
                        QueueView.Kind.TRANSMIT,
                        DEPTH_OF_MISTAKES);
        assertStartsWith("interrupt count", found);
    }

    private static void assertDies(String rule, Mistake mistake, String policy) {
        QueueView.Kind kind = QueueView.Kind.RECEIVE;
        explore(Mistake.NONE, policy, kind, DEPTH_OF_MISTAKES);
        assertStartsWith(rule, search(mistake, policy, kind, DEPTH_OF_MISTAKES));
    }

    private static void assertStartsWith(String rule, String found) {
        assertNotNull(found, "not found");
        assertEquals(rule, found.substring(0, Math.min(rule.length(), found.length())), found);
    }

    private static void explore(Mistake mistake, String policy, QueueView.Kind kind, int depth) {
        assertNull(search(mistake, policy, kind, depth));
    }

    /** Shorter sequences first; what they do is part of the longer ones. */
    private static String search(
            Mistake mistake, String policy, QueueView.Kind kind, int depthMax) {
        PolicyOptions options = CoalesceText.parse(policy);
        List<Event> events = kind == QueueView.Kind.RECEIVE ? RECEIVE : TRANSMIT;
        for (int depth = mistake == Mistake.NONE ? depthMax : 1; depth <= depthMax; depth++) {
            int[] sequence = new int[depth];
            long calls = 0;
            long holds = 0;
            do {
                Run run = new Run(mistake, options, kind);
                for (int i = 0; i < depth && run.broken == null; i++) {
                    run.take(events.get(sequence[i]));
                }
                run.finish();
                if (run.broken != null) {
                    return run.broken + " after " + names(events, sequence);
                }
                calls += run.calls;
                holds += run.holds;
            } while (advance(sequence, events.size()));
            if (mistake == Mistake.NONE) {
                assertTrue(calls > 0, "nobody was ever called");
                assertTrue(holds > 0 || policy.equals("none"), "nothing was ever held");
            }
        }
        return null;
    }

    private static String names(List<Event> events, int[] sequence) {
        return Arrays.stream(sequence).mapToObj(events::get).toList().toString();
    }

    private static boolean advance(int[] sequence, int base) {
        for (int i = sequence.length - 1; i >= 0; i--) {
            if (++sequence[i] < base) {
                return true;
            }
            sequence[i] = 0;
        }
        return false;
    }

    private static final class Run {
        private static final long ASLEEP_NANOS = 10_000 * MICRO;
        private static final long NEVER = Long.MAX_VALUE;
        private static final int SIZE = 256;
        private static final int LIMIT_MICROS = 5;

        private final Mistake mistake;
        private final PolicyOptions options;
        private final QueueView.Kind kind;
        private final GuestCalls guest;
        private final DeviceCalls device;
        private QueueCalls queue;

        private long now = 1_000_000_000;
        private long published;
        private long signalled;
        private boolean armed = true;
        private long event; // for which it is
        private long posted = SIZE;
        private boolean limited;
        private boolean urgentSpent;
        private long normalAt = NEVER; // the oldest of its class that an armed guest waits for
        private long bulkAt = NEVER;
        private long urgentAt = NEVER;
        private boolean waiting; // whether the guest sleeps beside something published
        long calls;
        long holds;
        String broken;

        Run(Mistake mistake, PolicyOptions options, QueueView.Kind kind) {
            this.mistake = mistake;
            this.options = options;
            this.kind = kind;
            this.guest = options.guestCalls();
            this.device = guest.device();
            this.queue = open();
            getBusy();
        }

        /** Frames have come quickly so far, to a guest that polled; now it sleeps. */
        private void getBusy() {
            polls(SIZE);
            for (int i = 0; i < 4; i++) {
                now += 4 * MICRO;
                published += 16;
                queue.published(FrameClass.NORMAL, 16, 1600, now);
                ask(true);
            }
            arms();
        }

        private QueueCalls open() {
            MitigationPolicy policy = options.policy(kind, SIZE, device);
            if (mistake == Mistake.BUDGET_BEFORE_DEADLINE) {
                policy = new BudgetFirst(policy, guest);
            } else if (mistake == Mistake.TRANSMIT_FIRED_WITH_RECEIVE) {
                policy = new FiresWithReceive(policy);
            }
            return new QueueCalls(kind, SIZE, policy, device, null, options.costs());
        }

        void take(Event event) {
            switch (event) {
                case NORMAL -> publish(FrameClass.NORMAL);
                case URGENT -> publish(FrameClass.URGENT);
                case BULK -> publish(FrameClass.BULK);
                case A_WHILE -> pass(7 * MICRO);
                case LONGER -> pass(45 * MICRO);
                case POLLS -> polls(SIZE);
                case ARMS -> arms();
                case POLLS_AND_LEAVES_NO_BUFFERS -> polls(0);
                case LIMITS -> limits();
                case STOPS_AND_GOES_ON -> stopsAndGoesOn();
                case OTHER_QUEUE_CALLED -> otherQueueCalled();
            }
        }

        private void publish(FrameClass of) {
            published++;
            waiting |= armed;
            if (of == FrameClass.URGENT && isDemoted()) {
                normalAt = Math.min(normalAt, armed ? now : NEVER);
                if (mistake == Mistake.URGENT_WAITS_FOR_TOKEN) {
                    return; // and nobody is asked before there is one
                }
            } else if (of == FrameClass.URGENT) {
                urgentAt = Math.min(urgentAt, armed ? now : NEVER);
            } else if (of == FrameClass.BULK) {
                bulkAt = Math.min(bulkAt, armed ? now : NEVER);
            } else {
                normalAt = Math.min(normalAt, armed ? now : NEVER);
            }
            FrameClass as = kind == QueueView.Kind.TRANSMIT ? FrameClass.COMPLETION : of;
            queue.published(as, 1, 100, now);
            ask(true);
        }

        /** One of them may be urgent, with the rates here; the next one comes too early. */
        private boolean isDemoted() {
            boolean demoted = urgentSpent || !queue.policy().classifies();
            urgentSpent = true;
            return demoted;
        }

        /** What the ring says; without a look, what it said before. */
        private boolean look(boolean looks) {
            boolean wanted = armed && event >= signalled && event < published;
            if (!wanted && looks) {
                signalled = published;
            }
            boolean blind = mistake == Mistake.HELD_WITHOUT_BUFFERS;
            long taken = kind == QueueView.Kind.TRANSMIT ? published + 1 : QueueView.UNKNOWN;
            queue.ring(
                    wanted || !looks,
                    !armed,
                    QueueView.UNKNOWN,
                    blind ? QueueView.UNKNOWN : posted,
                    taken,
                    now);
            return wanted;
        }

        private void ask(boolean looks) {
            boolean wanted = look(looks);
            if (queue.decide(now) == MitigationPolicy.CALL) {
                called(wanted);
            } else if (wanted) {
                holds++;
                signalled = mistake == Mistake.OLD_ADVANCED_ON_HOLD ? published : signalled;
            }
            if (waiting && wanted && now > deadline()) {
                broken = "deadline";
            }
            if (waiting && posted == 0 && queue.policy() instanceof PaceReceive) {
                broken = "deadline: held from a guest without buffers";
            }
        }

        private void called(boolean wanted) {
            if (!wanted && queue.log().reason(0) != CallReason.UNCONDITIONAL) {
                broken = "interrupt count: a call that the guest does not ask for";
            }
            calls++;
            signalled = published;
            armed = false; // woken
            waitsForNothing();
        }

        private void waitsForNothing() {
            waiting = false;
            normalAt = NEVER;
            bulkAt = NEVER;
            urgentAt = NEVER;
        }

        private long deadline() {
            long normal = normalAt;
            long bulk = bulkAt;
            long urgent = urgentAt;
            long most = limited ? LIMIT_MICROS * MICRO : NEVER;
            return Math.min(
                    Math.min(plus(normal, normalNanos(), most), plus(bulk, bulkNanos(), most)),
                    plus(urgent, queue.policy().classifies() ? 0 : normalNanos(), most));
        }

        private static long plus(long from, long hold, long most) {
            return from == NEVER ? NEVER : from + Math.min(hold, most);
        }

        private long normalNanos() {
            if (options instanceof PolicyOptions.None) {
                return 0;
            }
            return (kind == QueueView.Kind.TRANSMIT ? 400 : 20) * MICRO;
        }

        private long bulkNanos() {
            return queue.policy().classifies() ? 100 * MICRO : normalNanos();
        }

        private void pass(long nanos) {
            long end = now + nanos;
            while (broken == null && queue.due() <= end) {
                now = Math.max(now, queue.due());
                ask(mistake != Mistake.NO_RECHECK_AT_DUE);
            }
            now = end;
            if (broken == null && waiting && deadline() < now) {
                broken = "deadline";
            }
        }

        /** It finds all there is. */
        private void polls(long buffers) {
            armed = false;
            posted = buffers;
            waitsForNothing();
        }

        private void arms() {
            if (!armed) {
                polls(posted);
                armed = true;
                event = published;
            }
        }

        private void limits() {
            limited = true;
            queue.command(Coalescing.command(LIMIT_MICROS, 64), now);
            if (mistake != Mistake.LIMITS_NOT_REEVALUATED) {
                ask(true);
            }
        }

        private void stopsAndGoesOn() {
            if (mistake == Mistake.RESET_WITHOUT_CALL) {
                queue = open();
                limited = false;
                signalled = published;
                return;
            }
            boolean wanted = look(true);
            if (queue.freeze(now)) {
                called(wanted);
            }
            queue.thaw();
            ask(true);
        }

        private void otherQueueCalled() {
            device.called(QueueView.Kind.RECEIVE, now);
            if (queue.state() == QueueCalls.State.HELD) {
                long before = calls;
                long due = queue.due();
                ask(true);
                if (calls != before && now < due) {
                    broken = "interrupt count: completions told along with frames";
                }
            }
        }

        void finish() {
            if (broken == null) {
                pass(ASLEEP_NANOS);
            }
            if (waiting && (broken == null || signalled == published)) {
                broken = "lost wake-up";
            }
        }
    }

    /** Over budget, it waits for that also when something is due. */
    private record BudgetFirst(MitigationPolicy inner, GuestCalls guest)
            implements MitigationPolicy {
        @Override
        public long decide(QueueView view, long nowNanos) {
            long decision = inner.decide(view, nowNanos);
            boolean waits = inner.reason() == CallReason.DEADLINE && guest.isOverBudget(nowNanos);
            return waits ? nowNanos + 10 * MICRO : decision;
        }

        @Override
        public CallReason reason() {
            return inner.reason();
        }

        @Override
        public boolean classifies() {
            return inner.classifies();
        }

        @Override
        public void called(QueueView view, long nowNanos) {
            inner.called(view, nowNanos);
        }

        @Override
        public void released(QueueView view, long nowNanos) {
            inner.released(view, nowNanos);
        }

        @Override
        public boolean limit(Coalescing limits) {
            return inner.limit(limits);
        }
    }

    /** A call for received frames has the completions told as well. */
    private record FiresWithReceive(MitigationPolicy inner) implements MitigationPolicy {
        @Override
        public long decide(QueueView view, long nowNanos) {
            long decision = inner.decide(view, nowNanos);
            return view.receiveCallNanos() == nowNanos ? CALL : decision;
        }

        @Override
        public CallReason reason() {
            return inner.reason();
        }

        @Override
        public void called(QueueView view, long nowNanos) {
            inner.called(view, nowNanos);
        }

        @Override
        public void released(QueueView view, long nowNanos) {
            inner.released(view, nowNanos);
        }

        @Override
        public boolean limit(Coalescing limits) {
            return inner.limit(limits);
        }
    }
}
