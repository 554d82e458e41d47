package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.device.Bus;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A whole device beside a model, both directions.
 *
 * <p>Strategy:
 *
 * <ul>
 *   <li>capabilities, mitigation and offloads of the network drawn at random;
 *   <li>frames in pieces, and bad ones: not the guest's memory, too short, too long, contradictory,
 *       segmentation that was not granted;
 *   <li>frames that are plain, lack a checksum or are to be segmented, and that are too short or
 *       too long for the guest;
 *   <li>a network that is full now and then, or refuses frames; a guest that is slow to take
 *       frames, events and to post pages; pages that come too late; the link down and up; buffers
 *       flushed.
 * </ul>
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>each frame arrives once, in order and whole: as it was, or as the finished packets it
 *       stands for where the receiver takes no other;
 *   <li>or it is counted once, with the one reason there is;
 *   <li>each frame that was posted is completed once, in order; each page comes back in a frame or
 *       stays posted;
 *   <li>nothing breaks, and whoever waits is told: a driver that only looks when it was told gets
 *       everything.
 * </ul>
 */
class VenetLanePropertyTest {
    private static final int RUNS = 200;
    private static final int STEPS = 60;
    private static final int SEGMENT_BYTES = 500;

    @Test
    void deliversOrCountsEachFrameOnce() {
        long first = Long.getLong("paranet.seed", System.nanoTime());
        int runs = System.getProperty("paranet.seed") == null ? RUNS : 1;
        for (int i = 0; i < runs; i++) {
            long seed = first + i;
            try {
                new Run(seed).play();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("replay with -Dparanet.seed=" + seed, e);
            }
        }
    }

    /** A frame on its way and what its header says. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Expected(byte[] frame, int flags, boolean segmented) {}

    /** One negotiation and what follows. */
    private static final class Run {
        private final SplittableRandom random;
        private final int sg;
        private final int events;
        private final int l4ro;
        private final boolean sinkFinishes;
        private final Map<DropReason, Long> lost = new EnumMap<>(DropReason.class);
        private final List<Expected> toNetwork = new ArrayList<>();
        private final List<Expected> toGuest = new ArrayList<>();
        private final List<VenetRig.Received> received = new ArrayList<>();
        private final List<String> completions = new ArrayList<>();
        private final List<String> completed = new ArrayList<>();
        private VenetRig rig;
        private int posted;
        private int reaped;

        private Run(long seed) {
            random = new SplittableRandom(seed);
            sg = random.nextBoolean() ? 1 | random.nextInt(8) << 1 | pmtd() : pmtd();
            events = random.nextInt(4);
            l4ro = random.nextBoolean() ? 1 | random.nextInt(8) << 1 : 0;
            sinkFinishes = random.nextBoolean();
        }

        private int pmtd() {
            return random.nextBoolean() ? VenetRig.PMTD : 0;
        }

        private boolean isFlat() {
            return (sg & VenetRig.SG) == 0;
        }

        private boolean txc() {
            return (events & VenetRig.TXC) != 0;
        }

        private void play() {
            MemoryBridge bridge = new MemoryBridge(1);
            bridge.sinkOffloads = sinkFinishes ? FrameOffload.ALL : FrameOffload.NONE;
            VenetOptions options = VenetOptions.DEFAULT.withTxMitigation(random.nextInt(20));
            try (VenetRig opened = new VenetRig(options, bridge, sg, events, l4ro)) {
                rig = opened;
                rig.buffers(VenetRig.SLOTS);
                for (int i = 0; i < STEPS; i++) {
                    step();
                }
                settle();
                judge();
                assertEquals(0, rig.rig.close(rig.devh));
                assertEquals(lost, rig.drops(), "when it is closed");
            }
        }

        private void step() {
            rig.now += random.nextInt(8_000_000);
            switch (random.nextInt(9)) {
                case 0, 1, 2 -> send();
                case 3 -> refuse();
                case 4, 5 -> arrive();
                case 6 -> {
                    settle();
                    if (random.nextBoolean()) {
                        rig.down();
                        rig.up();
                    } else {
                        assertEquals(0, rig.rig.call(rig.devh, 4, 0, 0));
                    }
                }
                default -> {
                    rig.network.accept = random.nextInt(6);
                    rig.lane.drainTransmit();
                    rig.network.accept = Integer.MAX_VALUE;
                    rig.lane.fillReceive();
                    rig.work();
                    if (random.nextBoolean() && rig.lane.arm()) {
                        rig.work();
                        rig.lane.disarm();
                    }
                    if (random.nextBoolean()) {
                        take();
                    }
                }
            }
        }

        /** A few frames, good and bad. */
        private void send() {
            for (int i = random.nextInt(8); i > 0; i--) {
                while (isTaken(nextSlot())) {
                    drain();
                }
                switch (random.nextInt(8)) {
                    case 0 -> {
                        byte[] frame = Packets.frame(random, 1515 + random.nextInt(400));
                        complete(rig.send(frame));
                        lose(DropReason.CHAIN_TOO_LONG);
                    }
                    case 1 -> {
                        complete(rig.send(new byte[random.nextInt(14)]));
                        lose(DropReason.CHAIN_TOO_SHORT);
                    }
                    case 2 -> {
                        long cookie = random.nextInt(1000);
                        assertTrue(rig.post(cookie, BusRig.BYTES - 7, 48));
                        posted++;
                        if (isFlat()) { // else there is no venet_sg to read a cookie from
                            completions.add("txc " + Long.toHexString(cookie));
                        }
                        lose(DropReason.CHAIN_UNMAPPED);
                    }
                    default -> sendFrame();
                }
            }
        }

        /** With the host still, or to be reaped first. */
        private boolean isTaken(int slot) {
            return rig.transmit.isSown(slot) || (!txc() && rig.transmit.isValid(slot));
        }

        private int nextSlot() {
            return posted % VenetRig.SLOTS;
        }

        private void complete(long cookie) {
            completions.add("txc " + Long.toHexString(cookie));
            posted++;
        }

        private void sendFrame() {
            int kind = isFlat() ? 0 : random.nextInt(3);
            boolean ipv6 = random.nextBoolean();
            if (kind == 0) {
                byte[] frame = Packets.frame(random, 14 + random.nextInt(1501));
                complete(rig.send(frame, cut(frame.length, 0)));
                toNetwork.add(new Expected(frame, 0, false));
                return;
            }
            boolean large = kind == 2;
            byte[] frame = tcp(ipv6, 1 + random.nextInt(large ? 4000 : 1300));
            VenetRig.Sg what = VenetRig.Sg.tcp(frame, ipv6, large ? SEGMENT_BYTES : 0);
            if (large && random.nextInt(4) == 0) {
                what.flags |= 4;
            }
            complete(rig.send(what, cut(frame.length, 90)));
            int needs = large ? (ipv6 ? 0x04 : 0x02) | ((what.flags & 4) != 0 ? 0x08 : 0) : 0;
            if ((needs & ~sg) != 0) {
                lose(DropReason.BAD_GSO_FIELDS);
            } else {
                toNetwork.add(new Expected(frame, 1, large));
            }
        }

        /** Pieces, the first of them not shorter than that. */
        private int[] cut(int bytes, int first) {
            int[] pieces = new int[isFlat() ? 1 : 1 + random.nextInt(18)];
            int left = bytes;
            for (int i = 0; i < pieces.length - 1; i++) {
                pieces[i] = Math.min(left, (i == 0 ? first : 0) + random.nextInt(200));
                left -= pieces[i];
            }
            pieces[pieces.length - 1] = left;
            return pieces;
        }

        private byte[] tcp(boolean ipv6, int payload) {
            Packets.Shape shape = new Packets.Shape(ipv6, true, 0, 0, 0, payload);
            return Packets.unfinished(random, shape, 0x10);
        }

        /** The network takes frames and has none of them. */
        private void refuse() {
            drain();
            DropReason reason =
                    random.nextBoolean() ? DropReason.LINK_DOWN : DropReason.NETWORK_REFUSED;
            rig.network.answer = reason;
            for (int i = random.nextInt(5); i > 0; i--) {
                complete(rig.send(Packets.frame(random, 14 + random.nextInt(1500))));
                lose(reason);
            }
            drain();
            rig.network.answer = DropReason.NONE;
        }

        /** A few frames come from the network. */
        private void arrive() {
            for (int i = random.nextInt(12); i > 0; i--) {
                switch (random.nextInt(8)) {
                    case 0 -> {
                        rig.network.queued.add(new byte[12 + random.nextInt(14)]);
                        lose(DropReason.FRAME_TOO_SHORT);
                    }
                    case 1 -> {
                        rig.arrive(Packets.frame(random, 1515 + random.nextInt(4000)));
                        lose(DropReason.TOO_BIG_FOR_BUFFERS);
                    }
                    case 2, 3, 4 -> {
                        byte[] frame = Packets.frame(random, 14 + random.nextInt(1501));
                        rig.arrive(frame);
                        toGuest.add(new Expected(frame, 0, false));
                    }
                    default -> arriveUnfinished();
                }
            }
        }

        private void arriveUnfinished() {
            boolean ipv6 = random.nextBoolean();
            boolean large = random.nextBoolean();
            byte[] frame = tcp(ipv6, 1 + random.nextInt(large ? 20_000 : 1300));
            int type = large ? (ipv6 ? 4 : 1) | (random.nextInt(4) == 0 ? 0x80 : 0) : 0;
            int start = ipv6 ? 54 : 34;
            rig.arrive(
                    Packets.header(12, 1, type, start + 32, large ? SEGMENT_BYTES : 0, start, 16),
                    frame);
            toGuest.add(new Expected(frame, 1, large));
        }

        private void lose(DropReason reason) {
            lost.merge(reason, 1L, Long::sum);
        }

        private void drain() {
            rig.drain();
            takeEvents();
            rig.drain();
            takeEvents();
        }

        private void takeEvents() {
            if (rig.events != null) {
                List<String> found = rig.events();
                found.removeIf(what -> what.startsWith("link"));
                completed.addAll(found);
            }
            if (!txc()) {
                reaped += rig.reap();
            }
        }

        private void take() {
            takeEvents();
            for (VenetRig.Received one : rig.received(true)) {
                if (one.pieces() > 0) { // else it was flushed
                    received.add(one);
                }
            }
            if (rig.pages != null) {
                rig.postPages(random.nextInt(40));
            }
        }

        /** A driver and a worker that do something only when they were told. */
        private void settle() {
            rig.network.accept = Integer.MAX_VALUE;
            int rounds = 0;
            boolean quiet = false;
            while (!quiet) {
                assertTrue(++rounds < 2000, "never quiet");
                int moved = rig.lane.drainTransmit() + rig.lane.fillReceive();
                rig.work();
                take();
                quiet = moved == 0 && rig.lane.arm();
                rig.lane.takeWoken();
                rig.work();
                if (quiet && rig.device.dueNanos() != Long.MAX_VALUE) {
                    rig.now = Math.max(rig.now, rig.device.dueNanos());
                    rig.work();
                }
                quiet &= !rig.lane.takeWoken();
            }
            assertEquals(0, rig.network.queued.size(), "the network still has frames");
        }

        private void judge() {
            assertNull(rig.device.fault());
            assertNull(((Bus) rig.bus).fault());
            assertEquals(lost, rig.drops());
            if (txc()) {
                assertEquals(completions, completed);
            } else {
                assertEquals(posted, reaped);
            }
            List<Expected> sent = new ArrayList<>();
            for (byte[] all : rig.network.sent) {
                sent.add(
                        new Expected(Arrays.copyOfRange(all, 12, all.length), all[0], all[1] != 0));
            }
            match(toNetwork, sent, sinkFinishes);
            List<Expected> came = new ArrayList<>();
            for (VenetRig.Received one : received) {
                came.add(new Expected(one.frame(), one.flags() & 1, (one.flags() & 2) != 0));
            }
            match(toGuest, came, (l4ro & VenetRig.SG) != 0);
            assertEquals(sent.size(), rig.device.transmittedFrames());
            assertEquals(came.size(), rig.device.receivedFrames());
        }

        /** Each frame is there as it was, or as what it stands for; and nothing else is. */
        private void match(List<Expected> expected, List<Expected> arrived, boolean finishes) {
            Iterator<Expected> next = arrived.iterator();
            for (Expected frame : expected) {
                assertTrue(next.hasNext(), "a frame never came");
                Expected came = next.next();
                if (frame.flags() == 0 || came.flags() != 0) {
                    assertTrue(frame.flags() == 0 || finishes, "an unfinished frame");
                    assertEquals(frame.flags(), came.flags());
                    assertEquals(frame.segmented(), came.segmented());
                    assertArrayEquals(frame.frame(), came.frame());
                } else {
                    finished(frame.frame(), came.frame(), next);
                }
            }
            assertTrue(!next.hasNext(), "more frames came than were sent");
        }

        private static void finished(byte[] whole, byte[] first, Iterator<Expected> more) {
            byte[] expected = Packets.Parsed.of(whole).payload();
            ByteArrayOutputStream payload = new ByteArrayOutputStream();
            byte[] segment = first;
            int sequence = Packets.Parsed.of(whole).sequence();
            while (true) {
                Packets.requireChecksums(segment);
                Packets.Parsed parsed = Packets.Parsed.of(segment);
                assertEquals(sequence + payload.size(), parsed.sequence());
                payload.writeBytes(parsed.payload());
                if (payload.size() >= expected.length) {
                    break;
                }
                assertTrue(more.hasNext(), "segments are missing");
                segment = more.next().frame();
            }
            assertArrayEquals(expected, payload.toByteArray());
        }
    }
}
