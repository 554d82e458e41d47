package paranet.core.vhostuser;

/**
 * Where each field of a message lies: offsets and sizes in bytes, flags, bounds. All numbers are in
 * the host's own byte order (vhost-user, Header).
 *
 * <p>Threading: immutable.
 */
public final class MessageLayout {
    /** Longest payload read for a request that nobody here knows; known ones are shorter. */
    public static final int PAYLOAD_BYTES_MAX = 4096;

    /** A payload that is one number. */
    public static final int U64_BYTES = 8;

    private MessageLayout() {}

    /** vhost-user, Header. */
    public static final class Header {
        public static final int REQUEST = 0; // u32
        public static final int FLAGS = 4; // u32
        public static final int SIZE = 8; // u32, bytes of payload
        public static final int BYTES = 12;

        public static final int F_VERSION_MASK = 0x3;
        public static final int VERSION = 0x1;
        public static final int F_REPLY = 0x4;
        public static final int F_NEED_REPLY = 0x8;

        private Header() {}
    }

    /** vhost-user, Vring state description. */
    public static final class VringState {
        public static final int INDEX = 0; // u32
        public static final int NUM = 4; // u32
        public static final int BYTES = 8;

        private VringState() {}
    }

    /** vhost-user, Vring address description. */
    public static final class VringAddr {
        public static final int INDEX = 0; // u32
        public static final int FLAGS = 4; // u32
        public static final int DESC = 8; // u64, front-end address
        public static final int USED = 16; // u64, front-end address
        public static final int AVAIL = 24; // u64, front-end address
        public static final int LOG = 32; // u64, guest address, valid with F_LOG
        public static final int BYTES = 40;

        public static final int F_LOG = 0x1;

        private VringAddr() {}
    }

    /** The number of SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR. */
    public static final class VringFile {
        public static final int INDEX_MASK = 0xff;
        public static final int F_NO_FD = 0x100;
        public static final int BYTES = 8;

        /** Rings that eight bits can name. */
        public static final int VRINGS_MAX = 256;

        private VringFile() {}
    }

    /** vhost-user, Memory region description. */
    public static final class Region {
        public static final int GUEST_ADDRESS = 0; // u64
        public static final int SIZE = 8; // u64
        public static final int FRONTEND_ADDRESS = 16; // u64
        public static final int MMAP_OFFSET = 24; // u64
        public static final int BYTES = 32;

        private Region() {}
    }

    /** vhost-user, Multiple memory regions description. */
    public static final class MemoryTable {
        public static final int COUNT = 0; // u32
        public static final int REGIONS = 8; // after 4 bytes of padding
        public static final int REGIONS_MAX = 8;
        public static final int BYTES_MAX = REGIONS + REGIONS_MAX * Region.BYTES;

        private MemoryTable() {}

        public static int region(int index) {
            return REGIONS + index * Region.BYTES;
        }
    }

    /** vhost-user, Single memory region description. */
    public static final class SingleRegion {
        public static final int REGION = 8; // after 8 bytes of padding
        public static final int BYTES = REGION + Region.BYTES;

        private SingleRegion() {}
    }

    /** vhost-user, Virtio device config space. */
    public static final class Config {
        public static final int OFFSET = 0; // u32
        public static final int SIZE = 4; // u32, bytes of BODY
        public static final int FLAGS = 8; // u32
        public static final int BODY = 12;
        public static final int BODY_BYTES_MAX = 256;
        public static final int BYTES_MAX = BODY + BODY_BYTES_MAX;

        /** Flags: fields that the driver may write; or all of them, for a migrated device. */
        public static final int WRITABLE = 0;

        public static final int MIGRATION = 1;

        private Config() {}
    }

    /** The number of SEND_RARP: six bytes in memory order, whatever the byte order of numbers. */
    public static final class Rarp {
        public static final int MAC = 0;
        public static final int MAC_BYTES = 6;

        private Rarp() {}
    }

    /** struct vbus_pci_bridge_negotiate (vbus_pci.h), the payload of NEGOTIATE, in and out. */
    public static final class Negotiate {
        public static final int MAGIC = 0; // u32
        public static final int VERSION = 4; // u32
        public static final int CAPABILITIES = 8; // u64
        public static final int BYTES = 16;

        public static final int MAGIC_VALUE = 0xBF53EEF5;
        public static final int VERSION_VALUE = 1;

        private Negotiate() {}
    }

    /** SET_EVENTQ: index and flags, then struct vbus_pci_eventqreg (vbus_pci.h). */
    public static final class SetEventq {
        public static final int INDEX = 0; // u32
        public static final int FLAGS = 4; // u32, zero
        public static final int COUNT = 8; // u32, slots; then 4 bytes of padding
        public static final int RING = 16; // u64, guest address
        public static final int DATA = 24; // u64, guest address
        public static final int BYTES = 32;

        private SetEventq() {}
    }

    /** struct vbus_pci_call_desc (vbus_pci.h), the payload of FASTCALL_ADD. */
    public static final class CallDesc {
        public static final int VECTOR = 0; // u32
        public static final int LEN = 4; // u32, bytes at DATAP
        public static final int DATAP = 8; // u64, guest address
        public static final int BYTES = 16;

        private CallDesc() {}
    }

    /** CALL: a channel, then {@link CallDesc}. */
    public static final class BusCall {
        public static final int CHANNEL = 0; // u32, followed by four bytes of padding
        public static final int DESC = 8;
        public static final int BYTES = DESC + CallDesc.BYTES;

        private BusCall() {}
    }

    /** SET_DOORBELL. */
    public static final class Doorbell {
        public static final int GUEST_ADDRESS = 0; // u64
        public static final int BITS = 8; // u32, followed by four bytes of padding
        public static final int BYTES = 16;

        private Doorbell() {}
    }

    /** What takes one number of 32 bits: a handle, an index, a channel or a count. */
    public static final class BusNumber {
        public static final int NUMBER = 0; // u32, followed by four bytes of padding
        public static final int BYTES = 8;

        private BusNumber() {}
    }

    /** What every reply of a bus starts with. */
    public static final class BusResult {
        public static final int RESULT = 0; // s32, an error as a negative number
        public static final int AUX = 4; // u32, the channel of a CALL, else 0
        public static final int BYTES = 8;

        private BusResult() {}
    }
}
