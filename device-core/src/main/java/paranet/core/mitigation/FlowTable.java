package paranet.core.mitigation;

/**
 * Tells frames apart by who may be waiting for them. Keeps the latest flows in a table of fixed
 * size, direct-mapped: a flow that meets another's place takes it and begins as an unknown one.
 *
 * <p>Whoever sends a frame decides its class with it; so a class only ever moves a call within
 * deadlines, and urgent frames have a bound of their own ({@link GuestCalls}).
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class FlowTable {
    /** Bytes of a frame, from its Ethernet header, that are looked at. */
    public static final int HEADER_BYTES_MAX = 128;

    static final int FLOWS = 1024;
    static final long FLOW_NANOS = 1_000_000_000;

    /** A flow that asks and answers moves no more between two turns. */
    static final long TURN_BYTES_MAX = 64 * 1024;

    private static final int TURNS_URGENT = 2;
    private static final int RUN_BULK = 4;
    private static final int MSS_MIN = 536;

    private static final int ETHERNET_BYTES = 14;
    private static final int VLAN_BYTES = 4;
    private static final int VLAN_TAGS_MAX = 2;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_ARP = 0x0806;
    private static final int TYPE_VLAN = 0x8100;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int TYPE_SERVICE_VLAN = 0x88a8;

    private static final int IPV6_BYTES = 40;
    private static final int IPV6_EXTENSIONS_MAX = 4;
    private static final int HOP_BY_HOP = 0;
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ROUTING = 43;
    private static final int ICMPV6 = 58;
    private static final int DESTINATION_OPTIONS = 60;

    private static final int UDP_BYTES = 8;
    private static final int TCP_BYTES = 20;
    private static final int TCP_FIN = 0x01;
    private static final int TCP_SYN = 0x02;
    private static final int TCP_RST = 0x04;
    private static final int TCP_PSH = 0x08;

    private final long[] keys = new long[FLOWS];
    private final long[] seenNanos = new long[FLOWS];
    private final long[] turnBytes = new long[FLOWS];
    private final int[] turns = new int[FLOWS];
    private final int[] runs = new int[FLOWS];
    private final int[] mss = new int[FLOWS];
    private final boolean[] lastToGuest = new boolean[FLOWS];

    /**
     * The class of a frame; either direction is shown, as only both tell who waits.
     *
     * @param header the frame's beginning, from its Ethernet header
     * @param headerBytes how many of them there are
     * @param frameBytes length of the whole frame
     * @param gso whether it stands for several (virtio_net_hdr.gso_type)
     */
    public FrameClass classify(
            byte[] header,
            int headerBytes,
            long frameBytes,
            boolean gso,
            boolean toGuest,
            long nowNanos) {
        int at = ETHERNET_BYTES - 2;
        if (headerBytes < ETHERNET_BYTES) {
            return FrameClass.NORMAL;
        }
        int type = be16(header, at);
        for (int tags = 0;
                tags < VLAN_TAGS_MAX && (type == TYPE_VLAN || type == TYPE_SERVICE_VLAN);
                tags++) {
            at += VLAN_BYTES;
            if (at + 2 > headerBytes) {
                return FrameClass.NORMAL;
            }
            type = be16(header, at);
        }
        at += 2;
        return switch (type) {
            case TYPE_ARP -> FrameClass.URGENT;
            case TYPE_IPV4 -> ipv4(header, at, headerBytes, frameBytes, gso, toGuest, nowNanos);
            case TYPE_IPV6 -> ipv6(header, at, headerBytes, frameBytes, gso, toGuest, nowNanos);
            default -> FrameClass.NORMAL;
        };
    }

    private FrameClass ipv4(
            byte[] header, int at, int end, long bytes, boolean gso, boolean toGuest, long now) {
        int headerBytes = at < end ? (header[at] & 0xf) * 4 : 0;
        if (headerBytes < 20 || at + headerBytes > end) {
            return FrameClass.NORMAL;
        }
        if ((be16(header, at + 6) & 0x3fff) != 0) { // more fragments, or not the first
            return FrameClass.NORMAL;
        }
        int total = be16(header, at + 2);
        long payload = total == 0 ? bytes - at - headerBytes : total - headerBytes;
        long key =
                endpoint(be32(header, at + 12), 0, header, at + headerBytes, end)
                        + endpoint(be32(header, at + 16), 0, header, at + headerBytes + 2, end);
        return transport(
                header[at + 9], key, header, at + headerBytes, end, payload, gso, toGuest, now);
    }

    private FrameClass ipv6(
            byte[] header, int at, int end, long bytes, boolean gso, boolean toGuest, long now) {
        int next = at + IPV6_BYTES;
        if (next > end) {
            return FrameClass.NORMAL;
        }
        int length = be16(header, at + 4);
        long payload = length == 0 ? bytes - next : length;
        int protocol = header[at + 6];
        for (int i = 0; i < IPV6_EXTENSIONS_MAX && isExtension(protocol); i++) {
            if (next + 2 > end) {
                return FrameClass.NORMAL;
            }
            protocol = header[next];
            int extension = ((header[next + 1] & 0xff) + 1) * 8;
            next += extension;
            payload -= extension;
        }
        long key =
                endpoint(be64(header, at + 8), be64(header, at + 16), header, next, end)
                        + endpoint(
                                be64(header, at + 24),
                                be64(header, at + 32),
                                header,
                                next + 2,
                                end);
        return transport(protocol, key, header, next, end, payload, gso, toGuest, now);
    }

    private static boolean isExtension(int protocol) {
        return protocol == HOP_BY_HOP || protocol == ROUTING || protocol == DESTINATION_OPTIONS;
    }

    private FrameClass transport(
            int protocol,
            long endpoints,
            byte[] header,
            int at,
            int end,
            long ipPayload,
            boolean gso,
            boolean toGuest,
            long now) {
        return switch (protocol) {
            case ICMP, ICMPV6 -> FrameClass.URGENT;
            case UDP -> udp(endpoints, header, at, end, ipPayload, gso, toGuest, now);
            case TCP -> tcp(endpoints, header, at, end, ipPayload, gso, toGuest, now);
            default -> FrameClass.NORMAL;
        };
    }

    private FrameClass udp(
            long endpoints,
            byte[] header,
            int at,
            int end,
            long ipPayload,
            boolean gso,
            boolean toGuest,
            long now) {
        if (at + UDP_BYTES > end) {
            return FrameClass.NORMAL;
        }
        if (isDhcp(be16(header, at)) && isDhcp(be16(header, at + 2))) {
            return FrameClass.URGENT;
        }
        if (turn(flow(endpoints + UDP, now), ipPayload - UDP_BYTES, toGuest)) {
            return FrameClass.URGENT;
        }
        return gso ? FrameClass.BULK : FrameClass.NORMAL;
    }

    private FrameClass tcp(
            long endpoints,
            byte[] header,
            int at,
            int end,
            long ipPayload,
            boolean gso,
            boolean toGuest,
            long now) {
        if (at + TCP_BYTES > end) {
            return FrameClass.NORMAL;
        }
        int flags = header[at + 13];
        if ((flags & (TCP_SYN | TCP_FIN | TCP_RST)) != 0) {
            return FrameClass.URGENT;
        }
        int headerBytes = ((header[at + 12] >> 4) & 0xf) * 4;
        if (ipPayload <= headerBytes) {
            return FrameClass.ACK;
        }
        boolean push = (flags & TCP_PSH) != 0;
        return segment(flow(endpoints + TCP, now), ipPayload - headerBytes, push, gso, toGuest);
    }

    private static boolean isDhcp(int port) {
        return port == 67 || port == 68 || port == 546 || port == 547;
    }

    private FrameClass segment(int flow, long payload, boolean push, boolean gso, boolean toGuest) {
        boolean wasBulk = runs[flow] >= RUN_BULK;
        boolean below = !gso && payload < mss[flow];
        if (!gso) {
            mss[flow] = (int) Math.max(mss[flow], payload);
        }
        if (toGuest) {
            runs[flow] = run(wasBulk, push, below, gso, runs[flow]);
        }
        if (turn(flow, payload, toGuest) || (push && below && !wasBulk)) {
            return FrameClass.URGENT;
        }
        return toGuest && runs[flow] >= RUN_BULK ? FrameClass.BULK : FrameClass.NORMAL;
    }

    /** A bulk flow is one until a short segment: what its sender writes is as long as it likes. */
    private static int run(boolean wasBulk, boolean push, boolean below, boolean gso, int before) {
        if (gso) {
            return RUN_BULK;
        }
        if (below || (push && !wasBulk)) {
            return 0;
        }
        return Math.min(RUN_BULK, before + 1);
    }

    /** Notes who sends, and whether the flow is one that asks and answers. */
    private boolean turn(int flow, long payload, boolean toGuest) {
        if (toGuest != lastToGuest[flow] && turnBytes[flow] != 0) {
            turns[flow] = Math.min(TURNS_URGENT, turns[flow] + 1);
            turnBytes[flow] = 0;
        }
        lastToGuest[flow] = toGuest;
        turnBytes[flow] += Math.max(1, payload);
        if (turnBytes[flow] > TURN_BYTES_MAX) {
            turns[flow] = 0;
        }
        return turns[flow] >= TURNS_URGENT;
    }

    /** The place of a flow, which is an unknown one if another was there or it was long silent. */
    private int flow(long endpoints, long now) {
        long key = mix(endpoints);
        int flow = (int) key & (FLOWS - 1);
        if (keys[flow] != key || now - seenNanos[flow] > FLOW_NANOS) {
            keys[flow] = key;
            turnBytes[flow] = 0;
            turns[flow] = 0;
            runs[flow] = 0;
            mss[flow] = MSS_MIN;
        }
        seenNanos[flow] = now;
        return flow;
    }

    /** Both ends of a flow are added, so that both directions have one key. */
    private static long endpoint(long high, long low, byte[] header, int portAt, int end) {
        int port = portAt + 2 <= end ? be16(header, portAt) : 0;
        return mix(mix(high) + low + ((long) port << 40));
    }

    private static long mix(long bits) {
        long z = (bits ^ (bits >>> 32)) * 0x9e37_79b9_7f4a_7c15L;
        return z ^ (z >>> 29);
    }

    private static int be16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }

    private static long be32(byte[] bytes, int at) {
        return (long) be16(bytes, at) << 16 | be16(bytes, at + 2);
    }

    private static long be64(byte[] bytes, int at) {
        return be32(bytes, at) << 32 | be32(bytes, at + 4);
    }
}
