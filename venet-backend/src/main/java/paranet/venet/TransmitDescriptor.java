package paranet.venet;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.offload.FrameHeaders;
import paranet.core.offload.Offloads;
import paranet.core.offload.VirtioNetHdr;
import paranet.venet.wire.VenetIov;
import paranet.venet.wire.VenetSg;

/**
 * A private copy of one venet_sg that a guest posted for transmission: copied once, checked, and
 * used. What a guest writes to its own meanwhile is not seen.
 *
 * <p>Threading: confined to one worker.
 */
final class TransmitDescriptor implements AutoCloseable {
    /** Longest frame that is to be segmented, and longest piece of any. */
    static final int GSO_BYTES_MAX = 65_536;

    private static final int TCP_CSUM_OFFSET = 16;
    private static final int UDP_CSUM_OFFSET = 6;

    private final NativeBuffer memory = NativeBuffer.allocate(VenetSg.BYTES_MAX);
    private final long copy = memory.address();
    private int bytes;
    private long word;

    /** Copies the {@code bytes} of a descriptor, 0 to {@link VenetSg#BYTES_MAX}. */
    void copy(long from, int bytes) {
        this.bytes = bytes;
        SharedMemory.copy(from, copy, bytes);
    }

    /** Whether {@link #cookie} was copied. */
    boolean hasCookie() {
        return bytes >= VenetSg.COOKIE + Long.BYTES;
    }

    /** What the guest knows the frame by. */
    long cookie() {
        return SharedMemory.le64(copy + VenetSg.COOKIE);
    }

    /** Pieces, once {@link #inspect} found nothing wrong. */
    int count() {
        return SharedMemory.le32(copy + VenetSg.COUNT);
    }

    /** Bytes of all pieces. */
    int frameBytes() {
        return SharedMemory.le32(copy + VenetSg.LEN);
    }

    /** Guest address of a piece. */
    long pieceAddress(int piece) {
        return SharedMemory.le64(copy + VenetSg.iov(piece) + VenetIov.PTR);
    }

    /** Bytes of a piece, 0 to {@link #GSO_BYTES_MAX}. */
    int pieceBytes(int piece) {
        return SharedMemory.le32(copy + VenetSg.iov(piece) + VenetIov.LEN);
    }

    /** The first word of the header that says the same of the frame ({@link VirtioNetHdr}). */
    long word() {
        return word;
    }

    /** The last field of that header. */
    int csumOffset() {
        return SharedMemory.le16(copy + VenetSg.CSUM_OFFSET);
    }

    private int csumStart() {
        return SharedMemory.le16(copy + VenetSg.CSUM_START);
    }

    private boolean has(int flag) {
        return (SharedMemory.le32(copy + VenetSg.FLAGS) & flag) != 0;
    }

    /**
     * Why the frame is not sent, or NONE; all branches in one place.
     *
     * @param allowed {@link FrameOffload} bits that the guest may leave unfinished
     * @param plainBytesMax longest frame that is not to be segmented
     */
    DropReason inspect(int allowed, int plainBytesMax) {
        DropReason reason = inspectPieces();
        if (reason != DropReason.NONE) {
            return reason;
        }
        int frameBytes = frameBytes();
        if (frameBytes < FrameHeaders.ETHERNET_BYTES) {
            return DropReason.CHAIN_TOO_SHORT;
        }
        if (frameBytes > (has(VenetSg.F_GSO) ? GSO_BYTES_MAX : plainBytesMax)) {
            return DropReason.CHAIN_TOO_LONG;
        }
        boolean needsChecksum = has(VenetSg.F_NEEDS_CSUM);
        if (needsChecksum && csumStart() + csumOffset() + 2 > pieceBytes(0)) {
            return DropReason.BAD_CHECKSUM_FIELDS;
        }
        int flags = needsChecksum ? VirtioNetHdr.F_NEEDS_CSUM : 0;
        int start = needsChecksum ? csumStart() : 0;
        if (!has(VenetSg.F_GSO)) {
            word = VirtioNetHdr.word(flags, VirtioNetHdr.GSO_NONE, 0, 0, start);
            return DropReason.NONE;
        }
        int hdrLen = Math.min(SharedMemory.le16(copy + VenetSg.GSO_HDRLEN), frameBytes);
        int gsoSize = SharedMemory.le16(copy + VenetSg.GSO_SIZE);
        word = VirtioNetHdr.word(flags, gsoType(), hdrLen, gsoSize, start);
        return isSegmentable(needsChecksum, allowed) ? DropReason.NONE : DropReason.BAD_GSO_FIELDS;
    }

    private DropReason inspectPieces() {
        if (bytes < VenetSg.BYTES_MIN) {
            return DropReason.CHAIN_CONTRADICTORY;
        }
        int count = count();
        if (Integer.compareUnsigned(count, VenetSg.COUNT_MAX) > 0) {
            return DropReason.CHAIN_TOO_MANY_PIECES;
        }
        if (count == 0 || bytes < VenetSg.iov(count)) {
            return DropReason.CHAIN_CONTRADICTORY;
        }
        long sum = 0;
        for (int piece = 0; piece < count; piece++) {
            int length = pieceBytes(piece);
            if (Integer.compareUnsigned(length, GSO_BYTES_MAX) > 0) {
                return DropReason.CHAIN_TOO_LONG;
            }
            sum += length;
        }
        return sum == Integer.toUnsignedLong(frameBytes())
                ? DropReason.NONE
                : DropReason.CHAIN_CONTRADICTORY;
    }

    private int gsoType() {
        int ecn = has(VenetSg.F_ECN) ? VirtioNetHdr.GSO_ECN : 0;
        return switch (SharedMemory.le8(copy + VenetSg.GSO_TYPE)) {
            case VenetSg.GSO_TCPV4 -> VirtioNetHdr.GSO_TCPV4 | ecn;
            case VenetSg.GSO_TCPV6 -> VirtioNetHdr.GSO_TCPV6 | ecn;
            case VenetSg.GSO_UDP -> VirtioNetHdr.GSO_UDP | ecn; // a pair that nobody knows
            default -> 0xff;
        };
    }

    private boolean isSegmentable(boolean needsChecksum, int allowed) {
        int type = VirtioNetHdr.gsoType(word);
        boolean udp = type == VirtioNetHdr.GSO_UDP;
        int transportBytesMin = udp ? FrameHeaders.UDP_BYTES : FrameHeaders.TCP_BYTES_MIN;
        boolean checksumFits =
                !needsChecksum
                        || (csumOffset() == (udp ? UDP_CSUM_OFFSET : TCP_CSUM_OFFSET)
                                && csumStart() + transportBytesMin <= frameBytes());
        return (Offloads.needed(word) & ~allowed) == 0
                && checksumFits
                && VirtioNetHdr.gsoSize(word) > 0;
    }

    /**
     * Host address of the first {@code bytes} of a descriptor, or {@link GuestMemory#NOT_MAPPED}.
     */
    static long locate(GuestMemory memory, Segment pool, long ptr, long bytes) {
        return pool == null ? memory.translate(ptr, bytes) : pool.locate(ptr, bytes);
    }

    @Override
    public void close() {
        memory.close();
    }
}
