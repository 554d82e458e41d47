package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import paranet.core.device.Bus;
import paranet.core.device.BusControl;
import paranet.core.device.BusLane;
import paranet.core.ioq.IoqRole;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.util.List;

/** Calls to the bus, its signals and its channels, one rule a test. */
class VbusConnectionTest {
    private static final int ENOENT = -2;
    private static final int ENOMEM = -12;
    private static final int EFAULT = -14;
    private static final int EBUSY = -16;
    private static final int EEXIST = -17;
    private static final int EINVAL = -22;
    private static final int ENOSPC = -28;
    private static final long OUTSIDE = BusRig.BYTES - 8;

    private final BusRig rig = new BusRig();
    private final VbusConnection bus = rig.bus;

    @AfterEach
    void free() {
        rig.close();
    }

    @Test
    void checksACallsVectorAndLengthBeforeItsArguments() {
        int[] lengths = {16, 8, 32, 48};
        for (int vector = 0; vector < 4; vector++) {
            for (int wrong : new int[] {0, lengths[vector] - 1, lengths[vector] + 1, -1}) {
                assertEquals(EINVAL, bus.call(0, vector, wrong, -1));
            }
            assertEquals(EFAULT, bus.call(0, vector, lengths[vector], BusRig.BYTES - 7));
            assertEquals(EFAULT, bus.call(0, vector, lengths[vector], -1));
        }
        assertEquals(EINVAL, bus.call(0, 4, 16, BusRig.ARGS));
        assertEquals(EINVAL, bus.call(0, -1, 16, BusRig.ARGS));
    }

    @Test
    void opensADeviceOnce() {
        assertEquals(ENOENT, rig.open(0, 1));
        bus.plugIn(BusRig.device());
        bus.plugIn(BusRig.device());
        assertEquals(ENOENT, rig.open(2, 2));
        assertEquals(EINVAL, rig.open(0, 2));
        assertEquals(-1, SharedMemory.le64(rig.at + BusRig.ARGS + 8), "no handle on failure");
        long first = rig.open(0);
        assertNotEquals(0, first);
        assertEquals(EINVAL, rig.open(0, 0), "the version comes before");
        assertEquals(EBUSY, rig.open(0, 1));
        assertNotEquals(first, rig.open(1));
    }

    @Test
    void closesWhatIsOpen() {
        bus.plugIn(BusRig.device());
        assertEquals(ENOENT, rig.close(0));
        assertEquals(ENOENT, rig.close(1));
        long devh = rig.open(0);
        assertEquals(0, rig.close(devh));
        assertEquals(ENOENT, rig.close(devh));
        assertEquals(ENOENT, rig.call(devh, 0, 0, 0));
        assertEquals(ENOENT, rig.pool(devh, 0, 0, 0));
        assertNotEquals(devh, rig.open(0));
    }

    @Test
    void aPulledOutDeviceStaysOpenUntilItsDriverClosesIt() {
        rig.ready();
        bus.plugIn(BusRig.device());
        bus.plugIn(BusRig.device());
        long devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        rig.take(0);
        bus.pullOut(0);
        assertEquals(List.of("drop 0"), rig.take(0));
        assertEquals(List.of(1), bus.devids());
        assertThrows(IllegalArgumentException.class, () -> bus.pullOut(0));
        assertEquals(ENOENT, rig.call(devh, 2, 6, BusRig.DATA));
        assertEquals(ENOENT, rig.ring(devh, 1, BusRig.TX));
        assertEquals(ENOENT, rig.open(0, 1));
        assertEquals(2, bus.plugIn(BusRig.device()), "its id is not free yet");
        assertEquals(List.of("add 2 virtual-ethernet"), rig.take(0));
        assertEquals(0, rig.close(devh));
        assertEquals(List.of("close 100"), rig.take(0));
        assertEquals(0, bus.plugIn(BusRig.device()));
    }

    @Test
    void aDeviceThatIsNotOpenIsDroppedAtOnce() {
        rig.ready();
        bus.plugIn(BusRig.device());
        bus.pullOut(0);
        assertEquals(0, bus.plugIn(BusRig.device()));
        assertEquals(
                List.of("add 0 virtual-ethernet", "drop 0", "add 0 virtual-ethernet"), rig.take(0));
    }

    @Test
    void announcesEveryDeviceWhenReadyByOneInterrupt() {
        bus.plugIn(BusRig.device());
        bus.plugIn(BusRig.device());
        rig.addEventq(8);
        assertEquals(0, bus.takeInterrupts());
        bus.ready();
        assertEquals(1, bus.takeInterrupts());
        assertEquals(0, bus.takeInterrupts());
        assertEquals(List.of("add 0 virtual-ethernet", "add 1 virtual-ethernet"), rig.take(0));
    }

    @Test
    void eventsWaitUntilTheBusIsReady() {
        bus.plugIn(BusRig.device());
        long devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        assertEquals(0, rig.close(devh));
        rig.addEventq(8);
        bus.ready();
        assertEquals(List.of("add 0 virtual-ethernet", "close 100"), rig.take(0));
    }

    @Test
    void handlesCountUpAndAreNotUsedAgain() {
        rig.ready();
        bus.plugIn(BusRig.device());
        long devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        assertEquals(1, rig.ring(devh, 1, BusRig.TX));
        assertEquals(0, rig.close(devh));
        assertEquals(List.of(0, 1), bus.takeClosedSignals());
        assertFalse(bus.hasSignal(0));
        assertFalse(bus.signalled(1));
        devh = rig.open(0);
        assertEquals(2, rig.ring(devh, 0, BusRig.RX));
        assertTrue(bus.hasSignal(2));
        bus.negotiate(0);
        assertEquals(List.of(2), bus.takeClosedSignals());
        assertEquals(ENOENT, rig.close(devh));
        devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX), "NEGOTIATE starts over");
    }

    @Test
    void thereAreNoMoreHandlesThan65536() {
        rig.ready();
        bus.plugIn(BusRig.device());
        rig.layOut(BusRig.RX, BusRig.SLOTS, IoqRole.CONSUMER);
        for (int handle = 0; handle < 65536; handle++) {
            long devh = rig.open(0);
            assertEquals(handle, rig.shm(devh, 0, BusRig.RING_BYTES, 8, handle, BusRig.RX));
            assertEquals(0, rig.close(devh));
            if (handle % 4 == 3) {
                bus.takeClosedSignals();
                rig.take(0);
                bus.eventqKicked(0);
            }
        }
        long devh = rig.open(0);
        assertEquals(ENOSPC, rig.shm(devh, 0, BusRig.RING_BYTES, 8, 1, BusRig.RX));
        assertEquals(ENOSPC, rig.shm(devh, 0, BusRig.RING_BYTES, 8, 1, BusRig.RX), "no trace");
    }

    @Test
    void signalsEndInTheOrderOfTheirShmIds() {
        rig.ready();
        bus.plugIn(BusRig.device());
        long devh = rig.open(0);
        rig.negotiate(devh, 1, 3);
        assertEquals(0, rig.pool(devh, 101, 24 * BusRig.SLOTS, BusRig.EVENT_POOL));
        assertEquals(0, rig.ring(devh, 102, BusRig.EVENT_RING));
        assertEquals(1, rig.ring(devh, 1, BusRig.TX));
        assertEquals(2, rig.ring(devh, 0, BusRig.RX));
        rig.take(0);
        assertEquals(0, rig.close(devh));
        assertEquals(List.of("close 100", "close 101", "close 166"), rig.take(0));
    }

    @Test
    void aSignalReachesItsRing() {
        rig.ready();
        bus.plugIn(BusRig.device());
        long devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        assertEquals(1, rig.ring(devh, 1, BusRig.TX));
        assertEquals(0, rig.call(devh, 0, 0, 0));
        BusLane lane = bus.lanes().getFirst();
        assertTrue(lane.takeWoken(), "the link is up");
        SharedMemory.putLe8(rig.at + BusRig.TX + 21, 1); // dirty, to the host
        assertTrue(bus.signalled(1));
        assertTrue(lane.takeWoken());
        assertFalse(lane.takeWoken());
        assertEquals(0, SharedMemory.le8(rig.at + BusRig.TX + 19), "masked until it was looked at");
        assertFalse(bus.signalled(2));
        assertFalse(bus.signalled(-1));
    }

    @Test
    void theDoorbellTellsEverySignalThatIsSet() {
        rig.ready();
        bus.plugIn(BusRig.device());
        long devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        assertEquals(1, rig.ring(devh, 1, BusRig.TX));
        assertEquals(0, rig.call(devh, 0, 0, 0));
        assertEquals(0, bus.setDoorbell(0x18000, 128));
        BusLane lane = bus.lanes().getFirst();
        assertTrue(lane.takeWoken(), "the link is up");
        bus.doorbell();
        assertFalse(lane.takeWoken());
        SharedMemory.putLe8(rig.at + BusRig.TX + 21, 1);
        SharedMemory.putLe64(rig.at + 0x18000, 0x8000_0001_0000_0003L); // others have no signal
        SharedMemory.putLe64(rig.at + 0x18008, -1);
        bus.doorbell();
        assertTrue(lane.takeWoken());
        assertEquals(0, SharedMemory.le64(rig.at + 0x18000));
        assertEquals(0, SharedMemory.le64(rig.at + 0x18008));
        assertFalse(bus.step(0));
    }

    @Test
    void aGuestThatKeepsSettingBitsIsServedStepByStep() {
        int[] clears = {0};
        VbusConnection other =
                new VbusConnection(
                        (address, bit) -> {
                            clears[0]++;
                            return true; // set again at once
                        });
        other.memory(rig.memory);
        assertEquals(0, other.setDoorbell(0x18000, 64));
        SharedMemory.putLe64(rig.at + 0x18000, 1);
        other.doorbell();
        assertTrue(clears[0] > 0 && clears[0] <= 16, "bounded");
        assertTrue(other.step(0), "and there is more to do");
        SharedMemory.putLe64(rig.at + 0x18000, 0);
        assertFalse(other.step(0));
    }

    @Test
    void aDoorbellIs64To65536BitsInMemoryAndAligned() {
        for (int wrong : new int[] {0, 1, 63, 65, 96, 65536 + 64, -64, 1 << 31}) {
            assertEquals(EINVAL, bus.setDoorbell(-1, wrong));
        }
        assertEquals(EFAULT, bus.setDoorbell(BusRig.BYTES - 4, 64));
        assertEquals(EFAULT, bus.setDoorbell(-4, 64));
        assertEquals(EINVAL, bus.setDoorbell(0x18004, 64));
        assertEquals(0, bus.setDoorbell(OUTSIDE, 64));
        assertEquals(0, bus.setDoorbell(0x18000, 65536));
        assertEquals(List.of(new BusControl.LiveRange(0x18000, 8192)), bus.liveRanges());
    }

    @Test
    void aChannelExecutesTheCallThatStandsInIt() {
        bus.plugIn(BusRig.device());
        assertEquals(0, bus.addFastcall(9, 24, 0x18004));
        SharedMemory.putLe32(rig.at + 0x18004, 0); // DEVOPEN
        SharedMemory.putLe32(rig.at + 0x18008, 16);
        SharedMemory.putLe64(rig.at + 0x1800c, BusRig.ARGS);
        SharedMemory.putLe32(rig.at + 0x18014, 77);
        SharedMemory.putLe32(rig.at + BusRig.ARGS, 0);
        SharedMemory.putLe32(rig.at + BusRig.ARGS + 4, 1);
        assertEquals("DEVOPEN devid=0 version=1 handle=0", bus.describeFastcall(9));
        assertEquals(0, bus.fastcall(9));
        assertEquals(0, SharedMemory.le32(rig.at + 0x18014));
        assertEquals("DEVOPEN devid=0 version=1 handle=1", bus.describeFastcall(9));
        assertEquals(EBUSY, bus.fastcall(9));
        assertEquals(EBUSY, SharedMemory.le32(rig.at + 0x18014));
        assertEquals(ENOENT, bus.fastcall(8));
        assertEquals("", bus.describeFastcall(8));
        assertEquals(List.of(new Bus.Answer(9, 0), new Bus.Answer(9, EBUSY)), bus.takeFastcalls());
        assertEquals(0, bus.dropFastcall(9));
        assertEquals(ENOENT, bus.dropFastcall(9));
        assertEquals(ENOENT, bus.fastcall(9));
        assertEquals(List.of(), bus.takeFastcalls());
    }

    @Test
    void aChannelIs24BytesInMemoryAlignedAndOneOf256() {
        assertEquals(EINVAL, bus.addFastcall(0, 23, -1));
        assertEquals(EFAULT, bus.addFastcall(0, 24, BusRig.BYTES - 23));
        assertEquals(EINVAL, bus.addFastcall(0, 24, 0x18002));
        for (int channel = 0; channel < 256; channel++) {
            assertEquals(0, bus.addFastcall(-channel, 24, 0x18000 + 24L * channel));
        }
        assertEquals(EEXIST, bus.addFastcall(-255, 23, -1));
        assertEquals(ENOMEM, bus.addFastcall(1, 24, 0x18000));
    }

    @Test
    void saysWhatMemoryItNeeds() {
        assertEquals(List.of(), bus.liveRanges());
        rig.addEventq(8);
        bus.ready();
        bus.plugIn(BusRig.device());
        long devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        rig.negotiate(devh, 0, 0x21);
        assertEquals(0, rig.pool(devh, 100, 320, BusRig.PMTD_POOL));
        assertEquals(0, bus.addFastcall(0, 24, 0x18000));
        assertEquals(0, bus.setDoorbell(0x19000, 64));
        assertEquals(
                List.of(
                        new BusControl.LiveRange(BusRig.EVENTQ, BusRig.RING_BYTES),
                        new BusControl.LiveRange(BusRig.RECORDS, 8 * 144),
                        new BusControl.LiveRange(0x18000, 24),
                        new BusControl.LiveRange(BusRig.PMTD_POOL, 320),
                        new BusControl.LiveRange(BusRig.RX, BusRig.RING_BYTES),
                        new BusControl.LiveRange(0x19000, 8)),
                bus.liveRanges());
        bus.reset();
        assertEquals(List.of(), bus.liveRanges());
    }

    @Test
    void goesOnInMemoryThatWasMappedAnew() {
        rig.ready();
        bus.plugIn(BusRig.device());
        rig.take(0);
        long devh = rig.open(0);
        assertEquals(0, rig.ring(devh, 0, BusRig.RX));
        try (NativeBuffer other = NativeBuffer.allocate(BusRig.BYTES, 4096)) {
            SharedMemory.copy(rig.at, other.address(), BusRig.BYTES);
            bus.memory(
                    GuestMemory.of(
                            List.of(
                                    new GuestRegion(
                                            0, 0x7f0000000000L, BusRig.BYTES, other.address()))));
            SharedMemory.fill(rig.at, BusRig.BYTES, 0xaa); // nobody looks here any more
            SharedMemory.putLe64(other.address() + BusRig.ARGS, devh);
            assertEquals(0, bus.call(0, 1, 8, BusRig.ARGS));
            long record = SharedMemory.le64(other.address() + BusRig.EVENTQ + 56 + 32 + 8);
            assertEquals(3, SharedMemory.le32(other.address() + record));
            bus.reset();
        }
        assertNull(bus.fault());
    }
}
