package paranet.venet;

import paranet.venet.wire.VenetCapability;

/**
 * The capability groups of one device: what is available, and what its driver was granted (NEGCAP).
 *
 * <p>The last negotiation of a group replaces the one before; a group that is not known has no
 * bits.
 *
 * <p>Threading: confined to one worker.
 */
public final class CapabilityNegotiation {
    private static final int GROUPS = 3;

    private final int[] available = new int[GROUPS];
    private final int[] granted = new int[GROUPS];

    /** With what the original offered, which leaves out UFO. */
    public CapabilityNegotiation() {
        int segmentation =
                VenetCapability.SG_TSO4 | VenetCapability.SG_TSO6 | VenetCapability.SG_ECN;
        available[VenetCapability.GROUP_SG] =
                VenetCapability.SG | segmentation | VenetCapability.SG_PMTD;
        available[VenetCapability.GROUP_EVENTQ] =
                VenetCapability.EVENTQ_LINKSTATE | VenetCapability.EVENTQ_TXC;
        available[VenetCapability.GROUP_L4RO] = VenetCapability.SG | segmentation;
    }

    /** Makes bits available in a group beside those that are. */
    void offerAlso(int group, int bits) {
        available[group] |= bits;
    }

    /** Makes other bits available in a group of {@link VenetCapability}. */
    public void offer(int group, int bits) {
        available[group] = bits;
    }

    /** Grants those of the wanted bits that are available, and returns them. */
    int negotiate(int group, int wanted) {
        if (!isKnown(group)) {
            return 0;
        }
        granted[group] = wanted & available[group];
        return granted[group];
    }

    static boolean isKnown(int group) {
        return group >= 0 && group < GROUPS;
    }

    /** Whether any of these bits was granted. */
    boolean has(int group, int bits) {
        return (granted[group] & bits) != 0;
    }

    /** Whether any bit of the group was granted. */
    boolean hasAny(int group) {
        return granted[group] != 0;
    }

    /** Takes back what was granted: the device was closed. */
    void reset() {
        for (int group = 0; group < GROUPS; group++) {
            granted[group] = 0;
        }
    }
}
