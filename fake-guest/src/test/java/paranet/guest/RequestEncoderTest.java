package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.vhostuser.BusRequest;
import paranet.core.vhostuser.Dialect;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.MessageCodec;
import paranet.core.vhostuser.MessageHeader;
import paranet.core.vhostuser.MessageLayout.Header;

import java.nio.ByteBuffer;
import java.util.List;

class RequestEncoderTest {
    private static final MemoryRegion LOW =
            new MemoryRegion(0x1000, 0x2000, 0x7f00_0000_3000L, 0x4000);
    private static final MemoryRegion HIGH =
            new MemoryRegion(0x1_0000_0000L, 0x5000, 0x7f00_0000_0000L, 0x6000);

    private static FrontendRequest thereAndBack(FrontendRequest request) throws Exception {
        Dialect dialect = request instanceof BusRequest ? Dialect.VBUS : Dialect.VIRTIO;
        ByteBuffer bytes = RequestEncoder.encode(request, true);
        List<Fd> descriptors = RequestEncoder.descriptors(request);
        MessageHeader header = MessageCodec.header(dialect, bytes, descriptors);
        assertEquals(true, header.needReply());
        bytes.position(Header.BYTES);
        return MessageCodec.request(header, bytes, descriptors);
    }

    @Test
    void writesWhatTheBackEndReads() throws Exception {
        try (EventFd event = EventFd.open()) {
            Fd fd = event.fd();
            for (FrontendRequest request :
                    List.of(
                            new FrontendRequest.GetFeatures(),
                            new FrontendRequest.SetFeatures(0x8000_0001_4000_0000L),
                            new FrontendRequest.SetOwner(),
                            new FrontendRequest.ResetOwner(),
                            new FrontendRequest.SetMemTable(List.of(HIGH, LOW), List.of(fd, fd)),
                            new FrontendRequest.SetVringNum(3, 32768),
                            new FrontendRequest.SetVringAddr(3, 0, 0x10, 0x20, 0x30),
                            new FrontendRequest.SetVringBase(3, 0x80008000),
                            new FrontendRequest.GetVringBase(3),
                            new FrontendRequest.SetVringKick(255, fd),
                            new FrontendRequest.SetVringCall(3, null),
                            new FrontendRequest.SetVringErr(3, fd),
                            new FrontendRequest.GetProtocolFeatures(),
                            new FrontendRequest.SetProtocolFeatures(9),
                            new FrontendRequest.GetQueueNum(),
                            new FrontendRequest.SetVringEnable(3, 1),
                            new FrontendRequest.NetSetMtu(9000),
                            new FrontendRequest.SetBackendReqFd(fd),
                            new FrontendRequest.GetConfig(6, 4, 0),
                            new FrontendRequest.ResetDevice(),
                            new FrontendRequest.GetMaxMemSlots(),
                            new FrontendRequest.AddMemReg(LOW, fd),
                            new FrontendRequest.RemMemReg(HIGH),
                            new FrontendRequest.SetStatus(15),
                            new FrontendRequest.GetStatus(),
                            new BusRequest.Negotiate(0xBF53EEF5, 1, 0x8000_0000_0000_000fL),
                            new BusRequest.SetEventq(1, 2, 3, 4, 5, fd, fd),
                            new BusRequest.SetEventq(1, 2, 3, 4, 5, null, null),
                            new BusRequest.Ready(8),
                            new BusRequest.Call(1, 2, 3, 4),
                            new BusRequest.SignalKick(65535, fd),
                            new BusRequest.SetDoorbell(1, 2, fd),
                            new BusRequest.ShmSignal(65535),
                            new BusRequest.EventqKick(7),
                            new BusRequest.FastcallAdd(1, 24, 3, fd, fd),
                            new BusRequest.FastcallDrop(1))) {
                assertEquals(request, thereAndBack(request));
            }
        }
    }

    @Test
    void writesBytesInTheirOrder() throws Exception {
        byte[] mac = {2, 3, 4, 5, 6, 7};
        FrontendRequest.SendRarp rarp =
                (FrontendRequest.SendRarp) thereAndBack(new FrontendRequest.SendRarp(mac));
        assertArrayEquals(mac, rarp.mac());

        FrontendRequest.SetConfig config =
                (FrontendRequest.SetConfig) thereAndBack(new FrontendRequest.SetConfig(1, 0, mac));
        assertEquals(1, config.offset());
        assertArrayEquals(mac, config.body());
    }
}
