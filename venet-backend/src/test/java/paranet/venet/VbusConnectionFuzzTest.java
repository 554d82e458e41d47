package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.device.Bus;
import paranet.core.device.BusControl;
import paranet.core.device.BusLane;
import paranet.core.ioq.IoqRole;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.MemoryBridge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A hostile driver against a bus with devices that come and go, a million messages long.
 *
 * <p>What runs where: here each call, and whatever else a front end asks of a bus, is a message in
 * bytes through codec and session ({@link SaidBus}), and the bus, its devices, rings and lanes are
 * the real ones; between them lacks the socket, and the worker. BusSessionPropertyTest has as many
 * messages in every state of a connection, with a bus that answers anything.
 * VenetHostileEndToEndTest has socket, memory tables and workers too, and fewer messages, since
 * most of its time goes into waking threads.
 *
 * <p><em>Strategy</em>: calls drawn at random, most of them well formed, with handles, ids, lengths
 * and addresses that are likely right, or just wrong, or noise; kicks and signals of any number;
 * channels and doorbell; devices plugged in and pulled out; bytes scribbled over rings, records,
 * pools and arguments in between; now and then a message of any kind and form, and a connection
 * that ends by it. Frames: slots of any ring handed over with pointers, lengths and descriptors
 * that are likely right, frames from a network that is full or down now and then, and lanes polled
 * at any moment.
 *
 * <p><em>Invariants</em>: nothing is thrown but what ends a connection; each message has its one
 * reply or none, and its descriptors are closed; an answer is 0 or more, or one of the errors of a
 * bus; handles are not used twice and end once; what is live lies in memory; what is left over ends
 * within a hundred steps while the driver is silent; a queue breaks only when it was scribbled on;
 * a batch of frames has its bound, and no frame leaves that is not whole.
 *
 * <p>A failure names its seed; -Dparanet.fuzz.seed=N -Dparanet.fuzz.messages=M replays it.
 */
class VbusConnectionFuzzTest {
    private static final long SEED = Long.getLong("paranet.fuzz.seed", 20260401);
    private static final int MESSAGES = Integer.getInteger("paranet.fuzz.messages", 1_000_000);
    private static final Set<Integer> ERRORS = Set.of(-2, -12, -14, -16, -17, -22, -28);

    private static final int[] IDS = {0, 0, 1, 1, 100, 101, 101, 102, 103, 103, 104, 2, -1};
    private static final int[] FUNCTIONS = {0, 0, 1, 2, 3, 3, 3, 3, 4, 5, 6, 7, 8, -1};
    private static final long[] ADDRESSES = {
        BusRig.RX,
        BusRig.TX,
        BusRig.EVENT_RING,
        BusRig.PAGE_RING,
        BusRig.EVENT_POOL,
        BusRig.L4RO_POOL,
        BusRig.PMTD_POOL,
        BusRig.DATA,
        BusRig.BYTES - 7,
        -1,
        0,
        1L << 63
    };

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final BusRig rig = new BusRig();
    private final VbusConnection bus = rig.bus;
    private final SaidBus front = new SaidBus(bus, rig.memory);
    private final Set<Integer> handles = new HashSet<>();
    private final List<Long> devhs = new ArrayList<>(List.of(0L, -1L));
    private Long chosen = 0L;
    private long done;
    private long refused;
    private final MemoryBridge network = new MemoryBridge(1);
    private long faults;
    private long events;
    private long frames;
    private long ups;
    private boolean scribbled;

    @Test
    void survivesAHostileDriver() {
        try (rig) {
            rig.front = front;
            front.connect();
            start();
            for (int i = 0; front.said() < MESSAGES; i++) {
                try {
                    something();
                    check();
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError(
                            "seed %d, step %d, message %d (-Dparanet.fuzz.seed=%d)"
                                    .formatted(SEED, i, front.said(), SEED),
                            e);
                }
            }
        }
        System.out.printf(
                "%d messages on %d connections: %d done, %d refused, %d faults, %d events, %d times"
                        + " up, %d frames%n",
                front.said(), front.connections(), done, refused, faults, events, ups, frames);
        if (MESSAGES >= 100_000) { // the generator reaches what it is meant to reach
            assertTrue(Math.min(done, refused) > MESSAGES / 20 && faults > 0);
            assertTrue(events > MESSAGES / 2000);
            assertTrue(ups > MESSAGES / 1000 && frames > MESSAGES / 1000);
            assertTrue(front.connections() > MESSAGES / 10_000);
        }
    }

    /** NEGOTIATE, an event queue or three, READY, rings laid out. */
    private void start() {
        front.negotiate(0xf);
        bus.takeClosedSignals();
        handles.clear();
        rig.eventqs.clear();
        scribbled = false;
        for (int i = random.nextInt(3); i >= 0; i--) {
            rig.addEventq(1 + random.nextInt(BusRig.SLOTS));
        }
        front.ready();
        layOut();
    }

    private void layOut() {
        for (int i = 0; i < 4; i++) {
            rig.layOut(ADDRESSES[i], BusRig.SLOTS, i % 2 == 0 ? IoqRole.CONSUMER : IoqRole.PRODUCER)
                    .signal()
                    .enable();
        }
    }

    private void something() {
        switch (random.nextInt(37)) {
            case 0, 1 -> {
                if (answered(rig.open(devid(), random.nextInt(10) == 0 ? 2 : 1)) == 0) {
                    devhs.add(SharedMemory.le64(rig.at + BusRig.ARGS + 8));
                }
            }
            case 2 -> {
                if (random.nextInt(4) == 0) {
                    answeredBy(rig.close(devh()));
                }
            }
            case 3, 4, 5, 6, 7, 8, 9, 10 -> call();
            case 11, 12, 13, 14, 15 -> shm();
            case 16 -> front.signalled(random.nextInt(-1, 40));
            case 17 -> front.eventqKicked(random.nextInt(-1, 4));
            case 18 -> {
                SharedMemory.putLe64(rig.at + 0x18000, random.nextLong() >>> random.nextInt(64));
                bus.doorbell();
            }
            case 19 -> answered(front.setDoorbell(0x18000 + random.nextInt(9), 64));
            case 20 -> answered(front.addFastcall(random.nextInt(3), 24, address()));
            case 21 -> {
                int channel = random.nextInt(4);
                var _ = bus.describeFastcall(channel);
                var _ = bus.fastcall(channel);
            }
            case 22 -> answered(front.dropFastcall(random.nextInt(4)));
            case 23 -> plug();
            case 24 -> {
                if (!scribbled) { // the rig's own driver believes what it wrote
                    rig.eventqs.keySet().forEach(queue -> events += rig.take(queue).size());
                }
            }
            case 28, 29, 30 -> post();
            case 31, 32 -> poll();
            case 33 -> arrive();
            case 34 -> network.pairs.getFirst().accept = random.nextInt(500);
            case 35 -> bringUp();
            case 25 -> scribble();
            case 26 -> layOut();
            case 27 -> sayAnything();
            default ->
                    answered(
                            front.call(
                                    0,
                                    random.nextInt(-1, 6),
                                    new int[] {0, 8, 16, 32, 48, -1}[random.nextInt(6)],
                                    random.nextBoolean() ? BusRig.ARGS : address()));
        }
    }

    private void sayAnything() {
        if (random.nextInt(8) != 0) {
            return;
        }
        scribbled = true; // bitmap or channel may lie over anything
        if (!front.sayAnything(random)) {
            front.connect();
            start();
        }
    }

    private void call() {
        int function = FUNCTIONS[random.nextInt(FUNCTIONS.length)];
        int length =
                random.nextInt(10) == 0
                        ? random.nextInt(40)
                        : new int[] {0, 0, 6, 8, 0, 0, 32, 32, 0}[function < 0 ? 8 : function];
        SharedMemory.putLe32(
                rig.at + BusRig.DATA, random.nextInt(20) == 0 ? -1 : random.nextInt(4));
        SharedMemory.putLe32(rig.at + BusRig.DATA + 4, random.nextInt(64));
        if (function > 4 && random.nextInt(8) > 0) {
            SharedMemory.putLe32(rig.at + BusRig.DATA, 0);
        }
        answeredBy(
                rig.call(
                        devh(),
                        function,
                        length,
                        random.nextInt(10) == 0 ? address() : BusRig.DATA));
    }

    private void shm() {
        int id = IDS[random.nextInt(IDS.length)];
        boolean ring = id == 0 || id == 1 || id == 102 || id == 104;
        int length = ring ? BusRig.RING_BYTES : id == 101 ? 24 * BusRig.SLOTS : 320;
        int offset = ring ? 8 : -1;
        long data =
                switch (id) {
                    case 0 -> BusRig.RX;
                    case 1 -> BusRig.TX;
                    case 102 -> BusRig.EVENT_RING;
                    case 104 -> BusRig.PAGE_RING;
                    default -> BusRig.PMTD_POOL;
                };
        switch (random.nextInt(16)) {
            case 0 -> length += random.nextInt(-33, 33);
            case 1 -> offset = random.nextInt(-2, 400);
            case 2 -> data = address();
            case 3 -> length = random.nextInt();
            default -> {}
        }
        int result = rig.shm(devh(), id, length, offset, random.nextLong(), data);
        answeredBy(result);
        if (result >= 0 && ring) {
            require(handles.add(result), "handle used twice");
        }
    }

    private int devid() {
        List<Integer> plugged = bus.devids();
        return plugged.isEmpty() || random.nextInt(8) == 0
                ? random.nextInt(-1, 5)
                : plugged.get(random.nextInt(plugged.size()));
    }

    private void plug() {
        List<Integer> plugged = bus.devids();
        if (plugged.size() < 3) {
            bus.plugIn(BusRig.device(network));
        } else if (random.nextInt(6) == 0) {
            bus.pullOut(plugged.get(random.nextInt(plugged.size())));
        }
    }

    private void scribble() {
        scribbled = true;
        long[] targets = {
            BusRig.EVENTQ, 0x2000, 0x3000, BusRig.RX, BusRig.TX, BusRig.ARGS, 0x18000
        };
        long at =
                rig.at
                        + targets[random.nextInt(targets.length)]
                        + random.nextInt(BusRig.RING_BYTES);
        for (int i = random.nextInt(12); i >= 0; i--) {
            SharedMemory.putLe8(
                    at + i, random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(2));
        }
    }

    /** Hands slots of a ring over, as they come. */
    private void post() {
        long ring = ADDRESSES[random.nextInt(4)];
        if (ring == BusRig.RX || ring == BusRig.PAGE_RING) {
            scribbled = true; // frames go where these say, over rings as well
        }
        for (int slot = random.nextInt(BusRig.SLOTS); slot < BusRig.SLOTS; slot++) {
            post(ring, slot);
        }
    }

    private void post(long ring, int slot) {
        long desc = rig.at + ring + 56 + 32L * slot;
        long vsg = ring == BusRig.TX ? BusRig.PMTD_POOL : BusRig.L4RO_POOL;
        if (random.nextInt(4) > 0) {
            SharedMemory.putLe64(
                    desc + 8,
                    switch (random.nextInt(4)) {
                        case 0 -> 24L * random.nextInt(BusRig.SLOTS);
                        case 1 -> vsg;
                        case 2 -> 0x90000 + random.nextInt(0x1000);
                        default -> wild();
                    });
            SharedMemory.putLe64(
                    desc + 16,
                    random.nextInt(8) == 0
                            ? random.nextLong() >> random.nextInt(64)
                            : random.nextInt(1600));
        }
        if (random.nextBoolean()) {
            describe(rig.at + vsg);
        }
        SharedMemory.putLe8(desc + 25, 1);
    }

    /** Seldom where the event queues lie. */
    private long wild() {
        return random.nextBoolean()
                ? random.nextLong() | 1L << (22 + random.nextInt(42))
                : ADDRESSES[random.nextInt(7)] + random.nextInt(3);
    }

    /** Writes a venet_sg that is good but for luck. */
    private void describe(long vsg) {
        int count = random.nextInt(8) == 0 ? random.nextInt() : 1 + random.nextInt(3);
        int bytes = 0;
        for (int i = 0; i < Math.clamp(count, 0, 18); i++) {
            int piece = random.nextInt(16) == 0 ? random.nextInt() : 14 + random.nextInt(400);
            SharedMemory.putLe32(vsg + 32 + 16L * i, piece);
            SharedMemory.putLe64(
                    vsg + 40 + 16L * i,
                    random.nextInt(16) == 0 ? wild() : 0x90000 + random.nextInt(0x10000));
            bytes += piece;
        }
        SharedMemory.putLe32(vsg + 8, random.nextInt(8));
        SharedMemory.putLe32(vsg + 12, random.nextInt(16) == 0 ? random.nextInt() : bytes);
        SharedMemory.putLe64(vsg + 16, random.nextLong());
        if (random.nextBoolean()) {
            SharedMemory.putLe64(vsg + 16, 34 | 6 << 16 | 50L << 48);
            SharedMemory.putLe32(vsg + 24, 100);
        }
        SharedMemory.putLe32(vsg + 28, count);
    }

    /** A device with everything, unless something is there already. */
    private void bringUp() {
        if (answered(rig.open(devid(), 1)) != 0) {
            return;
        }
        long devh = SharedMemory.le64(rig.at + BusRig.ARGS + 8);
        devhs.add(devh);
        layOut();
        rig.negotiate(devh, 0, random.nextInt(64));
        rig.negotiate(devh, 1, random.nextInt(4));
        rig.negotiate(devh, 2, random.nextInt(16));
        rig.pool(devh, 101, 24 * BusRig.SLOTS, BusRig.EVENT_POOL);
        rig.pool(devh, 103, 320 * BusRig.SLOTS, BusRig.L4RO_POOL);
        for (int id : new int[] {102, 104, 0, 1}) {
            long ring = id == 102 ? BusRig.EVENT_RING : id == 104 ? BusRig.PAGE_RING : rxOrTx(id);
            int handle = rig.shm(devh, id, BusRig.RING_BYTES, 8, id, ring);
            require(handle < 0 || handles.add(handle), "handle used twice");
        }
        if (random.nextBoolean()) {
            rig.pool(devh, 100, 320 * BusRig.SLOTS, BusRig.PMTD_POOL);
        }
        if (rig.call(devh, 0, 0, 0) == 0) {
            ups++;
            for (int i = random.nextInt(8); i > 0; i--) {
                post();
                arrive();
                poll();
            }
        }
    }

    private static long rxOrTx(int id) {
        return id == 0 ? BusRig.RX : BusRig.TX;
    }

    /** A worker looks at all lanes. */
    private void poll() {
        for (BusLane lane : bus.lanes()) {
            require(lane.drainTransmit() <= 64 && lane.fillReceive() <= 64, "a batch too long");
            if (random.nextInt(3) == 0 && lane.arm()) {
                var _ = lane.sourceDescriptor() + lane.sinkDescriptor();
                lane.disarm();
            }
            lane.takeWoken();
        }
        for (byte[] sent : network.pairs.getFirst().sent) {
            require(sent.length >= 12 + 14, "a frame that is none");
            frames++;
        }
        network.pairs.getFirst().sent.clear();
    }

    private void arrive() {
        byte[] all = new byte[12 + random.nextInt(random.nextInt(8) == 0 ? 60_000 : 1600)];
        for (int i = Math.min(all.length, 90); i > 0; i--) {
            all[i - 1] = (byte) random.nextInt();
        }
        all[0] = (byte) random.nextInt(4);
        all[1] = new byte[] {0, 0, 1, 3, 4, 5, (byte) 0x81, (byte) 0x84, 9}[random.nextInt(9)];
        if (network.pairs.getFirst().queued.size() < 50) {
            network.pairs.getFirst().queued.add(all);
        }
    }

    private long devh() {
        chosen = random.nextInt(8) == 0 ? 0 : devhs.getLast();
        return chosen;
    }

    private long address() {
        return ADDRESSES[random.nextInt(ADDRESSES.length)] + random.nextInt(3);
    }

    /** What a call with a handle answered: if it is of no use, the driver closes it. */
    private int answeredBy(int result) {
        if (result == -2 && chosen > 0) {
            if (rig.close(chosen) == Bus.LATER) {
                answeredLater();
            }
            devhs.remove(chosen);
        }
        return answered(result);
    }

    private int answered(int later) {
        int result = later == Bus.LATER ? answeredLater() : later;
        require(result >= 0 || ERRORS.contains(result), "answer " + result);
        if (result >= 0) {
            done++;
        } else {
            refused++;
        }
        return result;
    }

    /** A device that lets posted frames leave, until its time runs out. */
    private int answeredLater() {
        bus.step(0);
        List<Bus.Answer> answers = bus.takeAnswers();
        if (answers.isEmpty()) {
            require(bus.dueNanos() <= 100_000_000, "due at " + bus.dueNanos());
            bus.step(100_000_000);
            answers = bus.takeAnswers();
        }
        require(answers.size() == 1 && answers.getFirst().channel() == 0, "no answer");
        return front.answered(0, answers.getFirst().result());
    }

    private void check() {
        for (int handle : bus.takeClosedSignals()) {
            require(handles.remove(handle) || scribbled, "an end without a beginning, or twice");
            require(!bus.hasSignal(handle), "ended and there");
        }
        for (BusControl.LiveRange live : bus.liveRanges()) {
            require(
                    rig.memory.translate(live.guestAddress(), live.length())
                            != GuestMemory.NOT_MAPPED,
                    "live and not in memory");
        }
        int steps = 0;
        while (bus.step(0)) {
            require(++steps < 100, "never ends");
        }
        require(bus.takeInterrupts() < 1 << rig.eventqs.size(), "a queue that is not there");
        if (bus.fault() != null) {
            require(scribbled, bus.fault());
            faults++;
            start();
        } else if (random.nextInt(2000) == 0) {
            start();
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
