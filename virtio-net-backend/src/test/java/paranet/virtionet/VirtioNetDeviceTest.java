package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;
import paranet.virtionet.wire.VirtioNetFeature;

import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

class VirtioNetDeviceTest {
    private static final MacAddress MAC = MacAddress.of(Packets.guestMac());

    private final MemoryBridge bridge = new MemoryBridge(128);

    private VirtioNetDevice device(VirtioNetOptions options) {
        return new VirtioNetDevice(options, bridge);
    }

    private static long named(String... names) {
        long features = 0;
        for (String name : names) {
            features |= VirtioNetFeature.named(name);
        }
        return features;
    }

    @Test
    void offersAllFeaturesOfACapableNetwork() {
        long all = 0;
        for (long feature : VirtioNetFeature.byName().values()) {
            all |= feature;
        }
        assertEquals(
                all, device(VirtioNetOptions.DEFAULT.withQueuePairs(2).withMac(MAC)).features());
    }

    @Test
    void offersNoAddressItDoesNotHaveAndNoSecondPairItDoesNotServe() {
        long offered = device(VirtioNetOptions.DEFAULT).features();
        assertEquals(0, offered & named("mac", "mq"));
    }

    @Test
    void offersToReceiveOnlyWhatTheNetworkCanLeaveUnfinished() {
        bridge.sourceOffloads = FrameOffload.CSUM | FrameOffload.TSO4 | FrameOffload.USO6;
        bridge.sinkOffloads = FrameOffload.NONE;
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        assertEquals(
                named("guest_csum", "guest_tso4", "guest_uso6"),
                device.features() & VirtioNetFeature.GUEST_OFFLOADS);
        long host = named("csum", "host_tso4", "host_tso6", "host_ecn", "host_ufo", "host_uso");
        assertEquals(host, device.features() & host, "done in software");
        assertEquals(
                named("guest_csum", "guest_tso4", "guest_uso6", "guest_ufo"),
                device(VirtioNetOptions.DEFAULT.withFeatures(named("guest_ufo"), 0)).features()
                        & VirtioNetFeature.GUEST_OFFLOADS);
    }

    @Test
    void withholdsWhatNeedsAWithheldFeature() {
        Map<String, String[]> withheld =
                Map.of(
                        "ctrl_vq",
                        new String[] {
                            "ctrl_vq",
                            "ctrl_rx",
                            "ctrl_rx_extra",
                            "ctrl_vlan",
                            "ctrl_mac_addr",
                            "ctrl_guest_offloads",
                            "guest_announce",
                            "notf_coal",
                            "vq_notf_coal"
                        },
                        "guest_csum",
                        new String[] {
                            "guest_csum",
                            "guest_tso4",
                            "guest_tso6",
                            "guest_ecn",
                            "guest_ufo",
                            "guest_uso4",
                            "guest_uso6"
                        },
                        "csum",
                        new String[] {
                            "csum", "host_tso4", "host_tso6", "host_ecn", "host_ufo", "host_uso"
                        },
                        "version_1",
                        new String[] {"version_1", "packed"},
                        "event_idx",
                        new String[] {"event_idx"});
        long all = device(VirtioNetOptions.DEFAULT).features();
        withheld.forEach(
                (removed, expected) ->
                        assertEquals(
                                VirtioNetFeature.describe(named(expected)),
                                VirtioNetFeature.describe(
                                        all
                                                & ~device(
                                                                VirtioNetOptions.DEFAULT
                                                                        .withFeatures(
                                                                                0, named(removed)))
                                                        .features())));
    }

    @Test
    void toleratesWhatFrontEndsDoThemselves() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT.withFeatures(0, named("ctrl_vq")));
        long front =
                named(
                                "ctrl_vq",
                                "ctrl_rx",
                                "ctrl_vlan",
                                "ctrl_rx_extra",
                                "ctrl_mac_addr",
                                "guest_announce",
                                "mac",
                                "mq",
                                "ctrl_guest_offloads")
                        | VirtioNetFeature.STANDBY;
        assertEquals(front, device.tolerated());
        assertEquals(0, device.tolerated() & device.features());
    }

    @Test
    void objectsToFeaturesWithoutWhatTheyNeed() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        assertNull(device.objection(0));
        assertNull(device.objection(device.features()));
        assertEquals("guest_tso4 without guest_csum", device.objection(named("guest_tso4")));
        assertEquals("host_uso without csum", device.objection(named("host_uso")));
        assertEquals(
                "guest_ecn without guest_tso4 or guest_tso6",
                device.objection(named("guest_csum", "guest_ecn")));
        assertNull(device.objection(named("guest_csum", "guest_ecn", "guest_tso6")));
        assertEquals(
                "host_ecn without host_tso4 or host_tso6",
                device.objection(named("csum", "host_ecn", "host_ufo")));
        assertEquals("packed without version_1", device.objection(named("packed")));
        assertNull(
                device.objection(named("ctrl_rx", "mq", "guest_announce")),
                "the front end keeps the control queue to itself");
    }

    @Test
    void serves127PairsWithAControlQueueAnd128Without() {
        assertEquals(255, device(VirtioNetOptions.DEFAULT.withQueuePairs(127)).vrings());
        VirtioNetOptions without = VirtioNetOptions.DEFAULT.withFeatures(0, named("ctrl_vq"));
        assertEquals(256, device(without.withQueuePairs(128)).vrings());
        assertThrows(
                IllegalArgumentException.class, () -> VirtioNetOptions.DEFAULT.withQueuePairs(128));
        assertThrows(IllegalArgumentException.class, () -> without.withQueuePairs(129));
        assertThrows(IllegalArgumentException.class, () -> without.withQueuePairs(0));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new VirtioNetDevice(
                                VirtioNetOptions.DEFAULT.withQueuePairs(2), new MemoryBridge(1)));
    }

    @Test
    void refusesOptionsOutOfBounds() {
        VirtioNetOptions options = VirtioNetOptions.DEFAULT;
        assertThrows(IllegalArgumentException.class, () -> options.withMtu(67));
        assertThrows(IllegalArgumentException.class, () -> options.withMtu(65536));
        assertThrows(IllegalArgumentException.class, () -> options.withMac(MacAddress.BROADCAST));
        assertThrows(IllegalArgumentException.class, () -> options.withSpeed(1000, 2));
        assertThrows(IllegalArgumentException.class, () -> MacAddress.of(new byte[5]));
        assertThrows(IllegalArgumentException.class, () -> new MacAddress(1L << 48));
    }

    @Test
    void showsItsConfigurationByteByByte() {
        VirtioNetDevice device =
                device(
                        VirtioNetOptions.DEFAULT
                                .withQueuePairs(3)
                                .withMac(MAC)
                                .withMtu(9000)
                                .withSpeed(25_000, 1));
        byte[] whole = new byte[28];
        device.readConfig(0, whole);
        assertEquals(
                "025000000001" + "0100" + "0300" + "2823" + "a8610000" + "01" + "00".repeat(11),
                HexFormat.of().formatHex(whole));
        assertEquals(28, device.configBytes());
        for (int i = 0; i < whole.length; i++) {
            byte[] one = new byte[1];
            device.readConfig(i, one);
            assertEquals(whole[i], one[0]);
        }
        byte[] mtu = new byte[2];
        device.readConfig(10, mtu);
        assertArrayEquals(new byte[] {0x28, 0x23}, mtu);
    }

    @Test
    void tellsTheNetworksMtuUnlessToldOtherwise() {
        bridge.mtu = 1400;
        assertEquals(1400, mtu(device(VirtioNetOptions.DEFAULT)));
        bridge.mtu = 65536;
        assertEquals(65535, mtu(device(VirtioNetOptions.DEFAULT)));
        assertEquals(9000, mtu(device(VirtioNetOptions.DEFAULT.withMtu(9000))));
    }

    @Test
    void takesTheFrontEndsMtuWithinItsBounds() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        assertFalse(device.mtu(67));
        assertFalse(device.mtu(65536));
        assertEquals(1500, mtu(device));
        assertTrue(device.mtu(68));
        assertTrue(device.mtu(65535));
        assertEquals(65535, mtu(device));
        assertEquals(65535, bridge.mtu);
        device.reset();
        assertEquals(65535, mtu(device), "it is said once");
        bridge.mtuFixed = true;
        assertFalse(device.mtu(1500));
        assertTrue(device.mtu(65535), "the network has it already");
        assertEquals(65535, mtu(device));
    }

    private static int mtu(VirtioNetDevice device) {
        byte[] mtu = new byte[2];
        device.readConfig(10, mtu);
        return (mtu[0] & 0xff) | ((mtu[1] & 0xff) << 8);
    }

    @Test
    void letsALegacyDriverWriteTheAddressAndNoneTheRest() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT.withMac(MAC));
        device.negotiate(named("mac"));
        byte[] other = {2, 9, 9, 9, 9, 9};
        assertTrue(device.writeConfig(0, other, false));
        assertArrayEquals(other, mac(device));
        assertTrue(device.writeConfig(5, new byte[] {8}, false));
        assertEquals(8, mac(device)[5]);
        assertFalse(device.writeConfig(6, new byte[2], false));
        assertFalse(device.writeConfig(0, new byte[8], false));
        device.reset();
        assertArrayEquals(Packets.guestMac(), mac(device));

        device.negotiate(named("mac", "version_1"));
        assertFalse(device.writeConfig(0, other, false));
        assertArrayEquals(Packets.guestMac(), mac(device));
    }

    @Test
    void restoresTheAddressInAMigrationAndRefusesAnotherDevice() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT.withMac(MAC));
        device.negotiate(named("mac", "version_1"));
        byte[] config = new byte[28];
        device.readConfig(0, config);
        config[5] = 77;
        config[6] = 0; // the link is ours to say
        assertTrue(device.writeConfig(0, config, true));
        assertEquals(77, mac(device)[5]);
        config[10]++; // another MTU
        config[5] = 78;
        assertFalse(device.writeConfig(0, config, true));
        assertEquals(77, mac(device)[5], "nothing is taken of it");
    }

    private static byte[] mac(VirtioNetDevice device) {
        byte[] mac = new byte[6];
        device.readConfig(0, mac);
        return mac;
    }

    @Test
    void saysHowFramesAreToLook() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        assertEquals(new FrameFormat(10, 0), bridge.format());
        device.negotiate(named("mrg_rxbuf"));
        assertEquals(new FrameFormat(12, 0), bridge.format());
        device.negotiate(named("version_1", "guest_csum", "guest_tso6", "guest_ecn"));
        assertEquals(
                new FrameFormat(12, FrameOffload.CSUM | FrameOffload.TSO6 | FrameOffload.TSO_ECN),
                bridge.format());
        device.status(0);
        assertEquals(new FrameFormat(10, 0), bridge.format());
    }

    @Test
    void keepsTheStatusAndResetsAtZero() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        device.negotiate(named("version_1"));
        device.status(15);
        assertEquals(15, device.status());
        assertEquals(12, device.state().headerBytes());
        device.status(0);
        assertEquals(0, device.status());
        assertEquals(10, device.state().headerBytes());
    }

    @Test
    void aRepeatedChoiceChangesNothing() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        long features = named("version_1", "ctrl_vq", "ctrl_rx");
        device.negotiate(features);
        assertTrue(device.receiveMode(0, false));
        int formats = bridge.formats.size();
        device.negotiate(features);
        assertFalse(device.state().filter().admitsAll());
        assertEquals(formats, bridge.formats.size());
    }

    @Test
    void steersByEnabledRingsWithoutAControlQueue() {
        MemoryBridge four = new MemoryBridge(4);
        try (GuestRig rig = new GuestRig(four, VirtioNetOptions.DEFAULT.withQueuePairs(4))) {
            rig.device.negotiate(named("version_1", "mq"));
            assertEquals(1, four.usedPairs.getLast());
            GuestRig.Ring first = rig.ring(0, 16, GuestRig.MODERN);
            GuestRig.Ring third = rig.ring(4, 16, GuestRig.MODERN);
            assertEquals(3, four.usedPairs.getLast());
            third.detach();
            assertEquals(1, four.usedPairs.getLast());
            first.detach();
            assertEquals(1, four.usedPairs.getLast());
        }
    }

    @Test
    void usesOnePairWithoutMq() {
        MemoryBridge four = new MemoryBridge(4);
        try (GuestRig rig = new GuestRig(four, VirtioNetOptions.DEFAULT.withQueuePairs(4))) {
            rig.device.negotiate(GuestRig.MODERN);
            rig.ring(0, 16, GuestRig.MODERN);
            rig.ring(4, 16, GuestRig.MODERN);
            assertEquals(1, four.usedPairs.getLast());
        }
    }

    @Test
    void announcesAnAddressByReverseArp() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        device.announce(Packets.guestMac());
        String mac = HexFormat.of().formatHex(Packets.guestMac());
        assertEquals(
                "ffffffffffff"
                        + mac
                        + "8035"
                        + "0001"
                        + "0800"
                        + "0604"
                        + "0003"
                        + mac
                        + "00000000"
                        + mac
                        + "00".repeat(22),
                HexFormat.of().formatHex(bridge.announced.getFirst()));
        assertEquals(60, bridge.announced.getFirst().length);
        bridge.announceAnswer = DropReason.LINK_DOWN;
        device.announce(Packets.guestMac()); // said in the log, no more
    }

    @Test
    void tellsTheGuestOfTheLink() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT);
        AtomicInteger told = new AtomicInteger();
        device.onConfigChange(told::incrementAndGet);
        device.linkUp(false);
        assertFalse(device.linkUp());
        assertEquals(0, told.get(), "STATUS was not negotiated");
        device.negotiate(named("version_1", "status"));
        device.linkUp(false);
        assertEquals(0, told.get(), "no change");
        device.linkUp(true);
        assertEquals(1, told.get());
        byte[] status = new byte[2];
        device.readConfig(6, status);
        assertArrayEquals(new byte[] {1, 0}, status, "nobody to announce itself");
        device.negotiate(named("version_1", "status", "ctrl_vq", "guest_announce"));
        device.linkUp(false);
        device.linkUp(true);
        assertEquals(3, told.get());
        device.readConfig(6, status);
        assertArrayEquals(new byte[] {3, 0}, status);
        device.reset();
        device.readConfig(6, status);
        assertArrayEquals(new byte[] {1, 0}, status);
    }

    @Test
    void addsUpTheDropsOfItsLanes() {
        VirtioNetDevice device = device(VirtioNetOptions.DEFAULT.withQueuePairs(2));
        ((VirtioNetLane) device.lane(0)).drops().count(DropReason.FILTERED);
        ((VirtioNetLane) device.lane(1)).drops().count(DropReason.FILTERED);
        ((VirtioNetLane) device.lane(1)).drops().count(DropReason.SINK);
        assertEquals(Map.of(DropReason.FILTERED, 2L, DropReason.SINK, 1L), device.drops());
    }

    @Test
    void ignoresARingThatIsNoneWithoutAControlQueue() {
        try (GuestRig rig = GuestRig.negotiated(GuestRig.MODERN)) {
            GuestRig.Ring stray = rig.ring(2, 16, GuestRig.MODERN);
            stray.send(new byte[72]);
            assertEquals(0, rig.lane().drainTransmit());
            assertEquals(0, rig.lane().fillReceive());
            assertTrue(rig.lane().arm());
        }
    }
}
