package paranet.venet.wire;

/**
 * struct venet_eventq_query (venet.h), the argument of {@link VenetFunction#EVQQUERY}. Offsets in
 * bytes.
 *
 * <p>Threading: immutable.
 */
public final class VenetEventqQuery {
    public static final int FLAGS = 0; // u32, in, zero
    public static final int EVSIZE = 4; // u32, out, VenetEvent.BYTES_MAX
    public static final int DPID = 8; // u32, out, VenetShm.EVENT_POOL
    public static final int QID = 12; // u32, out, VenetShm.EVENT_RING; then 16 of padding
    public static final int BYTES = 32;

    private VenetEventqQuery() {}
}
