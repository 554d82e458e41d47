package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import paranet.core.linux.Readiness;
import paranet.core.mitigation.CoalesceText;
import paranet.core.mitigation.Coalescing;
import paranet.core.mitigation.QueueCalls.Rule;
import paranet.core.mitigation.QueueCalls.State;
import paranet.core.mitigation.QueueReport;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.TestFrame;
import paranet.tap.EchoBridge;
import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetCtrl;

import java.io.IOException;
import java.util.List;

/**
 * What a guest says about its own notifications, over a real control queue (virtio 1.3, 5.1.6.5.8),
 * and who decides then: never more than one.
 */
@Timeout(60)
class GuestSteeringEndToEndTest {
    private static final int SECOND = 1_000_000;
    private static final int ATTEMPTS = 50;

    @FunctionalInterface
    private interface Body {
        void on(Backend.ServedPort port, VirtioNetDriver driver) throws Exception;
    }

    private static void with(String policy, Body body) throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port =
                        backend.listen(
                                VirtioNetOptions.DEFAULT,
                                new EchoBridge(1),
                                CoalesceText.parse(policy));
                VirtioNetDriver driver = open(port)) {
            body.on(port, driver);
        }
    }

    private static VirtioNetDriver open(Backend.ServedPort port) throws IOException {
        return VirtioNetDriver.open(
                FakeFrontend.connect(port.path, FrontendOptions.usual(6)), DriverOptions.plain(6));
    }

    /** A command takes effect when it comes to the worker, which may be after its answer. */
    private static QueueReport awaitLimits(Backend.ServedPort port, String queue, Coalescing limits)
            throws Exception {
        QueueReport report = port.queues().get(queue);
        while (!limits.equals(report.guestLimits())) {
            Thread.onSpinWait();
            report = port.queues().get(queue);
        }
        return report;
    }

    private static void send(VirtioNetDriver driver, int count) {
        TestFrame frames = new TestFrame(1);
        GuestFrame frame = new GuestFrame(2048);
        for (int i = 0; i < count; i++) {
            frames.write(frame, Traffic.OTHER, Traffic.GUEST, 1, i, 0, 60);
            assertTrue(driver.pair(0).send(frame), "room");
        }
        driver.pair(0).flush();
    }

    private static void receive(VirtioNetDriver driver, int count) {
        GuestFrame frame = new GuestFrame(2048);
        for (int i = 0; i < count; i++) {
            while (!driver.pair(0).receive(frame)) {
                Thread.onSpinWait();
            }
        }
    }

    /**
     * Ten frames are held, and the guest lowers its limit to eight. The machine may be so slow that
     * their time, a second, is over before; then it is tried again.
     */
    @Test
    void aLoweredLimitCallsForWhatIsHeldAtOnce() throws Exception {
        for (String policy : List.of("none", "fixed", "throttle", "vic", "dim")) {
            with(
                    policy,
                    (port, driver) -> {
                        int attempts = 1;
                        while (!isCalledAtTheCap(port, driver)) {
                            assertTrue(attempts++ < ATTEMPTS, () -> policy + " never calls");
                        }
                    });
        }
    }

    private static boolean isCalledAtTheCap(Backend.ServedPort port, VirtioNetDriver driver)
            throws Exception {
        assertEquals(VirtioNetCtrl.OK, driver.control().limitAll(true, 64, SECOND));
        awaitLimits(port, "rx0", new Coalescing(SECOND, 64, Coalescing.Zero.EVERY_FRAME));
        Readiness readiness = new Readiness(2);
        try (readiness) {
            assertTrue(driver.pair(0).arm(readiness, false), "nothing there yet");
            long before = driver.pair(0).receiveRing().calls();
            send(driver, 10);
            QueueReport report = port.queues().get("rx0");
            while (report.state() != State.HELD || !isHeld(port, 10)) {
                report = port.queues().get("rx0");
                if (driver.pair(0).receiveRing().calls() != before) { // a second is over
                    receive(driver, 10);
                    return false;
                }
            }
            assertEquals(VirtioNetCtrl.OK, driver.control().limitAll(true, 8, SECOND));
            while (driver.pair(0).receiveRing().calls() == before) {
                Thread.onSpinWait();
            }
            receive(driver, 10);
        }
        return port.explain("rx0").stream()
                .filter(line -> !line.contains("NOT_WANTED"))
                .findFirst()
                .orElseThrow()
                .contains("FRAME_CAP, 10");
    }

    private static boolean isHeld(Backend.ServedPort port, long frames) throws Exception {
        var ledger = port.queues().get("rx0").ledger();
        return ledger.opportunities() - ledger.calls() - ledger.avoided() == frames;
    }

    /** Who decides: the operator, pace within what the guest said, or the guest alone. */
    @Test
    void aGuestThatCommandsOftenGetsExactlyWhatItSays() throws Exception {
        with(
                "pace",
                (port, driver) -> {
                    assertEquals(Rule.OPERATORS, port.queues().get("rx0").rule());
                    assertNull(port.queues().get("rx0").guestLimits());
                    assertEquals(VirtioNetCtrl.OK, driver.control().limitAll(true, 16, 50));
                    Coalescing first = new Coalescing(50, 16, Coalescing.Zero.EVERY_FRAME);
                    QueueReport within = awaitLimits(port, "rx0", first);
                    assertEquals(Rule.WITHIN_GUESTS, within.rule());
                    assertEquals(16, within.framesMax(), "a cap for pace");
                    assertEquals(Rule.OPERATORS, port.queues().get("tx0").rule());

                    int packets = 17; // on a slow machine two of them lie 100 ms apart
                    QueueReport report = within;
                    while (report.rule() != Rule.GUESTS) {
                        assertTrue(packets < 17 + ATTEMPTS, "pace never steps back");
                        driver.control().limitAll(true, packets, 70);
                        Coalescing next =
                                new Coalescing(70, packets++, Coalescing.Zero.EVERY_FRAME);
                        report = awaitLimits(port, "rx0", next);
                    }
                    assertEquals(70_000, report.gapNanos(), "exactly what it says");
                    assertEquals(packets - 1, report.framesMax());

                    long quiet = System.nanoTime();
                    while (System.nanoTime() - quiet < 150_000_000) {
                        driver.await(150_000_000 - (System.nanoTime() - quiet), false);
                    }
                    driver.control().limitAll(true, 9, 60);
                    Coalescing last = new Coalescing(60, 9, Coalescing.Zero.EVERY_FRAME);
                    assertEquals(Rule.WITHIN_GUESTS, awaitLimits(port, "rx0", last).rule());
                });
    }

    /** Any other policy has nothing to do beneath, so the guest's limits take its place. */
    @Test
    void aGuestsLimitsTakeThePlaceOfEveryOtherPolicy() throws Exception {
        for (String policy : List.of("none", "fixed,rx-usecs=500", "throttle", "vic", "dim")) {
            with(
                    policy,
                    (port, driver) -> {
                        driver.control().limitAll(true, 0, 50);
                        Coalescing zero = new Coalescing(50, 0, Coalescing.Zero.EVERY_FRAME);
                        QueueReport report = awaitLimits(port, "rx0", zero);
                        assertEquals(Rule.GUESTS, report.rule());
                        assertEquals("every packet (virtio rule)", zero.effective());
                        assertEquals(0, report.gapNanos());
                        assertEquals(1, report.framesMax());
                        MitigationEndToEndTest.oneByOne(driver, 20);
                    });
        }
    }

    @Test
    void aRingThatIsEnabledAgainIsBackAtTheLimitsOfItsDirection() throws Exception {
        with(
                "pace",
                (port, driver) -> {
                    ControlQueue control = driver.control();
                    GuestRing receive = driver.pair(0).receiveRing();
                    assertEquals(List.of(0, 0), control.limits(0));
                    assertEquals(VirtioNetCtrl.OK, control.limit(0, 7, 1000));
                    assertEquals(List.of(7, 1000), control.limits(0));
                    again(driver, receive);
                    assertEquals(List.of(0, 0), control.limits(0), "none for all");
                    while (port.queues().get("rx0").guestLimits() != null) {
                        Thread.onSpinWait();
                    }

                    assertEquals(VirtioNetCtrl.OK, control.limitAll(true, 16, 50));
                    assertEquals(VirtioNetCtrl.OK, control.limit(0, 7, 1000));
                    again(driver, receive);
                    assertEquals(List.of(16, 50), control.limits(0));
                    awaitLimits(port, "rx0", new Coalescing(50, 16, Coalescing.Zero.EVERY_FRAME));

                    assertEquals(VirtioNetCtrl.OK, control.limit(0, 7, 1000));
                    int base = driver.frontend().stop(receive); // paused: no one disabled it
                    driver.frontend().start(receive, base);
                    assertEquals(List.of(7, 1000), control.limits(0));
                    awaitLimits(port, "rx0", new Coalescing(1000, 7, Coalescing.Zero.EVERY_FRAME));
                });
    }

    private static void again(VirtioNetDriver driver, GuestRing ring) throws IOException {
        driver.frontend().enable(ring, false);
        driver.frontend().enable(ring, true);
    }

    @Test
    void aDeviceThatIsResetKnowsNoLimits() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port =
                        backend.listen(
                                VirtioNetOptions.DEFAULT,
                                new EchoBridge(1),
                                CoalesceText.parse("pace"))) {
            try (VirtioNetDriver driver = open(port)) {
                assertEquals(VirtioNetCtrl.OK, driver.control().limitAll(true, 16, 50));
                assertEquals(VirtioNetCtrl.OK, driver.control().limit(1, 7, 1000));
                awaitLimits(port, "tx0", new Coalescing(1000, 7, Coalescing.Zero.EVERY_FRAME));
            }
            try (VirtioNetDriver next = open(port)) {
                assertEquals(List.of(0, 0), next.control().limits(0));
                assertEquals(List.of(0, 0), next.control().limits(1));
                for (QueueReport report : port.queues().values()) {
                    assertEquals(Rule.OPERATORS, report.rule(), report::name);
                    assertNull(report.guestLimits());
                }
            }
        }
    }
}
