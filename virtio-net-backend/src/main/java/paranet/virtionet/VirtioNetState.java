package paranet.virtionet;

import paranet.core.frame.FrameOffload;
import paranet.core.offload.FrameHeaders;
import paranet.virtionet.wire.VirtioNetFeature;

/**
 * All that the lanes must know of negotiation and commands, at one moment. A lane takes the newest
 * one at the start of a batch.
 *
 * @param features negotiated
 * @param guestOffloads features that the guest accepts now: what it negotiated, less what it
 *     switched off by CTRL_GUEST_OFFLOADS
 * @param sinkOffloads {@link FrameOffload} bits that the network takes unfinished
 * @param filter which frames the guest wants
 * @param linkUp whether frames pass at all
 * @param sourceBytesMax room that a source asks for, header included
 * @param mtuBytes the payload bound that the guest was told and negotiated, or 0 for none
 *     <p>Threading: immutable.
 */
record VirtioNetState(
        long features,
        long guestOffloads,
        int sinkOffloads,
        ReceiveFilter filter,
        boolean linkUp,
        int sourceBytesMax,
        int mtuBytes) {

    boolean has(long feature) {
        return (features & feature) != 0;
    }

    int headerBytes() {
        return VirtioNetFeature.headerBytes(features);
    }

    boolean mergeable() {
        return has(VirtioNetFeature.MRG_RXBUF);
    }

    /** {@link FrameOffload} bits that the guest may leave unfinished when it sends. */
    int allowed() {
        return FeatureOffloads.allowedToGuest(features);
    }

    /** {@link FrameOffload} bits that the guest accepts unfinished. */
    int accepted() {
        return FeatureOffloads.acceptedByGuest(guestOffloads);
    }

    /** Whether an Ethernet frame of this size, not to be segmented, keeps to the guest's MTU. */
    boolean withinMtu(int frameBytes) {
        return mtuBytes == 0
                || frameBytes
                        <= mtuBytes + FrameHeaders.ETHERNET_BYTES + 2 * FrameHeaders.VLAN_BYTES;
    }
}
