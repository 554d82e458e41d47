package paranet.guest.frame;

import java.util.HexFormat;

/**
 * An Ethernet address.
 *
 * @param bits the 48 bits, first byte highest
 *     <p>Threading: immutable.
 */
public record MacAddress(long bits) {
    public static final int BYTES = 6;
    public static final MacAddress BROADCAST = new MacAddress(0xffff_ffff_ffffL);

    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("0x%x is more than 48 bits".formatted(bits));
        }
    }

    /** The address in six bytes from {@code at} on. */
    public static MacAddress of(byte[] bytes, int at) {
        long bits = 0;
        for (int i = 0; i < BYTES; i++) {
            bits = bits << 8 | (bytes[at + i] & 0xff);
        }
        return new MacAddress(bits);
    }

    /** Whether it names a group of stations, broadcast included. */
    public boolean isGroup() {
        return (bits >>> 40 & 1) != 0;
    }

    public void copyTo(byte[] bytes, int at) {
        for (int i = 0; i < BYTES; i++) {
            bytes[at + i] = (byte) (bits >>> (8 * (BYTES - 1 - i)));
        }
    }

    public byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        copyTo(bytes, 0);
        return bytes;
    }

    @Override
    public String toString() {
        return HexFormat.ofDelimiter(":").formatHex(bytes());
    }
}
