package paranet.venet;

import paranet.core.device.BusControl;
import paranet.core.linux.Fd;
import paranet.core.memory.GuestMemory;
import paranet.core.vhostuser.BusHost;
import paranet.core.vhostuser.BusSession;
import paranet.core.vhostuser.FrontendSession;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.MessageCodec;
import paranet.core.vhostuser.MessageHeader;
import paranet.core.vhostuser.ProtocolException;
import paranet.core.vhostuser.Reply;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A bus as its front end has it, without the socket: what is asked of it is a message in bytes, and
 * goes through codec and session. Descriptors are imaginary, and the host closes them at once.
 */
final class SaidBus implements BusControl {
    /**
     * What stands in a message that is drawn at random; CALL is not, whoever calls counts handles.
     */
    private static final int[] IDS = {
        1, 2, 3, 5, 8, 15, 16, 20, 36, 37, 38, 0x7600, 0x7601, 0x7602, 0x7604, 0x7605, 0x7606,
        0x7607, 0x7608, 0x7609, 0x760a, 0x7680
    };

    private static final int[] SIZES = {
        0, 8, 0, 40, 8, 0, 8, 8, 0, 40, 40, 16, 32, 8, 8, 16, 8, 8, 16, 8, 8, 8
    };
    private static final int[] DESCRIPTORS = {
        0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 1, 1, 0, 0, 2, 0, 0, 0
    };
    private static final int[] NUMBERS = {0, 0, 0, 1, 1, 2, 3, 7, 8, 24, 64, 65536, 1 << 31, -1};

    private final VbusConnection bus;
    private final GuestMemory memory;
    private final List<Fd> came = new ArrayList<>();
    private BusSession session;
    private Reply late;
    private boolean wakes = true;
    private long said;
    private long connections;
    private int nextNumber = Integer.MAX_VALUE; // of descriptors that nobody can have open

    SaidBus(VbusConnection bus, GuestMemory memory) {
        this.bus = bus;
        this.memory = memory;
    }

    /** Messages so far. */
    long said() {
        return said;
    }

    long connections() {
        return connections;
    }

    /** A new connection, up to NEGOTIATE. */
    void connect() {
        if (session != null) {
            session.close();
        }
        connections++;
        session = new BusSession(bus, new Host());
        require(tell(2, bytes(8).putLong(1L << 30)) == null, "SET_FEATURES");
        require(tell(16, bytes(8).putLong(1L << 56 | 1L << 15 | 1L << 3)) == null, "16");
        ByteBuffer table = bytes(40).putInt(1).putInt(0).putLong(0).putLong(BusRig.BYTES);
        require(tell(5, table.putLong(0x7f0000000000L).putLong(0), true) == null, "5");
    }

    /**
     * Says something of any kind.
     *
     * @return whether the connection goes on
     */
    boolean sayAnything(SplittableRandom random) {
        int kind = random.nextInt(IDS.length);
        int size = random.nextInt(20) == 0 ? random.nextInt(64) : SIZES[kind];
        ByteBuffer payload = bytes(size);
        while (payload.remaining() >= 4) {
            payload.putInt(NUMBERS[random.nextInt(NUMBERS.length)]);
        }
        int flags = random.nextInt(20) == 0 ? random.nextInt(32) : random.nextBoolean() ? 1 : 9;
        boolean counts = random.nextInt(20) != 0;
        wakes = random.nextInt(4) != 0;
        try {
            say(IDS[kind], flags, payload, counts ? DESCRIPTORS[kind] : random.nextInt(9));
            return true;
        } catch (ProtocolException end) {
            session.close();
            return false;
        } finally {
            wakes = true;
        }
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer tell(int id, ByteBuffer payload) {
        return tell(id, payload, false);
    }

    private ByteBuffer tell(int id, ByteBuffer payload, boolean withFile) {
        return tell(id, payload, withFile ? 1 : 0);
    }

    /** What must not end the connection; the payload of the reply, or null. */
    private ByteBuffer tell(int id, ByteBuffer payload, int descriptors) {
        try {
            return say(id, 1, payload, descriptors);
        } catch (ProtocolException e) {
            throw new AssertionError(e);
        }
    }

    private ByteBuffer say(int id, int flags, ByteBuffer payload, int descriptors)
            throws ProtocolException {
        said++;
        payload.rewind();
        came.clear();
        for (int i = 0; i < descriptors; i++) {
            came.add(new Fd(nextNumber--));
        }
        try {
            ByteBuffer header = bytes(12).putInt(id).putInt(flags).putInt(payload.remaining());
            MessageHeader read =
                    MessageCodec.header(session.dialect(), header.flip(), List.copyOf(came));
            FrontendSession.Outcome outcome =
                    session.handle(
                            MessageCodec.request(read, payload, List.copyOf(came)),
                            read.needReply());
            return outcome.reply() == null ? null : payload(outcome.reply(), id);
        } finally {
            for (Fd each : came) {
                require(each.isClosed(), "a descriptor that nobody closed");
            }
        }
    }

    private static ByteBuffer payload(Reply reply, int id) {
        ByteBuffer message = bytes(MessageCodec.REPLY_BYTES_MAX);
        MessageCodec.reply(reply, message);
        message.flip();
        require(message.getInt(0) == id && message.getInt(4) == 5, "a reply to something else");
        require(message.getInt(8) == message.limit() - 12, "a reply of another length");
        return message.position(12).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    private int result(int id, ByteBuffer payload, int descriptors) {
        return tell(id, payload, descriptors).getInt(0);
    }

    private static ByteBuffer number(int number) {
        return bytes(8).putInt(number).putInt(0);
    }

    @Override
    public void negotiate(long capabilities) {
        ByteBuffer struct = bytes(16).putInt(0xBF53EEF5).putInt(1).putLong(capabilities);
        require(result(0x7600, struct, 0) == 1, "NEGOTIATE");
    }

    @Override
    public int addEventq(int count, long ring, long data) {
        ByteBuffer eventq = bytes(32).putInt(bus.eventqCount()).putInt(0).putInt(count).putInt(0);
        return result(0x7601, eventq.putLong(ring).putLong(data), bus.eventqCount() % 2 * 2);
    }

    @Override
    public void ready() {
        require(result(0x7602, number(bus.eventqCount()), 0) == 0, "READY");
    }

    @Override
    public int call(int channel, int vector, int length, long guestAddress) {
        ByteBuffer call = bytes(24).putInt(channel).putInt(0).putInt(vector).putInt(length);
        ByteBuffer reply = tell(0x7603, call.putLong(guestAddress));
        if (reply == null) {
            return LATER;
        }
        require(reply.getInt(4) == channel, "a reply on another channel");
        return reply.getInt(0);
    }

    /** The bus has an answer that was outstanding; what is replied. */
    int answered(int channel, int result) {
        late = null;
        session.answered(channel, result);
        return payload(late, 0x7603).getInt(0);
    }

    @Override
    public boolean signalled(int handle) {
        long before = session.dropped();
        require(tell(0x7606, number(handle)) == null, "SHMSIGNAL has no reply");
        return session.dropped() == before;
    }

    @Override
    public boolean eventqKicked(int index) {
        long before = session.dropped();
        require(tell(0x7607, number(index)) == null, "EVENTQ_KICK has no reply");
        return session.dropped() == before;
    }

    @Override
    public int setDoorbell(long guestAddress, int bits) {
        return result(0x7605, bytes(16).putLong(guestAddress).putInt(bits).putInt(0), 1);
    }

    @Override
    public int addFastcall(int channel, int length, long guestAddress) {
        ByteBuffer desc = bytes(16).putInt(channel).putInt(length).putLong(guestAddress);
        return result(0x7608, desc, 2);
    }

    @Override
    public int dropFastcall(int channel) {
        return result(0x7609, number(channel), 0);
    }

    @Override
    public long capabilities() {
        return bus.capabilities();
    }

    @Override
    public void reset() {
        session.close();
    }

    @Override
    public int eventqCount() {
        return bus.eventqCount();
    }

    @Override
    public boolean hasSignal(int handle) {
        return bus.hasSignal(handle);
    }

    /** By its descriptor, so no message. */
    @Override
    public void doorbell() {
        bus.doorbell();
    }

    @Override
    public List<LiveRange> liveRanges() {
        return bus.liveRanges();
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** Whatever table is taken, the memory is the rig's. */
    private final class Host implements BusHost {
        @Override
        public void replaceMemory(List<MemoryRegion> regions, List<Fd> files) {
            files.forEach(Fd::close);
            bus.memory(regions.isEmpty() ? GuestMemory.EMPTY : memory);
        }

        @Override
        public void addMemory(MemoryRegion region, Fd file) {
            file.close();
        }

        @Override
        public void removeMemory(MemoryRegion region) {}

        @Override
        public boolean isSameFile(MemoryRegion region, Fd file) {
            return true;
        }

        @Override
        public boolean canWake(Fd fd) {
            return wakes;
        }

        @Override
        public void eventq(int index, Fd call, Fd kick) {
            close(call);
            close(kick);
        }

        @Override
        public boolean signalKick(int handle, Fd kick) {
            close(kick);
            return wakes;
        }

        @Override
        public void doorbellKick(Fd kick) {
            close(kick);
        }

        @Override
        public void fastcall(int channel, Fd start, Fd done) {
            close(start);
            close(done);
        }

        private void close(Fd fd) {
            if (fd != null) {
                fd.close();
            }
        }

        @Override
        public void reply(Reply reply) {
            late = reply;
        }

        @Override
        public void releaseBus() {}
    }
}
