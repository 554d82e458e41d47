package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.ioq.ShmSignal;
import paranet.venet.wire.VenetCapability;
import paranet.virtionet.VirtioNetOptions;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Frames of guests on a bus through the whole back end and back: socket, memory, calls, rings,
 * signals, echo.
 *
 * <p>Strategy: every set of capabilities by name, every number of devices, then configurations
 * drawn at random.
 *
 * <p>Invariants: each frame comes back once, whole, in the order of its device; the host wrote
 * nothing that cannot be so.
 */
class VenetEchoEndToEndTest {
    private static final int RANDOM_RUNS = 25;
    private static final int SG = VenetCapability.SG;
    private static final int PMTD = VenetCapability.SG_PMTD;
    private static final int LINKSTATE = VenetCapability.EVENTQ_LINKSTATE;
    private static final int TXC = VenetCapability.EVENTQ_TXC;

    static VenetGuest open(
            Backend.ServedBus bus, BusOptions front, VenetDriverOptions options, int devices)
            throws Exception {
        return VenetGuest.open(BusFrontend.connect(bus.path, front), options, devices);
    }

    private static void echo(
            BusOptions front, VenetDriverOptions options, int devices, boolean busy, int frames)
            throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(devices);
                VenetGuest guest = open(bus, front, options, devices)) {
            for (int i = 0; i < devices; i++) {
                assertEquals(options.sendBits(), guest.pair(i).sendBits());
                assertEquals(options.eventBits(), guest.pair(i).eventBits());
                assertEquals(options.receiveBits(), guest.pair(i).receiveBits());
            }
            new Traffic(guest, options.plainBytesMax(), busy, front.seed()).exchange(frames);
            for (int i = 0; i < devices; i++) {
                assertEquals(0, guest.pair(i).strays());
            }
            assertEquals(0, guest.bus().strayEvents());
        }
    }

    @Test
    void echoesWithEverySetOfCapabilities() throws Exception {
        long seed = 200;
        for (int send : new int[] {0, SG, SG | PMTD, VenetDriverOptions.SEND_ORIGINAL}) {
            for (int event : new int[] {0, LINKSTATE, TXC, LINKSTATE | TXC}) {
                for (int receive : new int[] {0, SG, VenetDriverOptions.RECEIVE_ORIGINAL}) {
                    echo(
                            BusOptions.usual(seed),
                            VenetDriverOptions.usual(seed)
                                    .withCapabilities(send, event, receive)
                                    .withShape(ChainShape.MIXED),
                            1,
                            (seed & 1) == 0,
                            500);
                    seed++;
                }
            }
        }
    }

    @Test
    void echoesOnOneTwoEightAndSixteenDevices() throws Exception {
        for (int devices : new int[] {1, 2, 8, 16}) {
            echo(
                    BusOptions.usual(devices).withMemory(3, (16L + 16L * devices) << 20, false),
                    VenetDriverOptions.usual(devices).withRings(64),
                    devices,
                    false,
                    1000);
        }
    }

    @Test
    void echoesHoweverSignalsAndCallsTravel() throws Exception {
        for (KickMode kicks : KickMode.values()) {
            BusOptions front = BusOptions.usual(230).withKicks(kicks);
            for (BusOptions each :
                    new BusOptions[] {
                        front,
                        front.withInBand(),
                        front.withFastcall(),
                        front.withEventqs(8, 8),
                        front.withMemory(4, 96L << 20, true),
                        front.withMemory(0, 96L << 20, false)
                    }) {
                echo(each, VenetDriverOptions.usual(230).withRings(128), 2, false, 500);
            }
        }
    }

    /** What is lost for want of a fence is found; VenetFencesEndToEndTest makes it happen. */
    @Test
    void echoesToADriverWithoutTheFencesThatTheShippedOneLacked() throws Exception {
        for (ShmSignal.Fences fences : ShmSignal.Fences.values()) {
            for (int event : new int[] {0, LINKSTATE | TXC}) {
                echo(
                        BusOptions.usual(231).withFences(fences),
                        VenetDriverOptions.usual(231).withCapabilities(SG, event, 0).withRings(16),
                        4,
                        false,
                        1000);
            }
        }
    }

    @Test
    void servesTwoBusesAndAVirtioDeviceAtOnce() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus one = backend.listenBus(2);
                Backend.ServedBus other = backend.listenBus(3);
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                VenetGuest first =
                        open(one, BusOptions.usual(240), VenetDriverOptions.usual(240), 2);
                VenetGuest second =
                        open(other, BusOptions.usual(241), VenetDriverOptions.flat(241), 3);
                VirtioNetDriver third =
                        VirtioNetDriver.open(
                                FakeFrontend.connect(port.path, FrontendOptions.usual(242)),
                                DriverOptions.plain(242))) {
            Traffic[] traffic = {
                Traffic.plain(first, 240), Traffic.plain(second, 241), Traffic.plain(third, 242)
            };
            for (int i = 0; i < 10; i++) {
                for (Traffic each : traffic) {
                    each.exchange(200);
                }
            }
        }
    }

    @Test
    void countsTheSameInterruptsAndEventsOnBothSides() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(4);
                VenetGuest guest =
                        open(bus, BusOptions.usual(250), VenetDriverOptions.usual(250), 4)) {
            Traffic.plain(guest, 250).exchange(3000);
            guest.await(1_000_000, false);
            long interrupts = bus.port.snapshot().interrupts();
            long events =
                    bus.port.snapshot().eventqs().stream()
                            .mapToLong(eventq -> eventq.events())
                            .sum();
            assertTrue(guest.calls() <= interrupts, guest.calls() + " of " + interrupts);
            assertTrue(guest.events() <= events, guest.events() + " of " + events);
            assertTrue(guest.events() >= guest.calls(), "folded");
            assertTrue(guest.kicks() < 4 * 3000, "kicks are fewer than frames");
        }
    }

    @Test
    void echoesUnderAnyConfiguration() throws Exception {
        long first = Long.getLong("paranet.seed", System.nanoTime());
        int runs = System.getProperty("paranet.seed") == null ? RANDOM_RUNS : 1;
        for (int i = 0; i < runs; i++) {
            long seed = first + i;
            try {
                random(seed);
            } catch (AssertionError | Exception e) {
                throw new AssertionError("replay with -Dparanet.seed=" + seed, e);
            }
        }
    }

    private static void random(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        BusOptions front =
                BusOptions.usual(seed)
                        .withKicks(List.of(KickMode.values()).get(random.nextInt(3)))
                        .withEventqs(1 + random.nextInt(8), 1 + random.nextInt(40))
                        .withMemory(1 + random.nextInt(8), 256L << 20, random.nextBoolean());
        front = random.nextInt(3) == 0 ? front.withInBand() : front;
        front = random.nextInt(3) == 0 ? front.withFastcall() : front;
        ShmSignal.Fences[] fences = ShmSignal.Fences.values();
        front = front.withFences(fences[random.nextInt(fences.length)]);
        int send = random.nextInt(64) & VenetDriverOptions.SEND_ORIGINAL;
        VenetDriverOptions options =
                VenetDriverOptions.usual(seed)
                        .withCapabilities(
                                (send & SG) == 0 ? 0 : send,
                                random.nextInt(4),
                                random.nextBoolean() ? 0 : VenetDriverOptions.RECEIVE_ORIGINAL)
                        .withRings(2 + random.nextInt(200))
                        .withPriority(random.nextInt(10))
                        .withShape(ChainShape.MIXED);
        echo(front, options, 1 + random.nextInt(6), random.nextBoolean(), 400);
    }
}
