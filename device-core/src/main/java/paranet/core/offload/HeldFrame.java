package paranet.core.offload;

import paranet.core.frame.DropReason;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;

/**
 * One frame in memory of our own, until it has gone on: as it came, with its checksum completed, or
 * segment after segment.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class HeldFrame implements AutoCloseable {
    /** Largest Ethernet frame: an IPv6 packet of the largest length, behind two VLAN tags. */
    public static final int FRAME_BYTES_MAX =
            FrameHeaders.ETHERNET_BYTES
                    + 2 * FrameHeaders.VLAN_BYTES
                    + FrameHeaders.IPV6_BYTES
                    + 65535;

    /** Room for the longest header, and the frame behind it stays aligned. */
    private static final int HEADROOM = 16;

    private final NativeBuffer memory = NativeBuffer.allocate(HEADROOM + FRAME_BYTES_MAX);
    private final Segmentation segmentation = new Segmentation();
    private NativeBuffer segment; // made when first needed: few ports ever do

    private boolean segmented;
    private int bytes; // of the frame that goes next, 0 when nothing is held
    private long word; // of its header
    private int csumOffset;

    /** Where a frame with a header of {@code headerBytes} is to be put before it is held. */
    public long start(int headerBytes) {
        return memory.address() + HEADROOM - headerBytes;
    }

    /** Holds the frame behind {@link #start} as it is. */
    public void hold(int frameBytes, long headerWord, int headerCsumOffset) {
        segmented = false;
        bytes = frameBytes;
        word = headerWord;
        csumOffset = headerCsumOffset;
    }

    /**
     * Holds the frame behind {@link #start} and does what its header leaves to be done.
     *
     * @return {@link DropReason#NONE}, or why it cannot be done; then nothing is held
     */
    public DropReason finish(int frameBytes, long headerWord, int headerCsumOffset) {
        clear();
        long frame = start(0);
        if (VirtioNetHdr.gsoType(headerWord) != VirtioNetHdr.GSO_NONE) {
            if (!segmentation.begin(frame, frameBytes, headerWord)) {
                return DropReason.NOT_SEGMENTABLE;
            }
            if (segment == null) {
                segment =
                        NativeBuffer.allocate(
                                HEADROOM + Segmentation.segmentBytesMax(FRAME_BYTES_MAX));
            }
            segmented = true;
            bytes = segmentation.next(segment.address() + HEADROOM);
        } else if (ChecksumOffload.complete(
                frame, frameBytes, VirtioNetHdr.csumStart(headerWord), headerCsumOffset)) {
            bytes = frameBytes;
        } else {
            return DropReason.NOT_CHECKSUMMABLE;
        }
        word = 0;
        csumOffset = 0;
        return DropReason.NONE;
    }

    public boolean isEmpty() {
        return bytes == 0;
    }

    /** Bytes of the frame that goes next, without header. */
    public int bytes() {
        return bytes;
    }

    /** First word of the header of the frame that goes next. */
    public long word() {
        return word;
    }

    public int csumOffset() {
        return csumOffset;
    }

    /** Writes the header before the frame that goes next; the address of both. */
    public long withHeader(int headerBytes) {
        long at = (segmented ? segment : memory).address() + HEADROOM - headerBytes;
        VirtioNetHdr.put(at, headerBytes, word, csumOffset);
        return at;
    }

    /** Makes {@code vec} the frame that goes next, header first. */
    public void list(IoVec vec, int headerBytes) {
        vec.clear();
        vec.add(withHeader(headerBytes), headerBytes + bytes);
    }

    /** The frame that was next has gone; holds the next segment, if there is one. */
    public void advance() {
        bytes = segmented ? segmentation.next(segment.address() + HEADROOM) : 0;
    }

    /** Forgets what is held. */
    public void clear() {
        bytes = 0;
        segmented = false;
    }

    @Override
    public void close() {
        memory.close();
        if (segment != null) {
            segment.close();
        }
    }
}
