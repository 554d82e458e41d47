package paranet.core.vhostuser;

/**
 * Protocol feature bits as masks (vhost-user, Protocol features): what the two ends may say beyond
 * the original messages.
 *
 * <p>Threading: immutable.
 */
public final class ProtocolFeature {
    public static final long MQ = 1L;
    public static final long LOG_SHMFD = 1L << 1; // not offered
    public static final long RARP = 1L << 2;
    public static final long REPLY_ACK = 1L << 3;
    public static final long NET_MTU = 1L << 4;
    public static final long BACKEND_REQ = 1L << 5;
    public static final long CONFIG = 1L << 9;
    public static final long INFLIGHT_SHMFD = 1L << 12; // not offered
    public static final long RESET_DEVICE = 1L << 13;
    public static final long INBAND_NOTIFICATIONS = 1L << 14; // not offered
    public static final long CONFIGURE_MEM_SLOTS = 1L << 15;
    public static final long STATUS = 1L << 16;

    /** The front end talks to a vbus (docs/messages.md): ours, so far above the standard's bits. */
    public static final long VBUS = 1L << 56;

    /** The answer to GET_PROTOCOL_FEATURES of a port that serves a vbus. */
    public static final long OFFERED_VBUS = REPLY_ACK | CONFIGURE_MEM_SLOTS | VBUS;

    /** The answer to GET_PROTOCOL_FEATURES: only what is really served. */
    public static final long OFFERED =
            MQ
                    | RARP
                    | REPLY_ACK
                    | NET_MTU
                    | BACKEND_REQ
                    | CONFIG
                    | RESET_DEVICE
                    | CONFIGURE_MEM_SLOTS
                    | STATUS;

    private ProtocolFeature() {}

    /** The name of one of the bits that messages depend on. */
    static String name(long bit) {
        return switch (Long.numberOfTrailingZeros(bit)) {
            case 0 -> "MQ";
            case 2 -> "RARP";
            case 3 -> "REPLY_ACK";
            case 4 -> "NET_MTU";
            case 5 -> "BACKEND_REQ";
            case 9 -> "CONFIG";
            case 13 -> "RESET_DEVICE";
            case 15 -> "CONFIGURE_MEM_SLOTS";
            case 16 -> "STATUS";
            case 56 -> "VBUS";
            default -> "bit " + Long.numberOfTrailingZeros(bit);
        };
    }
}
