package paranet.core.offload;

import paranet.core.frame.FrameOffload;

/**
 * What a frame's header leaves to be done, as a set of {@link FrameOffload} bits.
 *
 * <p>Threading: immutable.
 */
public final class Offloads {
    /** The need of a header with a {@code gso_type} nobody knows: never accepted, never allowed. */
    public static final int UNKNOWN = 1 << 30;

    private static final int TSO = FrameOffload.TSO4 | FrameOffload.TSO6;

    private Offloads() {}

    /** What the header with this first word leaves to be done. */
    public static int needed(long word) {
        int needs =
                (VirtioNetHdr.flags(word) & VirtioNetHdr.F_NEEDS_CSUM) != 0 ? FrameOffload.CSUM : 0;
        int type = VirtioNetHdr.gsoType(word);
        if (type == VirtioNetHdr.GSO_NONE) {
            return needs;
        }
        return needs
                | switch (type) {
                    case VirtioNetHdr.GSO_TCPV4 -> FrameOffload.TSO4;
                    case VirtioNetHdr.GSO_TCPV4 | VirtioNetHdr.GSO_ECN ->
                            FrameOffload.TSO4 | FrameOffload.TSO_ECN;
                    case VirtioNetHdr.GSO_TCPV6 -> FrameOffload.TSO6;
                    case VirtioNetHdr.GSO_TCPV6 | VirtioNetHdr.GSO_ECN ->
                            FrameOffload.TSO6 | FrameOffload.TSO_ECN;
                    case VirtioNetHdr.GSO_UDP -> FrameOffload.UFO;
                    // Whether it is IPv4 or IPv6 stands in the frame; who takes only one of the
                    // two gets both segmented.
                    case VirtioNetHdr.GSO_UDP_L4 -> FrameOffload.USO4 | FrameOffload.USO6;
                    default -> UNKNOWN;
                };
    }

    /**
     * Those of the bits that can be used with the others: segmentation presupposes checksums, and
     * ECN a TCP segmentation (virtio 1.3, 5.1.3.1).
     */
    public static int usable(int bits) {
        if ((bits & FrameOffload.CSUM) == 0) {
            return FrameOffload.NONE;
        }
        return (bits & TSO) == 0 ? bits & ~FrameOffload.TSO_ECN : bits;
    }
}
