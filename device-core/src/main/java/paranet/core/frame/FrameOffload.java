package paranet.core.frame;

/**
 * Bits of a set of offloads: what a receiver of frames accepts unfinished. The numbers are those of
 * TUNSETOFFLOAD (linux/if_tun.h, TUN_F_*), because the TAP takes them as they are.
 *
 * <p>Threading: immutable.
 */
public final class FrameOffload {
    public static final int NONE = 0;

    /** Frames whose checksum is still to be completed. */
    public static final int CSUM = 0x01;

    public static final int TSO4 = 0x02;
    public static final int TSO6 = 0x04;

    /** TCP segmentation of frames with ECN's CWR set. */
    public static final int TSO_ECN = 0x08;

    public static final int UFO = 0x10;
    public static final int USO4 = 0x20;
    public static final int USO6 = 0x40;

    /** All of them. */
    public static final int ALL = CSUM | TSO4 | TSO6 | TSO_ECN | UFO | USO4 | USO6;

    private FrameOffload() {}
}
