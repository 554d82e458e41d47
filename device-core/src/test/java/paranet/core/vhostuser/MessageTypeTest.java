package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import paranet.core.linux.Fd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The table in docs/messages.md, the one in the code and what really happens are the same. */
class MessageTypeTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "messages.md");
    private static final int COLUMNS_COMPARED = 8;

    @Test
    void theDocumentedTableIsTheOneInTheCode() throws IOException {
        List<List<String>> documented = new ArrayList<>();
        for (String line : Files.readAllLines(DOCUMENT)) {
            if (line.startsWith("| ") && !line.startsWith("| id")) {
                List<String> cells =
                        Arrays.stream(line.substring(1).split("\\|", -1))
                                .map(String::strip)
                                .toList();
                documented.add(cells.subList(0, COLUMNS_COMPARED));
                assertFalse(cells.get(COLUMNS_COMPARED).isEmpty(), line);
            }
        }
        assertEquals(
                Arrays.stream(MessageType.values()).map(MessageTypeTest::row).toList(), documented);
    }

    private static List<String> row(MessageType type) {
        return List.of(
                type == MessageType.UNKNOWN
                        ? "other"
                        : (type.id() < 0x100 ? "%d" : "0x%x").formatted(type.id()),
                type.name(),
                Arrays.stream(Dialect.values())
                        .filter(type::isSpokenIn)
                        .map(Dialect::words)
                        .collect(Collectors.joining(", ")),
                type.payloadBytesMin() == type.payloadBytesMax()
                        ? "" + type.payloadBytesMin()
                        : type.payloadBytesMin() + " to " + type.payloadBytesMax(),
                type.descriptors().words(),
                type.answer().name().toLowerCase(Locale.ROOT),
                type.needs() == 0 ? "-" : ProtocolFeature.name(type.needs()),
                type.badValue().name().toLowerCase(Locale.ROOT));
    }

    @Test
    void theTableHasTheNumbersOfTheSpecification() {
        int[] ids = Arrays.stream(MessageType.values()).mapToInt(MessageType::id).toArray();
        assertEquals(
                "[1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 24, 25, 34,"
                        + " 36, 37, 38, 39, 40, 30208, 30209, 30210, 30211, 30212, 30213, 30214,"
                        + " 30215, 30216, 30217, -1]",
                Arrays.toString(ids));
        assertEquals(MessageType.UNKNOWN, MessageType.of(-1));
        assertEquals(MessageType.UNKNOWN, MessageType.of(6));
        assertEquals(MessageType.NET_SET_MTU, MessageType.of(20));
    }

    static Stream<MessageType> virtioMessages() {
        return Arrays.stream(MessageType.values()).filter(t -> t.isSpokenIn(Dialect.VIRTIO));
    }

    @ParameterizedTest
    @MethodSource("virtioMessages")
    void aBadValueEndsAsTheTableSays(MessageType type) throws ProtocolException {
        ByteBuffer bad = badValue(type);
        if (bad == null) {
            assertEquals(MessageType.BadValue.NONE, type.badValue());
            return;
        }
        Frontend frontend = new Frontend().negotiated().withMemory();
        try (frontend.session) {
            int id = type == MessageType.UNKNOWN ? 77 : type.id();
            boolean hasOne =
                    type == MessageType.ADD_MEM_REG || type == MessageType.SET_BACKEND_REQ_FD;
            Fd[] came = hasOne ? new Fd[] {Frontend.fd()} : new Fd[0];
            frontend.host.takesChannels = false;
            ByteBuffer reply = frontend.say(id, 9, bad, came);
            assertNotNull(reply);
            if (type.badValue() == MessageType.BadValue.TOLERATED) {
                assertNull(frontend.refused);
                assertEquals(0, reply.getLong(12));
                return;
            }
            assertEquals(MessageType.BadValue.REFUSED, type.badValue());
            assertTrue(frontend.refused.contains(" refused: "), frontend.refused);
            if (type == MessageType.GET_CONFIG) {
                assertEquals(12, reply.remaining());
            } else {
                assertEquals(20, reply.remaining());
                assertTrue(reply.getLong(12) != 0);
            }
            for (Fd each : came) {
                assertTrue(each.isClosed());
            }
        }
    }

    /** A value of good form that no session accepts, or none if all are good. */
    private static ByteBuffer badValue(MessageType type) {
        return switch (type) {
            case GET_FEATURES,
                    SET_OWNER,
                    RESET_OWNER,
                    GET_PROTOCOL_FEATURES,
                    GET_QUEUE_NUM,
                    RESET_DEVICE,
                    GET_MAX_MEM_SLOTS,
                    GET_STATUS ->
                    null;
            case SET_BACKEND_REQ_FD -> Frontend.nothing(); // the descriptor is what is bad
            case SET_FEATURES, SET_PROTOCOL_FEATURES -> Frontend.u64(1L << 63);
            case SET_MEM_TABLE -> Frontend.table();
            case SET_VRING_NUM -> Frontend.state(0, 0);
            case SET_VRING_ADDR -> Frontend.addresses(0, 0, 1, 0, 0);
            case SET_VRING_BASE -> Frontend.state(0, 65536);
            case GET_VRING_BASE -> Frontend.state(5, 0);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> Frontend.u64(0x105);
            case SET_VRING_ENABLE -> Frontend.state(0, 2);
            case SEND_RARP -> Frontend.u64(0);
            case NET_SET_MTU -> Frontend.u64(67);
            case GET_CONFIG, SET_CONFIG -> Frontend.config(10, 0, (byte) 1);
            case ADD_MEM_REG -> Frontend.slot(Frontend.LOW);
            case REM_MEM_REG -> Frontend.slot(Frontend.HIGH);
            case SET_STATUS -> Frontend.u64(-1);
            case UNKNOWN -> Frontend.bytes(3);
            case NEGOTIATE,
                    SET_EVENTQ,
                    READY,
                    CALL,
                    SIGNAL_KICK,
                    SET_DOORBELL,
                    SHMSIGNAL,
                    EVENTQ_KICK,
                    FASTCALL_ADD,
                    FASTCALL_DROP ->
                    throw new AssertionError("not a message of a virtio device");
        };
    }
}
