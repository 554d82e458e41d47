package paranet.core.vhostuser;

import paranet.core.linux.Fd;

/**
 * All that starting a ring takes, as the front end said it.
 *
 * @param size entries, checked against the ring format's bound
 * @param desc front-end address of the descriptor table or packed ring
 * @param avail front-end address of the avail ring or packed driver event structure
 * @param used front-end address of the used ring or packed device event structure
 * @param base as SET_VRING_BASE carries it (Vring descriptor index for split and packed)
 * @param features negotiated virtio features
 * @param kick descriptor to watch, owned by whoever receives this record; null means: poll
 *     <p>Threading: immutable.
 */
public record VringSetup(
        int size, long desc, long avail, long used, int base, long features, Fd kick) {}
