package paranet.venet.wire;

/**
 * The shm ids of a venet device (venet.h). Only {@link #RX} and {@link #TX} are fixed; guests learn
 * the others by asking, and these are what we answer, as the first implementation did.
 *
 * <p>Threading: immutable.
 */
public final class VenetShm {
    /** Ring of frames for the guest. */
    public static final int RX = 0;

    /** Ring of frames from the guest. */
    public static final int TX = 1;

    /** Pool of {@link VenetSg} for TX. */
    public static final int PMTD_POOL = 100;

    /** Pool of {@link VenetEvent}. */
    public static final int EVENT_POOL = 101;

    public static final int EVENT_RING = 102;

    /** Pool of {@link VenetSg} for RX. */
    public static final int L4RO_POOL = 103;

    /** Ring of empty pages for frames larger than a slot's own buffer. */
    public static final int L4RO_PAGE_RING = 104;

    /** Slots of any ring of a venet device. */
    public static final int RING_COUNT_MAX = 2048;

    private VenetShm() {}
}
