package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import paranet.core.frame.FrameOffload;
import paranet.core.packet.EndlessBridge;
import paranet.core.packet.Packets;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Nothing is allocated per frame, in either direction and by any path. */
class VenetAllocationTest {
    private static final int FRAMES = 200_000;
    private static final int WARM_UP = 40_000;
    private static final int PER_ROUND = 32;
    private static final int ALL = VenetRig.SG | VenetRig.TSO;

    private static final ThreadMXBean THREADS =
            (ThreadMXBean) ManagementFactory.getThreadMXBean(); // to get it allocates

    private int rounds; // that allocated anything

    private static long allocated() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    private static byte[] large() {
        return Packets.unfinished(
                new SplittableRandom(1), new Packets.Shape(false, true, 0, 0, 0, 2800), 0);
    }

    private static byte[] withHeader(byte[] header, byte[] frame) {
        byte[] all = Arrays.copyOf(header, header.length + frame.length);
        System.arraycopy(frame, 0, all, header.length, frame.length);
        return all;
    }

    /** What a worker does in a duty cycle, and before it waits. */
    private void work(VenetRig rig) {
        long before = allocated();
        while (rig.lane.drainTransmit() + rig.lane.fillReceive() > 0) {
            settle(rig);
        }
        rig.lane.arm();
        settle(rig);
        rig.lane.disarm();
        rounds += allocated() > before ? 1 : 0;
    }

    private static void settle(VenetRig rig) {
        rig.now += 1000;
        while (rig.bus.step(rig.now)) {}
        rig.lane.takeWoken();
        var _ = rig.bus.takeInterrupts();
        var _ = rig.bus.takeAnswers();
        var _ = rig.bus.takeFastcalls();
        var _ = rig.bus.takeFaults();
        var _ = rig.bus.takeClosedSignals();
        var _ = rig.bus.dueNanos();
    }

    @ParameterizedTest
    @CsvSource({"0,0,0", "0x2f,2,0x7f", "0x0f,0,0x7f", "0x2f,2,0", "0x0f,0,0"})
    void transmitsWithoutAllocating(String capabilities, int events, String offloads) {
        int sg = Integer.decode(capabilities);
        byte[] frame = sg == 0 ? new byte[60] : large();
        VenetRig.Sg what = VenetRig.Sg.tcp(frame, false, sg == 0 ? 0 : 1400);
        int each = sg != 0 && Integer.decode(offloads) == 0 ? 2 : 1;
        try (EndlessBridge bridge = new EndlessBridge(new byte[72], Integer.decode(offloads));
                VenetRig rig = new VenetRig(VenetOptions.DEFAULT, bridge, sg, events, 0)) {
            int sent = 0;
            while (sent < WARM_UP + FRAMES) {
                if (sent <= WARM_UP) {
                    rounds = 0;
                }
                for (int i = 0; i < PER_ROUND; i++) {
                    if (sg == 0) {
                        rig.send(what);
                    } else {
                        rig.send(what, 66, frame.length - 66);
                    }
                }
                sent += PER_ROUND;
                work(rig);
                rig.told();
                if (events != 0) {
                    assertEquals(PER_ROUND, rig.events().size());
                } else {
                    assertEquals(PER_ROUND, rig.reap());
                }
            }
            assertEquals((long) sent * each, bridge.taken);
            assertQuiet();
        }
    }

    /** A collection may fall into a round; what each frame or each round costs shows in all. */
    private void assertQuiet() {
        assertTrue(rounds < FRAMES / PER_ROUND / 100, rounds + " rounds allocated");
    }

    @Test
    void receivesWithoutAllocating() {
        assertQuietReceive(new byte[72], 0, 1);
    }

    @Test
    void receivesInPagesWithoutAllocating() {
        byte[] header = Packets.header(12, 1, 1, 66, 1400, 34, 16);
        assertQuietReceive(withHeader(header, large()), ALL, 1);
    }

    @Test
    void receivesInSoftwareWithoutAllocating() {
        byte[] header = Packets.header(12, 1, 1, 66, 1400, 34, 16);
        assertQuietReceive(withHeader(header, large()), 0, 2);
    }

    private void assertQuietReceive(byte[] all, int l4ro, int each) {
        try (EndlessBridge bridge = new EndlessBridge(all, FrameOffload.ALL);
                VenetRig rig = new VenetRig(VenetOptions.DEFAULT, bridge, 0, 0, l4ro)) {
            rig.buffers(VenetRig.SLOTS);
            int received = 0;
            while (received < WARM_UP + FRAMES) {
                if (received <= WARM_UP) {
                    rounds = 0;
                }
                if (l4ro != 0) {
                    rig.postPages(VenetRig.SLOTS);
                }
                bridge.left += PER_ROUND / each;
                work(rig);
                rig.told();
                int came = rig.received(true).size();
                assertEquals(PER_ROUND, came);
                received += came;
            }
            assertTrue(rig.drops().isEmpty(), rig.drops().toString());
            assertQuiet();
        }
    }
}
