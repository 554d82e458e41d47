package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.linux.Fd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

class MessageCodecTest {
    private static final int SET_VRING_NUM = 8;

    private static FrontendRequest read(int id, ByteBuffer payload, Fd... descriptors)
            throws ProtocolException {
        List<Fd> came = List.of(descriptors);
        MessageHeader header =
                MessageCodec.header(
                        Dialect.VIRTIO, Frontend.header(id, 1, payload.remaining()), came);
        return MessageCodec.request(header, payload, came);
    }

    private static String broken(int id, int flags, int size, Fd... descriptors) {
        return assertThrows(
                        ProtocolException.class,
                        () ->
                                MessageCodec.header(
                                        Dialect.VIRTIO,
                                        Frontend.header(id, flags, size),
                                        List.of(descriptors)))
                .getMessage();
    }

    private static String brokenHeader(Dialect dialect, int id, int size) {
        return assertThrows(
                        ProtocolException.class,
                        () -> MessageCodec.header(dialect, Frontend.header(id, 1, size), List.of()))
                .getMessage();
    }

    private static String broken(int id, ByteBuffer payload, Fd... descriptors) {
        return assertThrows(ProtocolException.class, () -> read(id, payload, descriptors))
                .getMessage();
    }

    private static byte[] written(Reply reply) {
        ByteBuffer into = ByteBuffer.allocate(MessageCodec.REPLY_BYTES_MAX);
        MessageCodec.reply(reply, into);
        byte[] bytes = new byte[into.position()];
        into.get(0, bytes);
        return bytes;
    }

    @Test
    @DisplayName("fact 1: the header is three numbers in the host's own byte order")
    void readsTheHeaderInTheHostsByteOrder() throws ProtocolException {
        ByteBuffer bytes = ByteBuffer.allocate(12).order(ByteOrder.nativeOrder());
        bytes.putInt(8).putInt(9).putInt(8).flip();
        bytes.order(ByteOrder.BIG_ENDIAN); // the buffer's own setting must not matter
        MessageHeader header = MessageCodec.header(Dialect.VIRTIO, bytes, List.of());
        assertEquals(new MessageHeader(MessageType.SET_VRING_NUM, SET_VRING_NUM, 8, true), header);
        assertFalse(
                MessageCodec.header(Dialect.VIRTIO, Frontend.header(SET_VRING_NUM, 1, 8), List.of())
                        .needReply());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3})
    @DisplayName("fact 1: a version other than 1 ends the connection")
    void refusesAnotherVersion(int version) {
        assertEquals(
                "SET_VRING_NUM: version %d in flags 0x%x, must be 1".formatted(version, version),
                broken(SET_VRING_NUM, version, 8));
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 0xd, 0x11, 0x80000001})
    @DisplayName("fact 1: a request is no reply, and sets no flag without a meaning")
    void refusesUnknownFlags(int flags) {
        assertEquals(
                "SET_VRING_NUM: flags 0x%x, a request may set no other than 0x9".formatted(flags),
                broken(SET_VRING_NUM, flags, 8));
    }

    @Test
    @DisplayName("fact 2: every reply has flags exactly 5 and repeats the request's number")
    void writesFlagsFive() {
        List<Reply> replies =
                List.of(
                        new Reply.Features(1),
                        new Reply.ProtocolFeatures(1),
                        new Reply.QueueNum(1),
                        new Reply.VringBase(1, 2),
                        new Reply.Config(0, 0, new byte[3]),
                        new Reply.ConfigFailed(),
                        new Reply.MaxMemSlots(1),
                        new Reply.Status(1),
                        new Reply.Ack(77, 1));
        int[] requests = {1, 15, 17, 11, 24, 24, 36, 40, 77};
        for (int i = 0; i < requests.length; i++) {
            ByteBuffer bytes = ByteBuffer.wrap(written(replies.get(i)));
            bytes.order(ByteOrder.nativeOrder());
            assertEquals(requests[i], bytes.getInt(0));
            assertEquals(5, bytes.getInt(4));
            assertEquals(bytes.capacity() - 12, bytes.getInt(8));
        }
    }

    @Test
    void writesRepliesByteForByte() {
        ByteOrder order = ByteOrder.nativeOrder();
        assertEquals(ByteOrder.LITTLE_ENDIAN, order, "the literals below are little-endian");
        HexFormat hex = HexFormat.of();
        assertEquals(
                "0b00000005000000080000000300000005800580",
                hex.formatHex(written(new Reply.VringBase(3, 0x80058005))));
        assertEquals(
                "18000000050000000e0000000400000002000000010000000708",
                hex.formatHex(written(new Reply.Config(4, 1, new byte[] {7, 8}))));
        assertEquals("180000000500000000000000", hex.formatHex(written(new Reply.ConfigFailed())));
        assertEquals(
                "0800000005000000080000000100000000000000",
                hex.formatHex(written(new Reply.Ack(8, 1))));
        assertEquals(
                "01000000050000000800000000000040ff000000",
                hex.formatHex(written(new Reply.Features(0xff40000000L))));
    }

    @Test
    @DisplayName("fact 3: every descriptor of a message that breaks the form is closed")
    void closesDescriptorsOfBrokenMessages() {
        Fd[] withHeader = {Frontend.fd(), Frontend.fd()};
        broken(SET_VRING_NUM, 2, 8, withHeader);
        Fd[] withPayload = {Frontend.fd(), Frontend.fd()};
        assertEquals(
                "SET_VRING_NUM: 2 descriptors, must be 0",
                broken(SET_VRING_NUM, Frontend.state(0, 1), withPayload));
        Fd[] withShortPayload = {Frontend.fd()};
        MessageHeader kick = new MessageHeader(MessageType.SET_VRING_KICK, 12, 8, false);
        ProtocolException shortPayload =
                assertThrows(
                        ProtocolException.class,
                        () ->
                                MessageCodec.request(
                                        kick, Frontend.bytes(7), List.of(withShortPayload)));
        assertEquals(
                "SET_VRING_KICK: 7 bytes of payload, the header announced 8",
                shortPayload.getMessage());
        for (Fd[] all : List.of(withHeader, withPayload, withShortPayload)) {
            for (Fd each : all) {
                assertTrue(each.isClosed());
            }
        }
    }

    @Test
    @DisplayName("fact 3: descriptors of an unknown request are closed")
    void closesDescriptorsOfUnknownRequests() throws ProtocolException {
        Fd[] came = {Frontend.fd(), Frontend.fd(), Frontend.fd()};
        assertEquals(new FrontendRequest.Unknown(31, 24), read(31, Frontend.bytes(24), came));
        for (Fd each : came) {
            assertTrue(each.isClosed());
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("fact 8: the payload is bounded by its message before it is read")
    void boundsThePayload(MessageType type) throws ProtocolException {
        int id = type == MessageType.UNKNOWN ? 4711 : type.id();
        String name = type == MessageType.UNKNOWN ? "request 4711" : type.name();
        Dialect dialect = type.isSpokenIn(Dialect.VIRTIO) ? Dialect.VIRTIO : Dialect.VBUS;
        int min = type.payloadBytesMin();
        int max = type.payloadBytesMax();
        assertTrue(max <= 4096);
        String bound = min == max ? "" + min : min + " to " + max;
        assertEquals(
                "%s: payload of %d bytes, must be %s".formatted(name, max + 1, bound),
                brokenHeader(dialect, id, max + 1));
        assertEquals(
                "%s: payload of 4294967295 bytes, must be %s".formatted(name, bound),
                brokenHeader(dialect, id, -1));
        if (min > 0) {
            assertEquals(
                    "%s: payload of %d bytes, must be %s".formatted(name, min - 1, bound),
                    brokenHeader(dialect, id, min - 1));
        }
        assertEquals(
                new MessageHeader(type, id, max, false),
                MessageCodec.header(dialect, Frontend.header(id, 1, max), List.of()));
    }

    @Test
    @DisplayName("fact 18: bit 8 says that no descriptor comes; the index has 8 bits")
    void readsTheNoDescriptorFlag() throws ProtocolException {
        Fd kick = Frontend.fd();
        Fd call = Frontend.fd();
        Fd err = Frontend.fd();
        assertEquals(
                new FrontendRequest.SetVringKick(255, kick), read(12, Frontend.u64(255), kick));
        assertEquals(new FrontendRequest.SetVringCall(2, call), read(13, Frontend.u64(2), call));
        assertEquals(new FrontendRequest.SetVringErr(1, err), read(14, Frontend.u64(1), err));
        assertEquals(new FrontendRequest.SetVringKick(3, null), read(12, Frontend.u64(0x103)));
        assertEquals(new FrontendRequest.SetVringCall(4, null), read(13, Frontend.u64(0x104)));
        assertEquals(new FrontendRequest.SetVringErr(5, null), read(14, Frontend.u64(0x105)));
        kick.close();
        call.close();
        err.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13, 14})
    @DisplayName("fact 18: a descriptor too many or too few ends the connection")
    void countsDescriptorsAgainstTheFlag(int id) {
        String rule = ": %d descriptors, must be 1, or 0 with bit 8 (payload 0x%x)";
        String name = MessageType.of(id).name();
        assertEquals(name + rule.formatted(0, 3), broken(id, Frontend.u64(3)));
        Fd one = Frontend.fd();
        assertEquals(name + rule.formatted(1, 0x103), broken(id, Frontend.u64(0x103), one));
        assertTrue(one.isClosed());
        Fd[] two = {Frontend.fd(), Frontend.fd()};
        assertEquals(name + rule.formatted(2, 3), broken(id, Frontend.u64(3), two));
        assertTrue(two[0].isClosed() && two[1].isClosed());
    }

    @Test
    @DisplayName("fact 21: what GET_VRING_BASE says beside the index is ignored")
    void ignoresTheNumberOfGetVringBase() throws ProtocolException {
        assertEquals(new FrontendRequest.GetVringBase(1), read(11, Frontend.state(1, 0xdeadbeef)));
    }

    @Test
    @DisplayName("fact 24: addresses come in the order descriptors, used, available")
    void readsRingAddresses() throws ProtocolException {
        assertEquals(
                new FrontendRequest.SetVringAddr(1, 1, 0x10, 0x30, 0x20),
                read(9, Frontend.addresses(1, 1, 0x10, 0x20, 0x30)));
    }

    @Test
    @DisplayName("fact 28: as many descriptors as regions, 8 at most")
    void countsDescriptorsAgainstRegions() throws ProtocolException {
        Fd[] two = {Frontend.fd(), Frontend.fd()};
        FrontendRequest request = read(5, Frontend.table(Frontend.LOW, Frontend.HIGH), two);
        assertEquals(
                new FrontendRequest.SetMemTable(List.of(Frontend.LOW, Frontend.HIGH), List.of(two)),
                request);
        assertFalse(two[0].isClosed());
        request.close();
        assertTrue(two[0].isClosed() && two[1].isClosed());

        Fd one = Frontend.fd();
        assertEquals(
                "SET_MEM_TABLE: 1 descriptors, must be 1 per region (2 regions); is the guest's"
                        + " memory shared, as with memory-backend-memfd,share=on?",
                broken(5, Frontend.table(Frontend.LOW, Frontend.HIGH), one));
        assertTrue(one.isClosed());
        ByteBuffer nine = Frontend.bytes(264).putInt(0, 9);
        assertEquals("SET_MEM_TABLE: 9 regions, must be at most 8", broken(5, nine));
        ByteBuffer many = Frontend.bytes(264).putInt(0, -1);
        assertEquals("SET_MEM_TABLE: 4294967295 regions, must be at most 8", broken(5, many));
        assertEquals(
                "SET_MEM_TABLE: payload of 40 bytes, 2 regions take 72",
                broken(5, Frontend.bytes(40).putInt(0, 2)));
    }

    @Test
    @DisplayName("fact 29: UML sends a table of 72 bytes with one region in it")
    void takesALongerTableThanItsCount() throws ProtocolException {
        ByteBuffer table = Frontend.bytes(72).putInt(1).putInt(0);
        table.putLong(0x61a4f000L).putLong(0x4000000L).putLong(0x61a4f000L).putLong(0x61a4f000L);
        Fd file = Frontend.fd();
        MemoryRegion region = new MemoryRegion(0x61a4f000L, 0x4000000L, 0x61a4f000L, 0x61a4f000L);
        assertEquals(
                new FrontendRequest.SetMemTable(List.of(region), List.of(file)),
                read(5, table.rewind(), file));
        file.close();
    }

    @Test
    @DisplayName("fact 31: ADD_MEM_REG takes one descriptor; REM_MEM_REG none, or one it closes")
    void takesMemorySlots() throws ProtocolException {
        Fd file = Frontend.fd();
        assertEquals(
                new FrontendRequest.AddMemReg(Frontend.HIGH, file),
                read(37, Frontend.slot(Frontend.HIGH), file));
        assertFalse(file.isClosed());
        assertEquals(
                "ADD_MEM_REG: 0 descriptors, must be 1", broken(37, Frontend.slot(Frontend.HIGH)));

        FrontendRequest gone = new FrontendRequest.RemMemReg(Frontend.HIGH);
        assertEquals(gone, read(38, Frontend.slot(Frontend.HIGH)));
        assertEquals(gone, read(38, Frontend.slot(Frontend.HIGH), file));
        assertTrue(file.isClosed());
        Fd[] two = {Frontend.fd(), Frontend.fd()};
        assertEquals(
                "REM_MEM_REG: 2 descriptors, must be 0 or 1",
                broken(38, Frontend.slot(Frontend.HIGH), two));
        assertTrue(two[0].isClosed() && two[1].isClosed());
    }

    @Test
    @DisplayName("fact 36: GET_CONFIG carries offset and size, with or without a body")
    void readsGetConfig() throws ProtocolException {
        FrontendRequest request = new FrontendRequest.GetConfig(4, 2, 1);
        assertEquals(request, read(24, Frontend.config(4, 1, (byte) 0, (byte) 0)));
        ByteBuffer bare = Frontend.bytes(12).putInt(4).putInt(2).putInt(1).flip();
        assertEquals(request, read(24, bare));
    }

    @Test
    @DisplayName("fact 37: SET_CONFIG carries the bytes it announces")
    void readsSetConfig() throws ProtocolException {
        FrontendRequest.SetConfig request =
                assertInstanceOf(
                        FrontendRequest.SetConfig.class,
                        read(25, Frontend.config(4, 1, (byte) 7, (byte) 8)));
        assertEquals(4, request.offset());
        assertEquals(1, request.flags());
        assertArrayEquals(new byte[] {7, 8}, request.body());
        ByteBuffer lying = Frontend.config(0, 0, (byte) 7, (byte) 8).putInt(4, 3);
        assertEquals(
                "SET_CONFIG: payload of 14 bytes, must be 12 and the 3 bytes of configuration it"
                        + " announces",
                broken(25, lying));
        assertEquals(
                "SET_CONFIG: payload of 14 bytes, must be 12 and the 4294967295 bytes of"
                        + " configuration it announces",
                broken(25, lying.putInt(4, -1)));
    }

    @Test
    @DisplayName("fact 39: SEND_RARP has its MAC in memory order")
    void readsTheMacInMemoryOrder() throws ProtocolException {
        ByteBuffer payload = ByteBuffer.wrap(new byte[] {0x52, 0x54, 0, 1, 2, 3, 0, 0});
        FrontendRequest.SendRarp request =
                assertInstanceOf(FrontendRequest.SendRarp.class, read(19, payload));
        assertArrayEquals(new byte[] {0x52, 0x54, 0, 1, 2, 3}, request.mac());
    }

    @Test
    void readsEveryOtherMessage() throws ProtocolException {
        ByteBuffer none = Frontend.nothing();
        assertEquals(new FrontendRequest.GetFeatures(), read(1, none));
        assertEquals(new FrontendRequest.SetFeatures(-2), read(2, Frontend.u64(-2)));
        assertEquals(new FrontendRequest.SetOwner(), read(3, none));
        assertEquals(new FrontendRequest.ResetOwner(), read(4, none));
        assertEquals(new FrontendRequest.SetVringNum(1, 256), read(8, Frontend.state(1, 256)));
        assertEquals(
                new FrontendRequest.SetVringBase(1, 0x80008000),
                read(10, Frontend.state(1, 0x80008000)));
        assertEquals(new FrontendRequest.GetProtocolFeatures(), read(15, none));
        assertEquals(new FrontendRequest.SetProtocolFeatures(9), read(16, Frontend.u64(9)));
        assertEquals(new FrontendRequest.GetQueueNum(), read(17, none));
        assertEquals(new FrontendRequest.SetVringEnable(2, 1), read(18, Frontend.state(2, 1)));
        assertEquals(new FrontendRequest.NetSetMtu(9000), read(20, Frontend.u64(9000)));
        assertEquals(new FrontendRequest.ResetDevice(), read(34, none));
        assertEquals(new FrontendRequest.GetMaxMemSlots(), read(36, none));
        assertEquals(new FrontendRequest.SetStatus(15), read(39, Frontend.u64(15)));
        assertEquals(new FrontendRequest.GetStatus(), read(40, none));
        Fd socket = Frontend.fd();
        assertEquals(new FrontendRequest.SetBackendReqFd(socket), read(21, none, socket));
        socket.close();
    }

    @Test
    void readsFromThePositionOfABufferThatHoldsMore() throws ProtocolException {
        ByteBuffer bytes = Frontend.bytes(64).position(7);
        bytes.putInt(8).putInt(1).putInt(8).putInt(3).putInt(64).position(7);
        MessageHeader header = MessageCodec.header(Dialect.VIRTIO, bytes, List.of());
        assertEquals(7, bytes.position(), "the reader of the socket moves it");
        bytes.position(19);
        assertEquals(
                new FrontendRequest.SetVringNum(3, 64),
                MessageCodec.request(header, bytes, List.of()));
    }

    @Test
    void leavesTheCallersListAlone() throws ProtocolException {
        Fd kick = Frontend.fd();
        List<Fd> came = new ArrayList<>(List.of(kick));
        MessageHeader header = MessageCodec.header(Dialect.VIRTIO, Frontend.header(12, 1, 8), came);
        FrontendRequest request = MessageCodec.request(header, Frontend.u64(0), came);
        came.clear();
        assertSame(kick, ((FrontendRequest.SetVringKick) request).kick());
        assertFalse(kick.isClosed());
        request.close();
        assertTrue(kick.isClosed());
    }

    @Test
    @DisplayName("BACKEND_REQ: CONFIG_CHANGE_MSG asks for a reply only if told so")
    void writesConfigChange() {
        BackendRequest request = new BackendRequest.ConfigChangeMsg();
        ByteBuffer bytes = Frontend.bytes(24);
        MessageCodec.backendRequest(request, false, bytes);
        MessageCodec.backendRequest(request, true, bytes);
        assertEquals(24, bytes.position());
        int[] expected = {2, 1, 0, 2, 9, 0};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], bytes.getInt(4 * i));
        }
    }

    @Test
    void closesNothingTwiceWhenARequestIsDropped() throws ProtocolException {
        FrontendRequest none = read(12, Frontend.u64(0x100));
        none.close(); // no descriptor to close
        assertNull(((FrontendRequest.SetVringKick) none).kick());
    }
}
