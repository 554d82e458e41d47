package paranet.virtionet;

import static paranet.virtionet.wire.VirtioNetFeature.CSUM;
import static paranet.virtionet.wire.VirtioNetFeature.CTRL_GUEST_OFFLOADS;
import static paranet.virtionet.wire.VirtioNetFeature.CTRL_MAC_ADDR;
import static paranet.virtionet.wire.VirtioNetFeature.CTRL_RX;
import static paranet.virtionet.wire.VirtioNetFeature.CTRL_RX_EXTRA;
import static paranet.virtionet.wire.VirtioNetFeature.CTRL_VLAN;
import static paranet.virtionet.wire.VirtioNetFeature.CTRL_VQ;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_ANNOUNCE;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_CSUM;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_ECN;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_TSO4;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_TSO6;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_UFO;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_USO4;
import static paranet.virtionet.wire.VirtioNetFeature.GUEST_USO6;
import static paranet.virtionet.wire.VirtioNetFeature.HOST_ECN;
import static paranet.virtionet.wire.VirtioNetFeature.HOST_TSO4;
import static paranet.virtionet.wire.VirtioNetFeature.HOST_TSO6;
import static paranet.virtionet.wire.VirtioNetFeature.HOST_UFO;
import static paranet.virtionet.wire.VirtioNetFeature.HOST_USO;
import static paranet.virtionet.wire.VirtioNetFeature.NOTF_COAL;
import static paranet.virtionet.wire.VirtioNetFeature.RING_PACKED;
import static paranet.virtionet.wire.VirtioNetFeature.VERSION_1;
import static paranet.virtionet.wire.VirtioNetFeature.VQ_NOTF_COAL;

import paranet.virtionet.wire.VirtioNetFeature;

import java.util.List;

/**
 * Features that make sense only beside another (virtio 1.3, 5.1.3.1).
 *
 * @param features each of these
 * @param needs any of these
 *     <p>Threading: immutable.
 */
record FeatureRule(long features, long needs) {
    /** Rules that a driver's choice must keep. The order matters: a rule may rest on those above */
    private static final List<FeatureRule> OF_THE_DRIVER =
            List.of(
                    new FeatureRule(
                            GUEST_TSO4 | GUEST_TSO6 | GUEST_UFO | GUEST_USO4 | GUEST_USO6,
                            GUEST_CSUM),
                    new FeatureRule(GUEST_ECN, GUEST_TSO4 | GUEST_TSO6),
                    new FeatureRule(HOST_TSO4 | HOST_TSO6 | HOST_UFO | HOST_USO, CSUM),
                    new FeatureRule(HOST_ECN, HOST_TSO4 | HOST_TSO6),
                    new FeatureRule(RING_PACKED, VERSION_1));

    /**
     * What the control queue carries. A front end that keeps that queue to itself may pass us these
     * bits without CTRL_VQ, so they are no objection, only not offered alone.
     */
    private static final FeatureRule OF_THE_CONTROL_QUEUE =
            new FeatureRule(
                    CTRL_GUEST_OFFLOADS
                            | CTRL_RX
                            | CTRL_RX_EXTRA
                            | CTRL_VLAN
                            | CTRL_MAC_ADDR
                            | GUEST_ANNOUNCE
                            | NOTF_COAL
                            | VQ_NOTF_COAL,
                    CTRL_VQ);

    /** The features without those whose need is not among them. */
    static long supported(long features) {
        long left = OF_THE_CONTROL_QUEUE.appliedTo(features);
        for (FeatureRule rule : OF_THE_DRIVER) {
            left = rule.appliedTo(left);
        }
        return left;
    }

    private long appliedTo(long among) {
        return (among & needs) == 0 ? among & ~features : among;
    }

    /** Which feature lacks what it needs, in words, or null when all is well. */
    static String objection(long chosen) {
        for (FeatureRule rule : OF_THE_DRIVER) {
            long lacking = chosen & ~rule.appliedTo(chosen);
            if (lacking != 0) {
                return "%s without %s"
                        .formatted(
                                VirtioNetFeature.describe(lacking),
                                VirtioNetFeature.describe(rule.needs).replace(",", " or "));
            }
        }
        return null;
    }
}
