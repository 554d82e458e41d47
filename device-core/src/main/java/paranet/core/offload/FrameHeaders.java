package paranet.core.offload;

import paranet.core.memory.SharedMemory;

/**
 * Where the headers of one Ethernet frame lie. A cursor: made once, filled by {@link #parse}.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class FrameHeaders {
    public static final int ETHERNET_BYTES = 14;
    public static final int VLAN_BYTES = 4;
    public static final int IPV6_BYTES = 40;
    public static final int FRAGMENT_BYTES = 8;
    public static final int UDP_BYTES = 8;
    public static final int TCP_BYTES_MIN = 20;

    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int FRAGMENT = 44;

    private static final int IPV4_BYTES_MIN = 20;
    private static final int ETHERTYPE = 12;
    private static final int TAGS_MAX = 2; // IEEE 802.1ad: a tag within a tag
    private static final int EXTENSIONS_MAX = 8;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int DESTINATION_OPTIONS = 60;

    private int network;
    private int transport;
    private int protocol;
    private int protocolField;
    private boolean ipv6;
    private boolean fragment;

    /** Finds IP and what it carries; false when that is not IP, or is cut short. */
    public boolean parse(long frame, int bytes) {
        int type = ETHERTYPE;
        for (int tags = 0; tags < TAGS_MAX && type + 2 <= bytes; tags++) {
            int ethertype = be16(frame + type);
            if (ethertype != 0x8100 && ethertype != 0x88a8) {
                break;
            }
            type += VLAN_BYTES;
        }
        network = type + 2;
        if (network + IPV4_BYTES_MIN > bytes) {
            return false;
        }
        return switch (be16(frame + type)) {
            case 0x0800 -> parseIpv4(frame, bytes);
            case 0x86dd -> parseIpv6(frame, bytes);
            default -> false;
        };
    }

    private boolean parseIpv4(long frame, int bytes) {
        long ip = frame + network;
        int versionAndLength = SharedMemory.le8(ip);
        int headerBytes = (versionAndLength & 15) * 4;
        ipv6 = false;
        protocolField = network + 9;
        protocol = SharedMemory.le8(ip + 9);
        fragment = (be16(ip + 6) & 0x3fff) != 0; // more to come, or an offset
        transport = network + headerBytes;
        return versionAndLength >>> 4 == 4 && headerBytes >= IPV4_BYTES_MIN && transport <= bytes;
    }

    private boolean parseIpv6(long frame, int bytes) {
        if (network + IPV6_BYTES > bytes || SharedMemory.le8(frame + network) >>> 4 != 6) {
            return false;
        }
        ipv6 = true;
        fragment = false;
        protocolField = network + 6;
        transport = network + IPV6_BYTES;
        for (int i = 0; i < EXTENSIONS_MAX; i++) {
            protocol = SharedMemory.le8(frame + protocolField);
            if (protocol != HOP_BY_HOP && protocol != ROUTING && protocol != DESTINATION_OPTIONS) {
                fragment = protocol == FRAGMENT;
                return true;
            }
            if (transport + 8 > bytes) {
                return false;
            }
            protocolField = transport;
            transport += 8 + 8 * SharedMemory.le8(frame + transport + 1);
            if (transport > bytes) {
                return false;
            }
        }
        return false;
    }

    public boolean ipv6() {
        return ipv6;
    }

    /** Whether the frame is one fragment of a packet. */
    public boolean fragment() {
        return fragment;
    }

    /** Offset of the IP header. */
    public int network() {
        return network;
    }

    /** Offset of what IP carries, behind options and extension headers. */
    public int transport() {
        return transport;
    }

    /** Number of what IP carries: {@link #TCP}, {@link #UDP} or another. */
    public int protocol() {
        return protocol;
    }

    /** Offset of the byte that holds {@link #protocol}. */
    public int protocolField() {
        return protocolField;
    }

    /**
     * The unfolded sum of the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1) for {@code bytes} of
     * transport header and payload.
     */
    public long pseudoHeader(long frame, int bytes) {
        long ip = frame + network;
        long addresses =
                ipv6 ? InternetChecksum.sum(0, ip + 8, 32) : InternetChecksum.sum(0, ip + 12, 8);
        return addresses + InternetChecksum.word(protocol) + InternetChecksum.word(bytes);
    }

    /** Writes the IP length for {@code bytes} of everything behind {@link #network}. */
    public void putLength(long frame, int bytes) {
        long ip = frame + network;
        if (ipv6) {
            putBe16(ip + 4, bytes - IPV6_BYTES);
        } else {
            putBe16(ip + 2, bytes);
        }
    }

    /** Writes the IPv4 header's checksum; IPv6 has none. */
    public void putHeaderChecksum(long frame) {
        if (!ipv6) {
            long ip = frame + network;
            SharedMemory.putLe16(ip + 10, 0);
            int checksum =
                    InternetChecksum.complement(InternetChecksum.sum(0, ip, transport - network));
            SharedMemory.putLe16(ip + 10, checksum);
        }
    }

    public static int be16(long address) {
        return InternetChecksum.word(SharedMemory.le16(address));
    }

    public static void putBe16(long address, int value) {
        SharedMemory.putLe16(address, InternetChecksum.word(value));
    }

    public static int be32(long address) {
        return Integer.reverseBytes(SharedMemory.le32(address));
    }

    public static void putBe32(long address, int value) {
        SharedMemory.putLe32(address, Integer.reverseBytes(value));
    }
}
