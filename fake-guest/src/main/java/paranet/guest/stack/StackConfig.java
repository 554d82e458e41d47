package paranet.guest.stack;

import paranet.guest.frame.MacAddress;

/**
 * Who a stack is and what its device does for it.
 *
 * @param mac of one station
 * @param address IPv4 address, big-endian in an int
 * @param mtu largest IP packet in bytes, 576 to 65535
 * @param checksumOffload whether the device completes checksums (VIRTIO_NET_F_CSUM)
 * @param segmentBytesMax largest TCP segment the device cuts up (VIRTIO_NET_F_HOST_TSO4), in bytes
 *     of payload up to 65000, or 0 when it does not
 * @param windowBytes buffer of a connection in each direction, a power of two from 4096 to 2^24
 * @param timeWaitNanos how long a closed connection stays to answer retransmissions
 * @param seed of initial sequence numbers and ephemeral ports
 *     <p>Threading: immutable.
 */
public record StackConfig(
        MacAddress mac,
        int address,
        int mtu,
        boolean checksumOffload,
        int segmentBytesMax,
        int windowBytes,
        long timeWaitNanos,
        long seed) {
    private static final long TIME_WAIT_NANOS = 500_000_000;

    public StackConfig {
        if (mac.isGroup()) {
            throw new IllegalArgumentException("%s is a group of stations".formatted(mac));
        }
        if (mtu < 576 || mtu > 65535) {
            throw new IllegalArgumentException("MTU %d is not in 576..65535".formatted(mtu));
        }
        if (segmentBytesMax < 0 || segmentBytesMax > 65000) {
            throw new IllegalArgumentException(
                    "segment of %d bytes is not in 0..65000".formatted(segmentBytesMax));
        }
        if (Integer.bitCount(windowBytes) != 1 || windowBytes < 4096 || windowBytes > 1 << 24) {
            throw new IllegalArgumentException(
                    "window of %d bytes is no power of two in 4096..2^24".formatted(windowBytes));
        }
    }

    /** A stack without offloads, with an MTU of 1500 and a window of 256 KiB. */
    public static StackConfig plain(MacAddress mac, int address, long seed) {
        return new StackConfig(mac, address, 1500, false, 0, 1 << 18, TIME_WAIT_NANOS, seed);
    }

    /** The same with what the device was negotiated to do. */
    public StackConfig withOffloads(int mtu, boolean checksumOffload, int segmentBytesMax) {
        return new StackConfig(
                mac,
                address,
                mtu,
                checksumOffload,
                segmentBytesMax,
                windowBytes,
                timeWaitNanos,
                seed);
    }
}
