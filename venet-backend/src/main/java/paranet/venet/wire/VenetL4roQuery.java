package paranet.venet.wire;

/**
 * struct venet_l4ro_query (venet.h), the argument of {@link VenetFunction#L4ROQUERY}. Offsets in
 * bytes.
 *
 * <p>Threading: immutable.
 */
public final class VenetL4roQuery {
    public static final int FLAGS = 0; // u32, in, zero
    public static final int DPID = 4; // u32, out, VenetShm.L4RO_POOL
    public static final int PQID = 8; // u32, out, VenetShm.L4RO_PAGE_RING; then 20 of padding
    public static final int BYTES = 32;

    private VenetL4roQuery() {}
}
