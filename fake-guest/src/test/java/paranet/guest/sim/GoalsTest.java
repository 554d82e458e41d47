package paranet.guest.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.UnitCosts;

import java.util.List;

/**
 * The goals of the design that virtual time decides, each as it is put there, for the one default
 * that ships. All figures are modelled, on pi2020 and D3 unless something else is named; nothing
 * here was fitted. Where a goal is missed, its distance is held and said.
 */
class GoalsTest {
    private static final long MILLI = 1_000_000;
    private static final long SETTLE_NANOS = 40 * MILLI;
    private static final String PI = "pi2020";

    private static Outcome run(DeviceModel model, String policy, String era, int n, Flow... flows) {
        Setup setup =
                new Setup(
                        model,
                        PolicyChoice.of(policy, era),
                        UnitCosts.named(era),
                        Assumptions.shipped(),
                        n,
                        1,
                        10e9,
                        1);
        try (Simulation simulation = new Simulation(setup)) {
            for (Flow flow : flows) {
                simulation.start(flow);
            }
            simulation.run(SETTLE_NANOS);
            return simulation.run(200 * MILLI);
        }
    }

    private static Outcome run(String policy, Flow... flows) {
        return run(DeviceModel.D3, policy, PI, 1, flows);
    }

    private static Flow datagrams(double rate) {
        return new Flow.Datagrams(rate, FrameClass.NORMAL, 64);
    }

    private static double saved(Outcome some, Outcome all) {
        return 1 - some.interrupts() / all.interrupts();
    }

    private static void assertAtLeast(double least, double value, String what) {
        assertTrue(value >= least, "%s: %.4f, wanted %.4f at least".formatted(what, value, least));
    }

    private static void assertAtMost(double most, double value, String what) {
        assertTrue(value <= most, "%s: %.4f, wanted %.4f at most".formatted(what, value, most));
    }

    private static double p99Added(Outcome pace, Outcome none) {
        return (pace.latencyNanos(0.99) - none.latencyNanos(0.99)) / 1e3;
    }

    /** One frame every 2 ms: each of them is exactly as fast as without a policy. */
    @Test
    void g4NothingIsAddedAfterAPause() {
        long[] worst = new long[2];
        for (int i = 0; i < 2; i++) {
            Outcome outcome = run(i == 0 ? "none" : "pace", new Flow.Together(500, 1));
            worst[i] = outcome.latencyNanos(1);
            assertTrue(outcome.samples() > 50);
        }
        assertEquals(worst[0], worst[1]);
    }

    /** What is held longer than its class may be stops the simulation ({@code Theorems}). */
    @Test
    void g5NoDeadlineIsMissed() {
        Flow[] mixed = {
            new Flow.Trains(0.4), new Flow.Requests(16, 300_000), datagrams(20e3),
        };
        for (DeviceModel model : DeviceModel.values()) {
            double hold = run(model, "pace", PI, 2, mixed).longestHoldNanos();
            assertAtMost(400_000, hold, model.toString());
        }
    }

    @Test
    void g6OneClient() {
        Flow client = new Flow.Requests(1, 0);
        Outcome none = run("none", client);
        Outcome pace = run("pace", client);
        assertAtLeast(0.99, pace.transactions() / none.transactions(), "requests");
        assertAtMost(1, p99Added(pace, none), "p99 added, us");
        // What it is measured by: each of these holds a request back.
        assertAtMost(
                0.4, run("fixed,rx-usecs=64", client).transactions() / none.transactions(), "");
    }

    @Test
    void g7InboundBulk() {
        double[][] goals = {{0.5, 0.75}, {0.9, 0.85}};
        for (double[] goal : goals) {
            Flow trains = new Flow.Trains(goal[0]);
            Outcome none = run("none", trains);
            Outcome pace = run("pace", trains);
            assertAtLeast(goal[1], saved(pace, none), "interrupts saved at load " + goal[0]);
            assertAtMost(100, pace.latencyNanos(0.99) / 1e3, "p99, us");
            assertAtLeast(0.995, pace.goodputBits() / none.goodputBits(), "goodput");
        }
    }

    /** A closed loop: what is held must not slow a sender that waits for acknowledgements. */
    @Test
    void g7InboundTcp() {
        Outcome none = run("none", new Flow.TcpToGuest());
        Outcome pace = run("pace", new Flow.TcpToGuest());
        assertAtLeast(0.85, saved(pace, none), "interrupts saved");
        assertAtMost(100, pace.latencyNanos(0.99) / 1e3, "p99, us");
        assertAtLeast(0.995, pace.goodputBits() / none.goodputBits(), "goodput");
    }

    private static Flow[] mixed(Flow clients) {
        return new Flow[] {new Flow.Trains(0.4), clients, datagrams(20e3)};
    }

    private static double urgentAdded(double share, Outcome pace, Outcome none) {
        return (pace.urgentLatencyNanos(share) - none.urgentLatencyNanos(share)) / 1e3;
    }

    /**
     * As in the design's pilot, which had a receive queue only; but classes are found, not given.
     */
    @Test
    void g8MixedReceiving() {
        Flow[] mixed = mixed(new Flow.Questions(16, 300_000));
        Outcome none = run("none", mixed);
        Outcome pace = run("pace", mixed);
        assertAtLeast(0.38, saved(pace, none), "interrupts saved");
        assertAtMost(1, urgentAdded(0.5, pace, none), "urgent p50 added, us");
        assertAtMost(5, urgentAdded(0.99, pace, none), "urgent p99 added, us");
        for (String rival :
                List.of(
                        "fixed,rx-usecs=8",
                        "fixed,rx-usecs=20,rx-frames=8",
                        "fixed,rx-usecs=64",
                        "throttle,rx-usecs=10",
                        "throttle,rx-usecs=25",
                        "dim")) {
            Outcome other = run(rival, mixed);
            assertTrue(
                    other.interrupts() > pace.interrupts()
                            || other.urgentLatencyNanos(0.5) > pace.urgentLatencyNanos(0.5)
                            || other.urgentLatencyNanos(0.99) > pace.urgentLatencyNanos(0.99),
                    rival + " is as good");
        }
    }

    /**
     * With answers that are completed here, the median is missed: 2.3 us added, 1 wanted, at 64 %
     * fewer interrupts. Completions of {@code none} wake the guest 40,000 times a second, and a
     * guest that is awake takes a request 5 us sooner; without them it sleeps.
     */
    @Test
    void g8MixedWithAnswersMissesTheMedian() {
        Flow[] mixed = mixed(new Flow.Requests(16, 300_000));
        Outcome none = run("none", mixed);
        Outcome pace = run("pace", mixed);
        assertAtLeast(0.6, saved(pace, none), "interrupts saved");
        assertAtMost(2.9, urgentAdded(0.5, pace, none), "urgent p50 added, us");
        assertAtMost(5, urgentAdded(0.99, pace, none), "urgent p99 added, us");
    }

    @Test
    void g9Datagrams() {
        Outcome none = run("none", datagrams(100e3));
        Outcome pace = run("pace", datagrams(100e3));
        assertAtLeast(0.45, saved(pace, none), "interrupts saved");
        assertAtMost(20, p99Added(pace, none), "p99 added, us");
        assertEquals(
                run("none", datagrams(1e3)).latencyNanos(0.5),
                run("pace", datagrams(1e3)).latencyNanos(0.5));
    }

    @Test
    void g10Completions() {
        Flow fast = new Flow.Answered(100e3, 2);
        Outcome pace = run("pace", fast);
        assertAtLeast(0.95, pace.completionsTakenAlong(), "taken along at 100 k");
        assertAtLeast(0.7, saved(pace, run("none", fast)), "interrupts saved");
        assertAtLeast(
                0.8, run("pace", new Flow.Answered(20e3, 2)).completionsTakenAlong(), "at 20 k");
        Flow waits = new Flow.Blocking(1200);
        assertAtLeast(
                0.95, run("pace", waits).transactions() / run("none", waits).transactions(), "W7");
    }

    @Test
    void g11SixteenDevicesOfABus() {
        Flow together = new Flow.Together(5e3, 15_000);
        Outcome vectors = run(DeviceModel.D3, "none", "nehalem2009", 16, together);
        Outcome bus = run(DeviceModel.D6, "pace", "nehalem2009", 16, together);
        assertAtLeast(0.8, saved(bus, vectors), "interrupts saved");
        assertAtLeast(
                2, (double) vectors.latencyNanos(0.5) / bus.latencyNanos(0.5), "median, times");
    }
}
