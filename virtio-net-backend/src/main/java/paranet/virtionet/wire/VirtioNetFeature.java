package paranet.virtionet.wire;

import paranet.core.offload.VirtioNetHdr;
import paranet.core.virtqueue.RingFeature;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Feature bits that a virtio-net device of ours can offer (virtio 1.3, 5.1.3 and 6), as masks, and
 * their names as people write them: the specification's, in lower case and without prefix.
 *
 * <p>Threading: immutable.
 */
public final class VirtioNetFeature {
    public static final long CSUM = 1L; // bit 0
    public static final long GUEST_CSUM = 1L << 1;
    public static final long CTRL_GUEST_OFFLOADS = 1L << 2;
    public static final long MTU = 1L << 3;
    public static final long MAC = 1L << 5;
    public static final long GUEST_TSO4 = 1L << 7;
    public static final long GUEST_TSO6 = 1L << 8;
    public static final long GUEST_ECN = 1L << 9;
    public static final long GUEST_UFO = 1L << 10;
    public static final long HOST_TSO4 = 1L << 11;
    public static final long HOST_TSO6 = 1L << 12;
    public static final long HOST_ECN = 1L << 13;
    public static final long HOST_UFO = 1L << 14;
    public static final long MRG_RXBUF = 1L << 15;
    public static final long STATUS = 1L << 16;
    public static final long CTRL_VQ = 1L << 17;
    public static final long CTRL_RX = 1L << 18;
    public static final long CTRL_VLAN = 1L << 19;
    public static final long CTRL_RX_EXTRA = 1L << 20;
    public static final long GUEST_ANNOUNCE = 1L << 21;
    public static final long MQ = 1L << 22;
    public static final long CTRL_MAC_ADDR = 1L << 23;
    public static final long VQ_NOTF_COAL = 1L << 52;
    public static final long NOTF_COAL = 1L << 53;
    public static final long GUEST_USO4 = 1L << 54;
    public static final long GUEST_USO6 = 1L << 55;
    public static final long HOST_USO = 1L << 56;
    public static final long STANDBY = 1L << 62; // the front end's: never offered
    public static final long SPEED_DUPLEX = 1L << 63;

    public static final long ANY_LAYOUT = RingFeature.ANY_LAYOUT;
    public static final long INDIRECT_DESC = RingFeature.INDIRECT_DESC;
    public static final long EVENT_IDX = RingFeature.EVENT_IDX;
    public static final long VERSION_1 = RingFeature.VERSION_1;
    public static final long RING_PACKED = RingFeature.RING_PACKED;
    public static final long IN_ORDER = RingFeature.IN_ORDER;

    /** What a guest may accept unfinished; the bits of CTRL_GUEST_OFFLOADS (5.1.6.5.6.1). */
    public static final long GUEST_OFFLOADS =
            GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | GUEST_ECN | GUEST_UFO | GUEST_USO4 | GUEST_USO6;

    private static final Map<String, Long> BY_NAME = new LinkedHashMap<>();

    static {
        BY_NAME.put("csum", CSUM);
        BY_NAME.put("guest_csum", GUEST_CSUM);
        BY_NAME.put("ctrl_guest_offloads", CTRL_GUEST_OFFLOADS);
        BY_NAME.put("mtu", MTU);
        BY_NAME.put("mac", MAC);
        BY_NAME.put("guest_tso4", GUEST_TSO4);
        BY_NAME.put("guest_tso6", GUEST_TSO6);
        BY_NAME.put("guest_ecn", GUEST_ECN);
        BY_NAME.put("guest_ufo", GUEST_UFO);
        BY_NAME.put("host_tso4", HOST_TSO4);
        BY_NAME.put("host_tso6", HOST_TSO6);
        BY_NAME.put("host_ecn", HOST_ECN);
        BY_NAME.put("host_ufo", HOST_UFO);
        BY_NAME.put("mrg_rxbuf", MRG_RXBUF);
        BY_NAME.put("status", STATUS);
        BY_NAME.put("ctrl_vq", CTRL_VQ);
        BY_NAME.put("ctrl_rx", CTRL_RX);
        BY_NAME.put("ctrl_vlan", CTRL_VLAN);
        BY_NAME.put("ctrl_rx_extra", CTRL_RX_EXTRA);
        BY_NAME.put("guest_announce", GUEST_ANNOUNCE);
        BY_NAME.put("mq", MQ);
        BY_NAME.put("ctrl_mac_addr", CTRL_MAC_ADDR);
        BY_NAME.put("any_layout", ANY_LAYOUT);
        BY_NAME.put("indirect_desc", INDIRECT_DESC);
        BY_NAME.put("event_idx", EVENT_IDX);
        BY_NAME.put("version_1", VERSION_1);
        BY_NAME.put("packed", RING_PACKED);
        BY_NAME.put("in_order", IN_ORDER);
        BY_NAME.put("vq_notf_coal", VQ_NOTF_COAL);
        BY_NAME.put("notf_coal", NOTF_COAL);
        BY_NAME.put("guest_uso4", GUEST_USO4);
        BY_NAME.put("guest_uso6", GUEST_USO6);
        BY_NAME.put("host_uso", HOST_USO);
        BY_NAME.put("speed_duplex", SPEED_DUPLEX);
    }

    private VirtioNetFeature() {}

    /** Bytes of a frame's header under these features (virtio 1.3, 5.1.6 and 5.1.6.1). */
    public static int headerBytes(long features) {
        boolean numBuffers = (features & (VERSION_1 | MRG_RXBUF)) != 0;
        return numBuffers ? VirtioNetHdr.BYTES : VirtioNetHdr.BYTES_SHORT;
    }

    /** Each name with its mask, by ascending bit. */
    public static Map<String, Long> byName() {
        return Collections.unmodifiableMap(BY_NAME);
    }

    /**
     * The mask of one name.
     *
     * @throws IllegalArgumentException if there is none of that name, listing those there are
     */
    public static long named(String name) {
        Long mask = BY_NAME.get(name);
        if (mask == null) {
            throw new IllegalArgumentException(
                    "no feature %s; there are %s"
                            .formatted(name, String.join(", ", BY_NAME.keySet())));
        }
        return mask;
    }

    /** The names of a set of bits, comma-separated; a bit without a name as its number. */
    public static String describe(long features) {
        StringBuilder names = new StringBuilder();
        names.append(
                BY_NAME.entrySet().stream()
                        .filter(named -> (features & named.getValue()) != 0)
                        .map(Map.Entry::getKey)
                        .collect(Collectors.joining(",")));
        long rest = features;
        for (long mask : BY_NAME.values()) {
            rest &= ~mask;
        }
        for (; rest != 0; rest &= rest - 1) {
            names.append(names.isEmpty() ? "" : ",")
                    .append("bit ")
                    .append(Long.numberOfTrailingZeros(rest));
        }
        return names.toString();
    }
}
