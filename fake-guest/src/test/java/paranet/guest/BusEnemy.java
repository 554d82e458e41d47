package paranet.guest;

import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.WakeupQueue;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.memory.SharedMemory;
import paranet.core.vhostuser.BusRequest;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MessageLayout.BusResult;
import paranet.core.vhostuser.MessageLayout.Negotiate;
import paranet.core.vhostuser.MessageType;
import paranet.venet.wire.VbusCall;
import paranet.venet.wire.VenetFunction;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A front end that says anything at all to a bus: messages well formed, mostly, with numbers from
 * everywhere and arguments that often are almost right. It comes back when it was let go.
 *
 * <p>Threading: confined to one thread.
 */
final class BusEnemy implements AutoCloseable {
    private static final int BATCH = 32;
    private static final int BLOCK = 128;
    private static final int HANDLES_AHEAD = 1000;
    private static final int RINGS = 12;
    private static final int RING_SIZE_MAX = 256;
    private static final int POOL_BYTES = 2048 * 24;
    private static final int[] SHM_IDS = {0, 1, 100, 101, 102, 103, 104};

    private final Path path;
    private final SplittableRandom random;
    private final EventFd[] descriptors = new EventFd[4];
    private BusFrontend bus;
    private long blocks;
    private long blocksHost;
    private final long[] rings = new long[RINGS];
    private final int[] ringSizes = new int[RINGS];
    private long pool;
    private long newestDevh;
    private long messages;
    private long lives;
    private long granted;

    BusEnemy(Path path, long seed) throws IOException {
        this.path = path;
        this.random = new SplittableRandom(seed);
        for (int i = 0; i < descriptors.length; i++) {
            descriptors[i] = EventFd.open();
        }
    }

    long messages() {
        return messages;
    }

    /** Calls that were answered by no error. */
    long granted() {
        return granted;
    }

    long lives() {
        return lives;
    }

    private void live() throws IOException {
        lives++;
        bus =
                BusFrontend.connect(
                        path,
                        BusOptions.usual(random.nextLong())
                                .withEventqs(1 + random.nextInt(8), 16)
                                .withInBand()
                                .withMemory(2, 8L << 20, false));
        blocks = bus.ram().allocate(BATCH * BLOCK, 64);
        blocksHost = bus.ram().host(blocks, BATCH * BLOCK);
        pool = bus.ram().allocate(POOL_BYTES, 8);
        for (int i = 0; i < RINGS; i++) {
            ringSizes[i] = List.of(1, 16, 64, RING_SIZE_MAX).get(i % 4);
            rings[i] = bus.ram().allocate(IoqRingHead.bytes(ringSizes[i]), 8);
            layOut(i);
        }
    }

    private void layOut(int ring) {
        long bytes = IoqRingHead.bytes(ringSizes[ring]);
        var nobody =
                new SignalWiring(
                        () -> {},
                        () -> {},
                        new WakeupQueue() {
                            @Override
                            public void schedule(ShmSignal signal) {}

                            @Override
                            public boolean isServing() {
                                return true;
                            }
                        });
        NorthIoq north =
                NorthIoq.layOut(
                        bus.ram().host(rings[ring], bytes),
                        ringSizes[ring],
                        IoqRole.PRODUCER,
                        nobody,
                        ShmSignal.Fences.FULL);
        for (int slot = 0; slot < ringSizes[ring]; slot++) {
            north.putPtr(slot, random.nextBoolean() ? pool + random.nextInt(2000) : address());
            north.putLength(slot, random.nextInt(2000));
            if (random.nextBoolean()) {
                SharedMemory.putLe8(
                        bus.ram().host(rings[ring], bytes) + IoqRingHead.desc(slot) + 25, 1);
            }
        }
        if (random.nextBoolean()) {
            north.signal().enable();
        }
    }

    /** Sends about so many messages more. */
    void attack(long count) throws IOException {
        long until = messages + count;
        while (messages < until) {
            if (bus == null) {
                live();
            }
            try {
                batch();
            } catch (ConnectionEnded e) {
                bus.close();
                bus = null;
            }
        }
    }

    private void batch() throws IOException {
        ByteBuffer together = ByteBuffer.allocateDirect(BATCH * 64).order(ByteOrder.nativeOrder());
        for (int i = 0; i < BATCH; i++) {
            messages++;
            int kind = random.nextInt(1000);
            if (kind < 60) {
                withDescriptors(kind % 4);
            } else if (kind == 60) {
                broken();
            } else {
                together.put(RequestEncoder.encode(plain(kind, i), random.nextInt(8) == 0));
            }
        }
        bus.channel().send(together.flip(), List.of());
        // Whoever answers this has read all that came before; no other message of ours is READY.
        bus.channel().send(new BusRequest.Ready(0), false);
        awaitReady();
        for (int i = 0; i < BATCH; i++) {
            long handle = SharedMemory.le64(blocksHost + (long) i * BLOCK + VbusCall.OPEN_HANDLE);
            if (handle > newestDevh && handle < newestDevh + HANDLES_AHEAD) {
                newestDevh = handle;
            }
        }
    }

    private void awaitReady() throws IOException {
        while (true) {
            FrontendChannel.Message reply = bus.channel().receive(FrontendChannel.WAIT_NANOS_MAX);
            if (reply == null) {
                throw new AssertionError("the bus answers no more");
            }
            if (reply.id() == MessageType.CALL.id()
                    && reply.payload().getInt(BusResult.RESULT) >= 0) {
                granted++;
            }
            if (reply.id() == MessageType.READY.id()) {
                return;
            }
        }
    }

    /** A message without descriptors and, but for READY, whose reply tells the end of a batch. */
    private FrontendRequest plain(int kind, int block) {
        if (kind < 700) {
            return call(block);
        }
        if (kind < 800) {
            return new BusRequest.ShmSignal(random.nextInt(-1, 40));
        }
        if (kind < 850) {
            return new BusRequest.EventqKick(random.nextInt(-1, 9));
        }
        if (kind < 900) {
            return new BusRequest.FastcallDrop(random.nextInt(8));
        }
        if (kind < 960) {
            int ring = random.nextInt(RINGS);
            return new BusRequest.SetEventq(
                    random.nextInt(9),
                    random.nextInt(20) == 0 ? 1 : 0,
                    random.nextInt(4) == 0 ? random.nextInt() : ringSizes[ring],
                    random.nextInt(4) == 0 ? address() : rings[ring],
                    random.nextInt(4) == 0 ? address() : pool,
                    null,
                    null);
        }
        if (kind < 961) {
            return new BusRequest.Negotiate(
                    random.nextInt(4) == 0 ? random.nextInt() : Negotiate.MAGIC_VALUE,
                    random.nextInt(8) == 0 ? 2 : 1,
                    random.nextLong());
        }
        return kind < 998
                ? new FrontendRequest.GetFeatures()
                : new FrontendRequest.Unknown(0x7610 + random.nextInt(0xf0), random.nextInt(16));
    }

    private void withDescriptors(int kind) throws IOException {
        Fd one = descriptors[random.nextInt(descriptors.length)].fd();
        Fd other = descriptors[random.nextInt(descriptors.length)].fd();
        BusRequest request =
                switch (kind) {
                    case 0 -> new BusRequest.SignalKick(random.nextInt(-1, 40), one);
                    case 1 ->
                            new BusRequest.SetDoorbell(
                                    random.nextBoolean() ? pool : address(),
                                    64 * random.nextInt(9),
                                    one);
                    case 2 ->
                            new BusRequest.FastcallAdd(
                                    random.nextInt(8),
                                    random.nextInt(8) == 0 ? 23 : 24,
                                    random.nextBoolean() ? pool : address(),
                                    one,
                                    other);
                    default -> new BusRequest.SetEventq(0, 0, 16, rings[1], pool, one, other);
                };
        bus.channel().send(request, random.nextBoolean());
        if (random.nextBoolean()) {
            descriptors[random.nextInt(descriptors.length)].signal();
        }
    }

    private void broken() throws IOException {
        if (random.nextInt(4) == 0) {
            byte[] payload = new byte[random.nextInt(64)];
            random.nextBytes(payload);
            bus.sendRaw(0x7603 + random.nextInt(7), random.nextInt(16), payload, List.of());
        }
    }

    private BusRequest call(int block) {
        long args = blocksHost + (long) block * BLOCK;
        int vector = random.nextInt(random.nextInt(10) == 0 ? 6 : 4);
        int length =
                switch (vector) {
                    case VbusCall.DEVOPEN -> open(args);
                    case VbusCall.DEVCLOSE -> close(args);
                    case VbusCall.DEVCALL -> verb(args, blocks + (long) block * BLOCK);
                    default -> shm(args);
                };
        return new BusRequest.Call(
                random.nextInt(4),
                vector,
                random.nextInt(50) == 0 ? random.nextInt(100) : length,
                random.nextInt(50) == 0 ? address() : blocks + (long) block * BLOCK);
    }

    private long devh() {
        return random.nextInt(10) == 0 ? random.nextLong() : newestDevh - random.nextInt(3);
    }

    private int open(long args) {
        SharedMemory.putLe32(args + VbusCall.OPEN_DEVID, random.nextInt(4));
        SharedMemory.putLe32(args + VbusCall.OPEN_VERSION, random.nextInt(20) == 0 ? 2 : 1);
        return VbusCall.OPEN_BYTES;
    }

    private int close(long args) {
        // Seldom what is open, or nothing is for long.
        SharedMemory.putLe64(
                args + VbusCall.CLOSE_DEVH, random.nextInt(20) == 0 ? devh() : random.nextLong());
        return VbusCall.CLOSE_BYTES;
    }

    private int verb(long args, long argsGuest) {
        int function = random.nextInt(VenetFunction.L4ROQUERY + 2);
        int due =
                switch (function) {
                    case VenetFunction.MACQUERY -> 6;
                    case VenetFunction.NEGCAP -> 8;
                    case VenetFunction.EVQQUERY, VenetFunction.L4ROQUERY -> 32;
                    default -> 0;
                };
        SharedMemory.putLe64(args + VbusCall.CALL_DEVH, devh());
        SharedMemory.putLe32(args + VbusCall.CALL_FUNC, function);
        SharedMemory.putLe32(
                args + VbusCall.CALL_LEN, random.nextInt(20) == 0 ? random.nextInt() : due);
        SharedMemory.putLe64(
                args + VbusCall.CALL_DATAP, random.nextInt(20) == 0 ? address() : argsGuest + 64);
        SharedMemory.fill(args + 64, 32, 0);
        if (function == VenetFunction.NEGCAP) {
            SharedMemory.putLe32(args + 64, random.nextInt(4));
            SharedMemory.putLe32(args + 68, random.nextInt(64));
        }
        return VbusCall.CALL_BYTES;
    }

    private int shm(long args) {
        int id = SHM_IDS[random.nextInt(SHM_IDS.length)];
        boolean isRing = id < 2 || id == 102 || id == 104;
        int ring = random.nextInt(RINGS);
        if (isRing && random.nextInt(4) == 0) {
            layOut(ring);
        }
        int bytes =
                isRing
                        ? (int) IoqRingHead.bytes(ringSizes[ring])
                        : id == 101 ? 24 * ringSizes[ring] : POOL_BYTES;
        SharedMemory.putLe64(args + VbusCall.SHM_DEVH, devh());
        SharedMemory.putLe32(
                args + VbusCall.SHM_ID, random.nextInt(30) == 0 ? random.nextInt() : id);
        SharedMemory.putLe32(
                args + VbusCall.SHM_LEN, random.nextInt(20) == 0 ? random.nextInt() : bytes);
        SharedMemory.putLe32(args + VbusCall.SHM_FLAGS, random.nextInt());
        int offset = isRing ? IoqRingHead.SIGNAL : VbusCall.SHM_NO_SIGNAL;
        SharedMemory.putLe32(
                args + VbusCall.SHM_SIGNAL_OFFSET,
                random.nextInt(20) == 0 ? random.nextInt() : offset);
        SharedMemory.putLe32(args + VbusCall.SHM_SIGNAL_PRIO, random.nextInt());
        SharedMemory.putLe64(args + VbusCall.SHM_SIGNAL_COOKIE, random.nextLong());
        SharedMemory.putLe64(
                args + VbusCall.SHM_DATAP,
                random.nextInt(20) == 0 ? address() : isRing ? rings[ring] : pool);
        return VbusCall.SHM_BYTES;
    }

    /** A guest address at or beside a region, or anywhere. */
    private long address() {
        var region = bus.ram().regions().get(random.nextInt(bus.ram().regions().size()));
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> region.guestAddress() + region.size() - random.nextInt(200);
            case 2 -> region.guestAddress() - random.nextInt(200);
            default -> region.guestAddress() + random.nextInt(1 << 20);
        };
    }

    @Override
    public void close() {
        if (bus != null) {
            bus.close();
        }
        for (EventFd each : descriptors) {
            each.close();
        }
    }
}
