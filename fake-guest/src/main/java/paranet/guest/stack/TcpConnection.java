package paranet.guest.stack;

/**
 * One TCP connection (RFC 9293): handshake, one window each way, retransmission by timeout (RFC
 * 6298), out-of-order data kept, FIN both ways. No congestion control, no urgent data.
 *
 * <p>Both streams are numbered by 64-bit positions of our own: the SYN is 0, the first byte 1, the
 * FIN one past the last byte; the wire's 32 bits are the initial sequence number plus a position.
 *
 * <p>Threading: confined to the stack's thread.
 */
public final class TcpConnection {
    /** States of RFC 9293, 3.3.2; LISTEN belongs to the stack. */
    public enum State {
        SYN_SENT,
        SYN_RECEIVED,
        ESTABLISHED,
        FIN_WAIT_1,
        FIN_WAIT_2,
        CLOSE_WAIT,
        CLOSING,
        LAST_ACK,
        TIME_WAIT,
        CLOSED
    }

    /** Who two ends are, seen from here. */
    record Ends(int localPort, int remoteAddress, int remotePort) {}

    static final long NEVER = Long.MAX_VALUE;
    private static final long MILLISECOND = 1_000_000;
    private static final long RTO_START_NANOS = 300 * MILLISECOND;
    private static final long RTO_MIN_NANOS = 200 * MILLISECOND; // above others' delayed acks
    private static final long RTO_MAX_NANOS = 4_000 * MILLISECOND;
    private static final int RETRIES_MAX = 15;
    private static final int MSS_DEFAULT = 536; // RFC 9293, 3.7.1

    private final GuestStack stack;
    private final Ends ends;
    private final TcpApplication application;
    private State state;
    private String failure;

    // What we send.
    private final byte[] sendRing;
    private final int sendStart; // initial sequence number
    private long unacknowledged; // oldest position not acknowledged
    private long sendNext;
    private long sendHighest; // one past the highest position ever sent
    private long dataEnd = 1; // one past the last byte written
    private boolean finQueued;
    private long sendWindow;
    private int sendWindowShift;
    private int windowSequence; // sequence and acknowledgment of the last window update
    private int windowAcknowledgment;
    private int segmentBytes;

    // What we receive.
    private final byte[] receiveRing;
    private final ReceivedRanges early = new ReceivedRanges();
    private int receiveStart;
    private long receiveNext = 1;
    private long readNext = 1;
    private long finPosition = NEVER;
    private long advertisedEnd;
    private int receiveWindowShift;
    private boolean acknowledge;

    // Time.
    private long retransmitAt = NEVER;
    private long timeWaitEnds = NEVER;
    private long rtoNanos = RTO_START_NANOS;
    private long smoothedNanos = -1;
    private long variationNanos;
    private long timedPosition = -1;
    private long timedAt;
    private int retries;
    private boolean probe; // one segment may go though the window is shut
    private boolean recovering; // no more than one segment until something is acknowledged

    TcpConnection(
            GuestStack stack, Ends ends, int sendStart, TcpApplication application, State state) {
        this.stack = stack;
        this.ends = ends;
        this.sendStart = sendStart;
        this.application = application;
        this.state = state;
        int window = stack.config().windowBytes();
        this.sendRing = new byte[window];
        this.receiveRing = new byte[window];
        this.segmentBytes = Math.min(MSS_DEFAULT, stack.segmentBytesMax());
        while (window >> receiveWindowShift > 0xffff) {
            receiveWindowShift++;
        }
    }

    // The application's side.

    public State state() {
        return state;
    }

    /** Why the connection ended other than by FIN both ways, or null. */
    public String failure() {
        return failure;
    }

    public int remoteAddress() {
        return ends.remoteAddress;
    }

    public int remotePort() {
        return ends.remotePort;
    }

    public int localPort() {
        return ends.localPort;
    }

    /** Bytes that {@link #read} would give. */
    public int readable() {
        return (int) (Math.min(receiveNext, finPosition) - readNext);
    }

    /** Whether the peer has finished and everything was read. */
    public boolean atEnd() {
        return receiveNext > finPosition && readNext == finPosition;
    }

    /** Bytes that {@link #write} would take. */
    public int room() {
        return finQueued || state == State.CLOSED
                ? 0
                : (int) (sendRing.length - (dataEnd - Math.max(unacknowledged, 1)));
    }

    /** Bytes that the peer has acknowledged. */
    public long acknowledgedBytes() {
        return Math.min(Math.max(unacknowledged, 1), dataEnd) - 1;
    }

    /** Copies what arrived, up to {@code length} bytes. Returns the bytes copied. */
    public int read(byte[] to, int at, int length) {
        int bytes = Math.min(length, readable());
        int slot = slot(readNext);
        int first = Math.min(bytes, receiveRing.length - slot);
        System.arraycopy(receiveRing, slot, to, at, first);
        System.arraycopy(receiveRing, 0, to, at + first, bytes - first);
        readNext += bytes;
        // Silly window avoidance (RFC 9293, 3.8.6.2.2): tell of room only when it is worth it.
        if (readNext + receiveRing.length - advertisedEnd
                >= Math.min(2L * segmentBytes, receiveRing.length / 2)) {
            acknowledge |= state != State.CLOSED && state != State.TIME_WAIT;
        }
        return bytes;
    }

    /** Takes up to {@code length} bytes to send. Returns the bytes taken. */
    public int write(byte[] from, int at, int length) {
        int bytes = Math.min(length, room());
        int slot = slot(dataEnd);
        int first = Math.min(bytes, sendRing.length - slot);
        System.arraycopy(from, at, sendRing, slot, first);
        System.arraycopy(from, at + first, sendRing, 0, bytes - first);
        dataEnd += bytes;
        return bytes;
    }

    /** Sends FIN after everything written; reading goes on. */
    public void close() {
        if (finQueued) {
            return;
        }
        switch (state) {
            case SYN_SENT -> state = State.CLOSED;
            case SYN_RECEIVED, ESTABLISHED -> {
                finQueued = true;
                state = State.FIN_WAIT_1;
            }
            case CLOSE_WAIT -> {
                finQueued = true;
                state = State.LAST_ACK;
            }
            case FIN_WAIT_1, FIN_WAIT_2, CLOSING, LAST_ACK, TIME_WAIT, CLOSED -> {}
        }
    }

    /** Ends it at once with a reset. */
    public void abort() {
        if (state != State.CLOSED) {
            stack.sendReset(ends, wire(sendNext), 0, false);
            end("aborted here");
        }
    }

    // The stack's side.

    /** Whether nothing more can come of it, neither by the wire nor for the application. */
    boolean isOver() {
        return state == State.CLOSED && (failure != null || readable() == 0);
    }

    Ends ends() {
        return ends;
    }

    TcpApplication application() {
        return application;
    }

    /** Takes the SYN that made a listening port create this connection. */
    void opened(TcpSegment syn) {
        takeSyn(syn);
    }

    void segment(TcpSegment segment, long now) {
        if (state == State.CLOSED) {
            return;
        }
        if (state == State.SYN_SENT) {
            answerToSyn(segment, now);
            return;
        }
        long position =
                receiveNext
                        + (segment.sequence() - (receiveStart + (int) receiveNext)); // signed gap
        long window = readNext + receiveRing.length - receiveNext;
        if (segment.has(TcpSegment.RST)) {
            if (position >= receiveNext && position <= receiveNext + window) {
                end(isAllDelivered() ? null : "reset by peer");
            }
            return;
        }
        if (segment.has(TcpSegment.SYN)) {
            if (state == State.SYN_RECEIVED && position == 0) {
                sendNext = 0; // our answer was lost
            } else {
                acknowledge = true; // RFC 5961, 4
            }
            return;
        }
        if (!segment.has(TcpSegment.ACK)) {
            return;
        }
        if (position > receiveNext + window || position < receiveNext - receiveRing.length) {
            acknowledge = true;
            return;
        }
        if (!takeAcknowledgment(segment, now)) {
            return;
        }
        takeData(segment, position, window, now);
    }

    /**
     * Whether both streams are complete, so that a reset takes nothing away (RFC 9293, 3.10.7.4).
     */
    private boolean isAllDelivered() {
        return finQueued && unacknowledged >= dataEnd && receiveNext > finPosition;
    }

    private void answerToSyn(TcpSegment segment, long now) {
        boolean acknowledged =
                segment.has(TcpSegment.ACK) && segment.acknowledgment() == sendStart + 1;
        if (segment.has(TcpSegment.ACK) && !acknowledged) {
            if (!segment.has(TcpSegment.RST)) {
                stack.sendReset(ends, segment.acknowledgment(), 0, false);
            }
            return;
        }
        if (segment.has(TcpSegment.RST)) {
            if (acknowledged) {
                end("connection refused");
            }
            return;
        }
        if (!segment.has(TcpSegment.SYN)) {
            return;
        }
        takeSyn(segment);
        if (acknowledged) {
            state = State.ESTABLISHED;
            acknowledged(1, now);
            acknowledge = true;
        } else {
            state = State.SYN_RECEIVED; // both opened at once (RFC 9293, 3.5)
            sendNext = 0;
        }
    }

    private void takeSyn(TcpSegment syn) {
        receiveStart = syn.sequence();
        advertisedEnd = 1;
        segmentBytes = Math.min(syn.mss() == 0 ? MSS_DEFAULT : syn.mss(), stack.segmentBytesMax());
        sendWindow = syn.window();
        windowSequence = syn.sequence();
        windowAcknowledgment = syn.acknowledgment();
        if (syn.windowShift() < 0) {
            receiveWindowShift = 0; // only if both offer it (RFC 7323, 2.2)
        } else {
            sendWindowShift = syn.windowShift();
        }
    }

    /** Returns false when the segment acknowledges what was never sent. */
    private boolean takeAcknowledgment(TcpSegment segment, long now) {
        long position =
                unacknowledged + (segment.acknowledgment() - (sendStart + (int) unacknowledged));
        if (position > sendHighest) {
            acknowledge = true;
            return false;
        }
        if (state == State.SYN_RECEIVED) {
            if (position < 1) {
                return false;
            }
            state = State.ESTABLISHED;
        }
        if (position < unacknowledged) {
            return true; // old, but its data may still be of use
        }
        if (segment.sequence() - windowSequence > 0
                || (segment.sequence() == windowSequence
                        && segment.acknowledgment() - windowAcknowledgment >= 0)) {
            boolean wasShut = sendWindow == 0;
            sendWindow = (long) segment.window() << sendWindowShift;
            if (wasShut && sendWindow > 0) {
                sendNext = unacknowledged; // the probe did not count
                recovering = false;
            }
            windowSequence = segment.sequence();
            windowAcknowledgment = segment.acknowledgment();
        }
        if (sendWindow == 0) {
            retries = 0; // it answers: a shut window is no failure (RFC 9293, 3.8.6.1)
        }
        if (position > unacknowledged) {
            acknowledged(position, now);
        }
        return true;
    }

    private void acknowledged(long position, long now) {
        unacknowledged = position;
        sendNext = Math.max(sendNext, position);
        retries = 0;
        recovering = false;
        if (timedPosition >= 0 && position > timedPosition) {
            measured(now - timedAt);
            timedPosition = -1;
        }
        retransmitAt = unacknowledged < sendHighest ? now + rtoNanos : NEVER;
        if (finQueued && position == dataEnd + 1) {
            switch (state) {
                case FIN_WAIT_1 -> state = State.FIN_WAIT_2;
                case CLOSING -> timeWait(now);
                case LAST_ACK -> end(null);
                default -> {}
            }
        }
    }

    /** RFC 6298, 2. */
    private void measured(long roundTripNanos) {
        if (smoothedNanos < 0) {
            smoothedNanos = roundTripNanos;
            variationNanos = roundTripNanos / 2;
        } else {
            variationNanos = (3 * variationNanos + Math.abs(smoothedNanos - roundTripNanos)) / 4;
            smoothedNanos = (7 * smoothedNanos + roundTripNanos) / 8;
        }
        rtoNanos = Math.clamp(smoothedNanos + 4 * variationNanos, RTO_MIN_NANOS, RTO_MAX_NANOS);
    }

    private void takeData(TcpSegment segment, long position, long window, long now) {
        boolean fin = segment.has(TcpSegment.FIN);
        if (segment.payloadBytes() == 0 && !fin) {
            return;
        }
        acknowledge = true;
        if (state == State.CLOSED) {
            return;
        }
        if (state == State.TIME_WAIT) {
            timeWaitEnds = now + stack.config().timeWaitNanos();
            return;
        }
        long from = Math.max(position, receiveNext);
        long to = Math.min(position + segment.payloadBytes(), receiveNext + window);
        to = Math.min(to, finPosition);
        if (from < to && early.add(from, to, receiveNext)) {
            int slot = slot(from);
            int bytes = (int) (to - from);
            int first = Math.min(bytes, receiveRing.length - slot);
            int at = segment.payloadAt() + (int) (from - position);
            byte[] payload = segment.frame().bytes();
            System.arraycopy(payload, at, receiveRing, slot, first);
            System.arraycopy(payload, at + first, receiveRing, 0, bytes - first);
            receiveNext = early.endOfFirst(receiveNext);
        }
        long end = position + segment.payloadBytes();
        if (fin && finPosition == NEVER && end >= receiveNext && end <= receiveNext + window) {
            finPosition = end;
        }
        if (receiveNext == finPosition) {
            receiveNext++;
            switch (state) {
                case ESTABLISHED -> state = State.CLOSE_WAIT;
                case FIN_WAIT_1 -> state = State.CLOSING;
                case FIN_WAIT_2 -> timeWait(now);
                default -> {}
            }
        }
    }

    private void timeWait(long now) {
        state = State.TIME_WAIT;
        retransmitAt = NEVER;
        timeWaitEnds = now + stack.config().timeWaitNanos();
    }

    private void end(String why) {
        state = State.CLOSED;
        failure = why;
        retransmitAt = NEVER;
        timeWaitEnds = NEVER;
    }

    /** Runs timers and the application, and sends what may go. */
    void poll(long now) {
        if (timeWaitEnds <= now) {
            end(null);
        }
        if (retransmitAt <= now) {
            timedOut(now);
        }
        application.progress(this, now);
        if (state != State.CLOSED) {
            output(now);
        }
    }

    private void timedOut(long now) {
        if (++retries > RETRIES_MAX) {
            stack.sendReset(ends, wire(sendNext), 0, false);
            end("no answer after %d retransmissions".formatted(RETRIES_MAX));
            return;
        }
        if (unacknowledged < sendHighest) {
            stack.countRetransmission();
        }
        sendNext = unacknowledged;
        timedPosition = -1; // Karn: an answer could be to either copy
        probe = true;
        recovering = true;
        rtoNanos = Math.min(2 * rtoNanos, RTO_MAX_NANOS);
        retransmitAt = now + rtoNanos;
    }

    long deadline() {
        return Math.min(retransmitAt, timeWaitEnds);
    }

    private void output(long now) {
        if (sendNext == 0) {
            if (stack.hasRoom()) {
                sendSyn(now);
            }
            return;
        }
        if (state == State.SYN_SENT || state == State.SYN_RECEIVED) {
            return;
        }
        while (stack.hasRoom() && sendOne(now)) {}
        if (acknowledge && stack.hasRoom()) {
            send(sendNext, TcpSegment.ACK, 0);
        }
    }

    private void sendSyn(long now) {
        boolean answer = state != State.SYN_SENT;
        int window = Math.min(receiveRing.length, 0xffff); // never scaled in a SYN
        advertisedEnd = receiveNext + window;
        stack.sendSyn(
                ends,
                sendStart,
                answer ? receiveStart + 1 : 0,
                answer,
                window,
                !answer || sendWindowShift > 0 || receiveWindowShift > 0 ? receiveWindowShift : -1);
        sent(0, 1, now);
        acknowledge = false;
    }

    /** Sends one segment with data or FIN, if there is one and the window lets it. */
    private boolean sendOne(long now) {
        long inFlight = sendNext - unacknowledged;
        if (recovering && inFlight > 0) {
            return false;
        }
        long usable = sendWindow - inFlight;
        long waiting = dataEnd - sendNext;
        if (waiting > 0) {
            long bytes = Math.min(waiting, Math.max(usable, 0));
            bytes = Math.min(bytes, stack.segmentBytesMax(segmentBytes));
            if (bytes < Math.min(segmentBytes, waiting) && inFlight > 0 && !probe) {
                return false; // silly window avoidance; the acknowledgment opens it
            }
            if (bytes <= 0) {
                if (!probe) {
                    armForProbe(now);
                    return false;
                }
                bytes = 1;
            }
            boolean last = bytes == waiting;
            boolean fin = last && finQueued && usable > bytes;
            int flags = TcpSegment.ACK | (last ? TcpSegment.PSH : 0);
            send(sendNext, fin ? flags | TcpSegment.FIN : flags, (int) bytes);
            sent(sendNext, sendNext + bytes + (fin ? 1 : 0), now);
            return true;
        }
        if (finQueued && sendNext == dataEnd) {
            send(sendNext, TcpSegment.ACK | TcpSegment.FIN, 0);
            sent(sendNext, sendNext + 1, now);
            return true;
        }
        return false;
    }

    private void armForProbe(long now) {
        if (retransmitAt == NEVER) {
            retransmitAt = now + rtoNanos;
        }
    }

    private void sent(long from, long to, long now) {
        probe = false;
        if (timedPosition < 0 && from >= sendHighest) {
            timedPosition = from;
            timedAt = now;
        }
        sendNext = to;
        sendHighest = Math.max(sendHighest, to);
        if (retransmitAt == NEVER) {
            retransmitAt = now + rtoNanos;
        }
    }

    private void send(long position, int flags, int bytes) {
        long window = Math.max(0, readNext + receiveRing.length - receiveNext);
        int field = (int) Math.min(window >> receiveWindowShift, 0xffff);
        advertisedEnd = receiveNext + ((long) field << receiveWindowShift);
        acknowledge = false;
        stack.sendSegment(
                ends,
                wire(position),
                receiveStart + (int) receiveNext,
                flags,
                field,
                sendRing,
                slot(position),
                bytes,
                segmentBytes);
    }

    private int wire(long position) {
        return sendStart + (int) position;
    }

    private int slot(long position) {
        return (int) (position & (sendRing.length - 1));
    }

    @Override
    public String toString() {
        return "tcp %d to %s:%d %s"
                .formatted(ends.localPort, Ipv4.format(ends.remoteAddress), ends.remotePort, state);
    }
}
