package paranet.guest;

import java.io.IOException;

/**
 * A guest's network, whatever device is behind it: ports for frames, and waiting for all of them at
 * once.
 *
 * <p>Threading: as its implementation says.
 */
public interface NetworkDriver extends AutoCloseable {
    int pairs();

    FramePort pair(int index);

    /**
     * Waits for a frame on any port, or for room too, by interrupts.
     *
     * @param nanosMax 0 or more; rounded up to milliseconds
     */
    void await(long nanosMax, boolean forRoom) throws IOException;

    /** Whether a frame's checksum may be left to the device. */
    boolean leavesChecksums();

    /** Whether segments of TCP over IPv4 may be left to the device too. */
    boolean leavesSegments();

    /** Interrupts that the device sent. */
    long calls();

    /** What the device told by them: one thing each, unless interrupts are folded. */
    long events();

    /** Times that the device was told of something: a system call or a guest's exit each. */
    long kicks();

    @Override
    void close();
}
