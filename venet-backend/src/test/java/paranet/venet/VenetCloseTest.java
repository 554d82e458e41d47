package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.device.Bus;
import paranet.core.frame.DropReason;
import paranet.core.memory.SharedMemory;

import java.util.List;
import java.util.Map;

/** How a device with frames in flight ends: closed, pulled out, or broken by its driver. */
class VenetCloseTest {
    private static final int EINVAL = -22;
    private static final int ENOENT = -2;
    private static final int EBUSY = -16;
    private static final int LINKUP = 0;
    private static final int LINKDOWN = 1;

    private static final byte[] FRAME = new byte[60];

    private static int close(VenetRig rig, int channel) {
        SharedMemory.putLe64(rig.rig.at + BusRig.ARGS, rig.devh);
        return rig.bus.call(channel, 1, 8, BusRig.ARGS);
    }

    @Test
    void whatIsPostedLeavesBeforeTheAnswer() {
        try (VenetRig rig = new VenetRig()) {
            for (int i = 0; i < 64; i++) {
                rig.send(FRAME);
            }
            assertEquals(Bus.LATER, close(rig, 7));
            assertEquals(List.of(), rig.bus.takeAnswers());
            rig.work();
            assertEquals(List.of(new Bus.Answer(7, 0)), rig.bus.takeAnswers());
            assertEquals(List.of(), rig.bus.takeAnswers());
            assertEquals(64, rig.network.sent.size());
            assertEquals(Map.of(), rig.drops());
            assertEquals(64, rig.reap());
            assertEquals(List.of("close 100", "close 101"), closes(rig));
            assertEquals(Long.MAX_VALUE, rig.device.dueNanos());
        }
    }

    private static List<String> closes(VenetRig rig) {
        return rig.told().stream().filter(what -> what.startsWith("close")).toList();
    }

    @Test
    void framesThatCannotLeaveInTimeAreDropped() {
        try (VenetRig rig = new VenetRig()) {
            rig.buffers(4);
            rig.network.accept = 0;
            rig.send(FRAME);
            rig.send(FRAME);
            assertEquals(Bus.LATER, close(rig, 0));
            assertEquals(EBUSY, rig.rig.open(0, 1));
            assertEquals(ENOENT, rig.rig.call(rig.devh, LINKDOWN, 0, 0));
            assertEquals(ENOENT, close(rig, 1), "it is closed for the driver");
            long now = 5_000_000_000L;
            assertFalse(rig.bus.step(now));
            assertEquals(now + 100_000_000, rig.bus.dueNanos());
            rig.arrive(FRAME);
            assertEquals(0, rig.lane.fillReceive(), "nothing comes in any more");
            assertFalse(rig.bus.step(now + 99_999_999));
            assertEquals(List.of(), rig.bus.takeAnswers());
            assertFalse(rig.bus.step(now + 100_000_000));
            assertEquals(List.of(new Bus.Answer(0, 0)), rig.bus.takeAnswers());
            assertEquals(Map.of(DropReason.DEVICE_CLOSED, 2L), rig.drops());
            assertEquals(2, rig.reap());
            assertEquals(List.of("close 100", "close 101"), closes(rig));
            assertEquals(0, rig.rig.open(0, 1));
        }
    }

    @Test
    void theSinkMayOpenInTime() {
        try (VenetRig rig = new VenetRig()) {
            rig.network.accept = 0;
            rig.send(FRAME);
            assertEquals(Bus.LATER, close(rig, 0));
            assertFalse(rig.bus.step(1));
            assertTrue(rig.lane.sinkDescriptor() >= 0);
            rig.network.accept = 1;
            assertEquals(1, rig.lane.drainTransmit());
            assertFalse(rig.bus.step(2));
            assertEquals(List.of(new Bus.Answer(0, 0)), rig.bus.takeAnswers());
            assertEquals(Map.of(), rig.drops());
        }
    }

    @Test
    void whatIsPostedWithTheLinkDownIsDroppedAtOnce() {
        try (VenetRig rig = new VenetRig()) {
            rig.down();
            rig.send(FRAME);
            assertEquals(0, close(rig, 0));
            assertEquals(Map.of(DropReason.DEVICE_CLOSED, 1L), rig.drops());
            assertEquals(1, rig.reap());
        }
    }

    @Test
    void aFastcallIsAnsweredLateToo() {
        try (VenetRig rig = new VenetRig()) {
            long desc = 0x12000;
            assertEquals(0, rig.bus.addFastcall(3, 24, desc));
            SharedMemory.putLe64(rig.rig.at + BusRig.ARGS, rig.devh);
            SharedMemory.putLe32(rig.rig.at + desc, 1);
            SharedMemory.putLe32(rig.rig.at + desc + 4, 8);
            SharedMemory.putLe64(rig.rig.at + desc + 8, BusRig.ARGS);
            SharedMemory.putLe32(rig.rig.at + desc + 16, EINVAL);
            rig.network.accept = 0;
            rig.send(FRAME);
            assertEquals(Bus.LATER, rig.bus.fastcall(3));
            assertEquals(Bus.LATER, rig.bus.fastcall(3)); // a kick too many
            rig.work();
            assertEquals(List.of(), rig.bus.takeFastcalls());
            assertEquals(EINVAL, SharedMemory.le32(rig.rig.at + desc + 16));
            rig.bus.step(100_000_000);
            assertEquals(List.of(new Bus.Answer(3, 0)), rig.bus.takeFastcalls());
            assertEquals(0, SharedMemory.le32(rig.rig.at + desc + 16));
            assertEquals(List.of(), rig.bus.takeAnswers());
        }
    }

    @Test
    void aChannelThatIsAnothersMeanwhileGetsNoAnswer() {
        try (VenetRig rig = new VenetRig()) {
            long desc = 0x18000;
            long other = 0x18100;
            assertEquals(0, rig.bus.addFastcall(3, 24, desc));
            rig.network.accept = 0;
            rig.send(FRAME);
            SharedMemory.putLe64(rig.rig.at + BusRig.ARGS, rig.devh);
            SharedMemory.putLe32(rig.rig.at + desc, 1);
            SharedMemory.putLe32(rig.rig.at + desc + 4, 8);
            SharedMemory.putLe64(rig.rig.at + desc + 8, BusRig.ARGS);
            SharedMemory.putLe32(rig.rig.at + desc + 16, 77);
            assertEquals(Bus.LATER, rig.bus.fastcall(3));
            assertEquals(0, rig.bus.dropFastcall(3));
            assertEquals(0, rig.bus.addFastcall(3, 24, other));
            rig.network.accept = 1;
            rig.work();
            assertEquals(1, rig.network.sent.size());
            assertEquals(List.of("close 100", "close 101"), closes(rig));
            assertEquals(77, SharedMemory.le32(rig.rig.at + desc + 16));
            assertEquals(List.of(), rig.bus.takeFastcalls());
            assertEquals(List.of(), rig.bus.takeAnswers());
        }
    }

    @Test
    void aWakeupOfASignalThatEndedIsNone() {
        try (VenetRig rig = new VenetRig()) {
            rig.fill(); // and lacks a buffer
            SharedMemory.putLe8(rig.rig.at + VenetRig.RX + 8 + 13, 1); // dirty, to the host
            rig.lane.arm(); // notices
            assertEquals(0, close(rig, 7));
            rig.work();
            assertEquals(List.of("close 100", "close 101"), closes(rig));
        }
    }

    @Test
    void negotiatingEndsWhatWasClosing() {
        try (VenetRig rig = new VenetRig()) {
            rig.network.accept = 0;
            rig.send(FRAME);
            assertEquals(Bus.LATER, close(rig, 5));
            rig.bus.negotiate(0);
            assertEquals(List.of(new Bus.Answer(5, 0)), rig.bus.takeAnswers());
            assertFalse(rig.bus.step(1));
            assertEquals(Long.MAX_VALUE, rig.device.dueNanos());
            assertFalse(rig.device.isLinkUp());
        }
    }

    @Test
    void pulledOutItTellsThatTheLinkIsDownAndMovesNothing() {
        try (VenetRig rig = new VenetRig(0, VenetRig.LINKSTATE, 0)) {
            assertEquals(List.of("link 1"), rig.events());
            rig.buffers(2);
            rig.send(FRAME);
            rig.arrive(FRAME);
            rig.told();
            assertTrue(rig.bridge.carrier);
            rig.bus.pullOut(0);
            assertFalse(rig.bridge.carrier);
            assertEquals(List.of("link 0"), rig.events());
            assertEquals(List.of("signal 166", "drop 0"), rig.told());
            assertEquals(List.of(), rig.bus.lanes());
            assertEquals(0, rig.lane.drainTransmit() + rig.lane.fillReceive());
            assertEquals(-1, rig.lane.sourceDescriptor());
            assertEquals(ENOENT, rig.rig.call(rig.devh, LINKDOWN, 0, 0));
            assertEquals(0, close(rig, 0));
            assertEquals(Map.of(DropReason.DEVICE_CLOSED, 1L), rig.drops());
            assertEquals(List.of("close 100", "close 101", "close 166"), closes(rig));
        }
    }

    @Test
    void pulledOutWithTheLinkDownItTellsNothing() {
        try (VenetRig rig = new VenetRig(0, VenetRig.LINKSTATE, 0)) {
            rig.down();
            rig.events();
            rig.bus.pullOut(0);
            assertEquals(List.of(), rig.events());
        }
    }

    @Test
    void aDeviceThatBrokeIsServedNoMoreUntilItIsClosed() {
        try (VenetRig rig = new VenetRig(1, VenetRig.TXC, 0)) {
            VenetDevice neighbour = BusRig.device();
            rig.bus.plugIn(neighbour);
            rig.events.putPtr(0, 24L * VenetRig.SLOTS - 23);
            rig.send(FRAME);
            rig.send(FRAME);
            rig.lane.takeWoken();
            rig.drain();
            String fault = "event at offset 0x5e9, 24 bytes, is not in the pool of 1536";
            assertEquals(fault, rig.device.fault());
            assertEquals(List.of("device 0: " + fault), rig.bus.takeFaults());
            assertEquals(List.of(), rig.bus.takeFaults());
            assertTrue(rig.lane.takeWoken());
            assertFalse(rig.bridge.carrier);
            assertEquals(null, rig.bus.fault(), "the bus goes on");
            rig.send(FRAME);
            assertEquals(0, rig.drain());
            assertEquals(EINVAL, rig.rig.call(rig.devh, LINKDOWN, 0, 0));
            assertEquals(EINVAL, rig.rig.call(rig.devh, 2, 6, BusRig.DATA));
            assertEquals(EINVAL, rig.rig.pool(rig.devh, 100, 320, BusRig.PMTD_POOL));
            assertTrue(rig.rig.open(1) > 0);
            assertEquals(0, close(rig, 0));
            assertEquals(0, rig.rig.open(0, 1));
            long again = SharedMemory.le64(rig.rig.at + BusRig.ARGS + 8);
            assertEquals(EINVAL, rig.rig.call(again, LINKUP, 0, 0), "no rings yet");
            assertEquals(0, rig.rig.call(again, 2, 6, BusRig.DATA));
        }
    }
}
