package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

import paranet.core.vhostuser.FrontendRequest;
import paranet.core.virtqueue.RingFeature;
import paranet.virtionet.VirtioNetOptions;

/** Fact 22: a base that cannot be one of the ring's costs that ring its start, and nothing else. */
class RingBaseEndToEndTest {
    @Test
    void refusesToStartAPackedRingBeyondItsEnd() throws Exception {
        FrontendOptions options =
                FrontendOptions.usual(1)
                        .withFeatures(RingFeature.VERSION_1 | RingFeature.RING_PACKED);
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                FakeFrontend frontend = FakeFrontend.connect(port.path, options)) {
            frontend.tellMemory();
            GuestRing ring = frontend.openRing(0, 8);
            frontend.set(new FrontendRequest.SetVringNum(0, 8));
            frontend.set(
                    new FrontendRequest.SetVringAddr(
                            0,
                            0,
                            ring.descFrontend(),
                            ring.driverFrontend(),
                            ring.deviceFrontend()));
            for (int base : new int[] {0x8008, 0x8009_8000}) {
                frontend.set(new FrontendRequest.SetVringBase(0, base));
                assertNotEquals(
                        0,
                        frontend.trySet(
                                new FrontendRequest.SetVringKick(0, ring.kickEvent().fd())));
            }
            frontend.start(ring, 0x8000_8000);
            assertEquals(0x8000_8000, frontend.stop(ring));
        }
    }
}
