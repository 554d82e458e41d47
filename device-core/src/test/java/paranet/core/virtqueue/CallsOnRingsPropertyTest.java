package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import paranet.core.mitigation.CoalesceText;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.MitigationPolicy;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;

import java.util.SplittableRandom;

/**
 * Policies over real rings and a real driver.
 *
 * <p><i>Strategy.</i> Two rings of one format see the same steps: chains added and completed, a
 * driver that polls with interrupts off, arms, looks again, and sleeps. One is asked as virtio says
 * and called at once; the other through a policy, on a clock that is told, with the worker on time.
 *
 * <p><i>Invariants.</i> With {@code none} both are called at the same steps. With any policy a
 * driver that sleeps while something is published is called within its deadline.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}.
 */
class CallsOnRingsPropertyTest {
    private static final int RUNS = Boolean.getBoolean("paranet.long") ? 1000 : 10;
    private static final int STEPS = 4000;
    private static final int SIZE = 16;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "none | 0",
                "fixed,rx-usecs=20,rx-frames=8 | 20",
                "throttle,rx-usecs=50 | 50",
                "dim | 256",
                "vic,hold-usecs=300 | 300",
                "pace | 20",
            })
    void callInTime(String text, long deadlineMicros) throws Exception {
        Long replayed = Long.getLong("paranet.seed");
        for (long seed = replayed == null ? 1 : replayed; seed <= RUNS; seed++) {
            for (int format = 0; format < 4; format++) {
                long features =
                        RingFeature.VERSION_1
                                | ((format & 1) != 0 ? RingFeature.RING_PACKED : 0)
                                | ((format & 2) != 0 ? RingFeature.EVENT_IDX : 0);
                try (Run run = new Run(seed, features, text, deadlineMicros * 1000)) {
                    run.run();
                } catch (AssertionError e) {
                    throw new AssertionError(
                            "format %d: replay by -Dparanet.seed=%d".formatted(format, seed), e);
                }
            }
            if (replayed != null) {
                return;
            }
        }
    }

    private static final class Run implements AutoCloseable {
        private final SplittableRandom random;
        private final RingRig plain;
        private final RingRig held;
        private final QueueCalls calls;
        private final boolean none;
        private final long deadlineNanos;

        private long now = 1;
        private long seen;
        private boolean armed;
        private long publishedAsleep = Long.MAX_VALUE;
        private int plainCalls;
        private int heldCalls;

        Run(long seed, long features, String text, long deadlineNanos) {
            this.random = new SplittableRandom(seed);
            this.plain = new RingRig(features, SIZE);
            this.held = new RingRig(features, SIZE);
            this.none = text.equals("none");
            this.deadlineNanos = deadlineNanos;
            PolicyOptions options = CoalesceText.parse(text);
            QueueView.Kind kind = QueueView.Kind.RECEIVE;
            var device = options.guestCalls().device();
            this.calls =
                    new QueueCalls(
                            kind,
                            SIZE,
                            options.policy(kind, SIZE, device),
                            device,
                            null,
                            options.costs());
            plain.driver.disableInterrupts();
            held.driver.disableInterrupts();
        }

        void run() {
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(6)) {
                    case 0, 1 -> complete(random.nextInt(1, 4));
                    case 2, 3 -> pass(random.nextInt(20_000));
                    case 4 -> arm();
                    default -> poll();
                }
            }
            arm();
            complete(1);
            pass(1_000_000);
            assertTrue(heldCalls > 0);
            assertTrue(calls.ledger().opportunities() > STEPS / 10);
        }

        private void complete(int chains) {
            complete(plain, chains);
            complete(held, chains);
            if (plain.device.needsNotification()) {
                plain.device.notified();
                plainCalls++;
            }
            ask();
            if (none) {
                assertEquals(plainCalls, heldCalls);
            }
        }

        private static void complete(RingRig rig, int chains) {
            for (int i = 0; i < chains; i++) {
                if (rig.driver.outstanding() < SIZE) {
                    rig.addOne(rig.room(0), 100, true, 0);
                    rig.driver.publish();
                    assertTrue(rig.next());
                    rig.device.complete(rig.chain, 60);
                }
            }
            rig.device.flush();
        }

        private void ask() {
            long published = held.device.published();
            if (published != seen) {
                calls.published(FrameClass.NORMAL, published - seen, 60, now);
                seen = published;
                if (armed) {
                    publishedAsleep = Math.min(publishedAsleep, now);
                }
            }
            calls.ring(
                    held.device.needsNotification(),
                    false,
                    QueueView.UNKNOWN,
                    QueueView.UNKNOWN,
                    QueueView.UNKNOWN,
                    now);
            if (calls.decide(now) == MitigationPolicy.CALL) {
                held.device.notified();
                heldCalls++;
                publishedAsleep = Long.MAX_VALUE;
                armed = false; // woken: it polls
            }
        }

        private void pass(long nanos) {
            long end = now + nanos;
            while (calls.due() <= end) {
                now = Math.max(now, calls.due());
                ask();
            }
            now = end;
            assertTrue(
                    publishedAsleep == Long.MAX_VALUE || now - publishedAsleep <= deadlineNanos,
                    "a driver that sleeps was not called");
        }

        private void poll() {
            drain(plain);
            drain(held);
            plain.driver.disableInterrupts();
            held.driver.disableInterrupts();
            armed = false;
            publishedAsleep = Long.MAX_VALUE;
        }

        private static void drain(RingRig rig) {
            while (rig.driver.poll()) {
                assertEquals(60, rig.driver.writtenBytes());
            }
        }

        /** It sleeps when it finds nothing after it armed; else it polls on. */
        private void arm() {
            poll();
            boolean sleeps = plain.driver.enableInterrupts();
            assertEquals(sleeps, held.driver.enableInterrupts());
            assertTrue(sleeps, "everything was polled");
            armed = true;
        }

        @Override
        public void close() {
            plain.close();
            held.close();
        }
    }
}
