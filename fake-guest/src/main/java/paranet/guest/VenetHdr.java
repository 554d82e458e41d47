package paranet.guest;

import paranet.core.memory.SharedMemory;
import paranet.core.offload.VirtioNetHdr;
import paranet.guest.frame.FrameHdr;
import paranet.venet.wire.VenetSg;

/**
 * What is left to do to a frame, as struct venet_sg says it and as {@link FrameHdr} does.
 *
 * <p>Threading: immutable, without state.
 */
final class VenetHdr {
    private VenetHdr() {}

    /** VenetSg.FLAGS. */
    static int flags(FrameHdr hdr) {
        boolean gso = hdr.gsoKind() != VirtioNetHdr.GSO_NONE;
        return (hdr.needsCsum() ? VenetSg.F_NEEDS_CSUM : 0)
                | (gso ? VenetSg.F_GSO : 0)
                | (gso && (hdr.gsoType() & VirtioNetHdr.GSO_ECN) != 0 ? VenetSg.F_ECN : 0);
    }

    /** VenetSg.GSO_TYPE. */
    static int gsoType(FrameHdr hdr) {
        return switch (hdr.gsoKind()) {
            case VirtioNetHdr.GSO_TCPV4 -> VenetSg.GSO_TCPV4;
            case VirtioNetHdr.GSO_UDP -> VenetSg.GSO_UDP;
            case VirtioNetHdr.GSO_TCPV6 -> VenetSg.GSO_TCPV6;
            default -> throw new IllegalArgumentException("no type of venet's: " + hdr);
        };
    }

    /** What a descriptor of the host's at this host address says; null for an unknown type. */
    static FrameHdr read(long at) {
        int flags = SharedMemory.le32(at + VenetSg.FLAGS);
        if ((flags & (VenetSg.F_NEEDS_CSUM | VenetSg.F_GSO)) == 0) {
            return FrameHdr.NONE;
        }
        int type = VirtioNetHdr.GSO_NONE;
        if ((flags & VenetSg.F_GSO) != 0) {
            switch (SharedMemory.le8(at + VenetSg.GSO_TYPE)) {
                case VenetSg.GSO_TCPV4 -> type = VirtioNetHdr.GSO_TCPV4;
                case VenetSg.GSO_UDP -> type = VirtioNetHdr.GSO_UDP;
                case VenetSg.GSO_TCPV6 -> type = VirtioNetHdr.GSO_TCPV6;
                default -> {
                    return null;
                }
            }
            type |= (flags & VenetSg.F_ECN) != 0 ? VirtioNetHdr.GSO_ECN : 0;
        }
        return new FrameHdr(
                (flags & VenetSg.F_NEEDS_CSUM) != 0 ? VirtioNetHdr.F_NEEDS_CSUM : 0,
                type,
                SharedMemory.le16(at + VenetSg.GSO_HDRLEN),
                SharedMemory.le16(at + VenetSg.GSO_SIZE),
                SharedMemory.le16(at + VenetSg.CSUM_START),
                SharedMemory.le16(at + VenetSg.CSUM_OFFSET));
    }
}
