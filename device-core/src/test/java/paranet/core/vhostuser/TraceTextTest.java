package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.core.linux.Fd;

import java.util.List;

/** Messages in words: the same words for the same message, whatever its descriptors are. */
class TraceTextTest {
    private static final MemoryRegion REGION =
            new MemoryRegion(0x1000, 0x200000, 0x7f0000001000L, 0x1000);

    private final TraceText virtio = new TraceText(Dialect.VIRTIO);
    private final TraceText bus = new TraceText(Dialect.VBUS);

    @Test
    void namesMessageAndFieldsAndCountsDescriptors() {
        Fd fd = Frontend.fd();
        assertEquals(
                "> SET_VRING_KICK vring=3 +1 fd",
                virtio.of(new FrontendRequest.SetVringKick(3, fd), false));
        assertEquals(
                "> SET_VRING_KICK vring=3",
                virtio.of(new FrontendRequest.SetVringKick(3, null), false));
        assertEquals(
                "> GET_CONFIG offset=0 size=8 flags=0 need-reply",
                virtio.of(new FrontendRequest.GetConfig(0, 8, 0), true));
        assertEquals(
                "> FASTCALL_ADD channel=1 length=24 guestAddress=0x12340 +2 fd",
                bus.of(new BusRequest.FastcallAdd(1, 24, 0x12340, fd, fd), false));
        assertEquals(
                "> request 77 payloadBytes=4",
                virtio.of(new FrontendRequest.Unknown(77, 4), false));
    }

    @Test
    void tellsAFrontEndsOwnAddressesToAVirtioDeviceAlone() {
        FrontendRequest table =
                new FrontendRequest.SetMemTable(List.of(REGION), List.of(Frontend.fd()));
        assertEquals(
                "> SET_MEM_TABLE {guestAddress=4096 size=0x200000"
                        + " frontendAddress=0x7f0000001000 mmapOffset=4096} +1 fd",
                virtio.of(table, false));
        assertEquals(
                "> SET_MEM_TABLE {guestAddress=4096 size=0x200000 mmapOffset=4096} +1 fd",
                bus.of(table, false));
    }

    @Test
    void namesWhatItAnswersAndTells() {
        assertEquals("< GET_FEATURES features=0x40000000", virtio.of(new Reply.Features(1L << 30)));
        assertEquals(
                "< GET_CONFIG offset=0 flags=0 body=0102ff",
                virtio.of(new Reply.Config(0, 0, new byte[] {1, 2, -1})));
        assertEquals("< SET_MEM_TABLE error=0", virtio.of(new Reply.Ack(5, 0)));
        assertEquals("< CALL result=-22 aux=2", bus.of(new Reply.BusResult(0x7603, -22, 2)));
        assertEquals("< INTERRUPT eventq=1", bus.of(new BackendRequest.Interrupt(1)));
        assertEquals("< CONFIG_CHANGE_MSG", virtio.of(new BackendRequest.ConfigChangeMsg()));
    }
}
