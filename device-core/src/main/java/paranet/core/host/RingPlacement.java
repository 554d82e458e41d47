package paranet.core.host;

import paranet.core.memory.GuestMemory;
import paranet.core.vhostuser.VringSetup;
import paranet.core.virtqueue.PackedEvent;
import paranet.core.virtqueue.RingFeature;
import paranet.core.virtqueue.RingLayout;
import paranet.core.virtqueue.VirtqAvail;
import paranet.core.virtqueue.VirtqDesc;
import paranet.core.virtqueue.VirtqUsed;

/**
 * Finds a ring in memory: its three parts, each wholly inside one region and aligned (virtio 1.3,
 * 2.7 and 2.8).
 *
 * <p>Threading: immutable.
 */
final class RingPlacement {
    private RingPlacement() {}

    /** Where the ring lies, or why it does not. */
    sealed interface Result {
        /** All parts were found. */
        record Found(RingLayout layout) implements Result {}

        /** {@code why} names the part, its address and the bound. */
        record Nowhere(String why) implements Result {}
    }

    static Result find(VringSetup setup, GuestMemory memory) {
        int size = setup.size();
        boolean packed = RingFeature.isPacked(setup.features());
        long descBytes = RingLayout.descBytes(size);
        long desc = memory.translateFrontend(setup.desc(), descBytes);
        if (desc == GuestMemory.NOT_MAPPED || desc % VirtqDesc.ALIGNMENT != 0) {
            return nowhere("descriptors", setup.desc(), descBytes, VirtqDesc.ALIGNMENT);
        }
        long driverBytes = RingLayout.driverBytes(size, packed);
        int driverAlignment = packed ? PackedEvent.ALIGNMENT : VirtqAvail.ALIGNMENT;
        long driver = memory.translateFrontend(setup.avail(), driverBytes);
        if (driver == GuestMemory.NOT_MAPPED || driver % driverAlignment != 0) {
            return nowhere("avail ring", setup.avail(), driverBytes, driverAlignment);
        }
        long deviceBytes = RingLayout.deviceBytes(size, packed);
        int deviceAlignment = packed ? PackedEvent.ALIGNMENT : VirtqUsed.ALIGNMENT;
        long device = memory.translateFrontend(setup.used(), deviceBytes);
        if (device == GuestMemory.NOT_MAPPED || device % deviceAlignment != 0) {
            return nowhere("used ring", setup.used(), deviceBytes, deviceAlignment);
        }
        return new Result.Found(new RingLayout(size, desc, driver, device, memory));
    }

    private static Result nowhere(String part, long address, long bytes, int alignment) {
        return new Result.Nowhere(
                "%s at front-end address 0x%x (%d bytes, aligned to %d) is not in memory"
                        .formatted(part, address, bytes, alignment));
    }
}
