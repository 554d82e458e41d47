package paranet.guest.frame;

import java.util.Arrays;

/**
 * One Ethernet frame in the guest's hands, with the offload fields that travel beside it. Reused:
 * its array only grows.
 *
 * <p>Threading: confined to one thread.
 */
public final class GuestFrame {
    private byte[] bytes;
    private int length;
    private FrameHdr hdr = FrameHdr.NONE;

    /** A frame with room for {@code capacity} bytes at first. */
    public GuestFrame(int capacity) {
        this.bytes = new byte[capacity];
    }

    /** A frame of these bytes, which it keeps. */
    public static GuestFrame of(byte[] bytes, FrameHdr hdr) {
        GuestFrame frame = new GuestFrame(0);
        frame.bytes = bytes;
        frame.length = bytes.length;
        frame.hdr = hdr;
        return frame;
    }

    /** The array behind the frame; valid until {@link #reserve}. */
    public byte[] bytes() {
        return bytes;
    }

    /** Bytes of the frame, from the array's start. */
    public int length() {
        return length;
    }

    public FrameHdr hdr() {
        return hdr;
    }

    /** Makes room for {@code capacity} bytes, keeping those that are there. */
    public void reserve(int capacity) {
        if (bytes.length < capacity) {
            bytes = Arrays.copyOf(bytes, Math.max(capacity, 2 * bytes.length));
        }
    }

    /** Says how much of the array is the frame, and how it is to be read. */
    public void set(int length, FrameHdr hdr) {
        if (length < 0 || length > bytes.length) {
            throw new IllegalArgumentException(
                    "length %d is not in 0..%d".formatted(length, bytes.length));
        }
        this.length = length;
        this.hdr = hdr;
    }

    /** A frame of its own with the same content. */
    public GuestFrame copy() {
        return of(Arrays.copyOf(bytes, length), hdr);
    }

    // Big-endian, as networks have it.

    public int u8(int at) {
        return bytes[at] & 0xff;
    }

    public int u16(int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }

    public int u32(int at) {
        return u16(at) << 16 | u16(at + 2);
    }

    public long u64(int at) {
        return (long) u32(at) << 32 | (u32(at + 4) & 0xffffffffL);
    }

    public void put8(int at, int value) {
        bytes[at] = (byte) value;
    }

    public void put16(int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    public void put32(int at, int value) {
        put16(at, value >>> 16);
        put16(at + 2, value);
    }

    public void put64(int at, long value) {
        put32(at, (int) (value >>> 32));
        put32(at + 4, (int) value);
    }
}
