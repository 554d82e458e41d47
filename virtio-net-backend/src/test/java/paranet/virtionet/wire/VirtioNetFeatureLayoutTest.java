package paranet.virtionet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Map;

/** Feature bits (virtio 1.3, 5.1.3 and 6) by literals. */
class VirtioNetFeatureLayoutTest {
    private static final Map<String, Integer> BITS =
            Map.ofEntries(
                    Map.entry("csum", 0),
                    Map.entry("guest_csum", 1),
                    Map.entry("ctrl_guest_offloads", 2),
                    Map.entry("mtu", 3),
                    Map.entry("mac", 5),
                    Map.entry("guest_tso4", 7),
                    Map.entry("guest_tso6", 8),
                    Map.entry("guest_ecn", 9),
                    Map.entry("guest_ufo", 10),
                    Map.entry("host_tso4", 11),
                    Map.entry("host_tso6", 12),
                    Map.entry("host_ecn", 13),
                    Map.entry("host_ufo", 14),
                    Map.entry("mrg_rxbuf", 15),
                    Map.entry("status", 16),
                    Map.entry("ctrl_vq", 17),
                    Map.entry("ctrl_rx", 18),
                    Map.entry("ctrl_vlan", 19),
                    Map.entry("ctrl_rx_extra", 20),
                    Map.entry("guest_announce", 21),
                    Map.entry("mq", 22),
                    Map.entry("ctrl_mac_addr", 23),
                    Map.entry("any_layout", 27),
                    Map.entry("indirect_desc", 28),
                    Map.entry("event_idx", 29),
                    Map.entry("version_1", 32),
                    Map.entry("packed", 34),
                    Map.entry("in_order", 35),
                    Map.entry("vq_notf_coal", 52),
                    Map.entry("notf_coal", 53),
                    Map.entry("guest_uso4", 54),
                    Map.entry("guest_uso6", 55),
                    Map.entry("host_uso", 56),
                    Map.entry("speed_duplex", 63));

    @Test
    void everyNameHasTheBitOfTheSpecification() {
        assertEquals(BITS.keySet(), VirtioNetFeature.byName().keySet());
        BITS.forEach((name, bit) -> assertEquals(1L << bit, VirtioNetFeature.named(name), name));
        assertEquals(1L << 62, VirtioNetFeature.STANDBY);
        assertEquals(0x00c0_0000_0000_0782L, VirtioNetFeature.GUEST_OFFLOADS);
    }

    @Test
    void anUnknownNameIsRefusedWithThoseThereAre() {
        String said =
                assertThrows(IllegalArgumentException.class, () -> VirtioNetFeature.named("turbo"))
                        .getMessage();
        assertTrue(said.contains("turbo") && said.contains("event_idx"), said);
    }

    @Test
    void bitsAreDescribedByNameOrNumber() {
        assertEquals("", VirtioNetFeature.describe(0));
        assertEquals("csum,packed", VirtioNetFeature.describe(1L | 1L << 34));
        assertEquals("mtu,bit 60", VirtioNetFeature.describe(1L << 3 | 1L << 60));
    }

    @Test
    void theHeaderIsLongWithVersion1OrMergeableBuffers() {
        assertEquals(10, VirtioNetFeature.headerBytes(0));
        assertEquals(12, VirtioNetFeature.headerBytes(1L << 15));
        assertEquals(12, VirtioNetFeature.headerBytes(1L << 32));
    }
}
