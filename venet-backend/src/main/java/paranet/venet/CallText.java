package paranet.venet;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.venet.wire.VbusCall;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetEventqQuery;
import paranet.venet.wire.VenetFunction;
import paranet.venet.wire.VenetL4roQuery;

import java.util.HexFormat;

/** A call to the bus in words, as it stands in guest memory: {@code NAME field=value ...}. */
final class CallText {
    private static final String[] VERBS = {
        "LINKUP", "LINKDOWN", "MACQUERY", "NEGCAP", "FLUSHRX", "PMTDQUERY", "EVQQUERY", "L4ROQUERY"
    };

    private CallText() {}

    static String of(GuestMemory memory, int vector, int length, long guestAddress) {
        String raw =
                "vector=%d length=%d at=0x%x"
                        .formatted(vector, Integer.toUnsignedLong(length), guestAddress);
        int due = VbusCall.bytes(vector);
        long at = due == length ? memory.translate(guestAddress, due) : GuestMemory.NOT_MAPPED;
        if (at == GuestMemory.NOT_MAPPED) {
            return raw;
        }
        return switch (vector) {
            case VbusCall.DEVOPEN ->
                    "DEVOPEN devid=%d version=%d handle=%d"
                            .formatted(
                                    SharedMemory.le32(at + VbusCall.OPEN_DEVID),
                                    SharedMemory.le32(at + VbusCall.OPEN_VERSION),
                                    SharedMemory.le64(at + VbusCall.OPEN_HANDLE));
            case VbusCall.DEVCLOSE ->
                    "DEVCLOSE devh=%d".formatted(SharedMemory.le64(at + VbusCall.CLOSE_DEVH));
            case VbusCall.DEVCALL -> verb(memory, at);
            default -> shm(at);
        };
    }

    private static String shm(long at) {
        int offset = SharedMemory.le32(at + VbusCall.SHM_SIGNAL_OFFSET);
        String shm =
                "DEVSHM devh=%d id=%d len=%d datap=0x%x"
                        .formatted(
                                SharedMemory.le64(at + VbusCall.SHM_DEVH),
                                SharedMemory.le32(at + VbusCall.SHM_ID),
                                SharedMemory.le32(at + VbusCall.SHM_LEN),
                                SharedMemory.le64(at + VbusCall.SHM_DATAP));
        return offset == VbusCall.SHM_NO_SIGNAL
                ? shm
                : shm
                        + " signal.offset=%d signal.prio=%d signal.cookie=0x%x"
                                .formatted(
                                        offset,
                                        SharedMemory.le32(at + VbusCall.SHM_SIGNAL_PRIO),
                                        SharedMemory.le64(at + VbusCall.SHM_SIGNAL_COOKIE));
    }

    private static String verb(GuestMemory memory, long at) {
        int function = SharedMemory.le32(at + VbusCall.CALL_FUNC);
        int length = SharedMemory.le32(at + VbusCall.CALL_LEN);
        boolean known = function >= 0 && function < VERBS.length;
        String verb =
                "DEVCALL devh=%d func=%s len=%d"
                        .formatted(
                                SharedMemory.le64(at + VbusCall.CALL_DEVH),
                                known ? VERBS[function] : function,
                                length);
        long data = SharedMemory.le64(at + VbusCall.CALL_DATAP);
        long from = length > 0 ? memory.translate(data, length) : GuestMemory.NOT_MAPPED;
        return from == GuestMemory.NOT_MAPPED ? verb : verb + data(function, length, from);
    }

    private static String data(int function, int length, long at) {
        if (function == VenetFunction.MACQUERY && length == VenetFunction.MACQUERY_BYTES) {
            byte[] mac = new byte[length];
            SharedMemory.copy(at, mac, 0, length);
            return " mac=" + HexFormat.ofDelimiter(":").formatHex(mac);
        }
        if (function == VenetFunction.NEGCAP && length == VenetCapability.BYTES) {
            return " gid=%d bits=0x%02x"
                    .formatted(
                            SharedMemory.le32(at + VenetCapability.GID),
                            SharedMemory.le32(at + VenetCapability.BITS));
        }
        if (function == VenetFunction.EVQQUERY && length == VenetEventqQuery.BYTES) {
            return " flags=%d evsize=%d dpid=%d qid=%d"
                    .formatted(
                            SharedMemory.le32(at + VenetEventqQuery.FLAGS),
                            SharedMemory.le32(at + VenetEventqQuery.EVSIZE),
                            SharedMemory.le32(at + VenetEventqQuery.DPID),
                            SharedMemory.le32(at + VenetEventqQuery.QID));
        }
        if (function == VenetFunction.L4ROQUERY && length == VenetL4roQuery.BYTES) {
            return " flags=%d dpid=%d pqid=%d"
                    .formatted(
                            SharedMemory.le32(at + VenetL4roQuery.FLAGS),
                            SharedMemory.le32(at + VenetL4roQuery.DPID),
                            SharedMemory.le32(at + VenetL4roQuery.PQID));
        }
        return "";
    }
}
