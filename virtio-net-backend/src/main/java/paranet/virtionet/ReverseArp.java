package paranet.virtionet;

/**
 * The frame by which switches learn where an address now is: a broadcast RARP request (RFC 903), as
 * virtual machine monitors send it after a migration.
 *
 * <p>Threading: immutable.
 */
final class ReverseArp {
    static final int ETHERTYPE = 0x8035;

    /** Shortest Ethernet frame, without check sequence. */
    static final int BYTES = 60;

    private static final int REQUEST_REVERSE = 3;

    private ReverseArp() {}

    /** A request by {@code mac} (6 bytes) for its own protocol address. */
    static byte[] request(byte[] mac) {
        byte[] frame = new byte[BYTES];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) 0xff;
        }
        System.arraycopy(mac, 0, frame, 6, 6);
        put(frame, 12, ETHERTYPE);
        put(frame, 14, 1); // hardware: Ethernet
        put(frame, 16, 0x0800); // protocol: IPv4
        frame[18] = 6;
        frame[19] = 4;
        put(frame, 20, REQUEST_REVERSE);
        System.arraycopy(mac, 0, frame, 22, 6); // sender, whose IPv4 address stays 0
        System.arraycopy(mac, 0, frame, 32, 6); // target, likewise
        return frame;
    }

    private static void put(byte[] frame, int at, int value) {
        frame[at] = (byte) (value >>> 8);
        frame[at + 1] = (byte) value;
    }
}
