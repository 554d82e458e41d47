package paranet.guest.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.UnitCosts;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What holds of every device, policy and guest, whatever goes wrong.
 *
 * <p><i>Strategy.</i> Device, policy, era, 1 to 4 devices, 1, 2 or 4 CPUs, one to three kinds of
 * traffic, and what goes wrong beside it, all from one seed: CPUs that are taken away for 10 ms,
 * guests that stand still for up to 80 ms, workers that change, guests that write random words
 * where they ask for calls.
 *
 * <p><i>Invariants.</i> Theorems 1 to 4 at every decision ({@code Theorems}): the worker is never
 * late, so nothing is called for a nanosecond after its deadline. Accounts add up. No wake-up is
 * lost where the guest keeps the rules. A hostile guest is called no more often than something is
 * published to it, but for repeated and unconditional calls.
 *
 * <p>Replay one run by {@code -Dparanet.seed=N}; {@code -Dparanet.packets=N} says how many packets.
 */
class SimulationPropertyTest {
    private static final long SLICE_NANOS = 10_000_000;
    private static final int SLICES = 20;

    private static final List<String> POLICIES =
            List.of(
                    "none",
                    "fixed,rx-usecs=20,rx-frames=8,tx-usecs=30",
                    "throttle,rx-usecs=30,tx-usecs=40",
                    "dim,adaptive-tx=on",
                    "vic",
                    "spdk",
                    "pace",
                    "pace,preset=latency,urgent-rate=1000",
                    "pace,preset=throughput,irq-budget=2000",
                    "pace,latency-price=0.0001,rx-usecs=60,rx-bulk-usecs=200,tx-usecs=300");

    @Test
    void theTheoremsHoldAtEveryDecision() {
        Long replayed = Long.getLong("paranet.seed");
        long wanted = Long.getLong("paranet.packets", 10_000_000);
        long packets = 0;
        long decisions = 0;
        for (long seed = replayed == null ? 1 : replayed; packets < wanted; seed++) {
            try (Run run = new Run(seed)) {
                try {
                    run.run();
                } catch (AssertionError | IllegalStateException e) {
                    throw new AssertionError(
                            "%s: replay by -Dparanet.seed=%d".formatted(run, seed), e);
                }
                packets += run.packets;
                decisions += run.simulation.decisions();
            }
            if (replayed != null) {
                return;
            }
        }
        assertTrue(decisions > packets / 2, decisions + " decisions");
    }

    private static final class Run implements AutoCloseable {
        private final SplittableRandom random;
        private final Set<Disturbance> disturbances = EnumSet.noneOf(Disturbance.class);
        private final Setup setup;
        private final Simulation simulation;
        private final List<Flow> flows = new ArrayList<>();
        private long packets;

        Run(long seed) {
            random = new SplittableRandom(seed);
            List<UnitCosts> eras = UnitCosts.all();
            UnitCosts era = eras.get(random.nextInt(eras.size()));
            String policy = POLICIES.get(random.nextInt(POLICIES.size()));
            DeviceModel[] models = DeviceModel.values();
            setup =
                    new Setup(
                            models[random.nextInt(models.length)],
                            PolicyChoice.of(policy, era.name()),
                            era,
                            Assumptions.shipped(),
                            random.nextInt(1, 5),
                            1 << random.nextInt(3),
                            10e9,
                            seed);
            simulation = new Simulation(setup);
        }

        void run() {
            for (Flow flow : flows()) {
                simulation.start(flow);
            }
            for (Disturbance kind : Disturbance.values()) {
                if (random.nextInt(3) == 0) {
                    disturbances.add(kind);
                    simulation.disturb(kind);
                }
            }
            for (int slice = 0; slice < SLICES; slice++) {
                check(simulation.run(SLICE_NANOS));
            }
        }

        @Override
        public String toString() {
            return "%s, %s, %s, %d devices, %d CPUs, %s, %s"
                    .formatted(
                            setup.model(),
                            setup.policy().text(),
                            setup.costs().name(),
                            setup.devices(),
                            setup.cpus(),
                            flows,
                            disturbances);
        }

        private List<Flow> flows() {
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                flows.add(
                        switch (random.nextInt(8)) {
                            case 0 -> new Flow.Datagrams(rate(), FrameClass.NORMAL, 64);
                            case 1 -> new Flow.Bursts(rate() / 4, 64);
                            case 2 -> new Flow.Trains(0.05 + 0.6 * random.nextDouble());
                            case 3 -> new Flow.Requests(1 << random.nextInt(6), 20_000);
                            case 4 -> new Flow.TcpToGuest();
                            case 5 -> new Flow.TcpFromGuest(20_000);
                            case 6 -> new Flow.Answered(rate(), random.nextInt(1, 5));
                            default -> new Flow.Blocking(1200);
                        });
            }
            return flows;
        }

        private double rate() {
            return StrictMath.pow(10, 3 + 2.5 * random.nextDouble());
        }

        private void check(Outcome outcome) {
            double seconds = SLICE_NANOS / 1e9;
            packets += Math.round((outcome.received() + outcome.sent()) * seconds);
            long open = 2L * setup.devices() * RingPair.SIZE;
            assertTrue(
                    Math.abs(outcome.unbalanced()) <= open,
                    outcome.unbalanced() + " not accounted");
            assertEquals(0, outcome.watchdogRecalls());
            long calls = Math.round(outcome.calls() * seconds);
            long published = Math.round(outcome.opportunities() * seconds);
            assertTrue(
                    calls <= published + open + outcome.recalls() + outcome.unconditionalCalls(),
                    calls + " calls for " + published);
        }

        @Override
        public void close() {
            simulation.close();
        }
    }
}
