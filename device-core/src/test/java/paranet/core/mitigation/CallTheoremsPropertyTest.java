package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/**
 * What holds of every policy, whatever a guest does and whenever frames come.
 *
 * <p><i>Strategy.</i> A ring of numbers with an event index as virtio has it, and a guest that
 * polls with it parked, takes some or all, arms again, sometimes late, sometimes ahead, sometimes
 * never; frames of all classes in bursts and pauses; the worker asks at each due time, without
 * delay.
 *
 * <p><i>Invariants.</i> An armed guest is called for what it is armed for within the deadline of
 * the class (theorem 1 and 3); at once, if the last call is longer ago than any gap (theorem 2);
 * once between two arms, but for repeated calls (theorem 4). One live due time while anything is
 * held (lemma 3). Accounts add up, and nothing but {@code none} is asked for in vain: it calls
 * exactly when the ring asks.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}.
 */
class CallTheoremsPropertyTest {
    private static final int RUNS = Boolean.getBoolean("paranet.long") ? 2000 : 25;
    private static final int STEPS = 4000;
    private static final FrameClass[] RECEIVED = {
        FrameClass.URGENT, FrameClass.ACK, FrameClass.NORMAL, FrameClass.BULK
    };

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "none | 0 | 0 | 0 | 0 | 0",
                "fixed,rx-usecs=20,rx-frames=8,tx-usecs=30 | 20 | 20 | 20 | 30 | -1",
                "fixed,zero=virtio,rx-usecs=20,rx-frames=0,tx-usecs=0 | 0 | 0 | 0 | 0 | 0",
                "throttle,rx-usecs=50,tx-usecs=40 | 50 | 50 | 50 | 40 | 50",
                "dim,adaptive-tx=on | 256 | 256 | 256 | 128 | -1",
                "vic,hold-usecs=300 | 300 | 300 | 300 | 300 | -1",
                "pace,urgent-rate=0 | 0 | 20 | 100 | 400 | 100",
                "pace,preset=throughput,rx-usecs=60,urgent-rate=0 | 0 | 60 | 100 | 400 | 100",
                "pace,latency-price=0.0001,irq-budget=500,urgent-rate=0 | 0 | 20 | 100 | 400 | -1",
                "pace,urgent-rate=1000 | 20 | 20 | 100 | 400 | 100",
            })
    void hold(
            String text,
            long urgentMicros,
            long normalMicros,
            long bulkMicros,
            long completionMicros,
            long immediateAfterMicros) {
        Long replayed = Long.getLong("paranet.seed");
        for (long seed = replayed == null ? 1 : replayed; seed <= RUNS; seed++) {
            for (QueueView.Kind kind : QueueView.Kind.values()) {
                long[] micros = {urgentMicros, normalMicros, normalMicros, bulkMicros, 0};
                micros[FrameClass.COMPLETION.slot] =
                        kind == QueueView.Kind.TRANSMIT ? completionMicros : bulkMicros;
                if (kind == QueueView.Kind.CONTROL) {
                    micros = new long[5];
                }
                try {
                    new Run(seed, text, kind, micros, immediateAfterMicros).run();
                } catch (AssertionError e) {
                    throw new AssertionError(
                            "%s, %s: replay by -Dparanet.seed=%d".formatted(text, kind, seed), e);
                }
            }
            if (replayed != null) {
                return;
            }
        }
    }

    private static final class Run {
        private static final long PARKED = Long.MIN_VALUE;

        private final SplittableRandom random;
        private final Rig rig;
        private final QueueView.Kind kind;
        private final long[] deadlineNanos = new long[5];
        private final long immediateAfterNanos;
        private final boolean tellsConsumed;
        private final boolean none;

        private long published;
        private long signalled; // lemma 2: goes on only with a call or an answer that is false
        private long consumed;
        private long usedEvent; // the entry that the guest wants to hear of, or PARKED
        private long callsSinceArmed;
        private long lastCallNanos = QueueView.NEVER;
        private long deadline = Long.MAX_VALUE; // of anything that the guest is armed for
        private long called;

        Run(
                long seed,
                String text,
                QueueView.Kind kind,
                long[] deadlineMicros,
                long immediateAfterMicros) {
            this.random = new SplittableRandom(seed);
            this.kind = kind;
            this.rig = new Rig(text, kind);
            this.none = text.equals("none") || kind == QueueView.Kind.CONTROL;
            for (int i = 0; i < 5; i++) {
                deadlineNanos[i] = deadlineMicros[i] * Rig.MICRO;
            }
            this.immediateAfterNanos = immediateAfterMicros * Rig.MICRO;
            this.tellsConsumed = random.nextBoolean();
            rig.now = random.nextLong(-1_000_000_000, 1_000_000_000);
        }

        void run() {
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> publish();
                    case 3, 4 -> pass(random.nextInt(30_000));
                    case 5 -> guestPolls();
                    case 6 -> guestArms();
                    default -> rareEvent();
                }
            }
            quiesce();
        }

        /** Another queue of the device is called, or a long pause, or a burst. */
        private void rareEvent() {
            switch (random.nextInt(4)) {
                case 0 -> pass(random.nextInt(3_000_000));
                case 1 -> rig.device.called(QueueView.Kind.RECEIVE, rig.now);
                case 2 -> {
                    for (int i = random.nextInt(100); i > 0; i--) {
                        publish();
                        pass(random.nextInt(1000));
                    }
                }
                default -> guestPolls();
            }
        }

        private void publish() {
            int classes = kind == QueueView.Kind.RECEIVE ? random.nextInt(1, 3) : 1;
            boolean pending = isArmed();
            boolean urgent = false;
            for (int i = 0; i < classes; i++) {
                FrameClass of =
                        kind == QueueView.Kind.RECEIVE
                                ? RECEIVED[random.nextInt(RECEIVED.length)]
                                : FrameClass.COMPLETION;
                long frames = random.nextInt(10) == 0 ? random.nextInt(1, 90) : 1;
                rig.calls.published(of, frames, 100 * frames, rig.now);
                published += frames;
                urgent |= of == FrameClass.URGENT && deadlineNanos[of.slot] == 0;
                deadline = Math.min(deadline, rig.now + deadlineNanos[of.slot]);
            }
            if (!pending && !isArmed()) {
                deadline = Long.MAX_VALUE;
            }
            boolean armed = isArmed();
            boolean idle =
                    immediateAfterNanos >= 0
                            && kind != QueueView.Kind.TRANSMIT
                            && rig.now - lastCallNanos >= immediateAfterNanos;
            boolean call = ask();
            if (armed && (idle || urgent)) {
                assertTrue(call, "theorem 2: not called at once");
            }
            if (none) {
                assertEquals(armed, call, "none calls when the ring asks, and then only");
            }
        }

        /** need_event as virtio 1.3, 2.7.10 has it, in numbers that do not wrap. */
        private boolean isArmed() {
            return usedEvent != PARKED && usedEvent >= signalled && usedEvent < published;
        }

        private boolean ask() {
            boolean wanted = isArmed();
            if (!wanted) {
                signalled = published;
                deadline = Long.MAX_VALUE;
            }
            long known = tellsConsumed ? consumed : QueueView.UNKNOWN;
            long inFlight = kind == QueueView.Kind.TRANSMIT ? random.nextInt(6) : 0;
            rig.calls.ring(wanted, usedEvent == PARKED, known, -1, published + inFlight, rig.now);
            long recalls = rig.calls.ledger().recalls();
            boolean call = rig.calls.decide(rig.now) == MitigationPolicy.CALL;
            if (call) {
                lastCallNanos = rig.now;
                signalled = published;
                deadline = Long.MAX_VALUE;
                called++;
                if (rig.calls.ledger().recalls() == recalls) {
                    callsSinceArmed++;
                    assertTrue(callsSinceArmed <= 1, "theorem 4: called twice for one arm");
                }
            } else if (wanted) {
                assertTrue(rig.calls.due() > rig.now, "lemma 3: no due time ahead");
                assertTrue(rig.calls.due() <= deadline, "lemma 3: due after the deadline");
            }
            return call;
        }

        /** The worker sleeps until the next due time or the end, whichever is first. */
        private void pass(long nanos) {
            long end = rig.now + nanos;
            while (rig.calls.due() <= end) {
                rig.now = Math.max(rig.now, rig.calls.due());
                ask();
            }
            rig.now = end;
            assertTrue(rig.now <= deadline, "theorem 3: held for too long");
        }

        /** It takes some or all; while it polls it asks for nothing. */
        private void guestPolls() {
            usedEvent = PARKED;
            if (published > consumed) {
                consumed =
                        random.nextInt(4) == 0
                                ? random.nextLong(consumed, published + 1)
                                : published;
            }
            if (random.nextBoolean()) {
                ask();
            }
        }

        /** It arms where it stands or ahead; and looks again, so that nothing is missed. */
        private void guestArms() {
            if (usedEvent == PARKED) {
                usedEvent = published + (random.nextInt(4) == 0 ? random.nextInt(20) : 0);
                consumed = published;
                callsSinceArmed = 0;
                if (tellsConsumed) {
                    deadline = Long.MAX_VALUE; // it waits for nothing that it has
                }
            }
        }

        private void quiesce() {
            guestPolls();
            ask();
            pass(1_000_000_000);
            CallLedger ledger = rig.calls.ledger();
            assertEquals(0, rig.calls.view().unnotified());
            assertEquals(published, ledger.opportunities());
            assertEquals(published, ledger.calls() + ledger.avoided());
            assertEquals(called, ledger.calls() + ledger.recalls());
            long holds = 0;
            for (FrameClass of : FrameClass.values()) {
                for (int bits = 0; bits < CallLedger.HOLD_CLASSES; bits++) {
                    holds += ledger.held(of, bits);
                }
            }
            assertEquals(published, holds);
        }
    }
}
