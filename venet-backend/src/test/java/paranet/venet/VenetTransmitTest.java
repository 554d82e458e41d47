package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Frames that a guest sends without any capability, and when it and the host are told. */
class VenetTransmitTest {
    private final SplittableRandom random = new SplittableRandom(1);

    private byte[] frame(int bytes) {
        return Packets.frame(random, bytes);
    }

    @Test
    void sendsFramesAsTheyAreInOrder() {
        try (VenetRig rig = new VenetRig()) {
            byte[] first = frame(60);
            byte[] second = frame(1514);
            rig.send(first);
            rig.send(second);
            assertEquals(2, rig.drain());
            assertArrayEquals(first, rig.sent(0));
            assertArrayEquals(second, rig.sent(1));
            assertArrayEquals(new byte[10], rig.sentHeader(0));
            assertEquals(2, rig.reap());
            assertEquals(2, rig.device.transmittedFrames());
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void dropsWhatIsTooShortTooLongOrElsewhere() {
        try (VenetRig rig = new VenetRig()) {
            long at = rig.place(frame(2000));
            rig.post(1, at, 13);
            rig.post(2, at, 1515);
            rig.post(3, BusRig.BYTES - 13, 14);
            rig.post(4, at, -1);
            rig.post(5, -14, 14);
            rig.post(6, at, 14);
            assertEquals(6, rig.drain());
            assertEquals(6, rig.reap());
            assertEquals(1, rig.network.sent.size());
            assertEquals(1, rig.device.transmittedFrames());
            assertEquals(
                    Map.of(
                            DropReason.CHAIN_TOO_SHORT, 1L,
                            DropReason.CHAIN_TOO_LONG, 2L,
                            DropReason.CHAIN_UNMAPPED, 2L),
                    rig.drops());
        }
    }

    @Test
    void aRaisedMtuIsNoticedAndALoweredOneAtTheNextLinkup() {
        try (VenetRig rig = new VenetRig()) {
            rig.bridge.mtu = 9000;
            rig.send(frame(9014));
            assertEquals(1, rig.drain());
            assertEquals(1, rig.network.sent.size());
            rig.bridge.mtu = 1500;
            rig.down();
            rig.up();
            rig.send(frame(9014));
            assertEquals(1, rig.drain());
            assertEquals(Map.of(DropReason.CHAIN_TOO_LONG, 1L), rig.drops());
        }
    }

    @Test
    void keepsTheSlotWhileTheSinkIsFull() {
        try (VenetRig rig = new VenetRig()) {
            rig.network.accept = 1;
            byte[] second = frame(100);
            rig.send(frame(60));
            rig.send(second);
            assertEquals(1, rig.drain());
            assertEquals(1, rig.reap());
            assertEquals(MemoryBridge.SINK_DESCRIPTOR, rig.lane.sinkDescriptor());
            assertTrue(rig.lane.arm(), "the descriptor tells");
            assertEquals(0, rig.drain());
            rig.network.accept = Integer.MAX_VALUE;
            assertEquals(1, rig.drain());
            assertEquals(-1, rig.lane.sinkDescriptor());
            assertArrayEquals(second, rig.sent(1));
            assertEquals(1, rig.reap());
        }
    }

    @Test
    void countsWhatTheNetworkRefuses() {
        try (VenetRig rig = new VenetRig()) {
            rig.network.answer = DropReason.NETWORK_REFUSED;
            rig.send(frame(60));
            assertEquals(1, rig.drain());
            assertEquals(1, rig.reap());
            rig.network.answer = DropReason.NONE;
            rig.device.networkUp(false);
            rig.send(frame(60));
            assertEquals(1, rig.drain());
            assertEquals(
                    Map.of(DropReason.NETWORK_REFUSED, 1L, DropReason.LINK_DOWN, 1L), rig.drops());
            assertEquals(0, rig.device.transmittedFrames());
        }
    }

    @Test
    void takesBatches() {
        try (VenetRig rig = new VenetRig()) {
            for (int i = 0; i < 64; i++) {
                rig.send(frame(60));
            }
            assertFalse(rig.post(0, 0, 0));
            assertEquals(64, rig.lane.drainTransmit());
            assertEquals(64, rig.reap());
            for (int i = 0; i < 64; i++) {
                rig.send(frame(60));
            }
            assertEquals(64, rig.lane.drainTransmit());
            assertEquals(0, rig.lane.drainTransmit());
        }
    }

    @Test
    void asksToBeToldOnlyWhileItWaits() {
        try (VenetRig rig = new VenetRig()) {
            assertTrue(rig.isAsked(VenetRig.TX), "from LINKUP on");
            assertTrue(rig.lane.takeWoken());
            rig.drain();
            assertFalse(rig.isAsked(VenetRig.TX), "while it is polled");
            assertTrue(rig.lane.arm());
            assertTrue(rig.isAsked(VenetRig.TX));
            rig.send(frame(60));
            assertTrue(rig.ring(VenetRig.TX, rig.transmitHandle));
            assertFalse(rig.isAsked(VenetRig.TX));
            assertTrue(rig.lane.takeWoken());
            rig.lane.disarm();
            assertEquals(1, rig.drain());
            assertTrue(rig.lane.arm());
            rig.lane.disarm();
            assertFalse(rig.isAsked(VenetRig.TX));
            rig.send(frame(60));
            assertFalse(rig.lane.arm(), "a frame came before it asked");
            assertEquals(1, rig.drain());
        }
    }

    @Test
    void tellsOfEveryTenthFrameAndOfTheEndOfABurst() {
        try (VenetRig rig = new VenetRig()) {
            rig.told();
            rig.network.onOffer = () -> tolds(rig);
            for (int i = 0; i < 25; i++) {
                rig.send(frame(60));
            }
            assertEquals(25, rig.drain());
            tolds(rig);
            // seen while frame 11, 21 and nothing more were offered
            assertEquals(List.of(11, 21, 25), offers);
        }
    }

    private final List<Integer> offers = new ArrayList<>();

    private void tolds(VenetRig rig) {
        for (String what : rig.told()) {
            assertEquals("signal 101", what);
            offers.add(rig.network.sent.size());
        }
    }

    @Test
    void tellsOfEachFrameWithoutMitigation() {
        for (int frames : new int[] {0, 1}) {
            offers.clear();
            VenetOptions options = VenetOptions.DEFAULT.withTxMitigation(frames);
            try (VenetRig rig = new VenetRig(options, new MemoryBridge(1), 0, 0, 0)) {
                rig.told();
                rig.network.onOffer = () -> tolds(rig);
                for (int i = 0; i < 3; i++) {
                    rig.send(frame(60));
                }
                assertEquals(3, rig.drain());
                tolds(rig);
                assertEquals(List.of(2, 3, 3), offers);
            }
        }
    }

    @Test
    void takesAFirstFrameAtOnceWhereBurstsAreLookedFor() {
        VenetOptions options = VenetOptions.DEFAULT.withBurstMicros(100);
        try (VenetRig rig = new VenetRig(options, new MemoryBridge(1), 0, 0, 0)) {
            rig.lane.takeWoken();
            assertTrue(rig.lane.arm());
            long now = 50_000; // less than a burst since the clock began
            rig.send(frame(60));
            assertTrue(rig.ring(VenetRig.TX, rig.transmitHandle));
            assertFalse(rig.bus.step(now));
            assertEquals(1, rig.network.sent.size(), "at once");
            assertFalse(rig.lane.takeWoken(), "and it waits again");
            assertTrue(rig.isAsked(VenetRig.TX));

            rig.send(frame(60));
            assertTrue(rig.ring(VenetRig.TX, rig.transmitHandle));
            rig.bus.step(now + 100_000);
            assertEquals(1, rig.network.sent.size(), "too soon after the last one");
            assertTrue(rig.lane.takeWoken());
            assertEquals(1, rig.drain());

            rig.lane.arm();
            rig.work();
            rig.send(frame(60));
            assertTrue(rig.ring(VenetRig.TX, rig.transmitHandle));
            rig.bus.step(now + 200_001);
            assertEquals(3, rig.network.sent.size());

            rig.network.accept = 0;
            rig.send(frame(60));
            assertTrue(rig.ring(VenetRig.TX, rig.transmitHandle));
            rig.bus.step(now + 1_000_000);
            assertTrue(rig.lane.takeWoken(), "so that the sink is watched");
        }
    }

    @Test
    void movesNothingWhileTheLinkIsDown() {
        try (VenetRig rig = new VenetRig()) {
            rig.down();
            rig.send(frame(60));
            assertEquals(0, rig.drain());
            assertTrue(rig.lane.arm());
            assertFalse(rig.isAsked(VenetRig.TX));
            assertEquals(-1, rig.lane.sourceDescriptor());
            assertEquals(-1, rig.lane.sinkDescriptor());
            rig.up();
            assertEquals(1, rig.drain());
            assertEquals(1, rig.network.sent.size());
        }
    }
}
