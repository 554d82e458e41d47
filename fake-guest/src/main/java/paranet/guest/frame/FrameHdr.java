package paranet.guest.frame;

import paranet.core.offload.VirtioNetHdr;

/**
 * The offload fields of one frame's virtio-net header (virtio 1.3, 5.1.6), apart from its place in
 * memory.
 *
 * @param flags VIRTIO_NET_HDR_F bits
 * @param gsoType VIRTIO_NET_HDR_GSO number, with the ECN bit
 * @param hdrLen bytes of headers before the payload, a hint
 * @param gsoSize largest payload of one segment, in bytes
 * @param csumStart offset from the frame's start where the checksum begins
 * @param csumOffset offset from there where it is stored
 *     <p>Threading: immutable.
 */
public record FrameHdr(
        int flags, int gsoType, int hdrLen, int gsoSize, int csumStart, int csumOffset) {
    /** A finished frame: nothing to complete. */
    public static final FrameHdr NONE = new FrameHdr(0, VirtioNetHdr.GSO_NONE, 0, 0, 0, 0);

    /** A finished frame whose checksum the device has verified. */
    public static final FrameHdr VALID =
            new FrameHdr(VirtioNetHdr.F_DATA_VALID, VirtioNetHdr.GSO_NONE, 0, 0, 0, 0);

    /** A frame whose checksum is still to be completed. */
    public static FrameHdr needsChecksum(int csumStart, int csumOffset) {
        return new FrameHdr(
                VirtioNetHdr.F_NEEDS_CSUM, VirtioNetHdr.GSO_NONE, 0, 0, csumStart, csumOffset);
    }

    /** Whether the sender left the checksum half done (virtio 1.3, 5.1.6.2). */
    public boolean needsCsum() {
        return (flags & VirtioNetHdr.F_NEEDS_CSUM) != 0;
    }

    /** Whether the receiver need not verify the checksum (virtio 1.3, 5.1.6.4). */
    public boolean isTrusted() {
        return (flags & (VirtioNetHdr.F_NEEDS_CSUM | VirtioNetHdr.F_DATA_VALID)) != 0;
    }

    /** The segmentation without the ECN bit. */
    public int gsoKind() {
        return gsoType & ~VirtioNetHdr.GSO_ECN;
    }
}
