package paranet.venet;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * What a device can offer its driver, as a user chooses it: capabilities of NEGCAP, or several of
 * them. The segmentations are for both directions.
 *
 * <p>Threading: immutable.
 */
public enum VenetFeature {
    /** Frames in pieces, and checksums left to the device. */
    SG,
    TSO4,
    TSO6,
    ECN,
    /** UDP fragmentation, where the network side takes it. */
    UFO,
    /** Descriptors of frames in memory that is registered once. */
    PMTD,
    /** Events of the link. */
    LINKSTATE,
    /** Events of frames that were sent. */
    TXC,
    /** Frames for the driver that are larger than its MTU. */
    L4RO;

    /** What the original offered, which left out UFO. */
    public static final Set<VenetFeature> ORIGINAL =
            Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(UFO)));

    /** The name on a command line. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
