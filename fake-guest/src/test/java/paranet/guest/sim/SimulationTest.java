package paranet.guest.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.UnitCosts;

import java.util.List;

/** Modelled figures; unless an era is named, on the unit costs of pi2020. */
class SimulationTest {
    private static final long MILLI = 1_000_000;
    private static final String PI = "pi2020";

    private static Setup setup(DeviceModel model, String policy, String era, int devices) {
        return new Setup(
                model,
                PolicyChoice.of(policy, era),
                UnitCosts.named(era),
                Assumptions.shipped(),
                devices,
                1,
                10e9,
                1);
    }

    private static Outcome run(Setup setup, long millis, Flow... flows) {
        try (Simulation simulation = new Simulation(setup)) {
            for (Flow flow : flows) {
                simulation.start(flow);
            }
            return simulation.run(millis * MILLI);
        }
    }

    private static Outcome run(String policy, long millis, Flow... flows) {
        return run(setup(DeviceModel.D3, policy, PI, 1), millis, flows);
    }

    private static Flow datagrams(double rate) {
        return new Flow.Datagrams(rate, FrameClass.NORMAL, 64);
    }

    private static String figures(Outcome outcome) {
        return "%s %s %s %s %s %s %s"
                .formatted(
                        outcome.interrupts(),
                        outcome.calls(),
                        outcome.kicks(),
                        outcome.latencyNanos(0.5),
                        outcome.latencyNanos(0.999),
                        outcome.guestBusy(),
                        outcome.windowNanos());
    }

    @ParameterizedTest
    @EnumSource(DeviceModel.class)
    void theSameSeedGivesTheSameAndEverythingIsAccountedFor(DeviceModel model) {
        for (String policy : List.of("none", "fixed", "throttle", "dim", "vic", "pace", "spdk")) {
            Flow[] flows = {
                new Flow.Trains(0.3), new Flow.Requests(8, 100_000), new Flow.TcpFromGuest(20_000)
            };
            Outcome first = run(setup(model, policy, PI, 2), 30, flows);
            Outcome second = run(setup(model, policy, PI, 2), 30, flows);
            assertEquals(figures(first), figures(second));
            assertTrue(first.received() > 100_000, "received " + first.received());
            assertTrue(first.sent() > 10_000, "sent " + first.sent());
            // What is open at the end lies in four rings of 256.
            assertTrue(Math.abs(first.unbalanced()) <= 1024, first.unbalanced() + " open");
            assertEquals(0, first.watchdogRecalls());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DeviceModel.class,
            names = {"D3", "D4", "D6"})
    void nothingIsLostWhenTrafficEnds(DeviceModel model) {
        try (Simulation simulation = new Simulation(setup(model, "pace", PI, 4))) {
            for (SimulatedDevice device : simulation.devices()) {
                for (int i = 0; i < 100; i++) {
                    Frame frame = new Frame(0, FrameClass.NORMAL, 64, Frame.NOTHING, Frame.NOTHING);
                    simulation.clock().at(i * 777L, () -> device.receive().offer(frame));
                }
            }
            Outcome outcome = simulation.run(10 * MILLI);
            assertEquals(400, outcome.samples());
            assertEquals(0, outcome.unbalanced());
        }
    }

    @Test
    void aFixedHoldIsExactlyWhatALoneFramePays() {
        long alone = run("none", 500, datagrams(1000)).latencyNanos(0.5);
        assertEquals(
                alone + 64_000, run("fixed,rx-usecs=64", 500, datagrams(1000)).latencyNanos(0.5));
        assertEquals(alone, run("pace", 500, datagrams(1000)).latencyNanos(0.5), "pace: nothing");
    }

    @Test
    void paceCostsOneRequestAtATimeNothing() {
        Flow requests = new Flow.Requests(1, 0);
        Outcome none = run("none", 200, requests);
        Outcome pace = run("pace", 200, requests);
        assertTrue(pace.transactions() >= 0.99 * none.transactions());
        assertTrue(pace.latencyNanos(0.99) <= none.latencyNanos(0.99) + 1000);
        Outcome fixed = run("fixed,rx-usecs=64", 200, requests);
        assertTrue(fixed.transactions() < none.transactions() / 3);
    }

    @Test
    void paceSavesNearlyHalfTheInterruptsOf100kDatagrams() {
        Outcome none = run("none", 300, datagrams(100_000));
        Outcome pace = run("pace", 300, datagrams(100_000));
        assertTrue(
                pace.interrupts() <= 0.55 * none.interrupts(),
                pace.interrupts() + " of " + none.interrupts());
        long added = pace.latencyNanos(0.99) - none.latencyNanos(0.99);
        assertTrue(added > 0 && added <= 20_200, added + " ns added");
        assertTrue(pace.longestHoldNanos() <= 20_000, "the deadline of a normal frame");
    }

    @Test
    void dimEndsInItsDeepestProfileAtAConstantRateAndOverrunsARingUnderTrains() {
        try (Simulation simulation = new Simulation(setup(DeviceModel.D3, "dim", PI, 1))) {
            simulation.start(datagrams(100_000));
            simulation.run(500 * MILLI);
            assertEquals(256_000, simulation.run(500 * MILLI).longestHoldNanos());
        }
        // 256 us are 208 frames of a link, and up to 127 buffers wait to be posted anew.
        assertTrue(run("dim", 200, new Flow.Trains(0.9)).dropped() > 0);
        assertEquals(0, run("dim,rx-usecs-high=64", 200, new Flow.Trains(0.9)).dropped());
    }

    @Test
    void aSharedLineCostsOneReadOfTheStatusForEachInterruptAndDevice() {
        Outcome msi = run(setup(DeviceModel.D2, "none", PI, 1), 100, datagrams(5000));
        Outcome line = run(setup(DeviceModel.D1, "none", PI, 1), 100, datagrams(5000));
        assertEquals(0, msi.isrReads());
        assertEquals(line.interrupts(), line.isrReads());
        Outcome four = run(setup(DeviceModel.D1, "none", PI, 4), 100, datagrams(5000));
        assertEquals(4 * four.interrupts(), four.isrReads(), 1e-6);
    }

    @Test
    void onlyFlagsMakeCallsThatNobodyTakes() {
        Outcome flags = run(setup(DeviceModel.D2, "none", PI, 1), 200, datagrams(100_000));
        Outcome events = run(setup(DeviceModel.D3, "none", PI, 1), 200, datagrams(100_000));
        assertTrue(flags.calls() > 1.2 * flags.interrupts());
        assertEquals(events.calls(), events.interrupts(), 10);
    }

    @Test
    void anEventQueueSavesMoreTheMoreDevicesThereAre() {
        double before = -1;
        for (int devices : new int[] {1, 2, 4, 8, 16}) {
            Outcome bus = run(setup(DeviceModel.D6, "none", PI, devices), 200, datagrams(10_000));
            assertTrue(bus.saved() > before, devices + " devices: " + bus.saved());
            before = bus.saved();
            Outcome vectors =
                    run(setup(DeviceModel.D3, "none", PI, devices), 200, datagrams(10_000));
            assertEquals(0, vectors.saved(), 0.01, "one call is one interrupt");
            assertEquals(0, vectors.avoided(AvoidedBy.OTHER_DEVICE));
        }
        assertTrue(before > 0.3, "saved " + before);
    }

    @Test
    void oneEventQueueIsOneCpusWork() {
        Flow flow = new Flow.Together(5000, 15_000);
        Setup one = setup(DeviceModel.D3, "none", "nehalem2009", 16);
        Setup four =
                new Setup(
                        one.model(), one.policy(), one.costs(), one.assumptions(), 16, 4, 10e9, 1);
        assertTrue(run(four, 100, flow).latencyNanos(0.5) < run(one, 100, flow).latencyNanos(0.5));
        Setup bus = setup(DeviceModel.D6, "none", "nehalem2009", 16);
        Setup busOfFour =
                new Setup(
                        bus.model(), bus.policy(), bus.costs(), bus.assumptions(), 16, 4, 10e9, 1);
        assertEquals(
                run(bus, 100, flow).latencyNanos(0.5), run(busOfFour, 100, flow).latencyNanos(0.5));
    }

    @Test
    void aHoldOfCompletionsIsWhatASenderThatWaitsForThemPays() {
        Flow sender = new Flow.Blocking(1200);
        double none = 1e9 / run("none", 100, sender).transactions();
        double held = 1e9 / run("fixed,tx-usecs=64", 100, sender).transactions();
        assertEquals(none + 64_000, held, 50);
        assertTrue(run("pace", 100, sender).transactions() >= 0.95 * 1e9 / none);
    }

    @Test
    void aSenderIsClockedByWhatItsWindowAndItsQueueLetThrough() {
        Outcome fills = run("none", 100, new Flow.TcpFromGuest(20_000));
        assertTrue(fills.goodputBits() > 9e9, "goodput " + fills.goodputBits());
        Setup narrow =
                new Setup(
                        DeviceModel.D3,
                        PolicyChoice.of("none", PI),
                        UnitCosts.named(PI),
                        Assumptions.shipped().with("send-window-bytes", 14_480),
                        1,
                        1,
                        10e9,
                        1);
        assertTrue(run(narrow, 100, new Flow.TcpFromGuest(20_000)).goodputBits() < 5e9);
    }

    @Test
    void aReceiverThatIsHeldBackClocksItsSender() {
        double none = run("none", 100, new Flow.TcpToGuest()).goodputBits();
        double late =
                run("fixed,rx-usecs=1000,rx-frames=256", 100, new Flow.TcpToGuest()).goodputBits();
        assertTrue(none > 9e9, "goodput " + none);
        assertTrue(late < none / 2, "goodput with a hold of 1 ms " + late);
    }

    private static long scaled(long nanos, boolean isScaled) {
        return isScaled ? nanos * 3 / 2 : nanos;
    }

    private static UnitCosts scaled(String era, String cost) {
        UnitCosts of = UnitCosts.named(era);
        return new UnitCosts(
                of.name(),
                scaled(of.lightNanos(), cost.equals("light")),
                scaled(of.deliverNanos(), cost.equals("deliver")),
                scaled(of.eoiNanos(), cost.equals("eoi")),
                scaled(of.heavyNanos(), cost.equals("heavy")),
                scaled(of.callNanos(), cost.equals("call")),
                scaled(of.irqNanos(), cost.equals("irq")),
                scaled(of.wakeNanos(), cost.equals("wake")),
                scaled(of.serviceNanos(), cost.equals("service")));
    }

    /** In time, or in what it costs; on the hardware and the device where all of them count. */
    @ParameterizedTest
    @ValueSource(strings = {"light", "deliver", "eoi", "heavy", "call", "irq", "wake", "service"})
    void everyUnitCostShows(String cost) {
        String era = "woodcrest2006";
        DeviceModel model = cost.equals("light") ? DeviceModel.D3 : DeviceModel.D8;
        Setup shipped = setup(model, "none", era, 1);
        Setup other =
                new Setup(
                        shipped.model(),
                        shipped.policy(),
                        scaled(era, cost),
                        shipped.assumptions(),
                        1,
                        1,
                        10e9,
                        1);
        Flow[] flows = {datagrams(20_000), new Flow.Requests(2, 50_000)};
        assertNotEquals(figures(run(shipped, 50, flows)), figures(run(other, 50, flows)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"call", "irq", "wake", "service"})
    void whatAnInterruptWaitsForMakesItLater(String cost) {
        Setup shipped = setup(DeviceModel.D3, "none", PI, 1);
        Setup other =
                new Setup(
                        shipped.model(),
                        shipped.policy(),
                        scaled(PI, cost),
                        shipped.assumptions(),
                        1,
                        1,
                        10e9,
                        1);
        assertTrue(
                run(other, 50, datagrams(100_000)).latencyNanos(0.5)
                        > run(shipped, 50, datagrams(100_000)).latencyNanos(0.5));
    }
}
