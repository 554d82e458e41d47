package paranet.core.virtqueue;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One side publishes and looks at the other's arm state, while that side arms and looks for what
 * was published: at least one of them sees the other, or both would sleep.
 *
 * <p>The sides meet again before each try, which makes the few nanoseconds that matter likely, as
 * they are not in {@link VirtqueueHammerTest}. Without either of the paired fences it fails.
 */
class WakeUpRaceTest {
    private static final long SPLIT = RingFeature.VERSION_1;
    private static final long PACKED = SPLIT | RingFeature.RING_PACKED;
    private static final long EVENT_IDX = RingFeature.EVENT_IDX;
    private static final int ROUNDS_MAX = 200_000;
    private static final long NANOS_MAX = 1_500_000_000L; // where cores are scarce, fewer rounds
    private static final int SPINS_MAX = 20_000;

    @ParameterizedTest
    @ValueSource(longs = {SPLIT, SPLIT | EVENT_IDX, PACKED, PACKED | EVENT_IDX})
    @Timeout(60)
    void someoneSeesTheOther(long features) throws Exception {
        try (RingRig rig = new RingRig(features, 4);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Meeting meeting = new Meeting();
            Future<?> device = threads.submit(() -> serve(rig, meeting));
            Future<?> driver = threads.submit(() -> drive(rig, meeting));
            await(driver, meeting);
            await(device, meeting);
        }
    }

    private static void await(Future<?> side, Meeting meeting) throws Exception {
        try {
            side.get(30, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("a side hangs", e);
        } finally {
            meeting.cancelled = side.state() != Future.State.SUCCESS;
        }
    }

    private static void drive(RingRig rig, Meeting meeting) {
        SplittableRandom random = new SplittableRandom(1);
        DriverVirtqueue driver = rig.driver;
        long start = System.nanoTime();
        for (int round = 0; !meeting.last; round++) {
            meeting.last = round == ROUNDS_MAX || System.nanoTime() - start > NANOS_MAX;
            rig.addOne(rig.room(0), 1, true, round);
            meeting.with(meeting.driver, meeting.device);
            loiter(random);
            driver.publish();
            meeting.kicked = driver.needsKick();
            meeting.with(meeting.driver, meeting.device); // the device judges, and takes the chain
            meeting.with(meeting.driver, meeting.device);
            loiter(random);
            boolean idle = driver.enableInterrupts();
            meeting.with(meeting.driver, meeting.device);
            assertTrue(meeting.called || !idle, "no call, and the driver saw nothing");
            driver.disableInterrupts();
            assertTrue(driver.poll());
        }
    }

    private static void serve(RingRig rig, Meeting meeting) {
        SplittableRandom random = new SplittableRandom(2);
        DeviceVirtqueue device = rig.device;
        device.notified();
        for (boolean last = false; !last; ) {
            device.disableKicks();
            meeting.with(meeting.device, meeting.driver);
            last = meeting.last;
            loiter(random);
            boolean idle = device.enableKicks();
            meeting.with(meeting.device, meeting.driver);
            assertTrue(meeting.kicked || !idle, "no kick, and the device saw nothing");
            assertTrue(rig.next());
            device.complete(rig.chain, 0);
            meeting.with(meeting.device, meeting.driver);
            loiter(random);
            device.flush();
            meeting.called = device.needsNotification();
            device.notified();
            meeting.with(meeting.device, meeting.driver);
        }
    }

    /** So that neither side is always the first. */
    private static void loiter(SplittableRandom random) {
        for (int i = random.nextInt(12); i > 0; i--) {
            Thread.onSpinWait();
        }
    }

    /** Where both sides wait for each other, and what they tell each other there. */
    private static final class Meeting {
        final AtomicInteger driver = new AtomicInteger();
        final AtomicInteger device = new AtomicInteger();
        boolean last;
        boolean kicked;
        boolean called;
        volatile boolean cancelled;

        @SuppressWarnings("ThreadPriorityCheck") // both may have one core: let the other have it
        void with(AtomicInteger mine, AtomicInteger other) {
            int count = mine.incrementAndGet();
            for (int spins = 0; other.get() < count; spins++) {
                if (cancelled) {
                    throw new IllegalStateException("the other side failed");
                }
                if (spins < SPINS_MAX) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }
    }
}
