package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.guest.Packets.Kind;
import paranet.guest.frame.GuestFrame;
import paranet.tap.EchoBridge;
import paranet.venet.VenetFeature;
import paranet.venet.VenetOptions;
import paranet.venet.wire.VenetCapability;

import java.util.EnumSet;
import java.util.List;

/**
 * Unfinished packets of guests on a bus through an echo: left as they are for a guest that accepts
 * them (L4RO), cut and checksummed for one that does not.
 */
class VenetOffloadEndToEndTest {
    private static final List<Kind> SEGMENTS =
            List.of(new Kind(4, Packets.TCP), new Kind(6, Packets.TCP), Kind.ecn(4), Kind.ecn(6));
    private static final List<Kind> FRAGMENTS = List.of(Kind.fragmented(4), Kind.fragmented(6));
    private static final List<Kind> WHOLE =
            List.of(
                    new Kind(4, Packets.TCP),
                    new Kind(6, Packets.TCP),
                    new Kind(4, Packets.UDP),
                    new Kind(6, Packets.UDP));

    @FunctionalInterface
    private interface Body {
        void on(VenetGuest guest) throws Exception;
    }

    private static void with(int send, int receive, Body body) throws Exception {
        for (int pool : new int[] {0, VenetCapability.SG_PMTD}) {
            for (int events : new int[] {0, VenetDriverOptions.EVENTS_ORIGINAL}) {
                for (ChainShape shape : new ChainShape[] {ChainShape.WHOLE, ChainShape.MIXED}) {
                    VenetDriverOptions options =
                            VenetDriverOptions.usual(500)
                                    .withCapabilities(send | pool, events, receive)
                                    .withShape(shape);
                    try (Backend backend = new Backend();
                            Backend.ServedBus bus = backend.listenBus(0)) {
                        bus.plugIn(
                                VenetOptions.DEFAULT.withFeatures(
                                        EnumSet.allOf(VenetFeature.class)),
                                new EchoBridge(1));
                        try (VenetGuest guest =
                                VenetEchoEndToEndTest.open(
                                        bus, BusOptions.usual(500), options, 1)) {
                            assertEquals(send | pool, guest.pair(0).sendBits());
                            assertEquals(receive, guest.pair(0).receiveBits());
                            body.on(guest);
                            assertEquals(0, guest.pair(0).strays());
                        }
                    }
                }
            }
        }
    }

    private static final int ALL = VenetDriverOptions.RECEIVE_ORIGINAL | VenetCapability.SG_UFO;

    @Test
    void cutsSegmentsForAGuestThatAcceptsNone() throws Exception {
        with(
                ALL,
                0,
                guest -> {
                    for (Kind kind : SEGMENTS) {
                        OffloadEndToEndTest.assertCut(guest, kind);
                    }
                    for (Kind kind : FRAGMENTS) {
                        OffloadEndToEndTest.assertFragmented(guest, kind);
                    }
                });
    }

    @Test
    void leavesSegmentsToAGuestThatAcceptsThem() throws Exception {
        with(
                ALL,
                ALL,
                guest -> {
                    for (Kind kind : SEGMENTS) {
                        OffloadEndToEndTest.assertLeft(guest, kind);
                    }
                    for (Kind kind : FRAGMENTS) {
                        OffloadEndToEndTest.assertLeft(guest, kind);
                    }
                });
    }

    @Test
    void completesAChecksumForAGuestThatDoesNot() throws Exception {
        with(
                VenetCapability.SG,
                0,
                guest -> {
                    for (Kind kind : WHOLE) {
                        GuestFrame came =
                                OffloadEndToEndTest.echo(guest, Packets.write(kind, 700, 0, 63), 1)
                                        .getFirst();
                        assertTrue(!came.hdr().needsCsum());
                        assertTrue(Packets.isWhole(came, kind), kind.toString());
                    }
                });
    }
}
