package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.offload.VirtioNetHdr;
import paranet.guest.Packets.Kind;
import paranet.guest.frame.GuestFrame;
import paranet.virtionet.VirtioNetOptions;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Unfinished packets through an echo: left as they are for a guest that accepts them, cut and
 * checksummed for one that does not.
 */
class OffloadEndToEndTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);
    private static final int PAYLOAD = 20_001;
    private static final int SEGMENT = 1_000;
    private static final List<Kind> KINDS =
            List.of(
                    new Kind(4, Packets.TCP),
                    new Kind(6, Packets.TCP),
                    new Kind(4, Packets.UDP),
                    new Kind(6, Packets.UDP),
                    Kind.ecn(4),
                    Kind.ecn(6));
    private static final List<Kind> FRAGMENTED = List.of(Kind.fragmented(4), Kind.fragmented(6));
    private static final long SENDS =
            VirtioNetFeature.CSUM
                    | VirtioNetFeature.HOST_TSO4
                    | VirtioNetFeature.HOST_TSO6
                    | VirtioNetFeature.HOST_ECN
                    | VirtioNetFeature.HOST_UFO
                    | VirtioNetFeature.HOST_USO;
    private static final long ACCEPTS =
            VirtioNetFeature.GUEST_CSUM
                    | VirtioNetFeature.GUEST_TSO4
                    | VirtioNetFeature.GUEST_TSO6
                    | VirtioNetFeature.GUEST_ECN
                    | VirtioNetFeature.GUEST_UFO
                    | VirtioNetFeature.GUEST_USO4
                    | VirtioNetFeature.GUEST_USO6;

    static List<GuestFrame> echo(NetworkDriver driver, GuestFrame frame, int expected)
            throws IOException {
        FramePort pair = driver.pair(0);
        assertTrue(pair.send(frame));
        pair.flush();
        List<GuestFrame> came = new ArrayList<>();
        GuestFrame in = new GuestFrame(2048);
        long start = System.nanoTime();
        while (came.size() < expected) {
            assertTrue(
                    System.nanoTime() - start < SECONDS_30,
                    came.size() + " of " + expected + " came");
            if (pair.receive(in)) {
                came.add(in.copy());
            } else {
                pair.flush();
                driver.await(TimeUnit.MILLISECONDS.toNanos(20), false);
            }
        }
        return came;
    }

    @FunctionalInterface
    private interface Body {
        void on(VirtioNetDriver driver) throws Exception;
    }

    private static void with(long features, Body body) throws Exception {
        for (long ring : new long[] {0, VirtioNetFeature.RING_PACKED}) {
            for (long merge : new long[] {0, VirtioNetFeature.MRG_RXBUF}) {
                long wanted =
                        VirtioNetFeature.VERSION_1
                                | VirtioNetFeature.CTRL_VQ
                                | VirtioNetFeature.CTRL_GUEST_OFFLOADS
                                | features
                                | ring
                                | merge;
                try (Backend backend = new Backend();
                        Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                        VirtioNetDriver driver =
                                VirtioNetDriver.open(
                                        FakeFrontend.connect(
                                                port.path,
                                                FrontendOptions.usual(60).withFeatures(wanted)),
                                        DriverOptions.large(60))) {
                    assertEquals(wanted, driver.frontend().features());
                    body.on(driver);
                }
            }
        }
    }

    static void assertCut(NetworkDriver driver, Kind kind) throws IOException {
        GuestFrame sent = Packets.write(kind, PAYLOAD, SEGMENT, 61);
        int expected = (PAYLOAD + SEGMENT - 1) / SEGMENT;
        List<GuestFrame> segments = echo(driver, sent, expected);
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        for (GuestFrame segment : segments) {
            assertEquals(VirtioNetHdr.GSO_NONE, segment.hdr().gsoType());
            assertTrue(!segment.hdr().needsCsum());
            assertTrue(Packets.isWhole(segment, kind), kind + " segment");
            if (kind.protocol() == Packets.TCP) {
                assertEquals(1_000_000 + payload.size(), segment.u32(kind.transport() + 4));
                boolean reduced =
                        (segment.u8(kind.transport() + Packets.TCP_FLAGS) & Packets.CWR) != 0;
                assertEquals(kind.isEcn() && payload.size() == 0, reduced, "CWR");
            }
            payload.write(segment.bytes(), kind.headers(), segment.length() - kind.headers());
        }
        assertEquals(
                Arrays.toString(Arrays.copyOfRange(sent.bytes(), kind.headers(), sent.length())),
                Arrays.toString(payload.toByteArray()));
    }

    static void assertFragmented(NetworkDriver driver, Kind kind) throws IOException {
        GuestFrame sent = Packets.write(kind, PAYLOAD, SEGMENT, 64);
        int expected = (8 + PAYLOAD + SEGMENT - 1) / SEGMENT;
        List<GuestFrame> fragments = echo(driver, sent, expected);
        for (GuestFrame fragment : fragments) {
            assertEquals(VirtioNetHdr.GSO_NONE, fragment.hdr().gsoType());
            assertTrue(!fragment.hdr().needsCsum());
        }
        GuestFrame whole = Packets.reassemble(fragments, kind);
        assertTrue(Packets.isWhole(whole, kind), kind.toString());
        assertArrayEquals(
                Arrays.copyOfRange(sent.bytes(), kind.headers(), sent.length()),
                Arrays.copyOfRange(whole.bytes(), kind.headers(), whole.length()));
    }

    static void assertLeft(NetworkDriver driver, Kind kind) throws IOException {
        GuestFrame sent = Packets.write(kind, PAYLOAD, SEGMENT, 62);
        GuestFrame came = echo(driver, sent, 1).getFirst();
        assertEquals(kind.gsoType(), came.hdr().gsoType());
        assertEquals(SEGMENT, came.hdr().gsoSize());
        assertTrue(came.hdr().needsCsum());
        assertEquals(kind.transport(), came.hdr().csumStart());
        assertEquals(kind.checksumOffset(), came.hdr().csumOffset());
        assertEquals(sent.length(), came.length());
        assertTrue(Arrays.equals(sent.bytes(), came.bytes()));
    }

    @Test
    void cutsSegmentsForAGuestThatAcceptsNone() throws Exception {
        with(
                SENDS,
                driver -> {
                    for (Kind kind : KINDS) {
                        assertCut(driver, kind);
                    }
                    for (Kind kind : FRAGMENTED) {
                        assertFragmented(driver, kind);
                    }
                });
    }

    @Test
    void cutsForAGuestThatAcceptsSegmentsButNoCongestionSignalInThem() throws Exception {
        with(
                (SENDS | ACCEPTS) & ~VirtioNetFeature.GUEST_ECN,
                driver -> {
                    for (int version : new int[] {4, 6}) {
                        assertCut(driver, Kind.ecn(version));
                        assertLeft(driver, new Kind(version, Packets.TCP));
                    }
                });
    }

    @Test
    void leavesSegmentsToAGuestThatAcceptsThem() throws Exception {
        with(
                SENDS | ACCEPTS,
                driver -> {
                    for (Kind kind : KINDS) {
                        assertLeft(driver, kind);
                    }
                    for (Kind kind : FRAGMENTED) {
                        assertLeft(driver, kind);
                    }
                });
    }

    @Test
    void followsTheGuestWhenItChangesItsMind() throws Exception {
        with(
                SENDS | ACCEPTS,
                driver -> {
                    for (Kind kind : KINDS) {
                        assertEquals(0, driver.control().guestOffloads(0));
                        assertCut(driver, kind);
                        assertEquals(0, driver.control().guestOffloads(ACCEPTS));
                        assertLeft(driver, kind);
                    }
                });
    }

    @Test
    void completesAChecksumForAGuestThatDoesNot() throws Exception {
        with(
                VirtioNetFeature.CSUM,
                driver -> {
                    for (Kind kind : KINDS) {
                        GuestFrame came =
                                echo(driver, Packets.write(kind, 700, 0, 63), 1).getFirst();
                        assertTrue(!came.hdr().needsCsum());
                        assertTrue(Packets.isWhole(came, kind), kind.toString());
                    }
                });
    }
}
