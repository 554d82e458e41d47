package paranet.venet.wire;

/**
 * struct venet_sg (venet.h): a frame in pieces, with what is still to be done to it. Offsets in
 * bytes; all numbers are little-endian.
 *
 * <p>Threading: immutable.
 */
public final class VenetSg {
    public static final int COOKIE = 0; // u64, the guest's own; returns in a TXC event
    public static final int FLAGS = 8; // u32
    public static final int LEN = 12; // u32, bytes of all pieces
    public static final int CSUM_START = 16; // u16, from the start of the Ethernet frame
    public static final int CSUM_OFFSET = 18; // u16, from CSUM_START
    public static final int GSO_TYPE = 20; // u8, followed by a byte of padding
    public static final int GSO_HDRLEN = 22; // u16, a hint: the sender's linear area
    public static final int GSO_SIZE = 24; // u16, payload bytes of a segment; then 2 of padding
    public static final int COUNT = 28; // u32, pieces
    public static final int IOV = 32; // VenetIov[count]

    /** The checksum field holds the sum of the pseudo-header: the rest is the receiver's. */
    public static final int F_NEEDS_CSUM = 0x1;

    public static final int F_GSO = 0x2;

    /** With F_GSO: the segments may carry congestion marks. */
    public static final int F_ECN = 0x4;

    public static final int GSO_TCPV4 = 0;
    public static final int GSO_UDP = 1;
    public static final int GSO_TCPV6 = 2;

    /** Pieces of a frame, which bounds a slot of every pool. */
    public static final int COUNT_MAX = 18;

    /** The C struct ends with one piece, so nothing shorter is a descriptor. */
    public static final int BYTES_MIN = 48;

    /** A descriptor of {@link #COUNT_MAX} pieces, and a slot of every pool. */
    public static final int BYTES_MAX = 320;

    private VenetSg() {}

    /** Offset of piece {@code index}; as a count, the length of a descriptor of so many pieces. */
    public static long iov(int index) {
        return IOV + (long) VenetIov.BYTES * index;
    }
}
