package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.memory.SharedMemory;

import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A driver thread against a device thread that both go to sleep whenever the ring says they may.
 *
 * <p>Each chain carries its number, and the device answers with another: a read before its time
 * sees an older one. A lost wake-up leaves both asleep, which a bounded wait turns into a failure.
 */
class VirtqueueHammerTest {
    private static final long SPLIT = RingFeature.VERSION_1;
    private static final long PACKED = SPLIT | RingFeature.RING_PACKED;
    private static final long EVENT_IDX = RingFeature.EVENT_IDX;
    private static final long IN_ORDER = RingFeature.IN_ORDER;
    private static final int CHAINS = 100_000;
    private static final int SIZE = 8;
    private static final int SLOT_BYTES = 64;

    @ParameterizedTest
    @ValueSource(
            longs = {
                SPLIT,
                SPLIT | EVENT_IDX,
                SPLIT | EVENT_IDX | IN_ORDER,
                PACKED,
                PACKED | EVENT_IDX,
                PACKED | EVENT_IDX | IN_ORDER
            })
    void losesNeitherChainsNorWakeUps(long features) throws Exception {
        try (RingRig rig = new RingRig(features, SIZE);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Semaphore kicks = new Semaphore(0);
            Semaphore calls = new Semaphore(0);
            Future<?> device = threads.submit(() -> serve(rig, kicks, calls));
            Future<?> driver = threads.submit(() -> drive(rig, kicks, calls));
            driver.get();
            device.get();
        }
    }

    private static void drive(RingRig rig, Semaphore kicks, Semaphore calls) {
        SplittableRandom random = new SplittableRandom(1);
        DriverVirtqueue driver = rig.driver;
        long[] addresses = new long[2];
        long[] lengths = {8, 8};
        boolean[] busy = new boolean[SIZE];
        int sent = 0;
        int received = 0;
        while (received < CHAINS) {
            for (int most = random.nextInt(1, SIZE); most > 0 && sent < CHAINS; most--) {
                int slot = sent % SIZE;
                if (busy[slot] || driver.freeDescriptors() < 2) {
                    break;
                }
                SharedMemory.putLe64(rig.hostRoom((long) slot * SLOT_BYTES), sent);
                addresses[0] = rig.room((long) slot * SLOT_BYTES);
                addresses[1] = addresses[0] + 8;
                assertTrue(driver.add(addresses, lengths, 1, 1, sent, false));
                busy[slot] = true;
                sent++;
            }
            driver.publish();
            if (driver.needsKick()) {
                kicks.release();
            }
            driver.disableInterrupts();
            boolean some = poll(rig, busy, random);
            received += some ? 1 : 0;
            if (!some && driver.enableInterrupts() && received < CHAINS) {
                sleep(calls, "call");
            }
        }
    }

    private static boolean poll(RingRig rig, boolean[] busy, SplittableRandom random) {
        if (random.nextInt(4) == 0 || !rig.driver.poll()) {
            return false;
        }
        int token = rig.driver.token();
        int slot = token % SIZE;
        assertTrue(busy[slot]);
        busy[slot] = false;
        assertEquals(8, rig.driver.writtenBytes());
        assertEquals(~(long) token, SharedMemory.le64(rig.hostRoom((long) slot * SLOT_BYTES + 8)));
        return true;
    }

    private static void serve(RingRig rig, Semaphore kicks, Semaphore calls) {
        SplittableRandom random = new SplittableRandom(2);
        DeviceVirtqueue device = rig.device;
        long served = 0;
        while (served < CHAINS) {
            device.disableKicks();
            for (int most = random.nextInt(1, SIZE); most > 0 && rig.next(); most--) {
                assertEquals(served, SharedMemory.le64(rig.readable.baseOf(0)));
                SharedMemory.putLe64(rig.writable.baseOf(0), ~served);
                device.complete(rig.chain, 8);
                served++;
            }
            device.flush();
            if (device.needsNotification()) {
                device.notified();
                calls.release();
            }
            if (served < CHAINS && device.enableKicks()) {
                sleep(kicks, "kick");
            }
        }
    }

    /** Like an eventfd: any number of releases is one wake-up. */
    private static void sleep(Semaphore semaphore, String what) {
        try {
            assertTrue(semaphore.tryAcquire(10, TimeUnit.SECONDS), "no " + what + " came");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        semaphore.drainPermits();
    }
}
