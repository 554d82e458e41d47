package paranet.virtionet.wire;

/**
 * struct virtio_net_config (virtio 1.3, 5.1.4): offsets in bytes, all fields little-endian.
 *
 * <p>Threading: immutable.
 */
public final class VirtioNetConfig {
    public static final int MAC = 0; // u8[6]
    public static final int STATUS = 6; // le16
    public static final int MAX_VIRTQUEUE_PAIRS = 8; // le16
    public static final int MTU = 10; // le16
    public static final int SPEED = 12; // le32, Mbit/s
    public static final int DUPLEX = 16; // u8
    public static final int RSS_MAX_KEY_SIZE = 17; // u8
    public static final int RSS_MAX_INDIRECTION_TABLE_LENGTH = 18; // le16
    public static final int SUPPORTED_HASH_TYPES = 20; // le32
    public static final int SUPPORTED_TUNNEL_TYPES = 24; // le32
    public static final int BYTES = 28;

    public static final int S_LINK_UP = 1;
    public static final int S_ANNOUNCE = 2;

    public static final int SPEED_UNKNOWN = 0xffffffff;
    public static final int DUPLEX_HALF = 0;
    public static final int DUPLEX_FULL = 1;
    public static final int DUPLEX_UNKNOWN = 0xff;

    public static final int MAC_BYTES = 6;

    /** Bounds of {@link #MTU} (virtio 1.3, 5.1.4.1). */
    public static final int MTU_MIN = 68;

    public static final int MTU_MAX = 65535;

    private VirtioNetConfig() {}
}
