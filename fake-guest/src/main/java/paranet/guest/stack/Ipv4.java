package paranet.guest.stack;

import java.util.Locale;

/**
 * IPv4 addresses as ints, and the numbers of its packets (RFC 791) behind an Ethernet header.
 *
 * <p>Threading: immutable.
 */
public final class Ipv4 {
    static final int ETHERNET_BYTES = 14;
    static final int HEADER_BYTES = 20;

    // Offsets from the frame's start.
    static final int AT = ETHERNET_BYTES;
    static final int TOTAL_LENGTH = AT + 2;
    static final int IDENTIFICATION = AT + 4;
    static final int FRAGMENT = AT + 6;
    static final int TTL = AT + 8;
    static final int PROTOCOL = AT + 9;
    static final int CHECKSUM = AT + 10;
    static final int SOURCE = AT + 12;
    static final int DESTINATION = AT + 16;
    static final int PAYLOAD = AT + HEADER_BYTES;

    static final int DONT_FRAGMENT = 0x4000;
    static final int FRAGMENT_MASK = 0x3fff; // more fragments, and the offset

    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;

    private Ipv4() {}

    /**
     * An address written as four decimal numbers.
     *
     * @throws IllegalArgumentException if it is not
     */
    public static int parse(String dotted) {
        String[] parts = dotted.split("\\.", -1);
        if (parts.length != 4) {
            throw new IllegalArgumentException("not an IPv4 address: " + dotted);
        }
        int address = 0;
        for (String part : parts) {
            int value;
            try {
                value = Integer.parseInt(part);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("not an IPv4 address: " + dotted, e);
            }
            if (value < 0 || value > 255) {
                throw new IllegalArgumentException("not an IPv4 address: " + dotted);
            }
            address = address << 8 | value;
        }
        return address;
    }

    public static String format(int address) {
        return String.format(
                Locale.ROOT,
                "%d.%d.%d.%d",
                address >>> 24,
                address >>> 16 & 0xff,
                address >>> 8 & 0xff,
                address & 0xff);
    }
}
