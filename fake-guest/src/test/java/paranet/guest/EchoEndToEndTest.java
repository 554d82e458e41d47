package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import java.util.SplittableRandom;

/**
 * Frames through the whole back end and back: socket, memory, rings, device, echo.
 *
 * <p>Strategy: every kind of ring and header by name, then configurations drawn at random.
 *
 * <p>Invariants: each frame comes back once, whole, in the order of its pair.
 */
class EchoEndToEndTest {
    private static final int RANDOM_RUNS = 25;
    private static final long BASE =
            VirtioNetFeature.VERSION_1
                    | VirtioNetFeature.MQ
                    | VirtioNetFeature.CTRL_VQ
                    | VirtioNetFeature.MAC
                    | VirtioNetFeature.STATUS;

    private static void echo(FrontendOptions front, DriverOptions options, boolean busy, int frames)
            throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port =
                        backend.listen(
                                VirtioNetOptions.DEFAULT.withQueuePairs(front.queuePairs()));
                VirtioNetDriver driver =
                        VirtioNetDriver.open(FakeFrontend.connect(port.path, front), options)) {
            assertEquals(
                    front.features() & ~driver.frontend().offered(),
                    front.features() & ~driver.frontend().features(),
                    "features in force");
            new Traffic(driver, options.frameBytesMax(), busy, front.seed()).exchange(frames);
        }
    }

    @Test
    void echoesThroughEveryKindOfRing() throws Exception {
        long seed = 100;
        for (long ring : new long[] {0, VirtioNetFeature.RING_PACKED}) {
            for (long order : new long[] {0, VirtioNetFeature.IN_ORDER}) {
                for (long event : new long[] {0, VirtioNetFeature.EVENT_IDX}) {
                    for (long merge : new long[] {0, VirtioNetFeature.MRG_RXBUF}) {
                        long features =
                                BASE
                                        | ring
                                        | order
                                        | event
                                        | merge
                                        | VirtioNetFeature.INDIRECT_DESC;
                        echo(
                                FrontendOptions.usual(seed).withFeatures(features),
                                DriverOptions.plain(seed)
                                        .withShapes(ChainShape.MIXED, ChainShape.MIXED),
                                (seed & 1) == 0,
                                600);
                        seed++;
                    }
                }
            }
        }
    }

    @Test
    void echoesOnOneTwoAndEightPairs() throws Exception {
        for (int pairs : new int[] {1, 2, 8}) {
            echo(
                    FrontendOptions.usual(pairs)
                            .withRings(pairs, 64)
                            .withMemory(4, (16L * (pairs + 1)) << 20, false),
                    DriverOptions.plain(pairs),
                    false,
                    1000);
        }
    }

    @Test
    void echoesWithTheHeaderOfTenBytesApartAsOldDriversSendIt() throws Exception {
        echo(
                FrontendOptions.usual(7).withFeatures(VirtioNetFeature.MAC),
                DriverOptions.plain(7).withShapes(ChainShape.HEADER_APART, ChainShape.HEADER_APART),
                false,
                1000);
    }

    @Test
    void echoesWithTheHeaderOfTenBytesAnywhereUnderAnyLayout() throws Exception {
        echo(
                FrontendOptions.usual(8).withFeatures(VirtioNetFeature.ANY_LAYOUT),
                DriverOptions.plain(8).withShapes(ChainShape.SCATTERED, ChainShape.SCATTERED),
                false,
                1000);
    }

    @Test
    void echoesLegacyMergeableBuffers() throws Exception {
        echo(
                FrontendOptions.usual(9)
                        .withFeatures(VirtioNetFeature.MRG_RXBUF | VirtioNetFeature.ANY_LAYOUT),
                DriverOptions.plain(9),
                false,
                1000);
    }

    @Test
    void echoesToAFrontEndThatLeavesBit30Out() throws Exception {
        echo(FrontendOptions.usual(10).withLegacyEnable(), DriverOptions.plain(10), false, 1000);
    }

    @Test
    void echoesWhenItIsTheBackEndThatConnects() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.connect(VirtioNetOptions.DEFAULT);
                VirtioNetDriver driver =
                        VirtioNetDriver.open(
                                FakeFrontend.listen(port.path, FrontendOptions.usual(11)),
                                DriverOptions.plain(11))) {
            Traffic.plain(driver, 11).exchange(1000);
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
        long features = BASE;
        for (long each :
                new long[] {
                    VirtioNetFeature.RING_PACKED,
                    VirtioNetFeature.IN_ORDER,
                    VirtioNetFeature.EVENT_IDX,
                    VirtioNetFeature.MRG_RXBUF,
                    VirtioNetFeature.INDIRECT_DESC,
                    VirtioNetFeature.CSUM | VirtioNetFeature.GUEST_CSUM
                }) {
            features |= random.nextBoolean() ? each : 0;
        }
        boolean packed = (features & VirtioNetFeature.RING_PACKED) != 0;
        boolean mergeable = (features & VirtioNetFeature.MRG_RXBUF) != 0;
        int pairs = 1 + random.nextInt(3);
        int size = packed ? random.nextInt(8, 500) : 8 << random.nextInt(7);
        ChainShape[] shapes = ChainShape.values();
        FrontendOptions front =
                FrontendOptions.usual(seed)
                        .withFeatures(features)
                        .withRings(pairs, size)
                        .withMemory(
                                1 + random.nextInt(8),
                                (24L * (pairs + 2)) << 20,
                                random.nextBoolean());
        // A frame that spans many buffers needs them all in the ring at once.
        int bufferBytes = mergeable ? random.nextInt(512, 3000) : 1536;
        DriverOptions options =
                new DriverOptions(
                        DriverOptions.FRAME_BYTES_PLAIN,
                        shapes[random.nextInt(shapes.length)],
                        mergeable ? ChainShape.WHOLE : shapes[random.nextInt(shapes.length)],
                        bufferBytes,
                        seed);
        echo(front, options, random.nextBoolean(), 200 + random.nextInt(800));
    }

    @Test
    void interruptsAreFewerThanFramesAndKicksToo() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                VirtioNetDriver driver =
                        VirtioNetDriver.open(
                                FakeFrontend.connect(port.path, FrontendOptions.usual(12)),
                                DriverOptions.plain(12))) {
            Traffic.plain(driver, 12).exchange(5000);
            assertTrue(driver.calls() > 0 && driver.calls() < 5000, "calls " + driver.calls());
            assertTrue(driver.kicks() > 0 && driver.kicks() < 5000, "kicks " + driver.kicks());
            assertTrue(port.counters().calls() >= driver.calls());
        }
    }
}
