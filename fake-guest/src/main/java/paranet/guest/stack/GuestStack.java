package paranet.guest.stack;

import paranet.core.offload.VirtioNetHdr;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.guest.frame.InternetChecksum;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A guest's network stack on one Ethernet segment: ARP, ICMP echo, UDP and TCP over IPv4.
 *
 * <p>A pure state machine: {@link #receive} takes a frame, {@link #poll} runs timers, connections
 * and output, {@link #deadline} says when it must be polled at the latest. Times are nanoseconds of
 * any monotonic clock. Checksums of every layer are verified, except where a frame's header says
 * that the sender was too near to need one (virtio 1.3, 5.1.6.4).
 *
 * <p>Threading: confined to one thread.
 */
public final class GuestStack {
    /** Port of the UDP echo service (RFC 862). */
    public static final int ECHO_PORT = 7;

    private static final int ETHERTYPE_IPV4 = 0x0800;
    private static final int ETHERTYPE_ARP = 0x0806;
    private static final int ARP_BYTES = 28;
    private static final int ARP_REQUEST = 1;
    private static final int ARP_REPLY = 2;
    private static final long ARP_RETRY_NANOS = 200_000_000;
    private static final int ARP_TRIES_MAX = 5;
    private static final int WAITING_FRAMES_MAX = 16;
    private static final int NEIGHBOURS_MAX = 256;
    private static final int ICMP_ECHO_REPLY = 0;
    private static final int ICMP_ECHO = 8;
    private static final int ICMP_BYTES = 8;
    private static final int PING_ID = 0x5061;
    private static final int UDP_BYTES = 8;
    private static final int TTL = 64;
    private static final int EPHEMERAL_FIRST = 49152;
    private static final int CONNECTIONS_MAX = 1024;
    private static final byte[] BROADCAST = {-1, -1, -1, -1, -1, -1};

    /** Frames that wait for a neighbour's MAC address. */
    private static final class Unresolved {
        final Deque<GuestFrame> waiting = new ArrayDeque<>();
        int tries;
        long retryAt = Long.MIN_VALUE; // the next poll asks
    }

    private final StackConfig config;
    private final byte[] mac;
    private final FrameOutput output;
    private final SplittableRandom random;
    private final GuestFrame scratch = new GuestFrame(1 << 16);
    private final Map<Integer, byte[]> neighbours = new HashMap<>();
    private final Map<Integer, Unresolved> unresolvedNeighbours = new LinkedHashMap<>();
    private final Map<Integer, UdpService> udpServices = new HashMap<>();
    private final Map<Integer, TcpApplication> listeners = new HashMap<>();
    private final Map<TcpConnection.Ends, TcpConnection> connections = new LinkedHashMap<>();
    private PingListener pingListener = (address, sequence, roundTripNanos) -> {};
    private int identification;

    private long framesIn;
    private long framesOut;
    private long badChecksum;
    private long malformed;
    private long notForUs;
    private long arpAnswered;
    private long echoAnswered;
    private long udpEchoed;
    private long retransmitted;
    private long unresolved;

    /** A stack whose frames go to {@code output}; its echo services run at once. */
    public GuestStack(StackConfig config, FrameOutput output) {
        this.config = config;
        this.mac = config.mac().bytes();
        this.output = output;
        this.random = new SplittableRandom(config.seed());
        udp(
                ECHO_PORT,
                (address, port, payload, now) -> {
                    udpEchoed++;
                    sendUdp(ECHO_PORT, address, port, payload);
                });
    }

    public StackConfig config() {
        return config;
    }

    // What runs on top.

    /** Opens a UDP port; it replaces what was there. */
    public void udp(int port, UdpService service) {
        udpServices.put(port, service);
    }

    /** Sends one datagram of at most MTU minus 28 bytes. */
    public void sendUdp(int fromPort, int address, int port, byte[] payload) {
        int bytes = UDP_BYTES + payload.length;
        if (bytes > config.mtu() - Ipv4.HEADER_BYTES) {
            throw new IllegalArgumentException(
                    "datagram of %d bytes does not fit an MTU of %d"
                            .formatted(payload.length, config.mtu()));
        }
        int at = Ipv4.PAYLOAD;
        scratch.reserve(at + bytes);
        scratch.put16(at, fromPort);
        scratch.put16(at + 2, port);
        scratch.put16(at + 4, bytes);
        scratch.put16(at + 6, 0);
        System.arraycopy(payload, 0, scratch.bytes(), at + UDP_BYTES, payload.length);
        FrameHdr hdr = checksum(Ipv4.UDP, address, bytes, 6, null);
        if (!hdr.needsCsum() && scratch.u16(at + 6) == 0) {
            scratch.put16(at + 6, 0xffff); // 0 would mean: none (RFC 768)
        }
        sendIpv4(Ipv4.UDP, address, bytes, hdr);
    }

    /** Hears of answered pings; it replaces who heard before. */
    public void onPing(PingListener listener) {
        pingListener = listener;
    }

    /** Sends an ICMP echo request that carries {@code now} and {@code payloadBytes} (8 or more). */
    public void ping(int address, int sequence, int payloadBytes, long now) {
        int at = Ipv4.PAYLOAD;
        int bytes = ICMP_BYTES + Math.max(8, payloadBytes);
        scratch.reserve(at + bytes);
        Arrays.fill(scratch.bytes(), at, at + bytes, (byte) sequence);
        scratch.put8(at, ICMP_ECHO);
        scratch.put8(at + 1, 0);
        scratch.put16(at + 2, 0);
        scratch.put16(at + 4, PING_ID);
        scratch.put16(at + 6, sequence);
        scratch.put64(at + ICMP_BYTES, now);
        scratch.put16(
                at + 2, InternetChecksum.finish(InternetChecksum.sum(scratch.bytes(), at, bytes)));
        sendIpv4(Ipv4.ICMP, address, bytes, FrameHdr.NONE);
    }

    /** Opens a TCP port: each connection to it is driven by {@code application}. */
    public void listen(int port, TcpApplication application) {
        listeners.put(port, application);
    }

    /** Starts to connect; the next {@link #poll} sends the SYN. */
    public TcpConnection connect(int address, int port, TcpApplication application) {
        TcpConnection.Ends ends;
        do {
            ends =
                    new TcpConnection.Ends(
                            EPHEMERAL_FIRST + random.nextInt(65536 - EPHEMERAL_FIRST),
                            address,
                            port);
        } while (connections.containsKey(ends));
        TcpConnection connection =
                new TcpConnection(
                        this, ends, random.nextInt(), application, TcpConnection.State.SYN_SENT);
        connections.put(ends, connection);
        return connection;
    }

    /** Connections not yet closed on both sides. */
    public int connections() {
        return connections.size();
    }

    public StackCounters counters() {
        return new StackCounters(
                framesIn,
                framesOut,
                badChecksum,
                malformed,
                notForUs,
                arpAnswered,
                echoAnswered,
                udpEchoed,
                retransmitted,
                unresolved);
    }

    // Time.

    /** Runs timers and applications and sends what may go. */
    public void poll(long now) {
        Iterator<Map.Entry<Integer, Unresolved>> asked = unresolvedNeighbours.entrySet().iterator();
        while (asked.hasNext()) {
            Map.Entry<Integer, Unresolved> entry = asked.next();
            Unresolved neighbour = entry.getValue();
            if (neighbour.retryAt <= now) {
                if (neighbour.tries == ARP_TRIES_MAX) {
                    unresolved += neighbour.waiting.size();
                    asked.remove();
                } else {
                    askFor(entry.getKey(), neighbour, now);
                }
            }
        }
        for (TcpConnection connection : List.copyOf(connections.values())) {
            connection.poll(now);
            if (connection.isOver()) {
                connections.remove(connection.ends());
                connection.application().progress(connection, now);
            }
        }
    }

    /** When {@link #poll} must run at the latest, or {@link Long#MAX_VALUE}. */
    public long deadline() {
        long earliest = TcpConnection.NEVER;
        for (TcpConnection connection : connections.values()) {
            earliest = Math.min(earliest, connection.deadline());
        }
        for (Unresolved neighbour : unresolvedNeighbours.values()) {
            earliest = Math.min(earliest, neighbour.retryAt);
        }
        return earliest;
    }

    // Frames in.

    /** Takes one frame; what it causes is sent by the next {@link #poll}, echoes at once. */
    public void receive(GuestFrame frame, long now) {
        framesIn++;
        if (frame.length() < Ipv4.ETHERNET_BYTES) {
            malformed++;
            return;
        }
        if (!Arrays.equals(frame.bytes(), 0, 6, mac, 0, 6)
                && !Arrays.equals(frame.bytes(), 0, 6, BROADCAST, 0, 6)) {
            notForUs++;
            return;
        }
        switch (frame.u16(12)) {
            case ETHERTYPE_ARP -> arp(frame);
            case ETHERTYPE_IPV4 -> ipv4(frame, now);
            default -> notForUs++;
        }
    }

    private void arp(GuestFrame frame) {
        int at = Ipv4.ETHERNET_BYTES;
        if (frame.length() < at + ARP_BYTES
                || frame.u16(at) != 1
                || frame.u16(at + 2) != ETHERTYPE_IPV4
                || frame.u16(at + 4) != 0x0604) {
            malformed++;
            return;
        }
        int operation = frame.u16(at + 6);
        byte[] sender = Arrays.copyOfRange(frame.bytes(), at + 8, at + 14);
        int senderAddress = frame.u32(at + 14);
        if (frame.u32(at + 24) != config.address()) {
            notForUs++;
            return;
        }
        if (neighbours.size() < NEIGHBOURS_MAX || neighbours.containsKey(senderAddress)) {
            neighbours.put(senderAddress, sender);
        }
        Unresolved waited = unresolvedNeighbours.remove(senderAddress);
        if (waited != null) {
            for (GuestFrame waiting : waited.waiting) {
                System.arraycopy(sender, 0, waiting.bytes(), 0, 6);
                emit(waiting);
            }
        }
        if (operation == ARP_REQUEST) {
            arpAnswered++;
            sendArp(ARP_REPLY, sender, sender, senderAddress);
        }
    }

    private void ipv4(GuestFrame frame, long now) {
        if (frame.length() < Ipv4.PAYLOAD) {
            malformed++;
            return;
        }
        int headerBytes = (frame.u8(Ipv4.AT) & 15) * 4;
        int totalBytes = frame.u16(Ipv4.TOTAL_LENGTH);
        if (frame.u8(Ipv4.AT) >>> 4 != 4
                || headerBytes < Ipv4.HEADER_BYTES
                || totalBytes < headerBytes
                || totalBytes > frame.length() - Ipv4.AT) {
            malformed++;
            return;
        }
        if (!InternetChecksum.isWhole(InternetChecksum.sum(frame.bytes(), Ipv4.AT, headerBytes))) {
            badChecksum++;
            return;
        }
        if (frame.u32(Ipv4.DESTINATION) != config.address()
                || (frame.u16(Ipv4.FRAGMENT) & Ipv4.FRAGMENT_MASK) != 0) {
            notForUs++;
            return;
        }
        int at = Ipv4.AT + headerBytes;
        int bytes = totalBytes - headerBytes;
        switch (frame.u8(Ipv4.PROTOCOL)) {
            case Ipv4.ICMP -> icmp(frame, at, bytes, now);
            case Ipv4.UDP -> udp(frame, at, bytes, now);
            case Ipv4.TCP -> tcp(frame, at, bytes, now);
            default -> notForUs++;
        }
    }

    private void icmp(GuestFrame frame, int at, int bytes, long now) {
        if (bytes < ICMP_BYTES) {
            malformed++;
            return;
        }
        if (!InternetChecksum.isWhole(InternetChecksum.sum(frame.bytes(), at, bytes))) {
            badChecksum++;
            return;
        }
        int source = frame.u32(Ipv4.SOURCE);
        if (frame.u8(at) == ICMP_ECHO) {
            echoAnswered++;
            scratch.reserve(Ipv4.PAYLOAD + bytes);
            System.arraycopy(frame.bytes(), at, scratch.bytes(), Ipv4.PAYLOAD, bytes);
            scratch.put8(Ipv4.PAYLOAD, ICMP_ECHO_REPLY);
            scratch.put16(Ipv4.PAYLOAD + 2, 0);
            scratch.put16(
                    Ipv4.PAYLOAD + 2,
                    InternetChecksum.finish(
                            InternetChecksum.sum(scratch.bytes(), Ipv4.PAYLOAD, bytes)));
            sendIpv4(Ipv4.ICMP, source, bytes, FrameHdr.NONE);
        } else if (frame.u8(at) == ICMP_ECHO_REPLY
                && frame.u16(at + 4) == PING_ID
                && bytes >= ICMP_BYTES + 8) {
            pingListener.answered(source, frame.u16(at + 6), now - frame.u64(at + ICMP_BYTES));
        } else {
            notForUs++;
        }
    }

    private void udp(GuestFrame frame, int at, int bytes, long now) {
        if (bytes < UDP_BYTES || frame.u16(at + 4) < UDP_BYTES || frame.u16(at + 4) > bytes) {
            malformed++;
            return;
        }
        int datagramBytes = frame.u16(at + 4);
        if (frame.u16(at + 6) != 0 && !isWhole(frame, Ipv4.UDP, at, datagramBytes)) {
            badChecksum++;
            return;
        }
        UdpService service = udpServices.get(frame.u16(at + 2));
        if (service == null) {
            notForUs++;
            return;
        }
        service.receive(
                frame.u32(Ipv4.SOURCE),
                frame.u16(at),
                Arrays.copyOfRange(frame.bytes(), at + UDP_BYTES, at + datagramBytes),
                now);
    }

    private void tcp(GuestFrame frame, int at, int bytes, long now) {
        TcpSegment segment = TcpSegment.parse(frame, at, bytes);
        if (segment == null) {
            malformed++;
            return;
        }
        if (!isWhole(frame, Ipv4.TCP, at, bytes)) {
            badChecksum++;
            return;
        }
        TcpConnection.Ends ends =
                new TcpConnection.Ends(
                        frame.u16(at + TcpSegment.DESTINATION_PORT),
                        frame.u32(Ipv4.SOURCE),
                        frame.u16(at + TcpSegment.SOURCE_PORT));
        TcpConnection connection = connections.get(ends);
        if (connection == null) {
            connection = open(ends, segment);
        } else {
            connection.segment(segment, now);
        }
        if (connection == null && !segment.has(TcpSegment.RST)) {
            notForUs++;
            refuse(ends, segment);
        }
    }

    /** The connection that a SYN to a listening port makes, or null. */
    private TcpConnection open(TcpConnection.Ends ends, TcpSegment segment) {
        TcpApplication application = listeners.get(ends.localPort());
        if (application == null
                || segment.flags() != TcpSegment.SYN
                || connections.size() >= CONNECTIONS_MAX) {
            return null;
        }
        TcpConnection connection =
                new TcpConnection(
                        this,
                        ends,
                        random.nextInt(),
                        application,
                        TcpConnection.State.SYN_RECEIVED);
        connection.opened(segment);
        connections.put(ends, connection);
        return connection;
    }

    /** RFC 9293, 3.5.2: a segment for nobody is answered by a reset. */
    private void refuse(TcpConnection.Ends ends, TcpSegment segment) {
        if (segment.has(TcpSegment.ACK)) {
            sendReset(ends, segment.acknowledgment(), 0, false);
        } else {
            int length =
                    segment.payloadBytes()
                            + (segment.has(TcpSegment.SYN) ? 1 : 0)
                            + (segment.has(TcpSegment.FIN) ? 1 : 0);
            sendReset(ends, 0, segment.sequence() + length, true);
        }
    }

    private static boolean isWhole(GuestFrame frame, int protocol, int at, int bytes) {
        return frame.hdr().isTrusted()
                || InternetChecksum.isWhole(
                        InternetChecksum.pseudoHeader(
                                        frame.u32(Ipv4.SOURCE),
                                        frame.u32(Ipv4.DESTINATION),
                                        protocol,
                                        bytes)
                                + InternetChecksum.sum(frame.bytes(), at, bytes));
    }

    // Frames out.

    boolean hasRoom() {
        return output.hasRoom();
    }

    void countRetransmission() {
        retransmitted++;
    }

    /** Largest payload of a TCP segment on the wire. */
    int segmentBytesMax() {
        return config.mtu() - Ipv4.HEADER_BYTES - TcpSegment.HEADER_BYTES;
    }

    /** Largest payload handed to the device at once, when the wire takes {@code mss}. */
    int segmentBytesMax(int mss) {
        return config.segmentBytesMax() <= mss ? mss : config.segmentBytesMax() / mss * mss;
    }

    void sendSyn(
            TcpConnection.Ends ends,
            int sequence,
            int acknowledgment,
            boolean answer,
            int window,
            int windowShift) {
        int at = Ipv4.PAYLOAD + TcpSegment.OPTIONS;
        scratch.put8(at, TcpSegment.OPTION_MSS);
        scratch.put8(at + 1, 4);
        scratch.put16(at + 2, segmentBytesMax());
        int optionBytes = 4;
        if (windowShift >= 0) {
            scratch.put8(at + 4, TcpSegment.OPTION_NOP);
            scratch.put8(at + 5, TcpSegment.OPTION_WINDOW_SCALE);
            scratch.put8(at + 6, 3);
            scratch.put8(at + 7, windowShift);
            optionBytes = 8;
        }
        sendTcp(
                ends,
                sequence,
                acknowledgment,
                answer ? TcpSegment.SYN | TcpSegment.ACK : TcpSegment.SYN,
                window,
                optionBytes,
                0,
                Integer.MAX_VALUE);
    }

    void sendReset(
            TcpConnection.Ends ends, int sequence, int acknowledgment, boolean acknowledges) {
        sendTcp(
                ends,
                sequence,
                acknowledgment,
                acknowledges ? TcpSegment.RST | TcpSegment.ACK : TcpSegment.RST,
                0,
                0,
                0,
                Integer.MAX_VALUE);
    }

    void sendSegment(
            TcpConnection.Ends ends,
            int sequence,
            int acknowledgment,
            int flags,
            int window,
            byte[] ring,
            int slot,
            int bytes,
            int mss) {
        int at = Ipv4.PAYLOAD + TcpSegment.HEADER_BYTES;
        scratch.reserve(at + bytes);
        int first = Math.min(bytes, ring.length - slot);
        System.arraycopy(ring, slot, scratch.bytes(), at, first);
        System.arraycopy(ring, 0, scratch.bytes(), at + first, bytes - first);
        sendTcp(ends, sequence, acknowledgment, flags, window, 0, bytes, mss);
    }

    /** Options and payload are in place already. */
    private void sendTcp(
            TcpConnection.Ends ends,
            int sequence,
            int acknowledgment,
            int flags,
            int window,
            int optionBytes,
            int payloadBytes,
            int mss) {
        int at = Ipv4.PAYLOAD;
        int headerBytes = TcpSegment.HEADER_BYTES + optionBytes;
        int bytes = headerBytes + payloadBytes;
        scratch.put16(at + TcpSegment.SOURCE_PORT, ends.localPort());
        scratch.put16(at + TcpSegment.DESTINATION_PORT, ends.remotePort());
        scratch.put32(at + TcpSegment.SEQUENCE, sequence);
        scratch.put32(at + TcpSegment.ACKNOWLEDGMENT, acknowledgment);
        scratch.put8(at + TcpSegment.DATA_OFFSET, (headerBytes / 4) << 4);
        scratch.put8(at + TcpSegment.FLAGS, flags);
        scratch.put16(at + TcpSegment.WINDOW, window);
        scratch.put16(at + TcpSegment.CHECKSUM, 0);
        scratch.put16(at + TcpSegment.URGENT, 0);
        FrameHdr segmented =
                payloadBytes <= mss
                        ? null
                        : new FrameHdr(
                                VirtioNetHdr.F_NEEDS_CSUM,
                                VirtioNetHdr.GSO_TCPV4,
                                Ipv4.PAYLOAD + headerBytes,
                                mss,
                                Ipv4.PAYLOAD,
                                TcpSegment.CHECKSUM);
        FrameHdr hdr =
                checksum(Ipv4.TCP, ends.remoteAddress(), bytes, TcpSegment.CHECKSUM, segmented);
        sendIpv4(Ipv4.TCP, ends.remoteAddress(), bytes, hdr);
    }

    /** Completes the checksum at {@code offset} of the payload, or leaves that to the device. */
    private FrameHdr checksum(
            int protocol, int destination, int bytes, int offset, FrameHdr segmented) {
        long pseudo = InternetChecksum.pseudoHeader(config.address(), destination, protocol, bytes);
        if (segmented != null || config.checksumOffload()) {
            // The device adds up from csum_start on what is there: the pseudo header's part.
            scratch.put16(Ipv4.PAYLOAD + offset, InternetChecksum.fold(pseudo));
            return segmented != null ? segmented : FrameHdr.needsChecksum(Ipv4.PAYLOAD, offset);
        }
        scratch.put16(
                Ipv4.PAYLOAD + offset,
                InternetChecksum.finish(
                        pseudo + InternetChecksum.sum(scratch.bytes(), Ipv4.PAYLOAD, bytes)));
        return FrameHdr.NONE;
    }

    /** The payload is in place already. */
    private void sendIpv4(int protocol, int destination, int bytes, FrameHdr hdr) {
        int totalBytes = Ipv4.HEADER_BYTES + bytes;
        scratch.put16(12, ETHERTYPE_IPV4);
        System.arraycopy(mac, 0, scratch.bytes(), 6, 6);
        scratch.put16(Ipv4.AT, 0x4500);
        scratch.put16(Ipv4.TOTAL_LENGTH, totalBytes);
        scratch.put16(Ipv4.IDENTIFICATION, identification++);
        scratch.put16(Ipv4.FRAGMENT, Ipv4.DONT_FRAGMENT);
        scratch.put8(Ipv4.TTL, TTL);
        scratch.put8(Ipv4.PROTOCOL, protocol);
        scratch.put16(Ipv4.CHECKSUM, 0);
        scratch.put32(Ipv4.SOURCE, config.address());
        scratch.put32(Ipv4.DESTINATION, destination);
        scratch.put16(
                Ipv4.CHECKSUM,
                InternetChecksum.finish(
                        InternetChecksum.sum(scratch.bytes(), Ipv4.AT, Ipv4.HEADER_BYTES)));
        scratch.set(Ipv4.AT + totalBytes, hdr);
        byte[] neighbour = neighbours.get(destination);
        if (neighbour != null) {
            System.arraycopy(neighbour, 0, scratch.bytes(), 0, 6);
            emit(scratch);
            return;
        }
        Unresolved waits =
                unresolvedNeighbours.computeIfAbsent(destination, any -> new Unresolved());
        if (waits.waiting.size() < WAITING_FRAMES_MAX) {
            waits.waiting.add(scratch.copy());
        } else {
            unresolved++;
        }
    }

    private void askFor(int address, Unresolved neighbour, long now) {
        neighbour.tries++;
        neighbour.retryAt = now + ARP_RETRY_NANOS;
        sendArp(ARP_REQUEST, BROADCAST, new byte[6], address);
    }

    private void sendArp(int operation, byte[] destination, byte[] targetMac, int target) {
        int at = Ipv4.ETHERNET_BYTES;
        System.arraycopy(destination, 0, scratch.bytes(), 0, 6);
        System.arraycopy(mac, 0, scratch.bytes(), 6, 6);
        scratch.put16(12, ETHERTYPE_ARP);
        scratch.put16(at, 1);
        scratch.put16(at + 2, ETHERTYPE_IPV4);
        scratch.put16(at + 4, 0x0604);
        scratch.put16(at + 6, operation);
        System.arraycopy(mac, 0, scratch.bytes(), at + 8, 6);
        scratch.put32(at + 14, config.address());
        System.arraycopy(targetMac, 0, scratch.bytes(), at + 18, 6);
        scratch.put32(at + 24, target);
        scratch.set(at + ARP_BYTES, FrameHdr.NONE);
        emit(scratch);
    }

    private void emit(GuestFrame frame) {
        framesOut++;
        output.send(frame);
    }
}
