package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.ioq.ShmSignal;

class WakeupsTest {
    @Test
    void wakesABoundedNumberInOneStep() {
        try (VenetRig rig = new VenetRig()) {
            Wakeups wakeups = new Wakeups();
            ShmSignal signal = rig.device.ring(0).signal();
            for (int i = 0; i < 65; i++) {
                wakeups.schedule(signal);
            }
            wakeups.step();
            assertFalse(wakeups.isEmpty());
            wakeups.step();
            assertTrue(wakeups.isEmpty());
        }
    }
}
