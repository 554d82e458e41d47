package paranet.core.packet;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Ethernet frames made and read byte by byte: the naive model beside the product's own code. */
public final class Packets {
    private static final byte[] GUEST_MAC = {0x02, 0x50, 0, 0, 0, 1};
    private static final byte[] HOST_MAC = {0x02, 0x50, 0, 0, 0, 2};

    private Packets() {}

    public static byte[] guestMac() {
        return GUEST_MAC.clone();
    }

    public static byte[] hostMac() {
        return HOST_MAC.clone();
    }

    /** A virtio-net header of this size. */
    public static byte[] header(
            int headerBytes, int flags, int gsoType, int hdrLen, int gsoSize, int start, int off) {
        byte[] header = new byte[headerBytes];
        header[0] = (byte) flags;
        header[1] = (byte) gsoType;
        put16le(header, 2, hdrLen);
        put16le(header, 4, gsoSize);
        put16le(header, 6, start);
        put16le(header, 8, off);
        return header;
    }

    public static byte[] plainHeader(int headerBytes) {
        return new byte[headerBytes];
    }

    /** A frame of no protocol, whose bytes are random. */
    public static byte[] frame(RandomGenerator random, int bytes) {
        byte[] frame = new byte[bytes];
        random.nextBytes(frame);
        System.arraycopy(GUEST_MAC, 0, frame, 0, 6);
        System.arraycopy(HOST_MAC, 0, frame, 6, 6);
        put16(frame, 12, 0x88b5); // IEEE 802, local experiments
        return frame;
    }

    /** What a frame is made of. */
    public record Shape(
            boolean ipv6, boolean tcp, int vlanTags, int options, int extensions, int payload) {
        public int networkAt() {
            return 14 + 4 * vlanTags;
        }

        public int transportAt() {
            return networkAt() + (ipv6 ? 40 + 8 * extensions : 20 + 4 * options);
        }

        public int headerBytes() {
            return transportAt() + (tcp ? 32 : 8); // TCP with 12 bytes of options
        }
    }

    /**
     * A TCP or UDP frame; its transport checksum is left to be completed, as a guest leaves it: the
     * field holds the pseudo-header's sum.
     */
    public static byte[] unfinished(RandomGenerator random, Shape shape, int tcpFlags) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(GUEST_MAC);
        out.writeBytes(HOST_MAC);
        for (int i = 0; i < shape.vlanTags(); i++) {
            write16(out, i + 1 < shape.vlanTags() ? 0x88a8 : 0x8100);
            write16(out, 100 + i);
        }
        write16(out, shape.ipv6() ? 0x86dd : 0x0800);
        int protocol = shape.tcp() ? 6 : 17;
        int transportBytes = (shape.tcp() ? 32 : 8) + shape.payload();
        byte[] addresses = new byte[shape.ipv6() ? 32 : 8];
        random.nextBytes(addresses);
        if (shape.ipv6()) {
            write16(out, 0x6000);
            write16(out, 0);
            write16(out, 8 * shape.extensions() + transportBytes);
            int[] kinds = {0, 43, 60};
            out.write(shape.extensions() > 0 ? kinds[0] : protocol);
            out.write(64);
            out.writeBytes(addresses);
            for (int i = 0; i < shape.extensions(); i++) {
                out.write(i + 1 < shape.extensions() ? kinds[i + 1] : protocol);
                out.write(0); // 8 bytes
                out.writeBytes(new byte[] {1, 4, 0, 0, 0, 0});
            }
        } else {
            byte[] ip = new byte[20 + 4 * shape.options()];
            ip[0] = (byte) (0x45 + shape.options());
            put16(ip, 2, ip.length + transportBytes);
            put16(ip, 4, random.nextInt(65536));
            put16(ip, 6, 0x4000);
            ip[8] = 64;
            ip[9] = (byte) protocol;
            System.arraycopy(addresses, 0, ip, 12, 8);
            Arrays.fill(ip, 20, ip.length, (byte) 1); // no-operation options
            put16(ip, 10, ~sum16(0, ip, 0, ip.length));
            out.writeBytes(ip);
        }
        byte[] transport = new byte[transportBytes];
        random.nextBytes(transport);
        if (shape.tcp()) {
            transport[12] = (byte) 0x80;
            transport[13] = (byte) tcpFlags;
        } else {
            put16(transport, 4, transportBytes);
        }
        long pseudo = pseudoSum(addresses, protocol, transportBytes);
        put16(transport, shape.tcp() ? 16 : 6, fold(pseudo));
        out.writeBytes(transport);
        return out.toByteArray();
    }

    /** What the checksum of a whole packet must say; throws naming what is wrong. */
    public static void requireChecksums(byte[] frame) {
        Parsed packet = Parsed.of(frame);
        if (!packet.ipv6
                && fold(sum16(0, frame, packet.network, packet.transport - packet.network))
                        != 0xffff) {
            throw new AssertionError("IPv4 header checksum");
        }
        if (!packet.fragment) {
            requireTransportChecksum(packet, packet.payloadWithHeader());
        }
    }

    public static void requireTransportChecksum(Parsed packet, byte[] transport) {
        long sum = pseudoSum(packet.addresses, packet.protocol, transport.length);
        if (fold(sum + sum16(0, transport, 0, transport.length)) != 0xffff) {
            throw new AssertionError("transport checksum of " + packet);
        }
        if (packet.protocol == 17 && get16(transport, 6) == 0) {
            throw new AssertionError("UDP without a checksum");
        }
    }

    /** A frame read back, byte by byte. */
    public static final class Parsed {
        final byte[] frame;
        public boolean ipv6;
        public boolean fragment;
        public boolean moreFragments;
        public int fragmentOffset;
        public long identification;
        public int network;
        public int transport;
        public int end;
        public int protocol;
        public byte[] addresses;

        private Parsed(byte[] frame) {
            this.frame = frame;
        }

        public static Parsed of(byte[] frame) {
            Parsed p = new Parsed(frame);
            int at = 12;
            while (get16(frame, at) == 0x8100 || get16(frame, at) == 0x88a8) {
                at += 4;
            }
            p.ipv6 = get16(frame, at) == 0x86dd;
            p.network = at + 2;
            if (p.ipv6) {
                p.addresses = Arrays.copyOfRange(frame, p.network + 8, p.network + 40);
                p.end = p.network + 40 + get16(frame, p.network + 4);
                p.protocol = frame[p.network + 6] & 0xff;
                p.transport = p.network + 40;
                while (p.protocol != 6 && p.protocol != 17) {
                    if (p.protocol == 44) {
                        p.fragment = true;
                        int field = get16(frame, p.transport + 2);
                        p.moreFragments = (field & 1) != 0;
                        p.fragmentOffset = field & ~7;
                        p.identification = ByteBuffer.wrap(frame).getInt(p.transport + 4);
                        p.protocol = frame[p.transport] & 0xff;
                        p.transport += 8;
                    } else {
                        p.protocol = frame[p.transport] & 0xff;
                        p.transport += 8 + 8 * (frame[p.transport + 1] & 0xff);
                    }
                }
            } else {
                p.addresses = Arrays.copyOfRange(frame, p.network + 12, p.network + 20);
                p.end = p.network + get16(frame, p.network + 2);
                p.transport = p.network + 4 * (frame[p.network] & 15);
                p.protocol = frame[p.network + 9] & 0xff;
                int field = get16(frame, p.network + 6);
                p.moreFragments = (field & 0x2000) != 0;
                p.fragmentOffset = 8 * (field & 0x1fff);
                p.fragment = p.moreFragments || p.fragmentOffset > 0;
                p.identification = get16(frame, p.network + 4);
            }
            if (p.end != frame.length) {
                throw new AssertionError(
                        "IP says that the frame ends at %d, it ends at %d"
                                .formatted(p.end, frame.length));
            }
            return p;
        }

        public byte[] payloadWithHeader() {
            return Arrays.copyOfRange(frame, transport, end);
        }

        public int transportHeaderBytes() {
            return protocol == 6 ? 4 * ((frame[transport + 12] & 0xff) >> 4) : 8;
        }

        public byte[] payload() {
            return Arrays.copyOfRange(frame, transport + transportHeaderBytes(), end);
        }

        public int tcpFlags() {
            return frame[transport + 13] & 0xff;
        }

        public int sequence() {
            return ByteBuffer.wrap(frame).getInt(transport + 4);
        }

        @Override
        public String toString() {
            return "%s protocol %d, %d bytes"
                    .formatted(ipv6 ? "IPv6" : "IPv4", protocol, frame.length);
        }
    }

    public static long pseudoSum(byte[] addresses, int protocol, int bytes) {
        return sum16(0, addresses, 0, addresses.length) + protocol + bytes;
    }

    /** The sum of RFC 1071 in big-endian words, two bytes at a time. */
    public static long sum16(long start, byte[] bytes, int from, int length) {
        long sum = start;
        for (int i = 0; i < length; i += 2) {
            int high = bytes[from + i] & 0xff;
            int low = i + 1 < length ? bytes[from + i + 1] & 0xff : 0;
            sum += (high << 8) | low;
        }
        return fold(sum);
    }

    public static int fold(long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    public static int get16(byte[] bytes, int at) {
        return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
    }

    public static void put16(byte[] bytes, int at, long value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    public static void put16le(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }

    private static void write16(ByteArrayOutputStream out, int value) {
        out.write(value >>> 8);
        out.write(value);
    }
}
