package paranet.virtionet;

import paranet.core.memory.SharedMemory;
import paranet.core.offload.FrameHeaders;
import paranet.virtionet.wire.VirtioNetCtrl;

import java.util.Arrays;

/**
 * Which frames the guest wants (virtio 1.3, 5.1.6.5.1 to 5.1.6.5.3): modes, address tables, VLANs.
 *
 * <p>A promiscuous guest gets everything, VLAN-tagged or not; so does one that never asked for a
 * filter. The tables hold {@link #TABLE_MAX} addresses each; a longer list is taken to mean all.
 *
 * <p>Threading: immutable.
 */
final class ReceiveFilter {
    /** Addresses a table holds; a longer list admits all of its kind. */
    static final int TABLE_MAX = 64;

    /** Bytes of the frame that {@link #admits} looks at. */
    static final int LOOKED_AT = FrameHeaders.ETHERNET_BYTES + FrameHeaders.VLAN_BYTES;

    static final int VLAN_IDS = 4096;

    private static final int MODE_PROMISC = 1 << VirtioNetCtrl.RX_PROMISC;
    private static final int MODE_ALLMULTI = 1 << VirtioNetCtrl.RX_ALLMULTI;
    private static final int MODE_ALLUNI = 1 << VirtioNetCtrl.RX_ALLUNI;
    private static final int MODE_NOMULTI = 1 << VirtioNetCtrl.RX_NOMULTI;
    private static final int MODE_NOUNI = 1 << VirtioNetCtrl.RX_NOUNI;
    private static final int MODE_NOBCAST = 1 << VirtioNetCtrl.RX_NOBCAST;

    private static final int TAG = 0x0081; // 0x8100 as a little-endian load sees it
    private static final long[] NO_ADDRESSES = {};

    private final int modes;
    private final long own; // the guest's address, or -1 for none
    private final long[] unicast;
    private final boolean unicastAll;
    private final long[] multicast;
    private final boolean multicastAll;
    private final long[] vlans; // a bit per id, or null when VLANs are not filtered

    private ReceiveFilter(
            int modes,
            long own,
            long[] unicast,
            boolean unicastAll,
            long[] multicast,
            boolean multicastAll,
            long[] vlans) {
        this.modes = modes;
        this.own = own;
        this.unicast = unicast;
        this.unicastAll = unicastAll;
        this.multicast = multicast;
        this.multicastAll = multicastAll;
        this.vlans = vlans;
    }

    /**
     * The filter of a guest that has said nothing yet: promiscuous.
     *
     * @param mac the guest's own address, or null when we do not know it
     * @param filterVlans whether VLANs count once it is no longer promiscuous
     */
    static ReceiveFilter promiscuous(MacAddress mac, boolean filterVlans) {
        return new ReceiveFilter(
                MODE_PROMISC,
                mac == null ? -1 : mac.bits(),
                NO_ADDRESSES,
                false,
                NO_ADDRESSES,
                false,
                filterVlans ? new long[VLAN_IDS / Long.SIZE] : null);
    }

    /** With a mode, one of {@link VirtioNetCtrl}'s RX commands, on or off. */
    ReceiveFilter mode(int command, boolean on) {
        int changed = on ? modes | (1 << command) : modes & ~(1 << command);
        return new ReceiveFilter(changed, own, unicast, unicastAll, multicast, multicastAll, vlans);
    }

    ReceiveFilter own(MacAddress mac) {
        return new ReceiveFilter(
                modes, mac.bits(), unicast, unicastAll, multicast, multicastAll, vlans);
    }

    /** With these tables, which become the filter's own. */
    ReceiveFilter tables(long[] newUnicast, long[] newMulticast) {
        boolean tooManyUnicast = newUnicast.length > TABLE_MAX;
        boolean tooManyMulticast = newMulticast.length > TABLE_MAX;
        return new ReceiveFilter(
                modes,
                own,
                tooManyUnicast ? NO_ADDRESSES : newUnicast,
                tooManyUnicast,
                tooManyMulticast ? NO_ADDRESSES : newMulticast,
                tooManyMulticast,
                vlans);
    }

    /** With a VLAN (0 to 4095) let in or not; the filter must filter VLANs. */
    ReceiveFilter vlan(int id, boolean in) {
        long[] changed = Arrays.copyOf(vlans, vlans.length);
        long bit = 1L << id;
        int i = id / Long.SIZE;
        changed[i] = in ? changed[i] | bit : changed[i] & ~bit;
        return new ReceiveFilter(modes, own, unicast, unicastAll, multicast, multicastAll, changed);
    }

    boolean filtersVlans() {
        return vlans != null;
    }

    /** Whether every frame is let in, so that none need be looked at. */
    boolean admitsAll() {
        return (modes & MODE_PROMISC) != 0;
    }

    /** Whether the guest wants the frame at {@code frame}; {@link #LOOKED_AT} bytes are read. */
    boolean admits(long frame) {
        if (admitsAll()) {
            return true;
        }
        if (vlans != null && SharedMemory.le16(frame + 12) == TAG) {
            int id = FrameHeaders.be16(frame + 14) & (VLAN_IDS - 1);
            if ((vlans[id / Long.SIZE] & (1L << id)) == 0) {
                return false;
            }
        }
        long destination = MacAddress.bitsAt(frame);
        return (destination & 1) != 0 ? admitsGroup(destination) : admitsStation(destination);
    }

    private boolean admitsGroup(long destination) {
        if (destination == MacAddress.BROADCAST.bits()) {
            return (modes & MODE_NOBCAST) == 0;
        }
        if ((modes & MODE_NOMULTI) != 0) {
            return false;
        }
        return (modes & MODE_ALLMULTI) != 0 || multicastAll || contains(multicast, destination);
    }

    private boolean admitsStation(long destination) {
        if ((modes & MODE_NOUNI) != 0) {
            return false;
        }
        return (modes & MODE_ALLUNI) != 0
                || unicastAll
                || destination == own
                || contains(unicast, destination);
    }

    private static boolean contains(long[] table, long address) {
        for (long entry : table) {
            if (entry == address) {
                return true;
            }
        }
        return false;
    }
}
