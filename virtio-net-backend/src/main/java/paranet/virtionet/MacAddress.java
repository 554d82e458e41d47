package paranet.virtionet;

import paranet.core.memory.SharedMemory;
import paranet.virtionet.wire.VirtioNetConfig;

import java.util.HexFormat;

/**
 * An Ethernet address.
 *
 * @param bits the six bytes as a little-endian number, first byte lowest: how a load from the frame
 *     sees them
 *     <p>Threading: immutable.
 */
public record MacAddress(long bits) {
    private static final HexFormat FORM = HexFormat.ofDelimiter(":");
    private static final long MASK = 0xffff_ffff_ffffL;

    /** Every station (ff:ff:ff:ff:ff:ff). */
    public static final MacAddress BROADCAST = new MacAddress(MASK);

    public MacAddress {
        if ((bits & ~MASK) != 0) {
            throw new IllegalArgumentException("0x%x has more than 48 bits".formatted(bits));
        }
    }

    /** The address in six bytes, in the order they are sent. */
    public static MacAddress of(byte[] bytes) {
        if (bytes.length != VirtioNetConfig.MAC_BYTES) {
            throw new IllegalArgumentException("%d bytes are no address".formatted(bytes.length));
        }
        long bits = 0;
        for (int i = 0; i < bytes.length; i++) {
            bits |= (bytes[i] & 0xffL) << (8 * i);
        }
        return new MacAddress(bits);
    }

    /** The address at {@code address}; six bytes are read. */
    static MacAddress at(long address) {
        return new MacAddress(
                (SharedMemory.le32(address) & 0xffffffffL)
                        | ((long) SharedMemory.le16(address + 4) << 32));
    }

    /** Bits of the address at {@code address}, in one load of eight bytes. */
    static long bitsAt(long address) {
        return SharedMemory.le64(address) & MASK;
    }

    /** Whether it names a group of stations, {@link #BROADCAST} being one. */
    public boolean isGroup() {
        return (bits & 1) != 0;
    }

    /** Six bytes in the order they are sent. */
    public byte[] bytes() {
        byte[] bytes = new byte[VirtioNetConfig.MAC_BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (bits >>> (8 * i));
        }
        return bytes;
    }

    @Override
    public String toString() {
        return FORM.formatHex(bytes());
    }
}
