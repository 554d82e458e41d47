package paranet.virtionet;

import paranet.core.mitigation.Coalescing;
import paranet.virtionet.wire.VirtioNetCtrl;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;

/**
 * What the guest set for the notifications of each receive and transmit ring (virtio 1.3,
 * 5.1.6.5.8). A ring for which it set nothing is at 0 and 0 as far as the guest can tell, and
 * called for as the host's operator says.
 *
 * <p>Threading: confined to its caller.
 */
final class NotificationLimits {
    /** Both values of one command; le32 without a sign. */
    private record Pair(long maxPackets, long maxUsecs) {
        private static final Pair NONE = new Pair(0, 0);
    }

    private final Pair[] inForce; // null where nothing was set
    private final Pair[] forAll; // of the ring's direction, likewise

    NotificationLimits(int vrings) {
        inForce = new Pair[vrings];
        forAll = new Pair[vrings];
    }

    /** Sets both for one ring. */
    void set(int vring, long packets, long usecs) {
        inForce[vring] = new Pair(packets, usecs);
    }

    /** Sets both for a ring, as for all of its direction. */
    void setForAll(int vring, long packets, long usecs) {
        set(vring, packets, usecs);
        forAll[vring] = inForce[vring];
    }

    /** What was set for one ring alone is over; whether that is news. */
    boolean forgetOwn(int vring) {
        boolean news = !Objects.equals(inForce[vring], forAll[vring]);
        inForce[vring] = forAll[vring];
        return news;
    }

    /** Nothing was set; the rings for which that is news. */
    BitSet reset() {
        BitSet news = new BitSet();
        for (int vring = 0; vring < inForce.length; vring++) {
            news.set(vring, inForce[vring] != null);
        }
        Arrays.fill(inForce, null);
        Arrays.fill(forAll, null);
        return news;
    }

    private Pair pair(int vring) {
        return inForce[vring] == null ? Pair.NONE : inForce[vring];
    }

    long maxPackets(int vring) {
        return pair(vring).maxPackets();
    }

    long maxUsecs(int vring) {
        return pair(vring).maxUsecs();
    }

    /** What that means, or null. */
    Coalescing of(int vring) {
        return inForce[vring] == null
                ? null
                : Coalescing.command(maxUsecs(vring), maxPackets(vring));
    }

    /** The first ring that a command for all rings of one direction is about. */
    static int first(int number) {
        return number == VirtioNetCtrl.NOTF_COAL_RX_SET ? 0 : 1;
    }
}
