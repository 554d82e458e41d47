package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** ethtool's rates around the search for a profile; the search itself is DimTunerTest's. */
class DimPolicyTest {
    private static final double SECOND = 1e6; // in microseconds

    /** So many frames a second from then on, alone each; the hold of the last of them. */
    private static long holdNanos(Rig rig, double startSeconds, int perSecond) {
        long hold = 0;
        for (int i = 0; i < 4 * perSecond; i++) {
            double at = startSeconds * SECOND + i * SECOND / perSecond;
            long due = rig.publish(at, FrameClass.NORMAL, 1);
            hold = due == MitigationPolicy.CALL ? 0 : due - rig.now;
            rig.ask(at + 300);
        }
        return hold;
    }

    @Test
    void holdsShortestBelowTheLowRateAndLongestAboveTheHighOne() {
        Rig rig = new Rig("dim,pkt-rate-low=100,pkt-rate-high=1000,rx-usecs-low=3");
        assertEquals(3000, holdNanos(rig, 0, 50));
        long searched = holdNanos(rig, 10, 500);
        int profile = ((DimPolicy) rig.calls.policy()).tuner().profile();
        int micros = DimPolicy.micros(QueueView.Kind.RECEIVE, DimPolicy.Mode.EQE, profile);
        assertEquals(1000L * Math.max(3, micros), searched);
        assertEquals(256_000, holdNanos(rig, 20, 2000));
        assertEquals(3000, holdNanos(rig, 30, 50));
    }

    @Test
    void searchesAtEveryRateWithoutBounds() {
        Rig rig = new Rig("dim");
        assertEquals(8000, holdNanos(rig, 0, 10), "the profile it starts with");
    }
}
