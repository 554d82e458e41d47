package paranet.guest;

import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.ShmSignalDesc;
import paranet.core.memory.SharedMemory;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.venet.wire.VbusEvent;
import paranet.venet.wire.VenetFunction;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A guest that opens its devices as it should, and from then on writes anything at all over rings,
 * pools, event queues and signal bytes, rings and calls between; whenever that cost it its
 * connection, it comes back.
 *
 * <p>Threading: a thread of its own, until it is closed; the count may be read by any thread.
 */
final class ScribblingGuest implements AutoCloseable {
    private static final int DEVICES = 2;
    private static final int RING = 32;
    private static final int SCRIBBLES_MAX = 4_000; // before it starts afresh

    /** What is written over. */
    enum Kind {
        RING,
        POOL,
        SIGNAL
    }

    /** A stretch of guest memory, at its address here. */
    private record Area(Kind kind, long host, long bytes) {}

    private final Path path;
    private final SplittableRandom random;
    private final Thread thread;
    private final AtomicLong steps = new AtomicLong();
    private final ConcurrentHashMap<Kind, Long> scribbles = new ConcurrentHashMap<>();
    private final AtomicLong lives = new AtomicLong();
    private volatile boolean over;

    ScribblingGuest(Path path, long seed) {
        this.path = path;
        this.random = new SplittableRandom(seed);
        this.thread = Thread.ofPlatform().name("scribbler").start(this::run);
    }

    /** What it did so far. */
    long steps() {
        return steps.get();
    }

    /** How often it wrote over memory of this kind. */
    long scribbles(Kind kind) {
        return scribbles.getOrDefault(kind, 0L);
    }

    /** Times that it connected. */
    long lives() {
        return lives.get();
    }

    private void run() {
        while (!over) {
            try {
                live();
            } catch (IOException | RuntimeException e) {
                // Its own driver met its own scribbles, or the host let go of it: next life.
            }
        }
    }

    private void live() throws IOException {
        lives.incrementAndGet();
        BusOptions front =
                BusOptions.usual(random.nextLong())
                        .withEventqs(1 + random.nextInt(3), 16)
                        .withKicks(List.of(KickMode.values()).get(random.nextInt(3)))
                        .withMemory(2, 64L << 20, false);
        VenetDriverOptions options =
                VenetDriverOptions.usual(random.nextLong())
                        .withRings(RING)
                        .withCapabilities(
                                random.nextBoolean() ? 0 : VenetDriverOptions.SEND_ORIGINAL,
                                random.nextInt(4),
                                random.nextBoolean() ? 0 : VenetDriverOptions.RECEIVE_ORIGINAL);
        try (VenetGuest guest =
                VenetGuest.open(BusFrontend.connect(path, front), options, DEVICES)) {
            List<Area> areas = areas(guest);
            for (int i = 0; i < SCRIBBLES_MAX && !over; i++) {
                step(guest, areas);
            }
        }
    }

    private static List<Area> areas(VenetGuest guest) {
        List<Area> areas = new ArrayList<>();
        BusFrontend bus = guest.bus();
        for (int i = 0; i < bus.options().eventqs(); i++) {
            GuestEventQueue eventq = bus.eventq(i);
            addRing(areas, bus, eventq.ringGuest(), IoqRingHead.bytes(eventq.count()));
            addPool(areas, bus, eventq.dataGuest(), (long) eventq.count() * VbusEvent.BYTES);
        }
        for (int i = 0; i < guest.pairs(); i++) {
            VenetDriver driver = guest.pair(i);
            var transmit = driver.transmitSide();
            var receive = driver.receiveSide();
            var events = driver.eventSide();
            addRing(areas, bus, transmit.ringGuest(), transmit.ringBytes());
            addPool(areas, bus, transmit.poolGuest(), transmit.poolBytes());
            addRing(areas, bus, receive.ringGuest(), receive.ringBytes());
            addRing(areas, bus, events.ringGuest(), events.ringBytes());
            addPool(areas, bus, events.poolGuest(), events.poolBytes());
            VenetPages pages = receive.pages();
            if (pages != null) {
                addPool(areas, bus, receive.poolGuest(), receive.poolBytes());
                addRing(areas, bus, pages.ringGuest(), pages.ringBytes());
            }
        }
        return areas;
    }

    /** A ring, and its signal once more by itself. */
    private static void addRing(List<Area> areas, BusFrontend bus, long guest, long bytes) {
        long host = bus.ram().host(guest, bytes);
        areas.add(new Area(Kind.RING, host, bytes));
        areas.add(new Area(Kind.SIGNAL, host + IoqRingHead.SIGNAL, ShmSignalDesc.BYTES));
    }

    private static void addPool(List<Area> areas, BusFrontend bus, long guest, long bytes) {
        areas.add(new Area(Kind.POOL, bus.ram().host(guest, bytes), bytes));
    }

    private void step(VenetGuest guest, List<Area> areas) throws IOException {
        steps.incrementAndGet();
        VenetDriver driver = guest.pair(random.nextInt(guest.pairs()));
        switch (random.nextInt(40)) {
            case 0 -> ring(driver.transmitSide().ring());
            case 1 -> ring(driver.receiveSide().ring());
            case 2 ->
                    driver.send(GuestFrame.of(new byte[60 + random.nextInt(1000)], FrameHdr.NONE));
            case 3 -> driver.receive(new GuestFrame(64));
            case 4 -> guest.bus().poll();
            case 5 -> rarely(driver);
            default -> scribble(areas.get(random.nextInt(areas.size())));
        }
    }

    private void rarely(VenetDriver driver) throws IOException {
        if (random.nextInt(20) == 0) {
            int[] verbs = {VenetFunction.LINKUP, VenetFunction.LINKDOWN, VenetFunction.FLUSHRX};
            driver.verb(verbs[random.nextInt(verbs.length)]);
        }
    }

    /** Tells the host whatever the mailbox says. */
    private static void ring(NorthIoq ring) {
        ring.signal().inject();
    }

    private void scribble(Area area) {
        scribbles.merge(area.kind(), 1L, Long::sum);
        if (area.kind() == Kind.SIGNAL) {
            long at = random.nextLong(ShmSignalDesc.BYTES);
            SharedMemory.putLe8(area.host() + at, random.nextInt(random.nextBoolean() ? 2 : 256));
            return;
        }
        boolean atHead = random.nextInt(3) == 0;
        long at = random.nextLong(atHead ? Math.min(area.bytes() - 8, 60) : area.bytes() - 8);
        switch (random.nextInt(5)) {
            case 0 -> SharedMemory.putLe8(area.host() + at, random.nextInt(3));
            case 1 -> SharedMemory.putLe32(area.host() + at, random.nextInt());
            case 2 -> SharedMemory.putLe32(area.host() + at, random.nextInt(-2, 64));
            case 3 -> SharedMemory.putLe64(area.host() + at, random.nextLong());
            default -> {
                // Hands a slot over, with whatever stands in it.
                long slots = (area.bytes() - IoqRingHead.RING) / 32;
                if (slots > 0) {
                    SharedMemory.putLe8(
                            area.host() + IoqRingHead.desc((int) random.nextLong(slots)) + 25,
                            random.nextInt(2));
                }
                SharedMemory.putLe8(area.host() + IoqRingHead.SIGNAL + 11, 1);
                SharedMemory.putLe8(area.host() + IoqRingHead.SIGNAL + 12, 0);
            }
        }
    }

    @Override
    public void close() {
        over = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
