package paranet.venet.wire;

/**
 * struct venet_iov (venet.h): one piece of a frame, contiguous in guest memory. Offsets in bytes.
 *
 * <p>Threading: immutable.
 */
public final class VenetIov {
    public static final int LEN = 0; // u32, followed by four bytes of padding
    public static final int PTR = 8; // u64, guest address; the page's cookie in L4RO
    public static final int BYTES = 16;

    private VenetIov() {}
}
