package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import paranet.core.ioq.ShmSignal;
import paranet.core.memory.SharedMemory;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;

/** A guest without fences can miss what it was not rung for: it is looked at again (V2). */
class SecondLooksTest {
    private static final long START = 1_000_000_000L;
    private static final long NEVER = Long.MAX_VALUE;
    private static final int ENABLED = 16; // irq[N] of a ring, from its start
    private static final int PENDING = 17;
    private static final int DIRTY = 18;

    private final BusRig rig = new BusRig();
    private final VbusConnection bus = rig.bus;
    private final VenetDevice device = BusRig.device();
    private ShmSignal receive;

    @BeforeEach
    void open() {
        rig.ready();
        bus.plugIn(device);
        assertEquals(0, rig.ring(rig.open(0), 0, BusRig.RX));
        receive = device.ring(0).signal();
        rig.take(0);
        bus.takeInterrupts();
        for (long now = START - 10_000_000; now < START; now += 1_000_000) {
            bus.step(now); // whatever opening skipped is looked at and done with
        }
        assertEquals(NEVER, bus.dueNanos());
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private void guest(long ring, int irq, int value) {
        SharedMemory.putLe8(rig.at + ring + irq, value);
    }

    /** Published to a guest that is not rung. */
    private void publish(long nowNanos) {
        receive.inject();
        bus.step(nowNanos);
    }

    @Test
    void anIdleMaskedRingCostsThreeLooks() {
        guest(BusRig.RX, ENABLED, 0);
        publish(START);
        assertEquals(START + 50_000, bus.dueNanos());
        bus.step(START + 49_999);
        assertEquals(START + 50_000, bus.dueNanos());
        bus.step(START + 50_000);
        assertEquals(START + 200_000, bus.dueNanos());
        bus.step(START + 200_000);
        assertEquals(START + 1_000_000, bus.dueNanos());
        bus.step(START + 1_000_000);
        assertEquals(NEVER, bus.dueNanos());
        assertEquals(List.of(), rig.take(0));
        assertEquals(0, bus.takeInterrupts());
    }

    @Test
    void ringsAGuestThatEnabledAndMissedIt() {
        guest(BusRig.RX, ENABLED, 0);
        publish(START);
        guest(BusRig.RX, ENABLED, 1); // and its load of dirty came before our store
        bus.step(START + 50_000);
        assertEquals(List.of("signal 100"), rig.take(0));
        assertEquals(1, bus.takeInterrupts());
    }

    @Test
    void ringsAGuestThatAcknowledgedAndMissedIt() {
        guest(BusRig.RX, PENDING, 1);
        publish(START);
        bus.step(START + 50_000);
        assertEquals(List.of(), rig.take(0), "it is still at work");
        guest(BusRig.RX, PENDING, 0);
        bus.step(START + 200_000);
        assertEquals(List.of("signal 100"), rig.take(0));
    }

    /** Whenever its store lands: 50 us, and as late as the worker comes by. */
    @Test
    void theFirstLookWakesAGuestThatMissedIt() {
        SplittableRandom random = new SplittableRandom(1);
        long published = START;
        for (int i = 0; i < 10_000; i++) {
            published += 2_000_000;
            boolean masked = random.nextBoolean();
            int irq = masked ? ENABLED : PENDING;
            guest(BusRig.RX, irq, masked ? 0 : 1);
            publish(published);
            long lands = published + random.nextLong(50_000);
            long lateness = random.nextLong(1, 10_000);
            long now = published;
            List<String> told = List.of();
            while (told.isEmpty() && now - published < 200_000) {
                now += lateness;
                if (now >= lands) {
                    guest(BusRig.RX, irq, masked ? 1 : 0);
                }
                bus.step(now);
                told = rig.take(0);
            }
            assertEquals(List.of("signal 100"), told);
            assertTrue(now - published < 50_000 + lateness, now - published + " ns");
            guest(BusRig.RX, DIRTY, 0);
            guest(BusRig.RX, PENDING, 0);
        }
    }

    @Test
    void leavesAGuestAloneThatSawIt() {
        guest(BusRig.RX, ENABLED, 0);
        publish(START);
        guest(BusRig.RX, DIRTY, 0);
        guest(BusRig.RX, ENABLED, 1);
        bus.step(START + 50_000);
        assertEquals(List.of(), rig.take(0));
    }

    @Test
    void countsFromTheLastThatWasPublished() {
        guest(BusRig.RX, ENABLED, 0);
        publish(START);
        bus.step(START + 60_000);
        publish(START + 70_000);
        assertEquals(START + 120_000, bus.dueNanos());
        publish(START + 110_000);
        assertEquals(START + 160_000, bus.dueNanos());
    }

    @Test
    void looksAtEventQueuesToo() {
        guest(BusRig.EVENTQ, ENABLED, 0);
        guest(BusRig.RX, ENABLED, 1);
        publish(START);
        assertEquals(0, bus.takeInterrupts());
        guest(BusRig.EVENTQ, ENABLED, 1);
        bus.step(START + 50_000);
        assertEquals(1, bus.takeInterrupts());
        assertEquals(List.of("signal 100"), rig.take(0));
    }

    @Test
    void forgetsWhatIsClosed() {
        guest(BusRig.RX, ENABLED, 0);
        publish(START);
        bus.reset();
        assertEquals(NEVER, bus.dueNanos());
    }

    @Test
    void allocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        guest(BusRig.RX, ENABLED, 0);
        int frames = 200_000;
        long now = START;
        long before = 0;
        for (int i = 0; i < 2 * frames; i++) {
            if (i == frames) { // warm
                before = threads.getCurrentThreadAllocatedBytes();
            }
            receive.inject();
            bus.step(now += 30_000);
            bus.dueNanos();
        }
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(bytes < frames, bytes + " bytes");
    }
}
