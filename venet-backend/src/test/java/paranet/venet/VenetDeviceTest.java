package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;

/** The verbs of a venet device and what it registers, by calls to the bus it is plugged into. */
class VenetDeviceTest {
    private static final int ENOENT = -2;
    private static final int EFAULT = -14;
    private static final int EEXIST = -17;
    private static final int EINVAL = -22;

    private static final int LINKUP = 0;
    private static final int LINKDOWN = 1;
    private static final int MACQUERY = 2;
    private static final int NEGCAP = 3;
    private static final int FLUSHRX = 4;
    private static final int PMTDQUERY = 5;
    private static final int EVQQUERY = 6;
    private static final int L4ROQUERY = 7;
    private static final long OUTSIDE = BusRig.BYTES - 4;

    private final BusRig rig = new BusRig();
    private final VenetDevice device = BusRig.device();
    private long devh;

    @BeforeEach
    void open() {
        rig.ready();
        rig.bus.plugIn(device);
        devh = rig.open(0);
    }

    @AfterEach
    void free() {
        rig.close();
    }

    private int call(int function, int length) {
        return rig.call(devh, function, length, BusRig.DATA);
    }

    private int u32(int offset) {
        return SharedMemory.le32(rig.at + BusRig.DATA + offset);
    }

    private void up() {
        assertTrue(rig.ring(devh, 0, BusRig.RX) >= 0);
        assertTrue(rig.ring(devh, 1, BusRig.TX) >= 0);
        assertEquals(0, call(LINKUP, 0));
    }

    @Test
    void theLinkGoesUpAndDownOnce() {
        assertEquals(ENOENT, call(LINKDOWN, 0));
        assertEquals(EINVAL, call(LINKUP, 0));
        rig.ring(devh, 0, BusRig.RX);
        assertEquals(EINVAL, call(LINKUP, 0), "TX is missing");
        rig.ring(devh, 1, BusRig.TX);
        assertEquals(0, call(LINKUP, 17), "data that a verb does not take is ignored");
        assertTrue(device.isLinkUp());
        assertEquals(EEXIST, call(LINKUP, 0));
        assertEquals(1, SharedMemory.le8(rig.at + BusRig.TX + 19), "asks to be told of frames");
        assertEquals(0, call(LINKDOWN, 0));
        assertEquals(0, SharedMemory.le8(rig.at + BusRig.TX + 19));
        assertFalse(device.isLinkUp());
        assertEquals(ENOENT, call(LINKDOWN, 0));
    }

    @Test
    void theNetworkSeesACarrierWhileTheLinkIsUp() {
        MemoryBridge bridge = new MemoryBridge(1);
        rig.bus.plugIn(new VenetDevice(BusRig.MAC, VenetOptions.DEFAULT, bridge));
        assertFalse(bridge.carrier, "nobody has opened it");
        devh = rig.open(1);
        assertFalse(bridge.carrier);
        up();
        assertTrue(bridge.carrier);
        assertEquals(0, call(LINKDOWN, 0));
        assertFalse(bridge.carrier);
        assertEquals(0, call(LINKUP, 0));
        assertTrue(bridge.carrier);
        assertEquals(0, rig.close(devh));
        assertFalse(bridge.carrier);
        devh = rig.open(1);
        up();
        rig.bus.reset();
        assertFalse(bridge.carrier);
    }

    @Test
    void tellsItsMac() {
        assertEquals(0, call(MACQUERY, 6));
        byte[] mac = new byte[6];
        SharedMemory.copy(rig.at + BusRig.DATA, mac, 0, 6);
        assertArrayEquals(BusRig.MAC, mac);
        assertEquals(EINVAL, call(MACQUERY, 5));
        assertEquals(EINVAL, rig.call(devh, MACQUERY, 7, -1));
        assertEquals(EFAULT, rig.call(devh, MACQUERY, 6, OUTSIDE));
        assertThrows(
                IllegalArgumentException.class,
                () -> new VenetDevice(new byte[7], VenetOptions.DEFAULT, new MemoryBridge(1)));
    }

    @ParameterizedTest
    @CsvSource({"0,0x2f,0x2f", "0,-1,0x2f", "0,0x30,0x20", "1,7,3", "2,-1,0xf", "3,5,0", "-1,5,0"})
    void grantsWhatIsAskedForAndAvailable(String group, String wanted, String granted) {
        assertEquals(0, rig.negotiate(devh, Integer.decode(group), Integer.decode(wanted)));
        assertEquals(Integer.decode(granted), rig.bits());
    }

    @Test
    void theLastNegotiationOfAGroupCounts() {
        assertEquals(0, rig.negotiate(devh, 0, 0x2f));
        assertEquals(100, call(PMTDQUERY, 0));
        assertEquals(0, rig.negotiate(devh, 0, 1));
        assertEquals(EINVAL, call(PMTDQUERY, 0));
        assertEquals(0, rig.negotiate(devh, 0, 0x20));
        assertEquals(100, call(PMTDQUERY, 3));
        assertEquals(0, rig.close(devh));
        devh = rig.open(0);
        assertEquals(EINVAL, call(PMTDQUERY, 0), "closing forgets it");
    }

    @Test
    void negotiatesBeforeAnythingOfTheGroupAndWithTheLinkDown() {
        assertEquals(EINVAL, rig.call(devh, NEGCAP, 7, -1));
        assertEquals(EFAULT, rig.call(devh, NEGCAP, 8, OUTSIDE));
        rig.negotiate(devh, 0, 0x2f);
        rig.negotiate(devh, 1, 3);
        rig.negotiate(devh, 2, 0xf);
        assertEquals(0, rig.pool(devh, 100, 320, BusRig.PMTD_POOL));
        assertEquals(EINVAL, rig.negotiate(devh, 0, 0x2f));
        assertEquals(0, rig.negotiate(devh, 1, 3));
        assertEquals(0, rig.pool(devh, 101, 192, BusRig.EVENT_POOL));
        assertEquals(EINVAL, rig.negotiate(devh, 1, 3));
        assertEquals(0, rig.negotiate(devh, 2, 0xf));
        assertEquals(0, rig.pool(devh, 103, 320, BusRig.L4RO_POOL));
        assertEquals(EINVAL, rig.negotiate(devh, 2, 0xf));
        assertEquals(0, rig.negotiate(devh, 9, 1));
        up();
        assertEquals(EINVAL, rig.negotiate(devh, 9, 1));
        assertEquals(EINVAL, rig.call(devh, NEGCAP, 8, -1), "before the data is looked at");
    }

    @Test
    void answersTheEventQueueQuery() {
        assertEquals(EINVAL, rig.call(devh, EVQQUERY, 32, -1), "not negotiated");
        rig.negotiate(devh, 1, 2);
        assertEquals(EINVAL, rig.call(devh, EVQQUERY, 31, -1));
        assertEquals(EFAULT, rig.call(devh, EVQQUERY, 32, BusRig.BYTES - 31));
        SharedMemory.putLe32(rig.at + BusRig.DATA, 1);
        assertEquals(EINVAL, call(EVQQUERY, 32), "flags");
        SharedMemory.putLe32(rig.at + BusRig.DATA, 0);
        assertEquals(0, call(EVQQUERY, 32));
        assertEquals(24, u32(4));
        assertEquals(101, u32(8));
        assertEquals(102, u32(12));
        up();
        assertEquals(EINVAL, rig.call(devh, EVQQUERY, 32, -1));
    }

    @Test
    void answersTheL4roQuery() {
        assertEquals(EINVAL, rig.call(devh, L4ROQUERY, 32, -1), "not negotiated");
        rig.negotiate(devh, 2, 1);
        assertEquals(EINVAL, rig.call(devh, L4ROQUERY, 33, -1));
        assertEquals(EFAULT, rig.call(devh, L4ROQUERY, 32, BusRig.BYTES - 31));
        SharedMemory.putLe32(rig.at + BusRig.DATA, 1 << 31);
        assertEquals(EINVAL, call(L4ROQUERY, 32), "flags");
        SharedMemory.putLe32(rig.at + BusRig.DATA, 0);
        assertEquals(0, call(L4ROQUERY, 32));
        assertEquals(103, u32(4));
        assertEquals(104, u32(8));
        up();
        assertEquals(EINVAL, rig.call(devh, L4ROQUERY, 32, -1));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 255, -1, Integer.MIN_VALUE})
    void knowsNoOtherVerb(int function) {
        assertEquals(EINVAL, call(function, 0));
    }

    @Test
    void flushingGivesEveryEmptyBufferBackAndTellsNobody() {
        assertEquals(EINVAL, call(FLUSHRX, 0));
        NorthIoq ring = rig.layOut(BusRig.RX, BusRig.SLOTS, IoqRole.CONSUMER);
        ring.signal().enable();
        NorthIterator tail = ring.iterator(IoqIdx.VALID, 0);
        for (int i = 0; i < 5; i++) {
            tail.seekTail();
            ring.putLength(i, 1514);
            tail.push();
        }
        assertEquals(0, rig.shm(devh, 0, BusRig.RING_BYTES, 8, 0x100, BusRig.RX));
        rig.ring(devh, 1, BusRig.TX);
        assertEquals(0, call(LINKUP, 0));
        assertEquals(0, call(FLUSHRX, 0));
        for (int i = 0; i < 5; i++) {
            assertFalse(ring.isSown(i));
            assertEquals(0, ring.length(i));
        }
        assertEquals(5, ring.count(IoqIdx.INUSE));
        assertEquals(0, SharedMemory.le8(rig.at + BusRig.RX + 17), "nobody was told");
        assertEquals(0, call(FLUSHRX, 0), "and there is nothing left");
        assertEquals(5, ring.count(IoqIdx.INUSE));
    }

    @Test
    void everyShmHasItsPrecondition() {
        assertEquals(EINVAL, rig.pool(devh, 100, 320, BusRig.PMTD_POOL));
        assertEquals(EINVAL, rig.pool(devh, 101, 192, BusRig.EVENT_POOL));
        assertEquals(EINVAL, rig.ring(devh, 102, BusRig.EVENT_RING));
        assertEquals(EINVAL, rig.pool(devh, 103, 320, BusRig.L4RO_POOL));
        assertEquals(EINVAL, rig.ring(devh, 104, BusRig.PAGE_RING));
        rig.negotiate(devh, 0, 0x20);
        rig.negotiate(devh, 1, 1);
        rig.negotiate(devh, 2, 1);
        assertEquals(EINVAL, rig.ring(devh, 102, BusRig.EVENT_RING), "its pool comes first");
        assertEquals(EINVAL, rig.ring(devh, 104, BusRig.PAGE_RING), "its pool comes first");
        assertEquals(0, rig.pool(devh, 101, 192, BusRig.EVENT_POOL));
        assertEquals(0, rig.ring(devh, 102, BusRig.EVENT_RING));
        assertEquals(0, rig.pool(devh, 103, 320, BusRig.L4RO_POOL));
        assertEquals(1, rig.ring(devh, 104, BusRig.PAGE_RING));
        assertEquals(2, rig.ring(devh, 0, BusRig.RX));
        assertEquals(3, rig.ring(devh, 1, BusRig.TX));
        assertEquals(0, rig.pool(devh, 100, 320, BusRig.PMTD_POOL));
        assertEquals(320, device.pool(100).length());
        assertEquals(rig.at + BusRig.PMTD_POOL, device.pool(100).address());
    }

    @Test
    void nothingIsRegisteredTwice() {
        rig.negotiate(devh, 0, 0x20);
        assertEquals(0, rig.pool(devh, 100, 320, BusRig.PMTD_POOL));
        assertEquals(EEXIST, rig.shm(devh, 100, -1, 3, 0, -1), "before anything else");
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        assertEquals(EEXIST, rig.shm(devh, 0, -1, -1, 0, -1));
    }

    @Test
    void onlyThePmtdPoolMayComeWhileTheLinkIsUp() {
        rig.negotiate(devh, 0, 0x20);
        rig.negotiate(devh, 1, 3);
        up();
        assertEquals(EINVAL, rig.pool(devh, 101, 192, BusRig.EVENT_POOL));
        assertEquals(EINVAL, rig.shm(devh, 0, -1, -1, 0, -1), "before EEXIST");
        assertEquals(0, rig.pool(devh, 100, 320, BusRig.PMTD_POOL));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 99, 105, -1, Integer.MIN_VALUE})
    void knowsNoOtherShm(int id) {
        assertEquals(EINVAL, rig.pool(devh, id, 320, BusRig.PMTD_POOL));
        assertEquals(EINVAL, rig.ring(devh, id, BusRig.RX));
    }

    @Test
    void ringsHaveASignalAndPoolsHaveNone() {
        rig.negotiate(devh, 0, 0x20);
        assertEquals(EINVAL, rig.shm(devh, 100, 320, 8, 0, -1));
        assertEquals(EINVAL, rig.pool(devh, 0, BusRig.RING_BYTES, -1));
        assertEquals(EINVAL, rig.pool(devh, 1, BusRig.RING_BYTES, -1));
    }

    @Test
    void aRingHasExactlyTheLengthOfItsSlots() {
        rig.layOut(BusRig.RX, BusRig.SLOTS, IoqRole.CONSUMER);
        for (int length : new int[] {0, 55, 56, BusRig.RING_BYTES - 1, BusRig.RING_BYTES + 1, -1}) {
            assertEquals(EINVAL, rig.shm(devh, 0, length, 8, 0, -1), "length " + length);
        }
        assertEquals(EINVAL, rig.shm(devh, 0, 56 + 32 * 2049, 8, 0, BusRig.RX));
        assertEquals(EINVAL, rig.shm(devh, 0, BusRig.RING_BYTES - 32, 8, 0, BusRig.RX));
        assertEquals(EFAULT, rig.shm(devh, 0, BusRig.RING_BYTES, 8, 0, OUTSIDE));
        assertEquals(EINVAL, rig.shm(devh, 0, BusRig.RING_BYTES, 8, 0, BusRig.RX + 4));
        assertEquals(EINVAL, rig.shm(devh, 0, BusRig.RING_BYTES, 10, 0, BusRig.RX), "signal");
        assertEquals(
                EINVAL, rig.shm(devh, 0, BusRig.RING_BYTES, BusRig.RING_BYTES - 12, 0, BusRig.RX));
        assertEquals(EINVAL, rig.shm(devh, 0, BusRig.RING_BYTES, 12, 0, BusRig.RX), "no signal");
        SharedMemory.putLe32(rig.at + BusRig.RX + 4, 5);
        assertEquals(EINVAL, rig.shm(devh, 0, BusRig.RING_BYTES, 8, 0, BusRig.RX), "version");
        SharedMemory.putLe32(rig.at + BusRig.RX + 4, 4);
        assertEquals(0, rig.shm(devh, 0, BusRig.RING_BYTES, 8, 0, BusRig.RX));
    }

    @Test
    void poolsLieInMemory() {
        rig.negotiate(devh, 0, 0x20);
        rig.negotiate(devh, 1, 1);
        rig.negotiate(devh, 2, 1);
        assertEquals(EFAULT, rig.pool(devh, 100, 320, BusRig.BYTES - 319));
        assertEquals(EFAULT, rig.pool(devh, 100, -1, 0), "4 GiB less one");
        assertEquals(EINVAL, rig.pool(devh, 103, 2048 * 320 + 1, -1));
        assertEquals(EFAULT, rig.pool(devh, 103, 2048 * 320, -1));
        assertEquals(0, rig.pool(devh, 103, 2048 * 320, 1), "at any alignment");
        assertEquals(0, rig.pool(devh, 100, 7, BusRig.PMTD_POOL + 1), "of any length");
    }

    @Test
    void theEventPoolHasASlotForEachOfTheRing() {
        rig.negotiate(devh, 1, 1);
        assertEquals(0, rig.pool(devh, 101, 24 * BusRig.SLOTS - 1, BusRig.EVENT_POOL));
        assertEquals(EINVAL, rig.ring(devh, 102, BusRig.EVENT_RING));
        assertEquals(0, rig.close(devh));
        devh = rig.open(0);
        rig.negotiate(devh, 1, 1);
        assertEquals(0, rig.pool(devh, 101, 24 * BusRig.SLOTS, BusRig.EVENT_POOL));
        assertTrue(rig.ring(devh, 102, BusRig.EVENT_RING) >= 0);
    }
}
