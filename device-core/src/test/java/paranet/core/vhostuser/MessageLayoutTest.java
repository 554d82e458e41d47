package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MessageLayoutTest {
    @Test
    void headerIsThreeNumbersOf32Bits() {
        assertEquals(0, MessageLayout.Header.REQUEST);
        assertEquals(4, MessageLayout.Header.FLAGS);
        assertEquals(8, MessageLayout.Header.SIZE);
        assertEquals(12, MessageLayout.Header.BYTES);
        assertEquals(3, MessageLayout.Header.F_VERSION_MASK);
        assertEquals(1, MessageLayout.Header.VERSION);
        assertEquals(4, MessageLayout.Header.F_REPLY);
        assertEquals(8, MessageLayout.Header.F_NEED_REPLY);
    }

    @Test
    void vringStateIsIndexAndNumber() {
        assertEquals(0, MessageLayout.VringState.INDEX);
        assertEquals(4, MessageLayout.VringState.NUM);
        assertEquals(8, MessageLayout.VringState.BYTES);
    }

    @Test
    void vringAddressesComeInTheOrderDescUsedAvailLog() {
        assertEquals(0, MessageLayout.VringAddr.INDEX);
        assertEquals(4, MessageLayout.VringAddr.FLAGS);
        assertEquals(8, MessageLayout.VringAddr.DESC);
        assertEquals(16, MessageLayout.VringAddr.USED);
        assertEquals(24, MessageLayout.VringAddr.AVAIL);
        assertEquals(32, MessageLayout.VringAddr.LOG);
        assertEquals(40, MessageLayout.VringAddr.BYTES);
        assertEquals(1, MessageLayout.VringAddr.F_LOG);
    }

    @Test
    void vringFileHasEightBitsOfIndexAndTheNoDescriptorFlag() {
        assertEquals(0xff, MessageLayout.VringFile.INDEX_MASK);
        assertEquals(0x100, MessageLayout.VringFile.F_NO_FD);
        assertEquals(8, MessageLayout.VringFile.BYTES);
        assertEquals(256, MessageLayout.VringFile.VRINGS_MAX);
    }

    @Test
    void memoryRegionIsFourNumbersOf64Bits() {
        assertEquals(0, MessageLayout.Region.GUEST_ADDRESS);
        assertEquals(8, MessageLayout.Region.SIZE);
        assertEquals(16, MessageLayout.Region.FRONTEND_ADDRESS);
        assertEquals(24, MessageLayout.Region.MMAP_OFFSET);
        assertEquals(32, MessageLayout.Region.BYTES);
    }

    @Test
    void memoryTableHoldsEightRegionsAfterCountAndPadding() {
        assertEquals(0, MessageLayout.MemoryTable.COUNT);
        assertEquals(8, MessageLayout.MemoryTable.REGIONS);
        assertEquals(8, MessageLayout.MemoryTable.REGIONS_MAX);
        assertEquals(264, MessageLayout.MemoryTable.BYTES_MAX);
        assertEquals(40, MessageLayout.MemoryTable.region(1));
        assertEquals(8, MessageLayout.SingleRegion.REGION);
        assertEquals(40, MessageLayout.SingleRegion.BYTES);
    }

    @Test
    void configIsThreeNumbersAndAtMost256Bytes() {
        assertEquals(0, MessageLayout.Config.OFFSET);
        assertEquals(4, MessageLayout.Config.SIZE);
        assertEquals(8, MessageLayout.Config.FLAGS);
        assertEquals(12, MessageLayout.Config.BODY);
        assertEquals(256, MessageLayout.Config.BODY_BYTES_MAX);
        assertEquals(268, MessageLayout.Config.BYTES_MAX);
        assertEquals(0, MessageLayout.Config.WRITABLE);
        assertEquals(1, MessageLayout.Config.MIGRATION);
    }

    @Test
    void rarpCarriesSixBytes() {
        assertEquals(0, MessageLayout.Rarp.MAC);
        assertEquals(6, MessageLayout.Rarp.MAC_BYTES);
    }

    @Test
    void protocolFeatureBitsAreThoseOfTheSpecification() {
        assertEquals(0x1, ProtocolFeature.MQ);
        assertEquals(0x2, ProtocolFeature.LOG_SHMFD);
        assertEquals(0x4, ProtocolFeature.RARP);
        assertEquals(0x8, ProtocolFeature.REPLY_ACK);
        assertEquals(0x10, ProtocolFeature.NET_MTU);
        assertEquals(0x20, ProtocolFeature.BACKEND_REQ);
        assertEquals(0x200, ProtocolFeature.CONFIG);
        assertEquals(0x1000, ProtocolFeature.INFLIGHT_SHMFD);
        assertEquals(0x2000, ProtocolFeature.RESET_DEVICE);
        assertEquals(0x4000, ProtocolFeature.INBAND_NOTIFICATIONS);
        assertEquals(0x8000, ProtocolFeature.CONFIGURE_MEM_SLOTS);
        assertEquals(0x10000, ProtocolFeature.STATUS);
        assertEquals(0x0100_0000_0000_0000L, ProtocolFeature.VBUS);
        assertEquals(0x1a23d, ProtocolFeature.OFFERED);
        assertEquals(0x0100_0000_0000_8008L, ProtocolFeature.OFFERED_VBUS);
        assertEquals(0x40000000L, Session.F_PROTOCOL_FEATURES);
    }

    @Test
    void negotiateIsMagicVersionAndCapabilities() {
        assertEquals(0, MessageLayout.Negotiate.MAGIC);
        assertEquals(4, MessageLayout.Negotiate.VERSION);
        assertEquals(8, MessageLayout.Negotiate.CAPABILITIES);
        assertEquals(16, MessageLayout.Negotiate.BYTES);
        assertEquals(0xBF53EEF5, MessageLayout.Negotiate.MAGIC_VALUE);
        assertEquals(1, MessageLayout.Negotiate.VERSION_VALUE);
    }

    @Test
    void setEventqIsIndexFlagsAndTheRegistration() {
        assertEquals(0, MessageLayout.SetEventq.INDEX);
        assertEquals(4, MessageLayout.SetEventq.FLAGS);
        assertEquals(8, MessageLayout.SetEventq.COUNT);
        assertEquals(16, MessageLayout.SetEventq.RING);
        assertEquals(24, MessageLayout.SetEventq.DATA);
        assertEquals(32, MessageLayout.SetEventq.BYTES);
    }

    @Test
    void busCallIsAChannelAndACallDescriptor() {
        assertEquals(0, MessageLayout.CallDesc.VECTOR);
        assertEquals(4, MessageLayout.CallDesc.LEN);
        assertEquals(8, MessageLayout.CallDesc.DATAP);
        assertEquals(16, MessageLayout.CallDesc.BYTES);
        assertEquals(0, MessageLayout.BusCall.CHANNEL);
        assertEquals(8, MessageLayout.BusCall.DESC);
        assertEquals(24, MessageLayout.BusCall.BYTES);
    }

    @Test
    void doorbellIsAddressAndBits() {
        assertEquals(0, MessageLayout.Doorbell.GUEST_ADDRESS);
        assertEquals(8, MessageLayout.Doorbell.BITS);
        assertEquals(16, MessageLayout.Doorbell.BYTES);
    }

    @Test
    void busNumbersAndResultsTakeEightBytes() {
        assertEquals(0, MessageLayout.BusNumber.NUMBER);
        assertEquals(8, MessageLayout.BusNumber.BYTES);
        assertEquals(0, MessageLayout.BusResult.RESULT);
        assertEquals(4, MessageLayout.BusResult.AUX);
        assertEquals(8, MessageLayout.BusResult.BYTES);
    }
}
