package paranet.virtionet;

import paranet.core.mitigation.Coalescing;
import paranet.virtionet.wire.VirtioNetCtrl;

import java.util.BitSet;

/**
 * What the guest set for the notifications of each receive and transmit ring (virtio 1.3,
 * 5.1.6.5.8). A ring for which it set nothing is at 0 and 0 as far as the guest can tell, and
 * called for as the host's operator says.
 *
 * <p>Threading: confined to its caller.
 */
final class NotificationLimits {
    private final BitSet given = new BitSet(); // rings
    private final long[] maxPackets;
    private final long[] maxUsecs;

    NotificationLimits(int vrings) {
        maxPackets = new long[vrings];
        maxUsecs = new long[vrings];
    }

    /** Sets both for one ring; le32 values without a sign. */
    void set(int vring, long packets, long usecs) {
        given.set(vring);
        maxPackets[vring] = packets;
        maxUsecs[vring] = usecs;
    }

    /** Nothing was set; the rings for which that is news. */
    BitSet reset() {
        BitSet news = (BitSet) given.clone();
        given.clear();
        return news;
    }

    long maxPackets(int vring) {
        return given.get(vring) ? maxPackets[vring] : 0;
    }

    long maxUsecs(int vring) {
        return given.get(vring) ? maxUsecs[vring] : 0;
    }

    /** What that means, or null. */
    Coalescing of(int vring) {
        return given.get(vring) ? Coalescing.command(maxUsecs[vring], maxPackets[vring]) : null;
    }

    /** The first ring that a command for all rings of one direction is about. */
    static int first(int number) {
        return number == VirtioNetCtrl.NOTF_COAL_RX_SET ? 0 : 1;
    }
}
