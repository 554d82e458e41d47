package paranet.core.vhostuser;

import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** One conversation of {@link SessionPropertyTest}, all of it drawn from one seed. */
final class HostileConversation {
    private static final int MESSAGES_MAX = 12;

    /** Requests with a row of their own, and some without. */
    private static final int[] IDS = {
        1, 2, 2, 3, 4, 5, 5, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 12, 13, 14, 15, 16, 16, 17, 18, 18,
        19, 20, 21, 24, 25, 34, 36, 37, 37, 38, 38, 39, 39, 40, 6, 31, 35, 42, 0x7600, 0x7604,
        0x7606, 0x7680
    };

    private static final long[] NUMBERS = {
        0,
        1,
        2,
        3,
        4,
        5,
        7,
        8,
        10,
        15,
        16,
        67,
        68,
        255,
        256,
        257,
        1000,
        1500,
        32768,
        32769,
        65535,
        65536,
        0x100,
        0x103,
        0x8000,
        0x80008000L,
        0x7fffffffL,
        0x80000000L,
        0xffffffffL,
        0x10000,
        0x7f0000000000L,
        0x7f0000001000L,
        0x7f0000002000L,
        0x40000000L,
        0x40000001L,
        0x1a23dL,
        8,
        0x140000801L,
        0x540000809L,
        0x400000000L,
        -1,
        -4096,
        Long.MIN_VALUE,
        Long.MAX_VALUE
    };

    /** A message before it was read. */
    private record Bytes(int id, int flags, int payloadBytes, int descriptors) {}

    boolean broken;
    int refused;
    int replies;
    int started;

    private final SplittableRandom random;
    private final Fd pattern;
    private final SmallDevice device = new SmallDevice();
    private final RecordingHost host = new RecordingHost();
    private final Session session = new Session(device, host);
    private final SessionModel model = new SessionModel(device, host);
    private final List<Fd> sent = new ArrayList<>();
    private final ByteBuffer reply = Frontend.bytes(MessageCodec.REPLY_BYTES_MAX);
    private final List<Object> said = new ArrayList<>();
    private int nextNumber = Integer.MAX_VALUE;

    /** With descriptors that are duplicates of {@code pattern}, or imaginary if it is null. */
    HostileConversation(long seed, Fd pattern) {
        this.random = new SplittableRandom(seed);
        this.pattern = pattern;
    }

    /** What was said so far, for a failure. */
    String said() {
        StringBuilder lines = new StringBuilder();
        for (Object each : said) {
            lines.append(each).append('\n');
        }
        return lines.toString();
    }

    void run() {
        try {
            int correct = random.nextInt(CORRECT.length + 1);
            for (int i = 0; i < correct; i++) {
                correctly(i);
            }
            int more = 1 + random.nextInt(MESSAGES_MAX - 1);
            for (int i = 0; i < more; i++) {
                happen();
                anything();
            }
        } catch (ProtocolException end) {
            broken = true;
            said.add(end);
        }
        session.close();
        model.requireAtRest();
        for (Fd each : sent) {
            require(each.isClosed(), "descriptor still open at the end");
        }
    }

    /** What a front end says first, by number, with a few numbers left to chance. */
    private static final int[] CORRECT = {3, 16, 2, 5, 8, 10, 9, 13, 12, 18, 8, 10, 9, 12, 18};

    private void correctly(int step) throws ProtocolException {
        int id = CORRECT[step];
        int ring = step < 10 ? 0 : 1;
        ByteBuffer payload =
                switch (id) {
                    case 16 -> Frontend.u64(0x1a23dL);
                    case 2 -> Frontend.u64(random.nextBoolean() ? 0x140000000L : 0x500000001L);
                    case 5 -> Frontend.table(Frontend.LOW, Frontend.HIGH);
                    case 8 -> Frontend.state(ring, 1 << random.nextInt(16));
                    case 10 -> Frontend.state(ring, random.nextInt(0x10000));
                    case 9 ->
                            Frontend.addresses(
                                    ring, 0, 0x7f0000000000L, 0x7f0000002000L, 0x7f0000001000L);
                    case 12, 13 -> Frontend.u64(ring);
                    case 18 -> Frontend.state(ring, 1);
                    default -> Frontend.nothing();
                };
        say(id, random.nextBoolean() ? 1 : 9, payload, id == 5 ? 2 : id == 12 || id == 13 ? 1 : 0);
    }

    /** Things that happen without the front end. */
    private void happen() {
        switch (random.nextInt(12)) {
            case 0 -> host.refuses = !host.refuses;
            case 1 -> {
                int ring = random.nextInt(5);
                host.breakVring(ring);
                model.broke(ring);
            }
            case 2 -> host.position = random.nextInt(0x10000);
            case 3 -> host.position = RecordingHost.WHERE_IT_STARTED;
            default -> {}
        }
    }

    private void anything() throws ProtocolException {
        int id = IDS[random.nextInt(IDS.length)];
        ByteBuffer payload = payload(id);
        int flags = random.nextBoolean() ? 1 : 9;
        int descriptors = due(id, payload);
        switch (random.nextInt(24)) {
            case 0 -> descriptors = random.nextInt(9);
            case 1 -> flags = random.nextInt(32);
            case 2 -> {
                if (payload.hasRemaining()) {
                    payload.put(random.nextInt(payload.limit()), (byte) random.nextInt());
                }
            }
            case 3 -> payload = resized(payload, random.nextInt(payload.remaining() + 1));
            case 4 -> payload = resized(payload, payload.remaining() + random.nextInt(300));
            case 5 -> {
                byte[] noise = new byte[random.nextInt(300)];
                random.nextBytes(noise);
                payload = Frontend.bytes(noise.length).put(noise).flip();
                id = random.nextInt(48);
            }
            default -> {}
        }
        say(id, flags, payload, descriptors);
    }

    private ByteBuffer payload(int id) {
        return switch (id) {
            case 5 -> {
                MemoryRegion[] regions = new MemoryRegion[random.nextInt(4)];
                for (int i = 0; i < regions.length; i++) {
                    regions[i] = region();
                }
                yield Frontend.table(regions);
            }
            case 8 -> Frontend.state(ring(), (int) number());
            case 9 ->
                    random.nextBoolean()
                            ? Frontend.addresses(
                                    ring(), 0, 0x7f0000000000L, 0x7f0000002000L, 0x7f0000001000L)
                            : Frontend.addresses(
                                    ring(), (int) number(), number(), number(), number());
            case 10, 11 -> Frontend.state(ring(), (int) number());
            case 12, 13, 14 -> Frontend.u64((ring() & 0xff) | (random.nextInt(3) == 0 ? 0x100 : 0));
            case 18 ->
                    Frontend.state(
                            ring(), random.nextInt(8) == 0 ? (int) number() : random.nextInt(2));
            case 2, 16, 19, 20, 39 -> Frontend.u64(number());
            case 24, 25 ->
                    Frontend.config(
                            random.nextInt(12), random.nextInt(3), new byte[random.nextInt(12)]);
            case 37, 38 -> Frontend.slot(region());
            case 6, 31, 35, 42, 0x7600, 0x7604, 0x7606, 0x7680 ->
                    Frontend.bytes(random.nextInt(64));
            default -> Frontend.nothing();
        };
    }

    private int ring() {
        return random.nextInt(10) == 0 ? (int) number() : random.nextInt(5);
    }

    private long number() {
        return NUMBERS[random.nextInt(NUMBERS.length)];
    }

    private MemoryRegion region() {
        if (random.nextInt(4) == 0) {
            return new MemoryRegion(number(), number(), number(), number());
        }
        long at = random.nextInt(16) * 0x1000L;
        return new MemoryRegion(at, 0x1000L << random.nextInt(2), 0x7f0000000000L + at, at);
    }

    /** As many descriptors as the form demands of a message that is not mutated. */
    private int due(int id, ByteBuffer payload) {
        return switch (id) {
            case 5 -> payload.getInt(0);
            case 12, 13, 14 -> (payload.getLong(0) & 0x100) == 0 ? 1 : 0;
            case 21, 37 -> 1;
            case 38 -> random.nextInt(2);
            case 6, 31, 0x7604, 0x7606 -> random.nextInt(3);
            default -> 0;
        };
    }

    private static ByteBuffer resized(ByteBuffer payload, int length) {
        ByteBuffer other = Frontend.bytes(length);
        other.put(0, payload, 0, Math.min(length, payload.remaining()));
        return other;
    }

    private void say(int id, int flags, ByteBuffer payload, int descriptors)
            throws ProtocolException {
        List<Fd> came = new ArrayList<>(descriptors);
        for (int i = 0; i < descriptors; i++) {
            came.add(descriptor());
        }
        sent.addAll(came);
        said.add(new Bytes(id, flags, payload.remaining(), descriptors));
        FrontendRequest request;
        boolean needReply;
        try {
            MessageHeader header =
                    MessageCodec.header(
                            Dialect.VIRTIO, Frontend.header(id, flags, payload.remaining()), came);
            request = MessageCodec.request(header, payload, came);
            needReply = header.needReply();
        } catch (ProtocolException end) {
            for (Fd each : came) {
                require(each.isClosed(), "descriptor of a broken message still open");
            }
            throw end;
        }
        said.add(request);
        SessionModel.Expected expected = model.expect(request, needReply);
        FrontendSession.Outcome outcome = session.handle(request, needReply);
        check(id, expected, outcome);
        Set<Fd> owned = host.owned();
        for (Fd each : owned) {
            require(!each.isClosed(), "the host's descriptor was closed");
        }
        int open = 0;
        for (Fd each : sent) {
            open += each.isClosed() ? 0 : 1;
        }
        require(open == owned.size(), "a descriptor that nobody owns");
    }

    private void check(int id, SessionModel.Expected expected, FrontendSession.Outcome outcome) {
        if ((outcome.refused() != null) != expected.refused()) {
            throw new AssertionError(outcome + ", expected: " + expected);
        }
        require((outcome.reply() != null) == expected.replies(), "reply not due, or missing");
        model.requireSame();
        if (outcome.refused() != null) {
            refused++;
            require(outcome.refused().contains(" refused: "), outcome.refused());
        }
        if (outcome.reply() != null) {
            replies++;
            reply.clear();
            MessageCodec.reply(outcome.reply(), reply);
            require(reply.getInt(0) == id, "reply to another request");
            require(reply.getInt(4) == 5, "reply's flags");
            require(reply.getInt(8) == reply.position() - 12, "reply's length");
            require(
                    outcome.reply() instanceof Reply.Ack != expected.own(),
                    "an acknowledgement and a reply of the message's own mixed up");
            boolean error = outcome.reply() instanceof Reply.Ack ack && ack.error() != 0;
            boolean failed = outcome.reply() instanceof Reply.ConfigFailed;
            require(
                    (error || failed) == expected.refused(),
                    "reply of success and failure mixed up");
        }
        if (outcome.refused() == null && id == 12) {
            started++;
        }
    }

    private Fd descriptor() {
        if (pattern == null) {
            return new Fd(nextNumber--); // close(2) says EBADF to it, which nobody hears
        }
        try {
            return pattern.duplicate();
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
