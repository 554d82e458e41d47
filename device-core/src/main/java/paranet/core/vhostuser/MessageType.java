package paranet.core.vhostuser;

import java.util.HashMap;
import java.util.Map;

/**
 * One row per message of a front end: its form, and what becomes of a bad value. docs/messages.md
 * is the same table, with the reasons.
 *
 * <p>A message whose form is wrong (payload or descriptors) ends the connection. A request that
 * needs a protocol feature is refused while that feature is not negotiated, unless it has a reply
 * of its own: a peer that waits for one is not left hanging.
 *
 * <p>Threading: immutable.
 */
public enum MessageType {
    GET_FEATURES(1, 0, Descriptors.NONE, Answer.OWN, 0, BadValue.NONE),
    SET_FEATURES(2, 8, Descriptors.NONE, Answer.ACK, 0, BadValue.REFUSED),
    SET_OWNER(3, 0, Descriptors.NONE, Answer.ACK, 0, BadValue.NONE),
    RESET_OWNER(4, 0, Descriptors.NONE, Answer.ACK, 0, BadValue.NONE),
    SET_MEM_TABLE(
            5,
            MessageLayout.MemoryTable.REGIONS,
            MessageLayout.MemoryTable.BYTES_MAX,
            Descriptors.ONE_PER_REGION,
            Answer.ACK,
            0,
            BadValue.REFUSED),
    SET_VRING_NUM(
            8, MessageLayout.VringState.BYTES, Descriptors.NONE, Answer.ACK, 0, BadValue.REFUSED),
    SET_VRING_ADDR(
            9, MessageLayout.VringAddr.BYTES, Descriptors.NONE, Answer.ACK, 0, BadValue.REFUSED),
    SET_VRING_BASE(
            10, MessageLayout.VringState.BYTES, Descriptors.NONE, Answer.ACK, 0, BadValue.REFUSED),
    GET_VRING_BASE(
            11, MessageLayout.VringState.BYTES, Descriptors.NONE, Answer.OWN, 0, BadValue.REFUSED),
    SET_VRING_KICK(
            12,
            MessageLayout.VringFile.BYTES,
            Descriptors.ONE_OR_FLAG,
            Answer.ACK,
            0,
            BadValue.REFUSED),
    SET_VRING_CALL(
            13,
            MessageLayout.VringFile.BYTES,
            Descriptors.ONE_OR_FLAG,
            Answer.ACK,
            0,
            BadValue.REFUSED),
    SET_VRING_ERR(
            14,
            MessageLayout.VringFile.BYTES,
            Descriptors.ONE_OR_FLAG,
            Answer.ACK,
            0,
            BadValue.REFUSED),
    GET_PROTOCOL_FEATURES(15, 0, Descriptors.NONE, Answer.OWN, 0, BadValue.NONE),
    SET_PROTOCOL_FEATURES(16, 8, Descriptors.NONE, Answer.ACK, 0, BadValue.REFUSED),
    GET_QUEUE_NUM(17, 0, Descriptors.NONE, Answer.OWN, ProtocolFeature.MQ, BadValue.NONE),
    SET_VRING_ENABLE(
            18, MessageLayout.VringState.BYTES, Descriptors.NONE, Answer.ACK, 0, BadValue.REFUSED),
    SEND_RARP(19, 8, Descriptors.NONE, Answer.ACK, ProtocolFeature.RARP, BadValue.REFUSED),
    NET_SET_MTU(20, 8, Descriptors.NONE, Answer.ACK, ProtocolFeature.NET_MTU, BadValue.REFUSED),
    SET_BACKEND_REQ_FD(
            21, 0, Descriptors.ONE, Answer.ACK, ProtocolFeature.BACKEND_REQ, BadValue.REFUSED),
    GET_CONFIG(
            24,
            MessageLayout.Config.BODY,
            MessageLayout.Config.BYTES_MAX,
            Descriptors.NONE,
            Answer.OWN,
            ProtocolFeature.CONFIG,
            BadValue.REFUSED),
    SET_CONFIG(
            25,
            MessageLayout.Config.BODY,
            MessageLayout.Config.BYTES_MAX,
            Descriptors.NONE,
            Answer.ACK,
            ProtocolFeature.CONFIG,
            BadValue.REFUSED),
    RESET_DEVICE(34, 0, Descriptors.NONE, Answer.ACK, ProtocolFeature.RESET_DEVICE, BadValue.NONE),
    GET_MAX_MEM_SLOTS(
            36,
            0,
            Descriptors.NONE,
            Answer.OWN,
            ProtocolFeature.CONFIGURE_MEM_SLOTS,
            BadValue.NONE),
    ADD_MEM_REG(
            37,
            MessageLayout.SingleRegion.BYTES,
            Descriptors.ONE,
            Answer.ACK,
            ProtocolFeature.CONFIGURE_MEM_SLOTS,
            BadValue.REFUSED),
    REM_MEM_REG(
            38,
            MessageLayout.SingleRegion.BYTES,
            Descriptors.AT_MOST_ONE,
            Answer.ACK,
            ProtocolFeature.CONFIGURE_MEM_SLOTS,
            BadValue.REFUSED),
    SET_STATUS(39, 8, Descriptors.NONE, Answer.ACK, ProtocolFeature.STATUS, BadValue.TOLERATED),
    GET_STATUS(40, 0, Descriptors.NONE, Answer.OWN, ProtocolFeature.STATUS, BadValue.NONE),
    NEGOTIATE(
            0x7600,
            MessageLayout.Negotiate.BYTES,
            Descriptors.NONE,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    SET_EVENTQ(
            0x7601,
            MessageLayout.SetEventq.BYTES,
            Descriptors.TWO_OR_NONE,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    READY(
            0x7602,
            MessageLayout.BusNumber.BYTES,
            Descriptors.NONE,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    CALL(
            0x7603,
            MessageLayout.BusCall.BYTES,
            Descriptors.NONE,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    SIGNAL_KICK(
            0x7604,
            MessageLayout.BusNumber.BYTES,
            Descriptors.ONE,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    SET_DOORBELL(
            0x7605,
            MessageLayout.Doorbell.BYTES,
            Descriptors.ONE,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    SHMSIGNAL(
            0x7606,
            MessageLayout.BusNumber.BYTES,
            Descriptors.NONE,
            Answer.NONE,
            ProtocolFeature.VBUS,
            BadValue.DROPPED),
    EVENTQ_KICK(
            0x7607,
            MessageLayout.BusNumber.BYTES,
            Descriptors.NONE,
            Answer.NONE,
            ProtocolFeature.VBUS,
            BadValue.DROPPED),
    FASTCALL_ADD(
            0x7608,
            MessageLayout.CallDesc.BYTES,
            Descriptors.TWO,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    FASTCALL_DROP(
            0x7609,
            MessageLayout.BusNumber.BYTES,
            Descriptors.NONE,
            Answer.OWN,
            ProtocolFeature.VBUS,
            BadValue.ERRNO),
    /** Every other number, those of features that are not offered among them. */
    UNKNOWN(
            -1,
            0,
            MessageLayout.PAYLOAD_BYTES_MAX,
            Descriptors.ANY,
            Answer.ACK,
            0,
            BadValue.REFUSED);

    /** How many descriptors come with a message. */
    public enum Descriptors {
        NONE("0"),
        ONE("1"),
        TWO("2"),
        /** Both, or none where the front end is told in-band. */
        TWO_OR_NONE("2 or 0"),
        /** One that is closed unused, as a liberty of some front ends. */
        AT_MOST_ONE("0 or 1"),
        /** One, or none if the payload says so. */
        ONE_OR_FLAG("1, or 0 with bit 8"),
        ONE_PER_REGION("1 per region"),
        /** As many as came; all are closed. */
        ANY("any");

        private final String words;

        Descriptors(String words) {
            this.words = words;
        }

        /** As docs/messages.md and errors put it. */
        public String words() {
            return words;
        }
    }

    /** What goes back. */
    public enum Answer {
        /** A reply always, with a payload of its own, and never a second one. */
        OWN,
        /** 0 or an error number, if REPLY_ACK is negotiated and the request asks for it. */
        ACK,
        /** Nothing ever. */
        NONE
    }

    /** What becomes of a value that is well formed and still not acceptable. */
    public enum BadValue {
        /** No value of it can be bad. */
        NONE,
        /** Non-zero acknowledgement if asked for, one log line, nothing changed. */
        REFUSED,
        /** Used as far as it makes sense, without a word. */
        TOLERATED,
        /** A negative error number in the reply, nothing changed. */
        ERRNO,
        /** Counted, nothing changed: nobody waits for an answer. */
        DROPPED
    }

    private static final Map<Integer, MessageType> BY_ID = new HashMap<>();

    static {
        for (MessageType type : values()) {
            BY_ID.put(type.id, type);
        }
        BY_ID.remove(UNKNOWN.id);
    }

    private final int id;
    private final int payloadBytesMin;
    private final int payloadBytesMax;
    private final Descriptors descriptors;
    private final Answer answer;
    private final long needs;
    private final BadValue badValue;

    MessageType(
            int id,
            int payloadBytes,
            Descriptors descriptors,
            Answer answer,
            long needs,
            BadValue badValue) {
        this(id, payloadBytes, payloadBytes, descriptors, answer, needs, badValue);
    }

    MessageType(
            int id,
            int payloadBytesMin,
            int payloadBytesMax,
            Descriptors descriptors,
            Answer answer,
            long needs,
            BadValue badValue) {
        this.id = id;
        this.payloadBytesMin = payloadBytesMin;
        this.payloadBytesMax = payloadBytesMax;
        this.descriptors = descriptors;
        this.answer = answer;
        this.needs = needs;
        this.badValue = badValue;
    }

    /** The row of a request number in whichever dialect, {@link #UNKNOWN} if it has none. */
    public static MessageType of(int id) {
        return BY_ID.getOrDefault(id, UNKNOWN);
    }

    /** Whether a port that speaks this dialect knows the message. */
    boolean isSpokenIn(Dialect dialect) {
        return switch (this) {
            case GET_FEATURES,
                    SET_FEATURES,
                    SET_OWNER,
                    SET_MEM_TABLE,
                    GET_PROTOCOL_FEATURES,
                    SET_PROTOCOL_FEATURES,
                    GET_MAX_MEM_SLOTS,
                    ADD_MEM_REG,
                    REM_MEM_REG,
                    UNKNOWN ->
                    true;
            default -> dialect == (needs == ProtocolFeature.VBUS ? Dialect.VBUS : Dialect.VIRTIO);
        };
    }

    /** Whether it describes, starts or stops a vring. */
    boolean isAboutVrings() {
        return switch (this) {
            case SET_VRING_NUM,
                    SET_VRING_ADDR,
                    SET_VRING_BASE,
                    GET_VRING_BASE,
                    SET_VRING_KICK,
                    SET_VRING_CALL,
                    SET_VRING_ERR,
                    SET_VRING_ENABLE ->
                    true;
            default -> false;
        };
    }

    /** The request number; -1 for {@link #UNKNOWN}. */
    public int id() {
        return id;
    }

    public int payloadBytesMin() {
        return payloadBytesMin;
    }

    public int payloadBytesMax() {
        return payloadBytesMax;
    }

    public Descriptors descriptors() {
        return descriptors;
    }

    public Answer answer() {
        return answer;
    }

    /** The protocol feature it belongs to, as a mask; 0 if none. */
    public long needs() {
        return needs;
    }

    public BadValue badValue() {
        return badValue;
    }
}
