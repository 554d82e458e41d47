package paranet.core.offload;

import paranet.core.memory.SharedMemory;

/**
 * struct virtio_net_hdr (virtio 1.3, 5.1.6): what precedes each frame. Offsets in bytes.
 *
 * <p>The first eight bytes are read as one word, once, and the fields are taken from that copy, so
 * that a guest which changes its memory meanwhile cannot make two looks differ.
 *
 * <p>Threading: immutable.
 */
public final class VirtioNetHdr {
    public static final int FLAGS = 0; // u8
    public static final int GSO_TYPE = 1; // u8
    public static final int HDR_LEN = 2; // le16, a hint
    public static final int GSO_SIZE = 4; // le16, payload bytes of a segment
    public static final int CSUM_START = 6; // le16, from the start of the frame
    public static final int CSUM_OFFSET = 8; // le16, from CSUM_START
    public static final int NUM_BUFFERS = 10; // le16, absent in the short form

    /** Bytes of the legacy header without num_buffers (virtio 1.3, 5.1.6.1). */
    public static final int BYTES_SHORT = 10;

    /** Bytes with VERSION_1 or MRG_RXBUF. */
    public static final int BYTES = 12;

    public static final int F_NEEDS_CSUM = 1;
    public static final int F_DATA_VALID = 2;
    public static final int F_RSC_INFO = 4;

    public static final int GSO_NONE = 0;
    public static final int GSO_TCPV4 = 1;
    public static final int GSO_UDP = 3;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP_L4 = 5;
    public static final int GSO_ECN = 0x80; // a bit beside a TCP type

    /** In {@link #word}: no flag and no segmentation, which is most frames. */
    public static final long PLAIN_MASK = 0xffff;

    private VirtioNetHdr() {}

    /** Flags, types and the first sizes of the header at {@code address}, in one load. */
    public static long word(long address) {
        return SharedMemory.le64(address);
    }

    /** The word with these fields. */
    public static long word(int flags, int gsoType, int hdrLen, int gsoSize, int csumStart) {
        return (flags & 0xff)
                | (gsoType & 0xff) << 8
                | (hdrLen & 0xffffL) << 16
                | (gsoSize & 0xffffL) << 32
                | (csumStart & 0xffffL) << 48;
    }

    public static int flags(long word) {
        return (int) word & 0xff;
    }

    public static int gsoType(long word) {
        return (int) (word >>> 8) & 0xff;
    }

    public static int hdrLen(long word) {
        return (int) (word >>> 16) & 0xffff;
    }

    public static int gsoSize(long word) {
        return (int) (word >>> 32) & 0xffff;
    }

    public static int csumStart(long word) {
        return (int) (word >>> 48) & 0xffff;
    }

    public static int csumOffset(long address) {
        return SharedMemory.le16(address + CSUM_OFFSET);
    }

    /** Writes a header of {@code headerBytes} bytes; num_buffers, if it has one, becomes 1. */
    public static void put(long address, int headerBytes, long word, int csumOffset) {
        SharedMemory.putLe64(address, word);
        SharedMemory.putLe16(address + CSUM_OFFSET, csumOffset);
        if (headerBytes == BYTES) {
            SharedMemory.putLe16(address + NUM_BUFFERS, 1);
        }
    }
}
