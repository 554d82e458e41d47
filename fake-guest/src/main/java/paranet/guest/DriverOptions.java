package paranet.guest;

/**
 * How a fake guest's network driver behaves.
 *
 * @param frameBytesMax largest Ethernet frame sent or expected, in bytes; with segmentation
 *     offloads up to 65550
 * @param transmitShape how packets are cut
 * @param receiveShape how receive buffers are cut
 * @param receiveBufferBytes size of one receive buffer with VIRTIO_NET_F_MRG_RXBUF, header
 *     included; without, a buffer holds header and frameBytesMax
 * @param seed of shapes and cuts
 *     <p>Threading: immutable.
 */
public record DriverOptions(
        int frameBytesMax,
        ChainShape transmitShape,
        ChainShape receiveShape,
        int receiveBufferBytes,
        long seed) {
    /** Largest Ethernet frame without offloads and VLAN tag. */
    public static final int FRAME_BYTES_PLAIN = 1514;

    /** Largest frame with segmentation offloads (virtio 1.3, 5.1.6.3.1, without the header). */
    public static final int FRAME_BYTES_LARGE = 65550;

    public DriverOptions {
        if (frameBytesMax < 60 || frameBytesMax > FRAME_BYTES_LARGE) {
            throw new IllegalArgumentException(
                    "frame of %d bytes is not in 60..%d"
                            .formatted(frameBytesMax, FRAME_BYTES_LARGE));
        }
        if (receiveBufferBytes < 64) {
            throw new IllegalArgumentException(
                    "receive buffer of %d bytes".formatted(receiveBufferBytes));
        }
    }

    /** Plain frames, one buffer a packet, as modern drivers do. */
    public static DriverOptions plain(long seed) {
        return new DriverOptions(FRAME_BYTES_PLAIN, ChainShape.WHOLE, ChainShape.WHOLE, 1536, seed);
    }

    /** Large frames for segmentation offloads. */
    public static DriverOptions large(long seed) {
        return new DriverOptions(FRAME_BYTES_LARGE, ChainShape.WHOLE, ChainShape.WHOLE, 4096, seed);
    }

    /** The same with these shapes. */
    public DriverOptions withShapes(ChainShape transmit, ChainShape receive) {
        return new DriverOptions(frameBytesMax, transmit, receive, receiveBufferBytes, seed);
    }
}
