package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VicPolicyTest {
    private final Rig rig = new Rig("vic,hold-usecs=1000", QueueView.Kind.TRANSMIT);

    /** An epoch of 4000 completions a second with so many in flight, then so many completions. */
    private int callsOf(int completions, long inFlight) {
        double micros = 0;
        for (int i = 0; i < 1000; i++) {
            micros += 250;
            complete(micros, inFlight);
        }
        int calls = 0;
        for (int i = 0; i < completions; i++) {
            micros += 10;
            calls += complete(micros, inFlight) ? 1 : 0;
        }
        return calls;
    }

    private boolean complete(double micros, long inFlight) {
        rig.taken = rig.calls.view().published() + 1 + inFlight;
        return rig.publishCalls(micros, FrameClass.COMPLETION, 1);
    }

    @ParameterizedTest
    @CsvSource({
        "3, 1, 1",
        "4, 4, 5",
        "7, 4, 5",
        "8, 3, 4",
        "11, 3, 4",
        "12, 2, 3",
        "15, 2, 3",
        "16, 1, 2",
        "24, 1, 3",
        "32, 1, 4",
        "64, 1, 8",
    })
    void callsForAShareThatFallsWithWhatIsInFlight(long inFlight, int calls, int of) {
        assertEquals(calls * 10, callsOf(of * 10, inFlight));
    }

    @Test
    void callsForEveryCompletionAtALowRate() {
        for (int i = 1; i < 1000; i++) {
            assertTrue(complete(i * 1000.0, 32), "1000 a second");
        }
    }

    @Test
    void endsAHoldThoughNothingFollows() {
        callsOf(0, 64);
        assertEquals(MitigationPolicy.CALL, rig.publish(300_000, FrameClass.COMPLETION, 8));
        long due = rig.publish(300_001, FrameClass.COMPLETION, 1);
        assertEquals(301_001_000, due);
        assertEquals(MitigationPolicy.CALL, rig.ask(301_001));
    }
}
