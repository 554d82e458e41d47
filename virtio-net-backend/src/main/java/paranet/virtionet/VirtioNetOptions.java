package paranet.virtionet;

import paranet.virtionet.wire.VirtioNetConfig;
import paranet.virtionet.wire.VirtioNetFeature;

/**
 * What a virtio-net device is told at start.
 *
 * @param queuePairs 1 to 128, or to 127 with a control queue: ring numbers have 8 bits
 * @param mac the guest's address, or null to let the guest make one up
 * @param mtu payload bound told to the guest in bytes, 68 to 65535, or 0 for the network side's own
 * @param added features to offer though this network side gives no reason to
 * @param removed features to withhold; those that need one of them are withheld as well
 * @param speed link speed in Mbit/s, or {@link VirtioNetConfig#SPEED_UNKNOWN}
 * @param duplex {@link VirtioNetConfig#DUPLEX_FULL}, HALF or UNKNOWN
 *     <p>Threading: immutable.
 */
public record VirtioNetOptions(
        int queuePairs, MacAddress mac, int mtu, long added, long removed, int speed, int duplex) {
    public static final int QUEUE_PAIRS_MAX = 128;

    /** One pair, no address, the network's MTU, every feature. */
    public static final VirtioNetOptions DEFAULT =
            new VirtioNetOptions(
                    1,
                    null,
                    0,
                    0,
                    0,
                    VirtioNetConfig.SPEED_UNKNOWN,
                    VirtioNetConfig.DUPLEX_UNKNOWN);

    public VirtioNetOptions {
        if (queuePairs < 1 || queuePairs > QUEUE_PAIRS_MAX) {
            throw new IllegalArgumentException(
                    "%d queue pairs are not in 1..%d".formatted(queuePairs, QUEUE_PAIRS_MAX));
        }
        if (queuePairs == QUEUE_PAIRS_MAX && (removed & VirtioNetFeature.CTRL_VQ) == 0) {
            throw new IllegalArgumentException(
                    "%d queue pairs leave no ring for the control queue: at most %d, or without ctrl_vq"
                            .formatted(queuePairs, QUEUE_PAIRS_MAX - 1));
        }
        if (mac != null && mac.isGroup()) {
            throw new IllegalArgumentException(mac + " is a group address");
        }
        if (mtu != 0 && (mtu < VirtioNetConfig.MTU_MIN || mtu > VirtioNetConfig.MTU_MAX)) {
            throw new IllegalArgumentException(
                    "MTU %d is not in %d..%d"
                            .formatted(mtu, VirtioNetConfig.MTU_MIN, VirtioNetConfig.MTU_MAX));
        }
        if (duplex != VirtioNetConfig.DUPLEX_HALF
                && duplex != VirtioNetConfig.DUPLEX_FULL
                && duplex != VirtioNetConfig.DUPLEX_UNKNOWN) {
            throw new IllegalArgumentException("duplex %d".formatted(duplex));
        }
    }

    public VirtioNetOptions withQueuePairs(int pairs) {
        return new VirtioNetOptions(pairs, mac, mtu, added, removed, speed, duplex);
    }

    public VirtioNetOptions withMac(MacAddress address) {
        return new VirtioNetOptions(queuePairs, address, mtu, added, removed, speed, duplex);
    }

    public VirtioNetOptions withMtu(int bytes) {
        return new VirtioNetOptions(queuePairs, mac, bytes, added, removed, speed, duplex);
    }

    /** With these features added and removed, as {@code --features} says it. */
    public VirtioNetOptions withFeatures(long add, long remove) {
        return new VirtioNetOptions(queuePairs, mac, mtu, add, remove, speed, duplex);
    }

    /** With this link speed in Mbit/s and duplex. */
    public VirtioNetOptions withSpeed(int mbits, int newDuplex) {
        return new VirtioNetOptions(queuePairs, mac, mtu, added, removed, mbits, newDuplex);
    }
}
