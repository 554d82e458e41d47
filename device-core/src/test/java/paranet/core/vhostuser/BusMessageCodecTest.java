package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.linux.Fd;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;

/** The messages of a bus, byte for byte (docs/messages.md, 0x7600 to 0x7609 and 0x7680). */
class BusMessageCodecTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final int[] FIRST_TO_LAST = {
        0x7600, 0x7601, 0x7602, 0x7603, 0x7604, 0x7605, 0x7606, 0x7607, 0x7608, 0x7609
    };

    /** What a port makes of a message: header, then payload, as hexadecimal digits. */
    private static FrontendRequest read(Dialect dialect, String message, Fd... descriptors)
            throws ProtocolException {
        ByteBuffer bytes = ByteBuffer.wrap(HEX.parseHex(message.replaceAll("[ |]", "")));
        List<Fd> came = List.of(descriptors);
        MessageHeader header = MessageCodec.header(dialect, bytes, came);
        return MessageCodec.request(header, bytes.position(12), came);
    }

    private static FrontendRequest read(String message, Fd... descriptors)
            throws ProtocolException {
        return read(Dialect.VBUS, message, descriptors);
    }

    private static String broken(int id, int payloadBytes, Fd... descriptors) {
        List<Fd> came = List.of(descriptors);
        return assertThrows(
                        ProtocolException.class,
                        () ->
                                MessageCodec.request(
                                        MessageCodec.header(
                                                Dialect.VBUS,
                                                Frontend.header(id, 1, payloadBytes),
                                                came),
                                        Frontend.bytes(payloadBytes),
                                        came))
                .getMessage();
    }

    private static String written(Reply reply) {
        ByteBuffer into = Frontend.bytes(MessageCodec.REPLY_BYTES_MAX);
        MessageCodec.reply(reply, into);
        return hex(into);
    }

    private static String hex(ByteBuffer written) {
        byte[] bytes = new byte[written.position()];
        written.get(0, bytes);
        return HEX.formatHex(bytes);
    }

    @Test
    void readsTheMessagesOfTheExampleConversation() throws ProtocolException {
        assertEquals(
                new BusRequest.Negotiate(0xBF53EEF5, 1, 0),
                read(
                        "00 76 00 00 01 00 00 00 10 00 00 00 | f5 ee 53 bf 01 00 00 00 00000000 00000000"));
        assertEquals(
                new BusRequest.Ready(1),
                read("02 76 00 00 01 00 00 00 08 00 00 00 | 01 00 00 00 00 00 00 00"));
        assertEquals(
                new BusRequest.Call(0, 0, 16, 0x40000),
                read(
                        "03 76 00 00 01 00 00 00 18 00 00 00 | 00 00 00 00 00 00 00 00"
                                + " 00 00 00 00 10 00 00 00 00 00 04 00 00 00 00 00"));
        try (Fd call = Frontend.fd();
                Fd kick = Frontend.fd()) {
            assertEquals(
                    new BusRequest.SetEventq(0, 0, 1024, 0x1000, 0xA000, call, kick),
                    read(
                            "01760000 01000000 20000000 | 00000000 00000000 00040000 00000000"
                                    + " 0010000000000000 00a0000000000000",
                            call,
                            kick));
        }
    }

    @Test
    void tellsEveryFieldFromItsNeighbours() throws ProtocolException {
        assertEquals(
                new BusRequest.Negotiate(0x04030201, 0x08070605, 0x100f0e0d0c0b0a09L),
                read("00760000 01000000 10000000 | 0102030405060708 090a0b0c0d0e0f10"));
        assertEquals(
                new BusRequest.SetEventq(
                        0x04030201,
                        0x08070605,
                        0x0c0b0a09,
                        0x1817161514131211L,
                        0x201f1e1d1c1b1a19L,
                        null,
                        null),
                read(
                        "01760000 01000000 20000000 | 0102030405060708 090a0b0cffffffff"
                                + " 1112131415161718 191a1b1c1d1e1f20"));
        assertEquals(
                new BusRequest.Call(0x04030201, 0x0c0b0a09, 0x100f0e0d, 0x1817161514131211L),
                read(
                        "03760000 01000000 18000000 | 01020304ffffffff 090a0b0c0d0e0f10"
                                + " 1112131415161718"));
        assertEquals(
                new BusRequest.ShmSignal(0x04030201),
                read("06760000 01000000 08000000 | 01020304ffffffff"));
        assertEquals(
                new BusRequest.EventqKick(0x04030201),
                read("07760000 01000000 08000000 | 01020304ffffffff"));
        assertEquals(
                new BusRequest.FastcallDrop(0x04030201),
                read("09760000 01000000 08000000 | 01020304ffffffff"));
        try (Fd one = Frontend.fd();
                Fd two = Frontend.fd()) {
            assertEquals(
                    new BusRequest.SignalKick(0x04030201, one),
                    read("04760000 01000000 08000000 | 01020304ffffffff", one));
            assertEquals(
                    new BusRequest.SetDoorbell(0x0807060504030201L, 0x0c0b0a09, one),
                    read("05760000 01000000 10000000 | 0102030405060708 090a0b0cffffffff", one));
            assertEquals(
                    new BusRequest.FastcallAdd(
                            0x04030201, 0x08070605, 0x100f0e0d0c0b0a09L, one, two),
                    read(
                            "08760000 01000000 10000000 | 0102030405060708 090a0b0c0d0e0f10",
                            one,
                            two));
        }
    }

    @Test
    void writesRepliesByteForByte() {
        assertEquals(
                "037600000500000008000000" + "0000000000000000",
                written(new Reply.BusResult(0x7603, 0, 0)));
        assertEquals(
                "037600000500000008000000" + "feffffff07000000",
                written(new Reply.BusResult(0x7603, -2, 7)));
        assertEquals(
                "007600000500000018000000"
                        + "0100000000000000"
                        + "f5ee53bf010000000d00000000000000",
                written(new Reply.Negotiated(1, 13)));
    }

    @Test
    void writesAnInterrupt() {
        ByteBuffer into = Frontend.bytes(MessageCodec.BACKEND_REQUEST_BYTES_MAX);
        MessageCodec.backendRequest(new BackendRequest.Interrupt(3), false, into);
        assertEquals("807600000100000008000000" + "0300000000000000", hex(into));
    }

    @Test
    void breaksAtAPayloadOfAnotherSize() {
        int[] sizes = {16, 32, 8, 24, 8, 16, 8, 8, 16, 8};
        for (int i = 0; i < sizes.length; i++) {
            int size = sizes[i];
            for (int wrong : new int[] {0, size - 1, size + 1, 4096, -1}) {
                String message =
                        assertThrows(
                                        ProtocolException.class,
                                        bytesOf(FIRST_TO_LAST[i], wrong)::read)
                                .getMessage();
                assertTrue(
                        message.endsWith(
                                "payload of %s bytes, must be %d"
                                        .formatted(Integer.toUnsignedString(wrong), size)),
                        message);
            }
        }
    }

    private interface Reading {
        void read() throws ProtocolException;
    }

    private static Reading bytesOf(int id, int size) {
        return () -> MessageCodec.header(Dialect.VBUS, Frontend.header(id, 1, size), List.of());
    }

    @Test
    void breaksAtAnotherNumberOfDescriptors() {
        int[] sizes = {16, 32, 8, 24, 8, 16, 8, 8, 16, 8};
        String[] due = {"0", "2 or 0", "0", "0", "1", "1", "0", "0", "2", "0"};
        for (int i = 0; i < sizes.length; i++) {
            for (int came = 0; came <= 3; came++) {
                if (due[i].contains("" + came)) {
                    continue;
                }
                Fd[] descriptors = new Fd[came];
                for (int n = 0; n < came; n++) {
                    descriptors[n] = Frontend.fd();
                }
                assertEquals(
                        "%s: %d descriptors, must be %s"
                                .formatted(MessageType.of(FIRST_TO_LAST[i]), came, due[i]),
                        broken(FIRST_TO_LAST[i], sizes[i], descriptors));
                for (Fd each : descriptors) {
                    assertTrue(each.isClosed());
                }
            }
        }
    }

    @Test
    void closesTheDescriptorsThatNobodyTakes() throws ProtocolException {
        Fd[] two = {Frontend.fd(), Frontend.fd()};
        read(
                        "01760000 01000000 20000000 | 0000000000000000 0000000000000000"
                                + " 0000000000000000 0000000000000000",
                        two)
                .close();
        Fd[] others = {Frontend.fd(), Frontend.fd(), Frontend.fd(), Frontend.fd()};
        read("04760000 01000000 08000000 | 0000000000000000", others[0]).close();
        read("05760000 01000000 10000000 | 0000000000000000 0000000000000000", others[1]).close();
        read("08760000 01000000 10000000 | 0000000000000000 0000000000000000", others[2], others[3])
                .close();
        for (Fd[] all : List.of(two, others)) {
            for (Fd each : all) {
                assertTrue(each.isClosed());
            }
        }
        read("01760000 01000000 20000000 | 0000000000000000 0000000000000000"
                        + " 0000000000000000 0000000000000000")
                .close(); // in-band: there is none
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 9, 10, 11, 12, 13, 14, 18})
    void aVringMessageBreaksTheConnectionToABus(int id) {
        Fd came = Frontend.fd();
        assertEquals(
                MessageType.of(id)
                        + ": this port serves a vbus, which has no vrings; --device=virtio-net has",
                broken(id, 8, came));
        assertTrue(came.isClosed());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 17, 19, 20, 21, 24, 25, 34, 39, 40, 6, 99, 0x760a, 0x76ff, 0x7680})
    void whatABusDoesNotKnowIsUnknownWhateverItsForm(int id) throws ProtocolException {
        Fd came = Frontend.fd();
        MessageHeader header =
                MessageCodec.header(Dialect.VBUS, Frontend.header(id, 1, 77), List.of(came));
        assertEquals(
                new FrontendRequest.Unknown(id, 77),
                MessageCodec.request(header, Frontend.bytes(77), List.of(came)));
        assertTrue(came.isClosed());
    }

    @Test
    void aBusKnowsTheBaseMessages() throws ProtocolException {
        for (int id : new int[] {1, 2, 3, 5, 15, 16, 36, 37, 38}) {
            assertEquals(MessageType.of(id), Dialect.VBUS.type(id));
            assertTrue(Dialect.VBUS.type(id) != MessageType.UNKNOWN);
        }
    }

    @Test
    void toAVirtioDeviceTheyAreUnknownWhateverTheirForm() throws ProtocolException {
        for (int id : FIRST_TO_LAST) {
            Fd[] came = {Frontend.fd(), Frontend.fd(), Frontend.fd()};
            MessageHeader header =
                    MessageCodec.header(
                            Dialect.VIRTIO, Frontend.header(id, 1, 4096), List.of(came));
            assertEquals(
                    new FrontendRequest.Unknown(id, 4096),
                    MessageCodec.request(header, Frontend.bytes(4096), List.of(came)));
            for (Fd each : came) {
                assertTrue(each.isClosed());
            }
        }
    }
}
