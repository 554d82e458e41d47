package paranet.guest;

import paranet.core.vhostuser.ProtocolFeature;
import paranet.core.virtqueue.RingLayout;
import paranet.virtionet.wire.VirtioNetFeature;

/**
 * What a fake front end wants; what it gets is what the back end offers of it.
 *
 * @param features virtio features wanted, of {@link VirtioNetFeature}
 * @param protocolFeatures protocol features wanted, of {@link ProtocolFeature}
 * @param queuePairs pairs to set up, 1 to 128
 * @param ringSize entries of each data ring, 2 to 32768; a power of two unless packed
 * @param regions memory regions at the start, 1 to 8
 * @param ramBytes all of them together
 * @param memorySlots whether regions are told one by one (ADD_MEM_REG) instead of in a table
 * @param legacyEnable whether bit 30 is left unacknowledged, so that rings start enabled
 * @param seed of addresses, gaps and choices
 *     <p>Threading: immutable.
 */
public record FrontendOptions(
        long features,
        long protocolFeatures,
        int queuePairs,
        int ringSize,
        int regions,
        long ramBytes,
        boolean memorySlots,
        boolean legacyEnable,
        long seed) {
    /** Everything that is asked for unless somebody says otherwise: all names but packed. */
    public static final long USUAL_FEATURES =
            VirtioNetFeature.byName().values().stream().reduce(0L, (a, b) -> a | b)
                    & ~(VirtioNetFeature.RING_PACKED | VirtioNetFeature.IN_ORDER);

    public FrontendOptions {
        require("queue pairs", queuePairs, 1, 128);
        require("ring size", ringSize, 2, RingLayout.SIZE_MAX);
        require("regions", regions, 1, 8);
    }

    private static void require(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    "%s %d is not in %d..%d".formatted(what, value, min, max));
        }
    }

    /** One pair, split rings of 256, three regions with gaps, whatever is offered. */
    public static FrontendOptions usual(long seed) {
        return new FrontendOptions(
                USUAL_FEATURES,
                ProtocolFeature.OFFERED & ~ProtocolFeature.BACKEND_REQ,
                1,
                256,
                3,
                48L << 20,
                false,
                false,
                seed);
    }

    public FrontendOptions withFeatures(long wanted) {
        return new FrontendOptions(
                wanted,
                protocolFeatures,
                queuePairs,
                ringSize,
                regions,
                ramBytes,
                memorySlots,
                legacyEnable,
                seed);
    }

    public FrontendOptions withProtocolFeatures(long wanted) {
        return new FrontendOptions(
                features,
                wanted,
                queuePairs,
                ringSize,
                regions,
                ramBytes,
                memorySlots,
                legacyEnable,
                seed);
    }

    public FrontendOptions withRings(int pairs, int size) {
        return new FrontendOptions(
                features,
                protocolFeatures,
                pairs,
                size,
                regions,
                ramBytes,
                memorySlots,
                legacyEnable,
                seed);
    }

    public FrontendOptions withMemory(int regionCount, long bytes, boolean slots) {
        return new FrontendOptions(
                features,
                protocolFeatures,
                queuePairs,
                ringSize,
                regionCount,
                bytes,
                slots,
                legacyEnable,
                seed);
    }

    public FrontendOptions withLegacyEnable() {
        return new FrontendOptions(
                features,
                protocolFeatures,
                queuePairs,
                ringSize,
                regions,
                ramBytes,
                memorySlots,
                true,
                seed);
    }
}
