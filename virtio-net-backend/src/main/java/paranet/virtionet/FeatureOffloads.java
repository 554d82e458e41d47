package paranet.virtionet;

import paranet.core.frame.FrameOffload;
import paranet.core.offload.Offloads;
import paranet.virtionet.wire.VirtioNetFeature;

/**
 * One set of offloads in two spellings: virtio features and {@link FrameOffload} bits.
 *
 * <p>Threading: immutable.
 */
final class FeatureOffloads {
    private FeatureOffloads() {}

    /** What a guest with these features accepts unfinished from us. */
    static int acceptedByGuest(long features) {
        return Offloads.usable(
                bit(features, VirtioNetFeature.GUEST_CSUM, FrameOffload.CSUM)
                        | bit(features, VirtioNetFeature.GUEST_TSO4, FrameOffload.TSO4)
                        | bit(features, VirtioNetFeature.GUEST_TSO6, FrameOffload.TSO6)
                        | bit(features, VirtioNetFeature.GUEST_ECN, FrameOffload.TSO_ECN)
                        | bit(features, VirtioNetFeature.GUEST_UFO, FrameOffload.UFO)
                        | bit(features, VirtioNetFeature.GUEST_USO4, FrameOffload.USO4)
                        | bit(features, VirtioNetFeature.GUEST_USO6, FrameOffload.USO6));
    }

    /** What a guest with these features may leave unfinished when it sends. */
    static int allowedToGuest(long features) {
        return Offloads.usable(
                bit(features, VirtioNetFeature.CSUM, FrameOffload.CSUM)
                        | bit(features, VirtioNetFeature.HOST_TSO4, FrameOffload.TSO4)
                        | bit(features, VirtioNetFeature.HOST_TSO6, FrameOffload.TSO6)
                        | bit(features, VirtioNetFeature.HOST_ECN, FrameOffload.TSO_ECN)
                        | bit(features, VirtioNetFeature.HOST_UFO, FrameOffload.UFO)
                        | bit(
                                features,
                                VirtioNetFeature.HOST_USO,
                                FrameOffload.USO4 | FrameOffload.USO6));
    }

    /** The features GUEST_* that a source with these abilities makes worth offering. */
    static long guestFeatures(int source) {
        return feature(source, FrameOffload.CSUM, VirtioNetFeature.GUEST_CSUM)
                | feature(source, FrameOffload.TSO4, VirtioNetFeature.GUEST_TSO4)
                | feature(source, FrameOffload.TSO6, VirtioNetFeature.GUEST_TSO6)
                | feature(source, FrameOffload.TSO_ECN, VirtioNetFeature.GUEST_ECN)
                | feature(source, FrameOffload.UFO, VirtioNetFeature.GUEST_UFO)
                | feature(source, FrameOffload.USO4, VirtioNetFeature.GUEST_USO4)
                | feature(source, FrameOffload.USO6, VirtioNetFeature.GUEST_USO6);
    }

    private static int bit(long features, long feature, int offload) {
        return (features & feature) != 0 ? offload : 0;
    }

    private static long feature(int offloads, int offload, long feature) {
        return (offloads & offload) != 0 ? feature : 0;
    }
}
