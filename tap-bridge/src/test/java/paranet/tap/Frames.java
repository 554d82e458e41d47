package paranet.tap;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Ethernet frames and virtio-net headers for tests, as bytes. */
final class Frames {
    static final int EXPERIMENTAL = 0x88b5;
    static final int IPV4 = 0x0800;
    static final int HEADERS = 14 + 20 + 20; // Ethernet, IPv4, TCP
    static final int NEEDS_CSUM = 1;
    static final int GSO_TCPV4 = 1;

    private Frames() {}

    /** A broadcast of the experimental type, its bytes made from a seed. */
    static byte[] plain(int bytes, int seed) {
        byte[] frame = new byte[bytes];
        for (int i = 14; i < bytes; i++) {
            frame[i] = (byte) (i * 31 + seed);
        }
        Arrays.fill(frame, 0, 6, (byte) 0xff);
        frame[6] = 2;
        frame[11] = (byte) seed;
        frame[12] = (byte) (EXPERIMENTAL >> 8);
        frame[13] = (byte) EXPERIMENTAL;
        return frame;
    }

    /** A TCP segment over IPv4 whose TCP checksum is left to the receiver. */
    static byte[] tcp(int payloadBytes, int seed) {
        byte[] frame = plain(HEADERS + payloadBytes, seed);
        ByteBuffer ip = ByteBuffer.wrap(frame);
        ip.putShort(12, (short) IPV4);
        ip.position(14);
        ip.put((byte) 0x45).put((byte) 0).putShort((short) (40 + payloadBytes));
        ip.putInt(0).put((byte) 64).put((byte) 6).putShort((short) 0);
        ip.putInt(0x0a000002).putInt(0x0a000001);
        ip.putShort(24, (short) ~sum(frame, 14, 34, 0));
        ip.putShort((short) 1000).putShort((short) 2000).putInt(1).putInt(1);
        ip.put((byte) 0x50).put((byte) 0x10).putShort((short) 0xffff).putInt(0);
        int pseudo = sum(frame, 26, 34, 6 + 20 + payloadBytes);
        ip.putShort(14 + 20 + 16, (short) pseudo);
        return frame;
    }

    /** The Internet checksum's sum, folded, not inverted. */
    static int sum(byte[] bytes, int from, int to, int start) {
        int sum = start;
        for (int i = from; i < to; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (i + 1 < to ? (bytes[i + 1] & 0xff) : 0);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }

    /** A header of zeroes, 10 or 12 bytes, and the frame. */
    static byte[] withHeader(int headerBytes, byte[] frame) {
        byte[] all = new byte[headerBytes + frame.length];
        System.arraycopy(frame, 0, all, headerBytes, frame.length);
        return all;
    }

    /** As {@link #withHeader}, asking for a TCP checksum and for segments of this payload. */
    static byte[] withSegmentation(int headerBytes, byte[] tcp, int segmentBytes) {
        byte[] all = withHeader(headerBytes, tcp);
        ByteBuffer header = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        header.put((byte) NEEDS_CSUM).put((byte) GSO_TCPV4);
        header.putShort((short) HEADERS).putShort((short) segmentBytes);
        header.putShort((short) 34).putShort((short) 16);
        return all;
    }

    static byte[] withoutHeader(int headerBytes, byte[] all) {
        return Arrays.copyOfRange(all, headerBytes, all.length);
    }

    static int etherType(byte[] all, int headerBytes) {
        return (all[headerBytes + 12] & 0xff) << 8 | (all[headerBytes + 13] & 0xff);
    }
}
