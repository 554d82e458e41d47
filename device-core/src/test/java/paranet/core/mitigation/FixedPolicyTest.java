package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class FixedPolicyTest {
    private static final long CALL = MitigationPolicy.CALL;

    @Test
    void holdsFromTheFirstFrameAndBeginsAnewAfterACall() {
        Rig rig = new Rig("fixed,rx-usecs=20,rx-frames=0");
        assertEquals(120_000, rig.publish(100, FrameClass.NORMAL, 1));
        assertEquals(120_000, rig.publish(119, FrameClass.NORMAL, 7));
        assertEquals(CALL, rig.ask(120));
        assertEquals(141_000, rig.publish(121, FrameClass.NORMAL, 1));
    }

    @Test
    void callsAtTheNumberOfFrames() {
        Rig rig = new Rig("fixed,rx-usecs=20,rx-frames=8");
        rig.publish(0, FrameClass.NORMAL, 7);
        assertEquals(CALL, rig.publish(1, FrameClass.NORMAL, 1));
        assertEquals(7, rig.avoided(AvoidedBy.FRAME_CAP));
    }

    @Test
    void takesTheSameNumbersForOppositesUnderTheTwoRules() {
        Coalescing ethtool = new Coalescing(50, 0, Coalescing.Zero.NO_CRITERION);
        Coalescing virtio = new Coalescing(50, 0, Coalescing.Zero.EVERY_FRAME);
        assertEquals(
                "timer only, 50 us after the first packet (ethtool rule)", ethtool.effective());
        assertEquals("every packet (virtio rule)", virtio.effective());
        Rig rig = new Rig("fixed,zero=ethtool,rx-usecs=50,rx-frames=0");
        assertEquals(50_000, rig.publish(0, FrameClass.NORMAL, 1));
        rig = new Rig("fixed,zero=virtio,rx-usecs=50,rx-frames=0");
        assertEquals(CALL, rig.publish(0, FrameClass.NORMAL, 1));
        rig = new Rig("fixed,zero=virtio,rx-usecs=0,rx-frames=64");
        assertEquals(CALL, rig.publish(0, FrameClass.NORMAL, 1));
    }

    @Test
    void refusesToWaitForFramesThatMayNeverCome() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new Coalescing(0, 0, Coalescing.Zero.NO_CRITERION));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Coalescing(0, 2, Coalescing.Zero.NO_CRITERION));
        assertTrue(Coalescing.OFF.isOff());
        assertEquals("every packet (ethtool rule)", Coalescing.OFF.effective());
    }

    @Test
    void weighsWhatIsHeldAnewUnderNewLimits() {
        Rig rig = new Rig("fixed,rx-usecs=1000,rx-frames=64");
        rig.publish(0, FrameClass.NORMAL, 10);
        rig.calls.command(Coalescing.command(1000, 8), 1000);
        assertEquals(CALL, rig.ask(1), "10 held, the limit lowered to 8: now");
        rig.publish(10, FrameClass.NORMAL, 7);
        rig.calls.forgetCommands();
        assertEquals(1_010_000, rig.ask(11));
    }

    @Test
    void takesNumbersOfAGuestThatAreTooLargeForTheLargest() {
        Coalescing limits = Coalescing.command(0xffff_ffffL, 0xffff_ffffL);
        assertEquals(1_000_000_000, limits.holdNanos());
        assertEquals(32_768, limits.framesMax());
    }
}
