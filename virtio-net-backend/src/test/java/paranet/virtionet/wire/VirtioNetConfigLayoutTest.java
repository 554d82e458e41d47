package paranet.virtionet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct virtio_net_config (virtio 1.3, 5.1.4) by literals. */
class VirtioNetConfigLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VirtioNetConfig.MAC);
        assertEquals(6, VirtioNetConfig.STATUS);
        assertEquals(8, VirtioNetConfig.MAX_VIRTQUEUE_PAIRS);
        assertEquals(10, VirtioNetConfig.MTU);
        assertEquals(12, VirtioNetConfig.SPEED);
        assertEquals(16, VirtioNetConfig.DUPLEX);
        assertEquals(17, VirtioNetConfig.RSS_MAX_KEY_SIZE);
        assertEquals(18, VirtioNetConfig.RSS_MAX_INDIRECTION_TABLE_LENGTH);
        assertEquals(20, VirtioNetConfig.SUPPORTED_HASH_TYPES);
        assertEquals(24, VirtioNetConfig.SUPPORTED_TUNNEL_TYPES);
        assertEquals(28, VirtioNetConfig.BYTES);
    }

    @Test
    void valuesAreThoseOfTheSpecification() {
        assertEquals(1, VirtioNetConfig.S_LINK_UP);
        assertEquals(2, VirtioNetConfig.S_ANNOUNCE);
        assertEquals(-1, VirtioNetConfig.SPEED_UNKNOWN);
        assertEquals(0, VirtioNetConfig.DUPLEX_HALF);
        assertEquals(1, VirtioNetConfig.DUPLEX_FULL);
        assertEquals(255, VirtioNetConfig.DUPLEX_UNKNOWN);
        assertEquals(68, VirtioNetConfig.MTU_MIN);
        assertEquals(65535, VirtioNetConfig.MTU_MAX);
        assertEquals(6, VirtioNetConfig.MAC_BYTES);
    }
}
