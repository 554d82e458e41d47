package paranet.venet;

import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameOffload;
import paranet.venet.wire.VenetCapability;

import java.util.Set;

/**
 * What a venet device is told at start.
 *
 * @param txMitigation completed frames that the driver is told of at once, at most, 0 to 2048; 0
 *     tells of each
 * @param burstMicros when the driver rings for the first time in longer than this, frames are taken
 *     at once instead of by polling, 0 to 1,000,000 microseconds; 0 never does
 * @param features offered to drivers
 *     <p>Threading: immutable.
 */
public record VenetOptions(int txMitigation, int burstMicros, Set<VenetFeature> features) {
    public static final int TX_MITIGATION_MAX = 2048;
    public static final int BURST_MICROS_MAX = 1_000_000;

    /** As the original's host: 10 frames, no burst. */
    public static final VenetOptions DEFAULT = new VenetOptions(10, 0, VenetFeature.ORIGINAL);

    public VenetOptions {
        requireBound("txmitigation", txMitigation, TX_MITIGATION_MAX);
        requireBound("burstthresh", burstMicros, BURST_MICROS_MAX);
        features = Set.copyOf(features);
    }

    private static void requireBound(String name, int value, int most) {
        if (value < 0 || value > most) {
            throw new IllegalArgumentException(
                    "%s %d is not in 0..%d".formatted(name, value, most));
        }
    }

    public VenetOptions withTxMitigation(int frames) {
        return new VenetOptions(frames, burstMicros, features);
    }

    public VenetOptions withBurstMicros(int micros) {
        return new VenetOptions(txMitigation, micros, features);
    }

    public VenetOptions withFeatures(Set<VenetFeature> offered) {
        return new VenetOptions(txMitigation, burstMicros, offered);
    }

    /** What a device on this bridge offers. */
    public CapabilityNegotiation capabilities(FrameBridge bridge) {
        CapabilityNegotiation capabilities = new CapabilityNegotiation();
        capabilities.offer(
                VenetCapability.GROUP_SG,
                has(VenetFeature.SG)
                        ? VenetCapability.SG
                                | segmentation(bridge.sinkOffloads())
                                | bit(VenetFeature.PMTD, VenetCapability.SG_PMTD)
                        : 0);
        capabilities.offer(
                VenetCapability.GROUP_EVENTQ,
                bit(VenetFeature.LINKSTATE, VenetCapability.EVENTQ_LINKSTATE)
                        | bit(VenetFeature.TXC, VenetCapability.EVENTQ_TXC));
        capabilities.offer(
                VenetCapability.GROUP_L4RO,
                has(VenetFeature.L4RO)
                        ? VenetCapability.SG | segmentation(bridge.sourceOffloads())
                        : 0);
        return capabilities;
    }

    private int segmentation(int offloads) {
        boolean ufo = (offloads & FrameOffload.UFO) != 0;
        return bit(VenetFeature.TSO4, VenetCapability.SG_TSO4)
                | bit(VenetFeature.TSO6, VenetCapability.SG_TSO6)
                | bit(VenetFeature.ECN, VenetCapability.SG_ECN)
                | (ufo ? bit(VenetFeature.UFO, VenetCapability.SG_UFO) : 0);
    }

    private boolean has(VenetFeature feature) {
        return features.contains(feature);
    }

    private int bit(VenetFeature feature, int capability) {
        return has(feature) ? capability : 0;
    }
}
