package paranet.guest.frame;

import java.util.zip.CRC32C;

/**
 * A numbered, checksummed Ethernet frame: 14 bytes of Ethernet header with an ethertype for local
 * experiments (IEEE 802, 0x88b5), then 32 bytes of ours, then bytes that follow from the number.
 *
 * <p>Threading: confined to one thread.
 */
public final class TestFrame {
    public static final int ETHERTYPE = 0x88b5;

    /** Shortest frame: both headers and nothing else. */
    public static final int FRAME_BYTES_MIN = 46;

    /** Longest frame. */
    public static final int FRAME_BYTES_MAX = 65550;

    private static final int TYPE = 12;
    private static final int MAGIC = 14;
    private static final int STREAM = 18;
    private static final int SEQUENCE = 22;
    private static final int SENT_NANOS = 30;
    private static final int LENGTH = 38;
    private static final int CRC = 42;
    private static final int MAGIC_NUMBER = 0x50617261;

    private final CRC32C crc = new CRC32C();
    private final byte[] fill = new byte[FRAME_BYTES_MAX + 256];

    /** Frames whose filling derives from {@code seed}. */
    public TestFrame(long seed) {
        new java.util.SplittableRandom(seed).nextBytes(fill);
    }

    /**
     * Writes one frame of {@code length} bytes, {@link #FRAME_BYTES_MIN} to {@link
     * #FRAME_BYTES_MAX}.
     */
    public void write(
            GuestFrame frame,
            MacAddress destination,
            MacAddress source,
            int stream,
            long sequence,
            long sentNanos,
            int length) {
        if (length < FRAME_BYTES_MIN || length > FRAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "frame of %d bytes is not in %d..%d"
                            .formatted(length, FRAME_BYTES_MIN, FRAME_BYTES_MAX));
        }
        frame.reserve(length);
        frame.set(length, FrameHdr.NONE);
        destination.copyTo(frame.bytes(), 0);
        source.copyTo(frame.bytes(), 6);
        frame.put16(TYPE, ETHERTYPE);
        frame.put32(MAGIC, MAGIC_NUMBER);
        frame.put32(STREAM, stream);
        frame.put64(SEQUENCE, sequence);
        frame.put64(SENT_NANOS, sentNanos);
        frame.put32(LENGTH, length);
        System.arraycopy(
                fill,
                (int) (sequence & 0xff),
                frame.bytes(),
                FRAME_BYTES_MIN,
                length - FRAME_BYTES_MIN);
        frame.put32(CRC, checksum(frame));
    }

    /** Whether the frame claims to be one of ours. */
    public static boolean isOurs(GuestFrame frame) {
        return frame.length() >= FRAME_BYTES_MIN
                && frame.u16(TYPE) == ETHERTYPE
                && frame.u32(MAGIC) == MAGIC_NUMBER;
    }

    /** Whether length and checksum say that not a bit changed since {@link #write}. */
    public boolean isWhole(GuestFrame frame) {
        return isOurs(frame)
                && frame.u32(LENGTH) == frame.length()
                && frame.u32(CRC) == checksum(frame);
    }

    public static int stream(GuestFrame frame) {
        return frame.u32(STREAM);
    }

    public static long sequence(GuestFrame frame) {
        return frame.u64(SEQUENCE);
    }

    public static long sentNanos(GuestFrame frame) {
        return frame.u64(SENT_NANOS);
    }

    /** CRC-32C of everything but the checksum itself. */
    private int checksum(GuestFrame frame) {
        crc.reset();
        crc.update(frame.bytes(), 0, CRC);
        crc.update(frame.bytes(), FRAME_BYTES_MIN, frame.length() - FRAME_BYTES_MIN);
        return (int) crc.getValue();
    }
}
