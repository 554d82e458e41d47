package paranet.venet.wire;

/**
 * The descriptor of a channel (struct vbus_pci_fastcall_desc, vbus_pci.h): a call that stays in
 * memory, and its result. Offsets in bytes.
 *
 * <p>Threading: immutable.
 */
public final class VbusFastcall {
    public static final int VECTOR = 0; // u32, as in CALL
    public static final int LEN = 4; // u32, bytes at DATAP
    public static final int DATAP = 8; // u64, guest address
    public static final int RESULT = 16; // s32, out; then four bytes of padding
    public static final int BYTES = 24;

    public static final int ALIGNMENT = 4;

    private VbusFastcall() {}
}
