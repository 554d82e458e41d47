package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import paranet.core.offload.VirtioNetHdr;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.InternetChecksum;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.SplittableRandom;

/** IP packets with their checksum left to the device, and whether what came back is whole. */
final class Packets {
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ETHERNET = 14;
    static final int GUEST4 = 0x0a070002;
    static final int OTHER4 = 0x0a070001;
    static final int TCP_FLAGS = 13;
    static final int CWR = 0x80;
    private static final int PSH_ACK = 0x18;
    private static final int TTL = 64;
    private static final int FRAGMENT = 44; // IPv6's extension header (RFC 8200, 4.5)
    private static final int FRAGMENT_BYTES = 8;

    /** One protocol over one version of IP, and how it is to be cut. */
    record Kind(int version, int protocol, int gsoType) {
        /** TCP segments, or datagrams with a header each. */
        Kind(int version, int protocol) {
            this(version, protocol, usual(version, protocol));
        }

        /** TCP segments of a sender that reduced its window: CWR, for the first one alone. */
        static Kind ecn(int version) {
            return new Kind(version, TCP, usual(version, TCP) | VirtioNetHdr.GSO_ECN);
        }

        /** One datagram in IP fragments. */
        static Kind fragmented(int version) {
            return new Kind(version, UDP, VirtioNetHdr.GSO_UDP);
        }

        private static int usual(int version, int protocol) {
            if (protocol == UDP) {
                return VirtioNetHdr.GSO_UDP_L4;
            }
            return version == 4 ? VirtioNetHdr.GSO_TCPV4 : VirtioNetHdr.GSO_TCPV6;
        }

        boolean isEcn() {
            return (gsoType & VirtioNetHdr.GSO_ECN) != 0;
        }

        int network() {
            return version == 4 ? 20 : 40;
        }

        int transport() {
            return ETHERNET + network();
        }

        int headers() {
            return transport() + (protocol == TCP ? 20 : 8);
        }

        int checksumOffset() {
            return protocol == TCP ? 16 : 6;
        }
    }

    private Packets() {}

    /** A packet of random payload; {@code gsoSize} 0 for one that needs no cutting. */
    static GuestFrame write(Kind kind, int payloadBytes, int gsoSize, long seed) {
        byte[] bytes = new byte[kind.headers() + payloadBytes];
        new SplittableRandom(seed).nextBytes(bytes);
        GuestFrame frame = GuestFrame.of(bytes, FrameHdr.NONE);
        Traffic.OTHER.copyTo(bytes, 0);
        Traffic.GUEST.copyTo(bytes, 6);
        int at = ETHERNET;
        int transportBytes = bytes.length - kind.transport();
        if (kind.version == 4) {
            frame.put16(12, 0x0800);
            frame.put16(at, 0x4500);
            frame.put16(at + 2, 20 + transportBytes);
            frame.put16(at + 4, 77);
            frame.put16(at + 6, 0x4000);
            frame.put8(at + 8, TTL);
            frame.put8(at + 9, kind.protocol);
            frame.put16(at + 10, 0);
            frame.put32(at + 12, GUEST4);
            frame.put32(at + 16, OTHER4);
            frame.put16(at + 10, InternetChecksum.finish(InternetChecksum.sum(bytes, at, 20)));
        } else {
            frame.put16(12, 0x86dd);
            frame.put32(at, 0x60000000);
            frame.put16(at + 4, transportBytes);
            frame.put8(at + 6, kind.protocol);
            frame.put8(at + 7, TTL);
        }
        int transport = kind.transport();
        if (kind.protocol == TCP) {
            frame.put32(transport + 4, 1_000_000);
            frame.put8(transport + 12, 0x50);
            frame.put8(transport + TCP_FLAGS, kind.isEcn() ? PSH_ACK | CWR : PSH_ACK);
        } else {
            frame.put16(transport + 4, transportBytes);
        }
        frame.put16(
                transport + kind.checksumOffset(),
                InternetChecksum.fold(pseudo(frame, kind, transportBytes)));
        frame.set(
                bytes.length,
                new FrameHdr(
                        VirtioNetHdr.F_NEEDS_CSUM,
                        gsoSize == 0 ? VirtioNetHdr.GSO_NONE : kind.gsoType(),
                        gsoSize == 0 ? 0 : kind.headers(),
                        gsoSize,
                        transport,
                        kind.checksumOffset()));
        return frame;
    }

    private static long pseudo(GuestFrame frame, Kind kind, int bytes) {
        if (kind.version == 4) {
            return InternetChecksum.pseudoHeader(
                    frame.u32(ETHERNET + 12), frame.u32(ETHERNET + 16), kind.protocol, bytes);
        }
        return InternetChecksum.sum(frame.bytes(), ETHERNET + 8, 32) + kind.protocol + bytes;
    }

    /** Whether lengths and all checksums of a finished packet are right. */
    static boolean isWhole(GuestFrame frame, Kind kind) {
        int transportBytes = frame.length() - kind.transport();
        boolean network =
                kind.version == 4
                        ? frame.u16(ETHERNET + 2) == 20 + transportBytes
                                && InternetChecksum.isWhole(
                                        InternetChecksum.sum(frame.bytes(), ETHERNET, 20))
                        : frame.u16(ETHERNET + 4) == transportBytes;
        boolean transport =
                kind.protocol == TCP || frame.u16(kind.transport() + 4) == transportBytes;
        return network
                && transport
                && InternetChecksum.isWhole(
                        pseudo(frame, kind, transportBytes)
                                + InternetChecksum.sum(
                                        frame.bytes(), kind.transport(), transportBytes));
    }

    /**
     * The datagram that these IP fragments make, in their order, as {@link #isWhole} takes it.
     *
     * @throws AssertionError when they do not fit together
     */
    static GuestFrame reassemble(List<GuestFrame> fragments, Kind kind) {
        ByteArrayOutputStream datagram = new ByteArrayOutputStream();
        datagram.write(fragments.getFirst().bytes(), 0, kind.transport());
        for (GuestFrame fragment : fragments) {
            boolean last = fragment == fragments.getLast();
            int offset = datagram.size() - kind.transport();
            int header = kind.transport();
            if (kind.version == 4) {
                assertEquals(0x4000 | offset / 8 | (last ? 0 : 0x2000), fragment.u16(ETHERNET + 6));
                assertEquals(77, fragment.u16(ETHERNET + 4));
                assertEquals(fragment.length() - ETHERNET, fragment.u16(ETHERNET + 2));
                assertTrue(
                        InternetChecksum.isWhole(
                                InternetChecksum.sum(fragment.bytes(), ETHERNET, 20)));
            } else {
                assertEquals(FRAGMENT, fragment.u8(ETHERNET + 6));
                assertEquals(kind.protocol, fragment.u8(header));
                assertEquals(offset | (last ? 0 : 1), fragment.u16(header + 2));
                assertEquals(fragments.getFirst().u32(header + 4), fragment.u32(header + 4));
                header += FRAGMENT_BYTES;
                assertEquals(fragment.length() - kind.transport(), fragment.u16(ETHERNET + 4));
            }
            datagram.write(fragment.bytes(), header, fragment.length() - header);
        }
        GuestFrame whole = GuestFrame.of(datagram.toByteArray(), FrameHdr.NONE);
        if (kind.version == 4) {
            whole.put16(ETHERNET + 2, whole.length() - ETHERNET);
            whole.put16(ETHERNET + 6, 0x4000);
            whole.put16(ETHERNET + 10, 0);
            whole.put16(
                    ETHERNET + 10,
                    InternetChecksum.finish(InternetChecksum.sum(whole.bytes(), ETHERNET, 20)));
        } else {
            whole.put8(ETHERNET + 6, kind.protocol);
            whole.put16(ETHERNET + 4, whole.length() - kind.transport());
        }
        return whole;
    }
}
