package paranet.virtionet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** struct virtio_net_ctrl and its commands (virtio 1.3, 5.1.6.5) by literals. */
class VirtioNetCtrlLayoutTest {
    @Test
    void offsetsAreThoseOfTheStruct() {
        assertEquals(0, VirtioNetCtrl.CLASS);
        assertEquals(1, VirtioNetCtrl.COMMAND);
        assertEquals(2, VirtioNetCtrl.DATA);
        assertEquals(0, VirtioNetCtrl.OK);
        assertEquals(1, VirtioNetCtrl.ERR);
    }

    @Test
    void classesAndCommandsAreThoseOfTheSpecification() {
        assertEquals(0, VirtioNetCtrl.RX);
        assertEquals(0, VirtioNetCtrl.RX_PROMISC);
        assertEquals(1, VirtioNetCtrl.RX_ALLMULTI);
        assertEquals(2, VirtioNetCtrl.RX_ALLUNI);
        assertEquals(3, VirtioNetCtrl.RX_NOMULTI);
        assertEquals(4, VirtioNetCtrl.RX_NOUNI);
        assertEquals(5, VirtioNetCtrl.RX_NOBCAST);
        assertEquals(1, VirtioNetCtrl.MAC);
        assertEquals(0, VirtioNetCtrl.MAC_TABLE_SET);
        assertEquals(1, VirtioNetCtrl.MAC_ADDR_SET);
        assertEquals(2, VirtioNetCtrl.VLAN);
        assertEquals(0, VirtioNetCtrl.VLAN_ADD);
        assertEquals(1, VirtioNetCtrl.VLAN_DEL);
        assertEquals(3, VirtioNetCtrl.ANNOUNCE);
        assertEquals(0, VirtioNetCtrl.ANNOUNCE_ACK);
        assertEquals(4, VirtioNetCtrl.MQ);
        assertEquals(0, VirtioNetCtrl.MQ_VQ_PAIRS_SET);
        assertEquals(1, VirtioNetCtrl.MQ_VQ_PAIRS_MIN);
        assertEquals(0x8000, VirtioNetCtrl.MQ_VQ_PAIRS_MAX);
        assertEquals(5, VirtioNetCtrl.GUEST_OFFLOADS);
        assertEquals(0, VirtioNetCtrl.GUEST_OFFLOADS_SET);
        assertEquals(6, VirtioNetCtrl.NOTF_COAL);
        assertEquals(0, VirtioNetCtrl.NOTF_COAL_TX_SET);
        assertEquals(1, VirtioNetCtrl.NOTF_COAL_RX_SET);
        assertEquals(2, VirtioNetCtrl.NOTF_COAL_VQ_SET);
        assertEquals(3, VirtioNetCtrl.NOTF_COAL_VQ_GET);
        assertEquals(0, VirtioNetCtrl.COAL_MAX_PACKETS);
        assertEquals(4, VirtioNetCtrl.COAL_MAX_USECS);
        assertEquals(8, VirtioNetCtrl.COAL_BYTES);
        assertEquals(0, VirtioNetCtrl.COAL_VQ_INDEX);
        assertEquals(4, VirtioNetCtrl.COAL_VQ_COAL);
        assertEquals(12, VirtioNetCtrl.COAL_VQ_BYTES);
    }
}
