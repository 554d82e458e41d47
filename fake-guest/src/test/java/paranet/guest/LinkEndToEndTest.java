package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.guest.frame.GuestFrame;
import paranet.tap.SourceBridge;
import paranet.virtionet.VirtioNetOptions;

/** A guest that only listens: nothing but the link's return can wake its lane. */
class LinkEndToEndTest {
    private static final long TEN_SECONDS = 10_000_000_000L;

    @Test
    void framesFlowAgainWithoutAKickOnceTheLinkIsBack() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port =
                        backend.listen(VirtioNetOptions.DEFAULT, new SourceBridge(1, 60))) {
            port.device.linkUp(false);
            FakeFrontend frontend = FakeFrontend.connect(port.path, FrontendOptions.usual(1));
            try (VirtioNetDriver driver = VirtioNetDriver.open(frontend, DriverOptions.plain(1))) {
                assertFalse(driver.isLinkUp());
                GuestFrame frame = new GuestFrame(DriverOptions.FRAME_BYTES_PLAIN);
                assertFalse(driver.pair(0).receive(frame));
                port.device.linkUp(true);
                port.port.wake();
                driver.await(TEN_SECONDS, false);
                assertTrue(driver.pair(0).receive(frame));
                assertEquals(0, driver.kicks());
                assertTrue(driver.isLinkUp());
            }
        }
    }
}
