package paranet.core.offload;

import paranet.core.memory.SharedMemory;

/**
 * Cuts one large frame into the frames it stands for, checksums complete: TCP segments, UDP
 * datagrams of equal size (USO), or the IP fragments of one datagram (UFO). What a network card
 * would do with {@code gso_type} and {@code gso_size} (virtio 1.3, 5.1.6.2).
 *
 * <p>{@link #begin} once, then {@link #next} until it answers 0. The large frame stays where it is,
 * in memory of our own that nobody else changes.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class Segmentation {
    private static final int IP_BYTES_MAX = 65535;
    private static final int DONT_FRAGMENT = 0x4000;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int TCP_SEQUENCE = 4;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int TCP_FLAGS = 13;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP_LENGTH = 4;
    private static final int UDP_CHECKSUM = 6;
    private static final int TCP_FIN_PSH = 0x09;
    private static final int TCP_CWR = 0x80;

    private final FrameHeaders headers = new FrameHeaders();
    private long frame;
    private int bytes;
    private int kind;
    private int headerBytes; // what each segment repeats
    private int segmentBytes; // payload of all but the last
    private int at; // offset of the payload not sent yet
    private int index;
    private boolean done = true;
    private int identification;

    /**
     * Takes a frame whose header says that it is to be segmented. With UFO its checksum is
     * completed in place.
     *
     * @param word the first bytes of its virtio-net header
     * @return false when the headers do not say what {@code gso_type} says, or the result would not
     *     be IP: the frame cannot be segmented
     */
    public boolean begin(long frame, int bytes, long word) {
        this.frame = frame;
        this.bytes = bytes;
        this.kind = VirtioNetHdr.gsoType(word) & ~VirtioNetHdr.GSO_ECN;
        this.segmentBytes = VirtioNetHdr.gsoSize(word);
        this.index = 0;
        this.done = !understood(word);
        this.at = headerBytes;
        return !done;
    }

    private boolean understood(long word) {
        if (segmentBytes == 0 || !headers.parse(frame, bytes) || headers.fragment()) {
            return false;
        }
        boolean needsChecksum = (VirtioNetHdr.flags(word) & VirtioNetHdr.F_NEEDS_CSUM) != 0;
        if (needsChecksum && VirtioNetHdr.csumStart(word) != headers.transport()) {
            return false; // the checksum of something inside: a tunnel
        }
        return switch (kind) {
            case VirtioNetHdr.GSO_TCPV4 -> !headers.ipv6() && tcp();
            case VirtioNetHdr.GSO_TCPV6 -> headers.ipv6() && tcp();
            case VirtioNetHdr.GSO_UDP_L4 -> udp() && fits(segmentBytes);
            case VirtioNetHdr.GSO_UDP -> udp() && fragments(needsChecksum);
            default -> false;
        };
    }

    private boolean tcp() {
        int transport = headers.transport();
        if (headers.protocol() != FrameHeaders.TCP
                || transport + FrameHeaders.TCP_BYTES_MIN > bytes) {
            return false;
        }
        int tcpBytes = SharedMemory.le8(frame + transport + TCP_DATA_OFFSET) / 16 * 4;
        headerBytes = transport + tcpBytes;
        return tcpBytes >= FrameHeaders.TCP_BYTES_MIN && headerBytes <= bytes && fits(segmentBytes);
    }

    private boolean udp() {
        headerBytes = headers.transport() + FrameHeaders.UDP_BYTES;
        return headers.protocol() == FrameHeaders.UDP && headerBytes <= bytes;
    }

    /** Whether the first segment's length can be said in its IP header. */
    private boolean fits(int payloadMax) {
        int payload = Math.min(payloadMax, bytes - headerBytes);
        return headerBytes - headers.network() + payload <= IP_BYTES_MAX;
    }

    private boolean fragments(boolean needsChecksum) {
        segmentBytes &= ~7; // fragment offsets count in units of 8 bytes
        int transport = headers.transport();
        boolean options = !headers.ipv6() && transport - headers.network() != 20;
        if (segmentBytes == 0 || options || bytes - transport > IP_BYTES_MAX) {
            return false; // options that are not for each fragment (RFC 791) are not worth the code
        }
        headerBytes = transport;
        if (!fits(segmentBytes + FrameHeaders.FRAGMENT_BYTES)) {
            return false;
        }
        int datagramBytes = bytes - transport;
        FrameHeaders.putBe16(frame + transport + UDP_LENGTH, datagramBytes);
        if (needsChecksum) {
            SharedMemory.putLe16(frame + transport + UDP_CHECKSUM, 0);
            ChecksumOffload.put(
                    frame + transport + UDP_CHECKSUM,
                    InternetChecksum.sum(
                            headers.pseudoHeader(frame, datagramBytes),
                            frame + transport,
                            datagramBytes));
        }
        // IPv6 fragments need a number that differs from the last ones' (RFC 8200, 4.5).
        identification =
                identification * 31 + 1 + SharedMemory.le16(frame + transport + UDP_CHECKSUM);
        return true;
    }

    /** Whether a frame is in progress. */
    public boolean isDone() {
        return done;
    }

    /** Bytes that {@link #next} may write at most for a frame of {@code bytes}. */
    public static int segmentBytesMax(int bytes) {
        return bytes + FrameHeaders.FRAGMENT_BYTES;
    }

    /**
     * Writes the next frame to {@code to}.
     *
     * @return its bytes, or 0 when all are written
     */
    public int next(long to) {
        if (done) {
            return 0;
        }
        int payload = Math.min(segmentBytes, bytes - at);
        boolean last = at + payload == bytes;
        SharedMemory.copy(frame, to, headerBytes);
        int segment =
                switch (kind) {
                    case VirtioNetHdr.GSO_UDP -> fragment(to, payload, last);
                    case VirtioNetHdr.GSO_UDP_L4 -> datagram(to, payload);
                    default -> tcpSegment(to, payload, last);
                };
        at += payload;
        index++;
        done = last;
        return segment;
    }

    private int tcpSegment(long to, int payload, boolean last) {
        copyPayload(to + headerBytes, payload);
        long tcp = to + headers.transport();
        FrameHeaders.putBe32(
                tcp + TCP_SEQUENCE,
                FrameHeaders.be32(frame + headers.transport() + TCP_SEQUENCE) + (at - headerBytes));
        int flags = SharedMemory.le8(tcp + TCP_FLAGS);
        if (index > 0) {
            flags &= ~TCP_CWR; // once a window (RFC 3168, 6.1.2)
        }
        if (!last) {
            flags &= ~TCP_FIN_PSH;
        }
        SharedMemory.putLe8(tcp + TCP_FLAGS, flags);
        return finish(to, payload, TCP_CHECKSUM);
    }

    private int datagram(long to, int payload) {
        copyPayload(to + headerBytes, payload);
        FrameHeaders.putBe16(
                to + headers.transport() + UDP_LENGTH, FrameHeaders.UDP_BYTES + payload);
        return finish(to, payload, UDP_CHECKSUM);
    }

    private int finish(long to, int payload, int checksumOffset) {
        int transport = headers.transport();
        int transportBytes = headerBytes - transport + payload;
        headers.putLength(to, headerBytes - headers.network() + payload);
        nextIdentification(to);
        headers.putHeaderChecksum(to);
        SharedMemory.putLe16(to + transport + checksumOffset, 0);
        ChecksumOffload.put(
                to + transport + checksumOffset,
                InternetChecksum.sum(
                        headers.pseudoHeader(to, transportBytes), to + transport, transportBytes));
        return headerBytes + payload;
    }

    /** Each segment is a packet of its own, with its own IPv4 identification. */
    private void nextIdentification(long to) {
        if (!headers.ipv6()) {
            long id = to + headers.network() + 4;
            FrameHeaders.putBe16(id, FrameHeaders.be16(id) + index);
        }
    }

    private int fragment(long to, int payload, boolean last) {
        int offset = at - headerBytes; // in bytes, a multiple of 8
        int extra = 0;
        if (headers.ipv6()) {
            extra = FrameHeaders.FRAGMENT_BYTES;
            long header = to + headerBytes;
            SharedMemory.putLe8(to + headers.protocolField(), FrameHeaders.FRAGMENT);
            SharedMemory.putLe8(header, FrameHeaders.UDP);
            SharedMemory.putLe8(header + 1, 0);
            FrameHeaders.putBe16(header + 2, offset | (last ? 0 : 1));
            FrameHeaders.putBe32(header + 4, identification);
        } else {
            long flags = to + headers.network() + 6;
            FrameHeaders.putBe16(
                    flags,
                    (FrameHeaders.be16(flags) & DONT_FRAGMENT)
                            | (last ? 0 : MORE_FRAGMENTS)
                            | offset / 8);
        }
        copyPayload(to + headerBytes + extra, payload);
        headers.putLength(to, headerBytes - headers.network() + extra + payload);
        headers.putHeaderChecksum(to);
        return headerBytes + extra + payload;
    }

    private void copyPayload(long to, int payload) {
        SharedMemory.copy(frame + at, to, payload);
    }
}
