package paranet.venet.wire;

/**
 * struct venet_capabilities and its groups (venet.h): the argument of {@link VenetFunction#NEGCAP},
 * in and out. Offsets in bytes.
 *
 * <p>Threading: immutable.
 */
public final class VenetCapability {
    public static final int GID = 0; // u32
    public static final int BITS = 4; // u32
    public static final int BYTES = 8;

    /** What the guest may send. */
    public static final int GROUP_SG = 0;

    /** What the event queue tells. */
    public static final int GROUP_EVENTQ = 1;

    /** What the guest receives; the bits are those of {@link #GROUP_SG} without PMTD. */
    public static final int GROUP_L4RO = 2;

    public static final int SG = 0x01;
    public static final int SG_TSO4 = 0x02;
    public static final int SG_TSO6 = 0x04;
    public static final int SG_ECN = 0x08;
    public static final int SG_UFO = 0x10;

    /** Descriptors lie in a pool that was registered before. */
    public static final int SG_PMTD = 0x20;

    public static final int EVENTQ_LINKSTATE = 0x01;
    public static final int EVENTQ_TXC = 0x02;

    private VenetCapability() {}
}
