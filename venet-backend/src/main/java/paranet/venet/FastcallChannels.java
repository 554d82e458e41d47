package paranet.venet;

import paranet.core.device.Bus;
import paranet.core.device.BusError;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.venet.wire.VbusFastcall;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * The channels for calls that stand in guest memory, a descriptor each (struct
 * vbus_pci_fastcall_desc), and which of them were answered.
 *
 * <p>Threading: confined to one worker.
 */
final class FastcallChannels {
    /** The original had one for each CPU. */
    private static final int COUNT_MAX = 256;

    private final TreeMap<Integer, Segment> descs = new TreeMap<>(); // by channel
    private final List<Bus.Answer> executed = new ArrayList<>(); // not taken

    int add(GuestMemory memory, int channel, int length, long guestAddress) {
        if (descs.containsKey(channel)) {
            return BusError.EEXIST;
        }
        if (length != VbusFastcall.BYTES) {
            return BusError.EINVAL;
        }
        long address = memory.translate(guestAddress, VbusFastcall.BYTES);
        if (address == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        if (((guestAddress | address) & (VbusFastcall.ALIGNMENT - 1)) != 0) {
            return BusError.EINVAL;
        }
        if (descs.size() == COUNT_MAX) {
            return BusError.ENOMEM;
        }
        descs.put(channel, new Segment(guestAddress, VbusFastcall.BYTES, address));
        return 0;
    }

    int drop(int channel) {
        return descs.remove(channel) == null ? BusError.ENOENT : 0;
    }

    /** The descriptor of a channel, or null. */
    Segment desc(int channel) {
        return descs.get(channel);
    }

    static int vector(Segment desc) {
        return SharedMemory.le32(desc.address() + VbusFastcall.VECTOR);
    }

    static int length(Segment desc) {
        return SharedMemory.le32(desc.address() + VbusFastcall.LEN);
    }

    static long guestAddress(Segment desc) {
        return SharedMemory.le64(desc.address() + VbusFastcall.DATAP);
    }

    /** Writes the result of a call, unless its channel was dropped meanwhile. */
    void answer(Caller caller, int result) {
        if (descs.get(caller.channel()) == caller.fastcall()) {
            SharedMemory.releaseLe32(caller.fastcall().address() + VbusFastcall.RESULT, result);
            executed.add(new Bus.Answer(caller.channel(), result));
        }
    }

    /** What was answered since this was last asked. */
    List<Bus.Answer> takeExecuted() {
        if (executed.isEmpty()) {
            return List.of(); // asked in each duty cycle
        }
        List<Bus.Answer> taken = List.copyOf(executed);
        executed.clear();
        return taken;
    }

    Collection<Segment> segments() {
        return descs.values();
    }

    void relocate(GuestMemory memory) {
        descs.values().forEach(desc -> desc.relocate(memory));
    }

    void forget() {
        descs.clear();
        executed.clear();
    }
}
