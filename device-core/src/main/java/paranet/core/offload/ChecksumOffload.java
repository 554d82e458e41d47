package paranet.core.offload;

import paranet.core.memory.SharedMemory;

/**
 * Completes a checksum that a sender left to the device (virtio 1.3, 5.1.6.2: NEEDS_CSUM).
 *
 * <p>Threading: immutable.
 */
public final class ChecksumOffload {
    private ChecksumOffload() {}

    /** Whether the checksum field that a header names lies inside the frame. */
    public static boolean fits(int frameBytes, int csumStart, int csumOffset) {
        return csumStart + csumOffset + 2 <= frameBytes;
    }

    /**
     * Sums the frame from {@code csumStart} on, the pseudo-header's part being in the field
     * already, and writes the field.
     *
     * @return false when the field lies outside the frame
     */
    public static boolean complete(long frame, int frameBytes, int csumStart, int csumOffset) {
        if (!fits(frameBytes, csumStart, csumOffset)) {
            return false;
        }
        long sum = InternetChecksum.sum(0, frame + csumStart, frameBytes - csumStart);
        put(frame + csumStart + csumOffset, sum);
        return true;
    }

    /** Writes a field: never 0, which in UDP would mean that there is no checksum (RFC 768). */
    public static void put(long field, long sum) {
        int checksum = InternetChecksum.complement(sum);
        SharedMemory.putLe16(field, checksum == 0 ? 0xffff : checksum);
    }
}
