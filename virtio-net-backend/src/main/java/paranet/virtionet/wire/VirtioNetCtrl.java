package paranet.virtionet.wire;

/**
 * struct virtio_net_ctrl (virtio 1.3, 5.1.6.5): classes, commands and the shapes of their data.
 * Offsets in bytes from the start of the readable part; ack is the first writable byte.
 *
 * <p>Threading: immutable.
 */
public final class VirtioNetCtrl {
    public static final int CLASS = 0; // u8
    public static final int COMMAND = 1; // u8
    public static final int DATA = 2;

    public static final int OK = 0;
    public static final int ERR = 1;

    public static final int RX = 0; // class: data u8, 0 or 1
    public static final int RX_PROMISC = 0;
    public static final int RX_ALLMULTI = 1;
    public static final int RX_ALLUNI = 2;
    public static final int RX_NOMULTI = 3;
    public static final int RX_NOUNI = 4;
    public static final int RX_NOBCAST = 5;

    public static final int MAC = 1; // class
    public static final int MAC_TABLE_SET = 0; // twice: le32 entries, u8[entries][6]
    public static final int MAC_ADDR_SET = 1; // u8[6]

    public static final int VLAN = 2; // class: data le16
    public static final int VLAN_ADD = 0;
    public static final int VLAN_DEL = 1;

    public static final int ANNOUNCE = 3; // class
    public static final int ANNOUNCE_ACK = 0; // no data

    public static final int MQ = 4; // class
    public static final int MQ_VQ_PAIRS_SET = 0; // le16
    public static final int MQ_VQ_PAIRS_MIN = 1;
    public static final int MQ_VQ_PAIRS_MAX = 0x8000;

    public static final int GUEST_OFFLOADS = 5; // class
    public static final int GUEST_OFFLOADS_SET = 0; // le64, bits of VirtioNetFeature

    public static final int NOTF_COAL = 6; // class: data is a virtio_net_ctrl_coal
    public static final int NOTF_COAL_TX_SET = 0;
    public static final int NOTF_COAL_RX_SET = 1;
    public static final int NOTF_COAL_VQ_SET = 2; // a virtio_net_ctrl_coal_vq
    public static final int NOTF_COAL_VQ_GET = 3; // its start; the rest follows the answer

    /** struct virtio_net_ctrl_coal (virtio 1.3, 5.1.6.5.8), from its start. */
    public static final int COAL_MAX_PACKETS = 0; // le32

    public static final int COAL_MAX_USECS = 4; // le32
    public static final int COAL_BYTES = 8;

    /** struct virtio_net_ctrl_coal_vq (likewise), from its start. */
    public static final int COAL_VQ_INDEX = 0; // le16, then le16 reserved

    public static final int COAL_VQ_COAL = 4;
    public static final int COAL_VQ_BYTES = 12;

    private VirtioNetCtrl() {}
}
