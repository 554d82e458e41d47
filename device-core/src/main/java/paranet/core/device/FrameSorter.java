package paranet.core.device;

import paranet.core.memory.IoVec;
import paranet.core.mitigation.FlowTable;
import paranet.core.mitigation.FrameClass;

/**
 * Tells the frames of one lane apart, by whom may be waiting for them, as long as the policy that
 * decides about calls wants to know. The lane shows the frames, the worker takes the counts.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class FrameSorter {
    private final byte[] header = new byte[FlowTable.HEADER_BYTES_MAX];
    private final long[] units = new long[FrameClass.values().length];
    private FlowTable flows; // made when it is first wanted
    private boolean wanted;
    private long nowNanos;

    /** Whether frames are to be shown; asked for each of them. */
    public boolean isWanted() {
        return wanted;
    }

    /** Whether frames are to be shown from now on. */
    public void wanted(boolean isWanted) {
        wanted = isWanted;
        if (isWanted && flows == null) {
            flows = new FlowTable();
        }
    }

    /** The clock of the duty cycle. */
    public void begin(long now) {
        nowNanos = now;
    }

    /**
     * A frame for the guest.
     *
     * @param list where it lies; its Ethernet header begins at {@code offset}
     * @param gso whether it stands for several (virtio_net_hdr.gso_type)
     * @param given chains, or slots of a ring, that the guest gets for it
     */
    public void toGuest(IoVec list, int offset, long frameBytes, boolean gso, int given) {
        units[classify(list, offset, frameBytes, gso, true).slot()] += given;
    }

    /** A frame from the guest: what it sends says what it waits for. */
    public void fromGuest(IoVec list, int offset, long frameBytes, boolean gso) {
        var _ = classify(list, offset, frameBytes, gso, false);
    }

    private FrameClass classify(
            IoVec list, int offset, long frameBytes, boolean gso, boolean toGuest) {
        int bytes = (int) Math.min(frameBytes, header.length);
        list.copyOut(offset, header, bytes);
        return flows.classify(header, bytes, frameBytes, gso, toGuest, nowNanos);
    }

    /** What was given of this class since this was last asked. */
    public long take(FrameClass of) {
        long taken = units[of.slot()];
        units[of.slot()] = 0;
        return taken;
    }
}
