package paranet.launcher;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * The Ethernet address of a port's guest: unicast, not zero.
 *
 * <p>Threading: immutable.
 *
 * @param bits the six bytes as a number, the first byte highest
 */
record MacAddress(long bits) {
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");
    private static final int LENGTH = 6;
    private static final long NUMBER_MASK = 0xff_ffff;

    static MacAddress parse(String text) throws OptionException {
        byte[] bytes;
        try {
            bytes = COLONS.parseHex(text);
        } catch (IllegalArgumentException e) {
            throw malformed(text, e);
        }
        if (bytes.length != LENGTH) {
            throw malformed(text, null);
        }
        if ((bytes[0] & 1) != 0) {
            throw new OptionException(
                    "--mac=" + text + " is a group address; the first byte must be even");
        }
        MacAddress address = of(bytes);
        if (address.bits == 0) {
            throw new OptionException(
                    "--mac=" + text + " is no address; leave it out to have one made");
        }
        return address;
    }

    /** A locally administered address, always the same for the same name. */
    static MacAddress derivedFrom(String name) {
        CRC32C crc = new CRC32C();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return new MacAddress(0x0250_0000_0000L | crc.getValue());
    }

    /** The address {@code n} further on; the first three bytes, the maker's, stay. */
    MacAddress plus(int n) {
        return new MacAddress((bits & ~NUMBER_MASK) | ((bits + n) & NUMBER_MASK));
    }

    byte[] toBytes() {
        byte[] bytes = new byte[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            bytes[i] = (byte) (bits >>> (8 * (LENGTH - 1 - i)));
        }
        return bytes;
    }

    @Override
    public String toString() {
        return COLONS.formatHex(toBytes());
    }

    private static MacAddress of(byte[] bytes) {
        long bits = 0;
        for (byte b : bytes) {
            bits = bits << 8 | (b & 0xff);
        }
        return new MacAddress(bits);
    }

    private static OptionException malformed(String text, Throwable cause) {
        return new OptionException(
                "--mac=" + text + " is not six bytes in hex with colons, as in 02:50:00:00:00:01",
                cause);
    }
}
