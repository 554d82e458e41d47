package paranet.guest;

import paranet.core.ioq.IoqRingHead;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.Mapping;
import paranet.core.linux.Readiness;
import paranet.core.linux.UnixSocket;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.memory.SharedMemory;
import paranet.core.vhostuser.MessageLayout.BusCall;
import paranet.core.vhostuser.MessageLayout.BusNumber;
import paranet.core.vhostuser.MessageLayout.CallDesc;
import paranet.core.vhostuser.MessageLayout.Header;
import paranet.core.vhostuser.MessageLayout.MemoryTable;
import paranet.core.vhostuser.MessageLayout.Region;
import paranet.core.vhostuser.MessageLayout.SetEventq;
import paranet.core.vhostuser.MessageType;
import paranet.core.vhostuser.ProtocolFeature;
import paranet.venet.wire.VbusCall;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetFunction;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A host that says yes to everything and writes down what it was told, byte by byte. It moves no
 * frames and sends no events: a test does that at the rings.
 *
 * <p>Threading: a thread of its own answers; what it wrote down may be read between two requests.
 */
final class ScriptedBus implements AutoCloseable {
    /** What LINKUP, NEGCAP and the others are asked about. */
    static final byte[] MAC = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

    /**
     * One message.
     *
     * @param bytes header and payload in hexadecimal, a space before and a bar behind the header
     * @param note for a CALL its arguments, and the head of the ring it registers
     */
    record Seen(int id, String bytes, int descriptors, String note) {}

    final List<Seen> seen = new CopyOnWriteArrayList<>();
    final Map<Integer, EventFd> kicks = new TreeMap<>(); // by handle
    final List<EventFd> eventqs = new ArrayList<>(); // call, kick, call, kick...
    EventFd doorbell;
    int refusedVector = -1;
    private final UnixSocket socket;
    private final Thread thread;
    private final List<Mapping> mappings = new ArrayList<>();
    private final List<Fd> fastcalls = new ArrayList<>();
    private GuestMemory memory = GuestMemory.EMPTY;
    private int handles;
    private long devh;

    private ScriptedBus(UnixSocket socket) {
        this.socket = socket;
        this.thread = Thread.ofPlatform().name("scripted bus").unstarted(this::run);
    }

    /** A host at one end of a new socket, whose other end goes to {@code theirs}. */
    static ScriptedBus start(List<UnixSocket> theirs) throws IOException {
        List<UnixSocket> pair = UnixSocket.pair();
        theirs.add(pair.getFirst());
        ScriptedBus bus = new ScriptedBus(pair.getLast());
        bus.thread.start();
        return bus;
    }

    private void run() {
        try (Readiness readiness = new Readiness(1)) {
            readiness.watch(socket.fd());
            while (handle(readiness)) {}
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean fill(ByteBuffer into, List<Fd> descriptors, Readiness readiness)
            throws LinuxException {
        while (into.hasRemaining()) {
            switch (socket.receive(into, descriptors)) {
                case BYTES -> {}
                case NOTHING -> readiness.await(1000);
                case END, TRUNCATED -> {
                    return false;
                }
            }
        }
        into.flip();
        return true;
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private boolean handle(Readiness readiness) throws IOException {
        List<Fd> descriptors = new ArrayList<>();
        ByteBuffer header = direct(Header.BYTES);
        if (!fill(header, descriptors, readiness)) {
            return false;
        }
        ByteBuffer payload = direct(header.getInt(Header.SIZE));
        if (!fill(payload, descriptors, readiness)) {
            return false;
        }
        int id = header.getInt(Header.REQUEST);
        int count = descriptors.size();
        String note = id == MessageType.CALL.id() ? describeCall(payload) : "";
        if (id == MessageType.SET_EVENTQ.id()) {
            note = head(payload.getLong(SetEventq.RING));
        }
        seen.add(new Seen(id, hex(header) + "| " + hex(payload), count, note));
        answer(id, header.getInt(Header.FLAGS), payload, descriptors);
        descriptors.forEach(Fd::close);
        return true;
    }

    private static String hex(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(0, bytes);
        return HexFormat.ofDelimiter(" ").formatHex(bytes) + (bytes.length > 0 ? " " : "");
    }

    private String head(long ring) {
        byte[] bytes = new byte[IoqRingHead.RING];
        SharedMemory.copy(memory.translate(ring, bytes.length), bytes, 0, bytes.length);
        return HexFormat.of().formatHex(bytes);
    }

    private String describeCall(ByteBuffer payload) {
        long args =
                memory.translate(
                        payload.getLong(BusCall.DESC + CallDesc.DATAP),
                        payload.getInt(BusCall.DESC + CallDesc.LEN));
        return switch (payload.getInt(BusCall.DESC + CallDesc.VECTOR)) {
            case VbusCall.DEVOPEN ->
                    "DEVOPEN %d version %d"
                            .formatted(
                                    SharedMemory.le32(args + VbusCall.OPEN_DEVID),
                                    SharedMemory.le32(args + VbusCall.OPEN_VERSION));
            case VbusCall.DEVCLOSE ->
                    "DEVCLOSE %d".formatted(SharedMemory.le64(args + VbusCall.CLOSE_DEVH));
            case VbusCall.DEVCALL -> describeVerb(args);
            default -> describeShm(args);
        };
    }

    private String describeVerb(long args) {
        int length = SharedMemory.le32(args + VbusCall.CALL_LEN);
        byte[] data = new byte[length];
        if (length > 0) {
            long at = memory.translate(SharedMemory.le64(args + VbusCall.CALL_DATAP), length);
            SharedMemory.copy(at, data, 0, length);
        }
        return "DEVCALL %d func %d flags %d data %s"
                .formatted(
                        SharedMemory.le64(args + VbusCall.CALL_DEVH),
                        SharedMemory.le32(args + VbusCall.CALL_FUNC),
                        SharedMemory.le32(args + VbusCall.CALL_FLAGS),
                        HexFormat.of().formatHex(data));
    }

    private String describeShm(long args) {
        int offset = SharedMemory.le32(args + VbusCall.SHM_SIGNAL_OFFSET);
        long at = SharedMemory.le64(args + VbusCall.SHM_DATAP);
        return "DEVSHM %d id %d length %d flags %d offset %d prio %d cookie 0x%x%s"
                .formatted(
                        SharedMemory.le64(args + VbusCall.SHM_DEVH),
                        SharedMemory.le32(args + VbusCall.SHM_ID),
                        SharedMemory.le32(args + VbusCall.SHM_LEN),
                        SharedMemory.le32(args + VbusCall.SHM_FLAGS),
                        offset,
                        SharedMemory.le32(args + VbusCall.SHM_SIGNAL_PRIO),
                        SharedMemory.le64(args + VbusCall.SHM_SIGNAL_COOKIE),
                        offset < 0 ? "" : " " + head(at));
    }

    private void answer(int id, int flags, ByteBuffer payload, List<Fd> descriptors)
            throws IOException {
        MessageType type =
                Arrays.stream(MessageType.values())
                        .filter(each -> each.id() == id)
                        .findFirst()
                        .orElseThrow();
        switch (type) {
            case GET_FEATURES -> u64(id, 1L << 30);
            case GET_PROTOCOL_FEATURES -> u64(id, ProtocolFeature.OFFERED_VBUS);
            case SET_MEM_TABLE -> map(payload, descriptors);
            case NEGOTIATE -> {
                ByteBuffer reply = reply(id, 24);
                reply.putInt(1).putInt(0).put(payload);
                send(reply);
            }
            case CALL -> {
                int result = call(payload.getInt(BusCall.DESC + CallDesc.VECTOR), payload);
                result(id, result, payload.getInt(BusCall.CHANNEL));
            }
            case SIGNAL_KICK -> {
                kicks.put(
                        payload.getInt(BusNumber.NUMBER), EventFd.adopt(descriptors.removeFirst()));
                result(id, 0, 0);
            }
            case SET_EVENTQ -> {
                while (!descriptors.isEmpty()) {
                    eventqs.add(EventFd.adopt(descriptors.removeFirst()));
                }
                result(id, 0, 0);
            }
            case SET_DOORBELL -> {
                doorbell = EventFd.adopt(descriptors.removeFirst());
                result(id, 0, 0);
            }
            case FASTCALL_ADD -> {
                fastcalls.addAll(descriptors);
                descriptors.clear();
                result(id, 0, 0);
            }
            case READY, FASTCALL_DROP -> result(id, 0, 0);
            default -> {}
        }
        if (type == MessageType.SET_MEM_TABLE && (flags & Header.F_NEED_REPLY) != 0) {
            u64(id, 0);
        }
    }

    private void map(ByteBuffer payload, List<Fd> descriptors) throws IOException {
        List<GuestRegion> regions = new ArrayList<>();
        for (int i = 0; i < payload.getInt(MemoryTable.COUNT); i++) {
            int at = MemoryTable.region(i);
            long size = payload.getLong(at + Region.SIZE);
            long offset = payload.getLong(at + Region.MMAP_OFFSET);
            Mapping mapping = Mapping.map(descriptors.get(i), offset + size);
            mappings.add(mapping);
            regions.add(
                    new GuestRegion(
                            payload.getLong(at + Region.GUEST_ADDRESS),
                            payload.getLong(at + Region.FRONTEND_ADDRESS),
                            size,
                            mapping.address() + offset));
        }
        memory = GuestMemory.of(regions);
    }

    private int call(int vector, ByteBuffer payload) {
        long args =
                memory.translate(
                        payload.getLong(BusCall.DESC + CallDesc.DATAP),
                        payload.getInt(BusCall.DESC + CallDesc.LEN));
        if (vector == refusedVector) {
            return -22;
        }
        return switch (vector) {
            case VbusCall.DEVOPEN -> {
                SharedMemory.putLe64(args + VbusCall.OPEN_HANDLE, ++devh);
                yield 0;
            }
            case VbusCall.DEVSHM ->
                    SharedMemory.le32(args + VbusCall.SHM_SIGNAL_OFFSET) < 0 ? 0 : handles++;
            case VbusCall.DEVCALL -> verb(args);
            default -> 0;
        };
    }

    private int verb(long args) {
        int length = SharedMemory.le32(args + VbusCall.CALL_LEN);
        long data =
                length == 0
                        ? 0
                        : memory.translate(SharedMemory.le64(args + VbusCall.CALL_DATAP), length);
        switch (SharedMemory.le32(args + VbusCall.CALL_FUNC)) {
            case VenetFunction.PMTDQUERY -> {
                return 100;
            }
            case VenetFunction.MACQUERY -> SharedMemory.copy(MAC, 0, data, MAC.length);
            case VenetFunction.EVQQUERY -> {
                SharedMemory.putLe32(data + 4, 24);
                SharedMemory.putLe32(data + 8, 101);
                SharedMemory.putLe32(data + 12, 102);
            }
            case VenetFunction.L4ROQUERY -> {
                SharedMemory.putLe32(data + 4, 103);
                SharedMemory.putLe32(data + 8, 104);
            }
            case VenetFunction.NEGCAP -> {
                if (SharedMemory.le32(data + VenetCapability.GID) > 2) {
                    SharedMemory.putLe32(data + VenetCapability.BITS, 0);
                }
            }
            default -> {}
        }
        return 0;
    }

    private static ByteBuffer reply(int id, int bytes) {
        return direct(Header.BYTES + bytes)
                .putInt(id)
                .putInt(Header.VERSION | Header.F_REPLY)
                .putInt(bytes);
    }

    private void u64(int id, long value) throws LinuxException {
        send(reply(id, 8).putLong(value));
    }

    private void result(int id, int result, int aux) throws LinuxException {
        send(reply(id, 8).putInt(result).putInt(aux));
    }

    private void send(ByteBuffer message) throws LinuxException {
        socket.send(message.flip(), List.of());
    }

    /** Says INTERRUPT, as a host in-band does at any time. */
    void interrupt(int eventq) throws LinuxException {
        send(
                direct(Header.BYTES + BusNumber.BYTES)
                        .putInt(0x7680)
                        .putInt(Header.VERSION)
                        .putInt(BusNumber.BYTES)
                        .putInt(eventq)
                        .putInt(0));
    }

    @Override
    public void close() {
        try {
            thread.join(); // the front end is closed before
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        socket.close();
        kicks.values().forEach(EventFd::close);
        eventqs.forEach(EventFd::close);
        fastcalls.forEach(Fd::close);
        if (doorbell != null) {
            doorbell.close();
        }
        mappings.forEach(Mapping::close);
    }
}
