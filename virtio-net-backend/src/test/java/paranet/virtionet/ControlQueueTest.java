package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static paranet.core.mitigation.Coalescing.Zero.EVERY_FRAME;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.mitigation.Coalescing;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;
import paranet.core.virtqueue.RingPosition;
import paranet.virtionet.wire.VirtioNetCtrl;
import paranet.virtionet.wire.VirtioNetFeature;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

class ControlQueueTest {
    private static final long ALL =
            GuestRig.MODERN
                    | VirtioNetFeature.MRG_RXBUF
                    | VirtioNetFeature.CTRL_VQ
                    | VirtioNetFeature.CTRL_RX
                    | VirtioNetFeature.CTRL_RX_EXTRA
                    | VirtioNetFeature.CTRL_VLAN
                    | VirtioNetFeature.CTRL_MAC_ADDR
                    | VirtioNetFeature.CTRL_GUEST_OFFLOADS
                    | VirtioNetFeature.GUEST_ANNOUNCE
                    | VirtioNetFeature.STATUS
                    | VirtioNetFeature.NOTF_COAL
                    | VirtioNetFeature.VQ_NOTF_COAL
                    | VirtioNetFeature.GUEST_OFFLOADS;

    private static final byte[] OTHER_MAC = {2, 3, 4, 5, 6, 7};
    private static final byte[] GROUP_MAC = {0x33, 0x33, 0, 0, 0, 1};

    private static GuestRig rig(int pairs, long features) {
        GuestRig rig =
                new GuestRig(
                        new MemoryBridge(pairs),
                        VirtioNetOptions.DEFAULT
                                .withQueuePairs(pairs)
                                .withMac(MacAddress.of(Packets.guestMac())));
        rig.device.negotiate(features);
        return rig;
    }

    private static GuestRig.Ring control(GuestRig rig, long features) {
        int vring = 2 * (rig.device.isControl(2) ? 1 : rig.device.queuePairs());
        assertTrue(rig.device.isControl(vring));
        return rig.ring(vring, 16, features);
    }

    @Test
    void standsBehindTheLastPairThatCanBeUsed() {
        for (int pairs : new int[] {2, 8}) {
            try (GuestRig rig = rig(pairs, ALL | VirtioNetFeature.MQ)) {
                assertTrue(rig.device.isControl(2 * pairs));
                assertFalse(rig.device.isControl(2));
                assertEquals(0, rig.device.laneOf(2 * pairs));
                assertEquals(1, rig.device.laneOf(2));
                assertEquals(1, rig.device.laneOf(3));
                assertEquals(2 * pairs + 1, rig.device.vrings());
                GuestRig.Ring control = control(rig, ALL);
                assertTrue(rig.accepts(control, VirtioNetCtrl.RX, 0, (byte) 0));

                rig.device.negotiate(ALL);
                assertTrue(rig.device.isControl(2));
                assertFalse(rig.device.isControl(2 * pairs));
                assertEquals(0, rig.device.laneOf(2));
            }
        }
    }

    @Test
    void isServedInBothRingFormatsAndThoughDisabled() {
        for (long ring :
                new long[] {
                    0,
                    VirtioNetFeature.RING_PACKED,
                    VirtioNetFeature.IN_ORDER,
                    VirtioNetFeature.RING_PACKED | VirtioNetFeature.EVENT_IDX
                }) {
            try (GuestRig rig = rig(1, ALL | ring)) {
                GuestRig.Ring control = control(rig, ALL | ring);
                rig.lane().enable(2, false);
                for (int i = 0; i < 40; i++) {
                    assertTrue(rig.accepts(control, VirtioNetCtrl.RX, 0, (byte) (i & 1)));
                }
            }
        }
    }

    @Test
    void answersWhatItDoesNotKnowByAnError() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            for (int commandClass = 0; commandClass < 256; commandClass++) {
                for (int number : new int[] {0, 1, 6, 255}) {
                    boolean ack = commandClass == VirtioNetCtrl.ANNOUNCE && number == 0;
                    assertEquals(
                            ack ? 0 : 1,
                            rig.command(control, commandClass, number),
                            "without data");
                }
                if (commandClass > 6) {
                    assertEquals(1, rig.command(control, commandClass, 0, (byte) 1));
                }
            }
            assertTrue(rig.accepts(control, VirtioNetCtrl.RX, 0, (byte) 1), "still served");
        }
    }

    @Test
    void answersABadLayoutAndGoesOn() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            long memory = rig.allocate(70_000);

            control.add(new long[] {memory}, new long[] {3}, 1, 0); // nowhere to answer
            assertEquals(1, rig.lane().drainTransmit());
            assertEquals(List.of(0L), control.used());
            assertEquals(1, rig.drops(DropReason.CHAIN_WRONG_DIRECTION));

            control.add(new long[] {0x10, memory}, new long[] {3, 1}, 1, 1);
            rig.lane().drainTransmit();
            assertEquals(List.of(0L), control.used());
            assertEquals(1, rig.drops(DropReason.CHAIN_UNMAPPED));

            for (long bytes : new long[] {0, 1, 69_000}) { // shorter and longer than any command
                rig.write(memory + 69_999, new byte[] {9});
                control.add(new long[] {memory, memory + 69_999}, new long[] {bytes, 1}, 1, 1);
                rig.lane().drainTransmit();
                assertEquals(List.of(1L), control.used());
                assertEquals(1, rig.read(memory + 69_999, 1)[0]);
            }
            assertTrue(rig.accepts(control, VirtioNetCtrl.RX, 0, (byte) 1));
        }
    }

    @Test
    void takesACommandInAnyPieces() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            long m = rig.allocate(64);
            rig.write(m, new byte[] {1, 9, 1, 9, 2, 3, 9, 4, 5, 6, 7}); // MAC_ADDR_SET 02:..:07
            control.add(
                    new long[] {m, m + 2, m + 4, m + 7, m + 32}, new long[] {1, 1, 2, 4, 1}, 4, 1);
            rig.lane().drainTransmit();
            assertEquals(List.of(1L), control.used());
            assertEquals(0, rig.read(m + 32, 1)[0]);
            byte[] config = new byte[6];
            rig.device.readConfig(0, config);
            assertEquals(MacAddress.of(OTHER_MAC), MacAddress.of(config));
        }
    }

    @Test
    void takesOneBatchAtATime() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = rig.ring(2, 64, ALL);
            long m = rig.allocate(64);
            for (int i = 0; i < 20; i++) {
                control.add(new long[] {m, m + 8}, new long[] {3, 1}, 1, 1);
            }
            assertEquals(16, rig.lane().drainTransmit());
            assertFalse(rig.lane().arm());
            assertEquals(4, rig.lane().drainTransmit());
            assertTrue(rig.lane().arm());
            rig.lane().disarm();
        }
    }

    @Test
    void filtersWhatTheGuestDoesNotWant() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            GuestRig.Receiver rx = rig.receiver(0, 64, ALL);
            rx.addMany(60, 1536);
            assertTrue(gets(rig, rx, OTHER_MAC, -1), "promiscuous until told");
            assertTrue(rig.accepts(control, VirtioNetCtrl.RX, 0, (byte) 0));
            assertFalse(gets(rig, rx, OTHER_MAC, -1));
            assertEquals(1, rig.drops(DropReason.FILTERED));
            assertTrue(gets(rig, rx, Packets.guestMac(), -1));
            assertFalse(gets(rig, rx, GROUP_MAC, -1));

            assertTrue(rig.accepts(control, VirtioNetCtrl.MAC, 0, tables(OTHER_MAC, GROUP_MAC)));
            assertTrue(gets(rig, rx, OTHER_MAC, -1));
            assertTrue(gets(rig, rx, GROUP_MAC, -1));

            assertFalse(gets(rig, rx, OTHER_MAC, 5));
            assertTrue(rig.accepts(control, VirtioNetCtrl.VLAN, 0, (byte) 5, (byte) 0));
            assertTrue(gets(rig, rx, OTHER_MAC, 5));
            assertTrue(rig.accepts(control, VirtioNetCtrl.VLAN, 1, (byte) 5, (byte) 0));
            assertFalse(gets(rig, rx, OTHER_MAC, 5));

            assertTrue(rig.accepts(control, VirtioNetCtrl.RX, 4, (byte) 1)); // NOUNI
            assertFalse(gets(rig, rx, OTHER_MAC, -1));
            rig.device.reset();
            rig.device.negotiate(ALL);
            assertTrue(gets(rig, rx, OTHER_MAC, 5), "a reset ends all filtering");
        }
    }

    private static boolean gets(GuestRig rig, GuestRig.Receiver rx, byte[] to, int vlan) {
        byte[] frame = Packets.frame(RandomGenerator.getDefault(), 100);
        System.arraycopy(to, 0, frame, 0, 6);
        if (vlan >= 0) {
            Packets.put16(frame, 12, 0x8100);
            Packets.put16(frame, 14, vlan);
        }
        rig.network().queued.add(GuestRig.with(new byte[12], frame));
        rig.lane().fillReceive();
        return !rx.frames(12).isEmpty();
    }

    private static byte[] tables(byte[] unicast, byte[] multicast) {
        byte[] data = new byte[20];
        data[0] = 1;
        System.arraycopy(unicast, 0, data, 4, 6);
        data[10] = 1;
        System.arraycopy(multicast, 0, data, 14, 6);
        return data;
    }

    @Test
    void refusesTablesThatLie() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            byte[] good = tables(OTHER_MAC, GROUP_MAC);
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 0, Arrays.copyOf(good, 19)));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 0, Arrays.copyOf(good, 21)));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 0, Arrays.copyOf(good, 10)));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 0, new byte[3]));
            for (int at : new int[] {0, 3, 10, 13}) {
                byte[] bad = good.clone();
                bad[at] = (byte) 0xff;
                assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 0, bad), "byte " + at);
            }
            assertTrue(rig.accepts(control, VirtioNetCtrl.MAC, 0, new byte[8]), "empty tables");
        }
    }

    @Test
    void refusesValuesOutOfBounds() {
        try (GuestRig rig = rig(2, ALL | VirtioNetFeature.MQ)) {
            GuestRig.Ring control = control(rig, ALL);
            assertFalse(rig.accepts(control, VirtioNetCtrl.RX, 0, (byte) 2));
            assertFalse(rig.accepts(control, VirtioNetCtrl.RX, 6, (byte) 1));
            assertFalse(rig.accepts(control, VirtioNetCtrl.VLAN, 0, (byte) 0, (byte) 0x10));
            assertTrue(rig.accepts(control, VirtioNetCtrl.VLAN, 0, (byte) 0xff, (byte) 0x0f));
            assertFalse(rig.accepts(control, VirtioNetCtrl.VLAN, 2, (byte) 1, (byte) 0));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 1, GROUP_MAC));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 1, new byte[6]));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 1, new byte[7]));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MQ, 0, (byte) 0, (byte) 0));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MQ, 0, (byte) 3, (byte) 0));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MQ, 1, (byte) 1, (byte) 0));
            assertFalse(rig.accepts(control, VirtioNetCtrl.ANNOUNCE, 0, (byte) 0));
        }
    }

    @Test
    void refusesCommandsThatWereNotNegotiated() {
        try (GuestRig rig = rig(2, GuestRig.MODERN | VirtioNetFeature.CTRL_VQ)) {
            GuestRig.Ring control = control(rig, GuestRig.MODERN);
            for (int mode = 0; mode < 6; mode++) {
                assertFalse(rig.accepts(control, VirtioNetCtrl.RX, mode, (byte) 1));
            }
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 0, new byte[8]));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MAC, 1, OTHER_MAC));
            assertFalse(rig.accepts(control, VirtioNetCtrl.VLAN, 0, (byte) 1, (byte) 0));
            assertFalse(rig.accepts(control, VirtioNetCtrl.ANNOUNCE, 0));
            assertFalse(rig.accepts(control, VirtioNetCtrl.MQ, 0, (byte) 1, (byte) 0));
            assertFalse(rig.accepts(control, VirtioNetCtrl.GUEST_OFFLOADS, 0, new byte[8]));
        }
    }

    @Test
    void steersThePairs() {
        try (GuestRig rig = rig(8, ALL | VirtioNetFeature.MQ)) {
            GuestRig.Ring control = control(rig, ALL);
            assertEquals(1, rig.bridge.usedPairs.getLast());
            List<Integer> told = new ArrayList<>(); // a lane that looks now sees the new pairs
            rig.device.onPairsChange(() -> told.add(rig.bridge.usedPairs.getLast()));
            assertTrue(rig.accepts(control, VirtioNetCtrl.MQ, 0, (byte) 8, (byte) 0));
            assertEquals(8, rig.bridge.usedPairs.getLast());
            assertEquals(List.of(8), told);
            assertTrue(rig.accepts(control, VirtioNetCtrl.MQ, 0, (byte) 3, (byte) 0));
            assertEquals(3, rig.bridge.usedPairs.getLast());
            rig.device.reset();
            assertEquals(1, rig.bridge.usedPairs.getLast());
        }
    }

    @Test
    void switchesOffloadsLive() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            assertEquals(FrameOffload.ALL, rig.bridge.format().offloads());
            byte[] none = new byte[8];
            assertTrue(rig.accepts(control, VirtioNetCtrl.GUEST_OFFLOADS, 0, none));
            assertEquals(FrameOffload.NONE, rig.bridge.format().offloads());

            // A frame that was queued before: segmented, because the guest takes it no more.
            GuestRig.Receiver rx = rig.receiver(0, 64, ALL);
            rx.addMany(20, 1536);
            Packets.Shape shape = new Packets.Shape(false, true, 0, 0, 0, 4000);
            rig.network()
                    .queued
                    .add(
                            GuestRig.with(
                                    Packets.header(12, 1, 1, 66, 1448, 34, 16),
                                    Packets.unfinished(RandomGenerator.getDefault(), shape, 0)));
            rig.lane().fillReceive();
            assertEquals(3, rx.frames(12).size());

            byte[] csumAndTso4 = {(byte) 0x82, 0, 0, 0, 0, 0, 0, 0};
            assertTrue(rig.accepts(control, VirtioNetCtrl.GUEST_OFFLOADS, 0, csumAndTso4));
            assertEquals(FrameOffload.CSUM | FrameOffload.TSO4, rig.bridge.format().offloads());
            byte[] host = {1, 0, 0, 0, 0, 0, 0, 0}; // CSUM is not the guest's to switch
            assertFalse(rig.accepts(control, VirtioNetCtrl.GUEST_OFFLOADS, 0, host));
            byte[] unknown = {0, 0, 0, 0, 0, 0, 0, (byte) 0x80};
            assertFalse(rig.accepts(control, VirtioNetCtrl.GUEST_OFFLOADS, 0, unknown));
            assertEquals(FrameOffload.CSUM | FrameOffload.TSO4, rig.bridge.format().offloads());
        }
    }

    @Test
    void acknowledgesAnnouncements() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            rig.device.linkUp(false);
            rig.device.linkUp(true);
            assertEquals(3, linkStatus(rig));
            assertTrue(rig.accepts(control, VirtioNetCtrl.ANNOUNCE, 0));
            assertEquals(1, linkStatus(rig));
        }
    }

    private static int linkStatus(GuestRig rig) {
        byte[] status = new byte[2];
        rig.device.readConfig(6, status);
        return status[0] | (status[1] << 8);
    }

    @Test
    void aFreshRingIsANewDriversAndEndsOldCommands() {
        try (GuestRig rig = rig(1, ALL)) {
            GuestRig.Ring control = control(rig, ALL);
            assertTrue(rig.accepts(control, VirtioNetCtrl.RX, 0, (byte) 0));
            assertTrue(rig.accepts(control, VirtioNetCtrl.MAC, 1, OTHER_MAC));
            control.detach();
            rig.ring(2, 16, ALL, new RingPosition(3, false, 3, false));
            assertFalse(rig.device.state().filter().admitsAll(), "the same driver goes on");
            rig.lane().detach(2);
            rig.ring(2, 16, ALL);
            assertTrue(rig.device.state().filter().admitsAll());
            byte[] mac = new byte[6];
            rig.device.readConfig(0, mac);
            assertEquals(MacAddress.of(OTHER_MAC), MacAddress.of(mac), "the address it read");
        }
    }

    private static byte[] coal(long maxPackets, long maxUsecs) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) maxPackets)
                .putInt((int) maxUsecs)
                .array();
    }

    private static byte[] coal(int vring, long maxPackets, long maxUsecs) {
        return ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) vring)
                .putShort((short) 0xbeef) // reserved: to be ignored
                .put(coal(maxPackets, maxUsecs))
                .array();
    }

    /** The limits of a ring as the guest reads them back, or null when it is refused. */
    private static byte[] limits(GuestRig rig, GuestRig.Ring control, int vring, int roomBytes) {
        long readable = rig.allocate(6);
        long writable = rig.allocate(roomBytes);
        rig.write(readable, new byte[] {6, 3, (byte) vring, (byte) (vring >> 8), 0, 0});
        control.add(new long[] {readable, writable}, new long[] {6, roomBytes}, 1, 1);
        rig.lane().drainTransmit();
        byte[] answer = rig.read(writable, roomBytes);
        assertEquals(List.of(answer[0] == 0 ? 9L : 1L), control.used());
        return answer[0] == 0 ? Arrays.copyOfRange(answer, 1, 9) : null;
    }

    @Test
    void takesLimitsOfNotificationsForAllRingsOfADirection() {
        try (GuestRig rig = rig(2, ALL | VirtioNetFeature.MQ)) {
            List<Integer> told = new ArrayList<>();
            rig.device.onLimitsChange(told::add);
            GuestRig.Ring control = control(rig, ALL);
            assertNull(rig.device.limits(0), "none before the first command");
            assertTrue(rig.accepts(control, 6, VirtioNetCtrl.NOTF_COAL_RX_SET, coal(16, 50)));
            assertEquals(List.of(0, 2), told);
            assertEquals(new Coalescing(50, 16, EVERY_FRAME), rig.device.limits(2));
            assertNull(rig.device.limits(1));
            assertTrue(rig.accepts(control, 6, VirtioNetCtrl.NOTF_COAL_TX_SET, coal(8, 0)));
            assertEquals(List.of(0, 2, 1, 3), told);
            assertTrue(rig.device.limits(3).isOff(), "a 0 means after every packet");
            assertTrue(rig.accepts(control, 6, 1, coal(0xffffffffL, 0xffffffffL)));
            assertEquals(Coalescing.NO_LIMITS, rig.device.limits(0));

            for (int bytes : new int[] {0, 1, 7, 9, 12}) {
                assertFalse(rig.accepts(control, 6, 0, new byte[bytes]), bytes + " bytes");
                assertFalse(rig.accepts(control, 6, 1, new byte[bytes]), bytes + " bytes");
            }
            assertFalse(rig.accepts(control, 6, 4, coal(1, 1)));
        }
    }

    @Test
    void takesAndTellsTheLimitsOfOneRingInUse() {
        try (GuestRig rig = rig(2, ALL | VirtioNetFeature.MQ)) {
            GuestRig.Ring control = control(rig, ALL);
            rig.ring(2, 16, ALL);
            rig.ring(3, 16, ALL);
            assertArrayEquals(coal(0, 0), limits(rig, control, 2, 9), "after a reset");
            assertTrue(rig.accepts(control, 6, VirtioNetCtrl.NOTF_COAL_VQ_SET, coal(2, 7, 1000)));
            assertEquals(new Coalescing(1000, 7, EVERY_FRAME), rig.device.limits(2));
            assertNull(rig.device.limits(3));
            assertArrayEquals(coal(7, 1000), limits(rig, control, 2, 9));
            assertTrue(rig.accepts(control, 6, 2, coal(3, 0xfffffffeL, 1)));
            assertArrayEquals(coal(0xfffffffeL, 1), limits(rig, control, 3, 64), "as it was set");
            assertTrue(rig.accepts(control, 6, 1, coal(5, 5)));
            assertArrayEquals(coal(5, 5), limits(rig, control, 2, 9), "the later one counts");
            assertNull(limits(rig, control, 2, 8), "no room for an answer");

            for (int vring : new int[] {0, 1, 4, 5, 256, 0xffff}) { // not in use, or no such ring
                assertFalse(rig.accepts(control, 6, 2, coal(vring, 1, 1)), "ring " + vring);
                assertNull(limits(rig, control, vring, 9), "ring " + vring);
            }
            for (int bytes : new int[] {0, 8, 11, 13}) {
                assertFalse(rig.accepts(control, 6, 2, new byte[bytes]), bytes + " bytes");
            }
            rig.device.reset();
            assertNull(rig.device.limits(2));
        }
    }

    @Test
    void refusesLimitsThatWereNotNegotiated() {
        long without = ALL & ~(VirtioNetFeature.NOTF_COAL | VirtioNetFeature.VQ_NOTF_COAL);
        try (GuestRig rig = rig(1, without)) {
            GuestRig.Ring control = control(rig, without);
            rig.ring(0, 16, without);
            assertFalse(rig.accepts(control, 6, 0, coal(1, 1)));
            assertFalse(rig.accepts(control, 6, 1, coal(1, 1)));
            assertFalse(rig.accepts(control, 6, 2, coal(0, 1, 1)));
            assertNull(limits(rig, control, 0, 9));
            assertEquals(
                    0,
                    new VirtioNetDevice(
                                            VirtioNetOptions.DEFAULT.withFeatures(
                                                    0, VirtioNetFeature.CTRL_VQ),
                                            new MemoryBridge(1))
                                    .features()
                            & (VirtioNetFeature.NOTF_COAL | VirtioNetFeature.VQ_NOTF_COAL),
                    "not offered without a control queue");
        }
    }
}
