package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.host.BusPort;
import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.CallAccounts;
import paranet.core.mitigation.CallLedger;
import paranet.core.mitigation.CoalesceText;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueReport;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.TestFrame;
import paranet.tap.EchoBridge;
import paranet.venet.wire.VenetCapability;
import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * Every policy with real threads: a guest that sleeps until it is interrupted loses nothing and is
 * woken for all, and at the end each thing published is called for, or avoided by one cause.
 */
class MitigationEndToEndTest {
    private static final int SECONDS_MAX = 60;

    /** Who is not woken in this time is not woken, and the test takes too long. */
    private static final long FOREVER_NANOS = TimeUnit.SECONDS.toNanos(3 * SECONDS_MAX);

    private static final long[] RINGS = {
        0,
        VirtioNetFeature.EVENT_IDX,
        VirtioNetFeature.RING_PACKED,
        VirtioNetFeature.RING_PACKED | VirtioNetFeature.EVENT_IDX
    };
    private static final List<String> POLICIES =
            List.of("pace", "fixed,rx-usecs=1000", "none", "throttle", "vic", "dim");
    private static final int FRAMES = 1500;
    private static final int LONE_FRAMES = 30;

    @ParameterizedTest
    @Timeout(SECONDS_MAX)
    @ValueSource(
            strings = {
                "none",
                "fixed,rx-usecs=200,rx-frames=16",
                "throttle,rx-usecs=300,tx-usecs=300",
                "dim",
                "vic,hold-usecs=500",
                "pace",
                "pace,preset=throughput,irq-budget=2000"
            })
    void everyPolicyWakesItsGuestForAllAndAccountsForAll(String text) throws Exception {
        for (long ring : RINGS) {
            CallAccounts.Snapshot accounts = virtioNet(text, ring);
            assertBalanced(accounts, text);
            assertTrue(accounts.opportunities() >= 2 * (FRAMES + LONE_FRAMES), accounts::toString);
        }
    }

    @ParameterizedTest
    @Timeout(SECONDS_MAX)
    @ValueSource(
            strings = {
                "none",
                "fixed,rx-usecs=200,rx-frames=16",
                "throttle,rx-usecs=300,tx-usecs=300",
                "dim",
                "vic,hold-usecs=500",
                "pace",
                "pace,preset=throughput,irq-budget=2000"
            })
    void everyPolicyWakesAVenetGuestForAllAndAccountsForAll(String text) throws Exception {
        for (int events : new int[] {0, VenetCapability.EVENTQ_TXC}) {
            try (Backend backend = new Backend()) {
                Backend.ServedBus bus = backend.listenBus(4);
                bus.port.coalesce(CoalesceText.parse(text));
                try (bus;
                        VenetGuest guest =
                                VenetEchoEndToEndTest.open(
                                        bus,
                                        BusOptions.usual(5),
                                        VenetDriverOptions.usual(5).withCapabilities(0, events, 0),
                                        4)) {
                    oneByOne(guest, LONE_FRAMES);
                    new Traffic(guest, VenetDriverOptions.usual(5).plainBytesMax(), false, 5)
                            .exchange(FRAMES / 4);
                    assertBalanced(bus.port::queues, text);
                    assertSignalsAreExplained(bus.port, text);
                }
                CallAccounts.Snapshot accounts = bus.port.snapshot().accounts();
                assertBalanced(accounts, text);
                // A completion for which the event ring had no room yet was never published.
                long published = events == VenetCapability.EVENTQ_TXC ? FRAMES : 2L * FRAMES;
                assertTrue(accounts.opportunities() >= published, accounts::toString);
            }
        }
    }

    @Test
    @Timeout(SECONDS_MAX)
    void policiesChangeWhileFramesMove() throws Exception {
        try (Backend backend = new Backend()) {
            Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
            try (port;
                    VirtioNetDriver driver =
                            VirtioNetDriver.open(
                                    FakeFrontend.connect(port.path, FrontendOptions.usual(4)),
                                    DriverOptions.plain(4))) {
                Traffic traffic = Traffic.plain(driver, 4);
                Thread operator =
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            for (int i = 0; i < 10 * POLICIES.size(); i++) {
                                                port.port.coalesce(
                                                        CoalesceText.parse(
                                                                POLICIES.get(i % POLICIES.size())));
                                            }
                                        });
                do {
                    traffic.exchange(500);
                } while (operator.isAlive());
                operator.join();
                assertEquals(POLICIES.getLast(), port.port.coalescing().name());
            }
            assertBalanced(port.counters().accounts(), "all of them");
        }
    }

    private static CallAccounts.Snapshot virtioNet(String text, long ring) throws Exception {
        try (Backend backend = new Backend()) {
            Backend.ServedPort port =
                    backend.listen(
                            VirtioNetOptions.DEFAULT, new EchoBridge(1), CoalesceText.parse(text));
            FrontendOptions front =
                    FrontendOptions.usual(3)
                            .withFeatures(
                                    VirtioNetFeature.VERSION_1
                                            | VirtioNetFeature.MRG_RXBUF
                                            | VirtioNetFeature.MAC
                                            | ring);
            try (port;
                    VirtioNetDriver driver =
                            VirtioNetDriver.open(
                                    FakeFrontend.connect(port.path, front),
                                    DriverOptions.plain(3))) {
                oneByOne(driver, LONE_FRAMES);
                Traffic.plain(driver, 3).exchange(FRAMES);
                assertBalanced(() -> List.copyOf(port.queues().values()), text);
            }
            return port.counters().accounts();
        }
    }

    /** A guest that hears of a frame by an interrupt only, and sends the next one after it. */
    static void oneByOne(NetworkDriver driver, int count) throws IOException {
        TestFrame frames = new TestFrame(1);
        GuestFrame out = new GuestFrame(2048);
        GuestFrame in = new GuestFrame(2048);
        for (int i = 0; i < count; i++) {
            frames.write(out, Traffic.OTHER, Traffic.GUEST, 1, i, 0, 60 + i);
            assertTrue(driver.pair(0).send(out), "room");
            driver.pair(0).flush();
            while (!driver.pair(0).receive(in)) {
                driver.await(FOREVER_NANOS, false);
            }
            assertEquals(60 + i, in.length());
        }
    }

    /** Each queue by itself, as soon as nothing is held: no call or cause stands in for another. */
    private static void assertBalanced(Callable<List<QueueReport>> queues, String text)
            throws Exception {
        List<QueueReport> reports = queues.call();
        while (reports.stream().anyMatch(each -> each.state() == QueueCalls.State.HELD)) {
            Thread.onSpinWait();
            reports = queues.call();
        }
        for (QueueReport report : reports) {
            CallLedger ledger = report.ledger();
            long causes = 0;
            for (AvoidedBy cause : AvoidedBy.values()) {
                causes += ledger.avoided(cause);
            }
            assertEquals(
                    ledger.opportunities(), ledger.calls() + causes, () -> text + " " + report);
        }
        assertTrue(reports.size() > 1, text);
    }

    /** What people can ask for: each signal by its name, and the event queue. */
    private static void assertSignalsAreExplained(BusPort port, String text) {
        assertTrue(
                port.queues().stream().map(QueueReport::name).toList().contains("rx3"),
                () -> text + " " + port.queues());
        for (QueueReport report : port.queues()) {
            if (report.ledger().opportunities() != 0) {
                assertNotEquals(List.of(), port.explain(report.name()), report::name);
            }
        }
        assertTrue(port.explain("evq0").getFirst().matches(".* (IMMEDIATE|NOT_WANTED), \\d+"));
        assertEquals(List.of(), port.explain("evq7"));
    }

    static void assertBalanced(CallAccounts.Snapshot accounts, String text) {
        assertEquals(0, accounts.held(), () -> text + ": " + accounts);
        assertEquals(
                accounts.opportunities(),
                accounts.calls() + accounts.avoidedCalls(),
                () -> text + ": " + accounts);
        assertTrue(accounts.calls() > 0, accounts::toString);
    }
}
