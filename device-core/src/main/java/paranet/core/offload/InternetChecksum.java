package paranet.core.offload;

import paranet.core.memory.SharedMemory;

/**
 * The one's-complement sum of RFC 1071 over memory.
 *
 * <p>Words are summed as little-endian numbers and stored the same way: the sum does not mind the
 * byte order as long as both agree (RFC 1071, 2). A number that belongs into a sum without lying in
 * memory goes through {@link #word}.
 *
 * <p>Threading: immutable.
 */
public final class InternetChecksum {
    private static final long LOW = 0xffffffffL;

    private InternetChecksum() {}

    /** Adds {@code bytes} bytes to {@code sum}, which is not folded; an odd tail is padded. */
    public static long sum(long sum, long address, int bytes) {
        long at = address;
        long end = address + bytes;
        long total = sum;
        for (; end - at >= 32; at += 32) {
            long a = SharedMemory.le64(at);
            long b = SharedMemory.le64(at + 8);
            long c = SharedMemory.le64(at + 16);
            long d = SharedMemory.le64(at + 24);
            total +=
                    (a & LOW)
                            + (a >>> 32)
                            + (b & LOW)
                            + (b >>> 32)
                            + (c & LOW)
                            + (c >>> 32)
                            + (d & LOW)
                            + (d >>> 32);
        }
        for (; end - at >= 8; at += 8) {
            long a = SharedMemory.le64(at);
            total += (a & LOW) + (a >>> 32);
        }
        for (; end - at >= 2; at += 2) {
            total += SharedMemory.le16(at);
        }
        return at < end ? total + SharedMemory.le8(at) : total;
    }

    /** A 16-bit number of a header, as it would be summed from memory. */
    public static int word(int number) {
        return ((number & 0xff) << 8) | ((number >>> 8) & 0xff);
    }

    /** The sum in 16 bits, not yet complemented. */
    public static int fold(long sum) {
        long folded = (sum & LOW) + (sum >>> 32);
        folded = (folded & LOW) + (folded >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        return (int) folded;
    }

    /** What goes into a checksum field. */
    public static int complement(long sum) {
        return ~fold(sum) & 0xffff;
    }
}
