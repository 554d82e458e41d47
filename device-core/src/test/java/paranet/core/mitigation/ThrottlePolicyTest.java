package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ThrottlePolicyTest {
    @Test
    void callsAtOnceAfterAPauseAndNeverSoonerThanTheGap() {
        Rig rig = new Rig("throttle,rx-usecs=50");
        assertEquals(MitigationPolicy.CALL, rig.publish(1000, FrameClass.NORMAL, 1));
        assertEquals(1_050_000, rig.publish(1001, FrameClass.NORMAL, 1));
        assertEquals(1_050_000, rig.publish(1049, FrameClass.NORMAL, 1));
        assertEquals(MitigationPolicy.CALL, rig.ask(1050));
        assertEquals(MitigationPolicy.CALL, rig.publish(1100, FrameClass.NORMAL, 1));
    }
}
