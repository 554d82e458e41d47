package paranet.guest.frame;

/**
 * The ones' complement checksum of IP, ICMP, UDP and TCP (RFC 1071).
 *
 * <p>A running sum is a plain {@code long} that is folded at the end, so partial sums add up.
 *
 * <p>Threading: immutable.
 */
public final class InternetChecksum {
    private InternetChecksum() {}

    /** Sum of {@code length} bytes as big-endian 16-bit words; an odd last byte is a high byte. */
    public static long sum(byte[] bytes, int from, int length) {
        long sum = 0;
        int at = from;
        int end = from + (length & ~1);
        while (at < end) {
            sum += (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
            at += 2;
        }
        if ((length & 1) != 0) {
            sum += (bytes[at] & 0xff) << 8;
        }
        return sum;
    }

    /** Sum of the pseudo header that TCP and UDP put before their own (RFC 9293, 3.1). */
    public static long pseudoHeader(int source, int destination, int protocol, int length) {
        return (source & 0xffffL)
                + (source >>> 16)
                + (destination >>> 16)
                + (destination & 0xffff)
                + protocol
                + length;
    }

    /** Folds a sum to 16 bits, not complemented: what a half-done checksum field holds. */
    public static int fold(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    /** The checksum field for a sum over everything else. */
    public static int finish(long sum) {
        return ~fold(sum) & 0xffff;
    }

    /** Whether a sum over everything, checksum field included, says that nothing was changed. */
    public static boolean isWhole(long sum) {
        return fold(sum) == 0xffff;
    }
}
