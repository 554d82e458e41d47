package paranet.core.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/** struct virtio_net_hdr (virtio 1.3, 5.1.6) by literals. */
class VirtioNetHdrLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VirtioNetHdr.FLAGS);
        assertEquals(1, VirtioNetHdr.GSO_TYPE);
        assertEquals(2, VirtioNetHdr.HDR_LEN);
        assertEquals(4, VirtioNetHdr.GSO_SIZE);
        assertEquals(6, VirtioNetHdr.CSUM_START);
        assertEquals(8, VirtioNetHdr.CSUM_OFFSET);
        assertEquals(10, VirtioNetHdr.NUM_BUFFERS);
        assertEquals(10, VirtioNetHdr.BYTES_SHORT);
        assertEquals(12, VirtioNetHdr.BYTES);
    }

    @Test
    void flagsAndTypesAreThoseOfTheSpecification() {
        assertEquals(1, VirtioNetHdr.F_NEEDS_CSUM);
        assertEquals(2, VirtioNetHdr.F_DATA_VALID);
        assertEquals(4, VirtioNetHdr.F_RSC_INFO);
        assertEquals(0, VirtioNetHdr.GSO_NONE);
        assertEquals(1, VirtioNetHdr.GSO_TCPV4);
        assertEquals(3, VirtioNetHdr.GSO_UDP);
        assertEquals(4, VirtioNetHdr.GSO_TCPV6);
        assertEquals(5, VirtioNetHdr.GSO_UDP_L4);
        assertEquals(0x80, VirtioNetHdr.GSO_ECN);
    }

    @Test
    void fieldsComeOutOfTheWordWhereTheBytesLie() {
        try (NativeBuffer memory = NativeBuffer.allocate(12)) {
            long at = memory.address();
            byte[] header = {1, (byte) 0x81, 0x42, 0, (byte) 0xb4, 5, 0x22, 0, 0x10, 0, 9, 9};
            SharedMemory.copy(header, 0, at, 12);
            long word = VirtioNetHdr.word(at);
            assertEquals(1, VirtioNetHdr.flags(word));
            assertEquals(0x81, VirtioNetHdr.gsoType(word));
            assertEquals(0x42, VirtioNetHdr.hdrLen(word));
            assertEquals(1460, VirtioNetHdr.gsoSize(word));
            assertEquals(34, VirtioNetHdr.csumStart(word));
            assertEquals(16, VirtioNetHdr.csumOffset(at));
            assertEquals(word, VirtioNetHdr.word(1, 0x81, 0x42, 1460, 34));

            VirtioNetHdr.put(at, 10, VirtioNetHdr.word(2, 3, 4, 5, 6), 7);
            byte[] shortForm = new byte[12];
            SharedMemory.copy(at, shortForm, 0, 12);
            assertArrayEquals(new byte[] {2, 3, 4, 0, 5, 0, 6, 0, 7, 0, 9, 9}, shortForm);
            VirtioNetHdr.put(at, 12, 0, 0);
            assertEquals(1, SharedMemory.le16(at + 10));
        }
    }
}
