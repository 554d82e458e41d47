package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The numbers of lib/dim as they stand in Linux. */
class DimTunerTest {
    private final DimTuner tuner = new DimTuner();
    private int events;
    private int packets;
    private int bytes;
    private long micros;

    /** 64 events and the one that begins a measurement after a change, evenly spread. */
    private void measure(int everyMicros, int packetsEach, int bytesEach) {
        for (int i = 0; i < DimTuner.EVENTS; i++) {
            event(everyMicros, packetsEach, bytesEach);
        }
    }

    private boolean event(int afterMicros, int packetsEach, int bytesEach) {
        micros += afterMicros;
        packets += packetsEach;
        bytes += bytesEach;
        return tuner.event(++events, packets, bytes, micros * 1000);
    }

    @Test
    void profilesAreThoseOfLinux() {
        assertProfiles(QueueView.Kind.RECEIVE, DimPolicy.Mode.EQE, 1, 8, 64, 128, 256);
        assertProfiles(QueueView.Kind.RECEIVE, DimPolicy.Mode.CQE, 2, 8, 16, 32, 64);
        assertProfiles(QueueView.Kind.TRANSMIT, DimPolicy.Mode.EQE, 1, 8, 32, 64, 128);
        assertProfiles(QueueView.Kind.TRANSMIT, DimPolicy.Mode.CQE, 5, 8, 16, 32, 64);
        assertFrames(QueueView.Kind.RECEIVE, DimPolicy.Mode.EQE, 256, 256, 256, 256, 256);
        assertFrames(QueueView.Kind.RECEIVE, DimPolicy.Mode.CQE, 256, 128, 64, 64, 64);
        assertFrames(QueueView.Kind.TRANSMIT, DimPolicy.Mode.EQE, 128, 128, 128, 128, 128);
        assertFrames(QueueView.Kind.TRANSMIT, DimPolicy.Mode.CQE, 128, 64, 32, 32, 32);
        assertEquals(64, DimTuner.EVENTS);
        assertEquals(1, tuner.profile());
    }

    private static void assertProfiles(QueueView.Kind kind, DimPolicy.Mode mode, int... micros) {
        assertArrayEquals(
                micros, IntStream.range(0, 5).map(i -> DimPolicy.micros(kind, mode, i)).toArray());
    }

    private static void assertFrames(QueueView.Kind kind, DimPolicy.Mode mode, int... frames) {
        assertArrayEquals(
                frames, IntStream.range(0, 5).map(i -> DimPolicy.frames(kind, mode, i)).toArray());
    }

    @Test
    void decidesAtThe64thEventAfterTheOneItBeganWith() {
        event(10, 1, 100);
        for (int i = 0; i < 63; i++) {
            assertFalse(event(10, 1, 100));
        }
        assertTrue(event(10, 1, 100), "from nothing to something is better: left of profile 1");
        assertEquals(0, tuner.profile());
        assertEquals(DimTuner.TuneState.GOING_LEFT, tuner.state());
    }

    @Test
    void walksToTheDeepestProfileAtAConstantRate() {
        List<Integer> profiles = new ArrayList<>();
        int[] everyMicros = {10, 12, 64, 128, 256};
        for (int i = 0; i < 12; i++) {
            event(everyMicros[tuner.profile()], 1, 100);
            int each = everyMicros[tuner.profile()]; // a packet a microsecond, whatever the profile
            measure(each, each, 100 * each);
            profiles.add(tuner.profile());
        }
        assertEquals(4, profiles.getLast(), profiles.toString());
        assertEquals(DimTuner.TuneState.PARKING_ON_TOP, tuner.state());
    }

    @Test
    void ignoresUpToTenPercentAndNotMore() {
        event(100, 100, 100_000);
        measure(100, 100, 100_000); // left
        event(100, 100, 100_000);
        measure(100, 100, 100_000); // the same: turns, right
        assertEquals(1, tuner.profile());
        assertEquals(DimTuner.TuneState.GOING_RIGHT, tuner.state());
        event(100, 100, 110_000);
        measure(100, 100, 110_000); // 10 % more is the same
        assertEquals(DimTuner.TuneState.GOING_LEFT, tuner.state());
        event(100, 100, 123_000);
        measure(100, 100, 123_000); // over 10 % more is better, and there is no profile further on
        assertEquals(DimTuner.TuneState.PARKING_ON_TOP, tuner.state());
    }

    @Test
    void parksOnTopAfterTwoStepsOneWayAndOneBack() {
        event(100, 100, 100_000);
        measure(100, 100, 100_000); // 1 -> 0
        event(100, 100, 50_000);
        measure(100, 100, 50_000); // worse: 0 -> 1
        event(100, 100, 100_000);
        measure(100, 100, 100_000); // better: 1 -> 2
        assertEquals(2, tuner.profile());
        event(100, 100, 50_000);
        measure(100, 100, 50_000); // worse: 2 -> 1
        assertEquals(1, tuner.profile());
        assertEquals(DimTuner.TuneState.GOING_LEFT, tuner.state());
        event(100, 100, 100_000);
        measure(100, 100, 100_000); // better, and it is on top
        assertEquals(1, tuner.profile());
        assertEquals(DimTuner.TuneState.PARKING_ON_TOP, tuner.state());
    }

    @Test
    void parksTiredAfterTenStepsAndRestsForTenMeasurements() {
        int measured = 0;
        int each = 1000;
        while (tuner.state() != DimTuner.TuneState.PARKING_TIRED) {
            // goes on right, never settles: worse at every turn but the first
            event(100, 100, each);
            measure(100, 100, each);
            each = measured % 2 == 0 ? each / 2 : each;
            measured++;
            assertTrue(measured < 20, "never tired");
            if (tuner.state() == DimTuner.TuneState.PARKING_ON_TOP) {
                each = 1 << 20;
            }
        }
        int profile = tuner.profile();
        for (int i = 0; i < 9; i++) {
            measure(100, 100, each);
            assertEquals(DimTuner.TuneState.PARKING_TIRED, tuner.state());
        }
        measure(100, 100, each);
        assertEquals(Math.abs(profile - tuner.profile()), 1);
    }

    @Test
    void countersMayWrapAround() {
        events = 0xffff - 20;
        packets = -30;
        bytes = -3000;
        event(100, 1, 100);
        measure(100, 1, 100);
        assertEquals(0, tuner.profile());
    }

    @Test
    void goesOnMeasuringWhenNoTimePassed() {
        event(0, 1, 100);
        measure(0, 1, 100);
        assertEquals(1, tuner.profile());
        assertTrue(event(100, 1, 100));
    }
}
