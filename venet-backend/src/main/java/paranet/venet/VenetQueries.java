package paranet.venet;

import paranet.core.device.BusError;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetEvent;
import paranet.venet.wire.VenetEventqQuery;
import paranet.venet.wire.VenetL4roQuery;
import paranet.venet.wire.VenetShm;

/**
 * The verbs that answer in the data of their call: what the device is, and what it can be. Each
 * answers 0, or an error and then wrote nothing.
 *
 * <p>Threading: confined to the worker of its bus.
 */
final class VenetQueries {
    private static final int MAC_BYTES = 6;

    private final byte[] mac;
    private final CapabilityNegotiation capabilities;

    VenetQueries(byte[] mac, CapabilityNegotiation capabilities) {
        if (mac.length != MAC_BYTES) {
            throw new IllegalArgumentException("MAC of %d bytes".formatted(mac.length));
        }
        this.mac = mac.clone();
        this.capabilities = capabilities;
    }

    int macQuery(GuestMemory memory, long guestAddress) {
        long to = memory.translate(guestAddress, MAC_BYTES);
        if (to == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        SharedMemory.copy(mac, 0, to, MAC_BYTES);
        return 0;
    }

    /** NEGCAP; a group of which something is registered stays as it is. */
    int negotiate(GuestMemory memory, long guestAddress, RegisteredMemory registered) {
        long at = memory.translate(guestAddress, VenetCapability.BYTES);
        if (at == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        int group = SharedMemory.le32(at + VenetCapability.GID);
        int wanted = SharedMemory.le32(at + VenetCapability.BITS);
        if (registered.isInUse(group)) {
            return BusError.EINVAL;
        }
        SharedMemory.putLe32(at + VenetCapability.BITS, capabilities.negotiate(group, wanted));
        return 0;
    }

    static int eventqQuery(GuestMemory memory, long guestAddress) {
        long at = memory.translate(guestAddress, VenetEventqQuery.BYTES);
        if (at == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        if (SharedMemory.le32(at + VenetEventqQuery.FLAGS) != 0) {
            return BusError.EINVAL;
        }
        SharedMemory.putLe32(at + VenetEventqQuery.EVSIZE, VenetEvent.BYTES_MAX);
        SharedMemory.putLe32(at + VenetEventqQuery.DPID, VenetShm.EVENT_POOL);
        SharedMemory.putLe32(at + VenetEventqQuery.QID, VenetShm.EVENT_RING);
        return 0;
    }

    static int l4roQuery(GuestMemory memory, long guestAddress) {
        long at = memory.translate(guestAddress, VenetL4roQuery.BYTES);
        if (at == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        if (SharedMemory.le32(at + VenetL4roQuery.FLAGS) != 0) {
            return BusError.EINVAL;
        }
        SharedMemory.putLe32(at + VenetL4roQuery.DPID, VenetShm.L4RO_POOL);
        SharedMemory.putLe32(at + VenetL4roQuery.PQID, VenetShm.L4RO_PAGE_RING);
        return 0;
    }
}
