package paranet.launcher;

import paranet.venet.VenetOptions;

import java.util.List;

/**
 * What a port is for its guest, and the network behind it.
 *
 * <p>Threading: immutable.
 */
sealed interface DeviceOptions {
    /** The network sides, one for each network interface of the guest. */
    List<Network> networks();

    /**
     * One network interface with queue pairs.
     *
     * @param queuePairs 1 to 128; to 127 unless CTRL_VQ is removed
     */
    record VirtioNet(Network network, int queuePairs, FeatureSelection features)
            implements DeviceOptions {
        @Override
        public List<Network> networks() {
            return List.of(network);
        }
    }

    /**
     * A bus with as many network interfaces as there are networks.
     *
     * @param options of each device
     */
    record Venet(List<Network> networks, VenetOptions options) implements DeviceOptions {
        public Venet {
            networks = List.copyOf(networks);
        }
    }
}
