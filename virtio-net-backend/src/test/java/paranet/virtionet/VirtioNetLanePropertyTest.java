package paranet.virtionet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameOffload;
import paranet.core.offload.VirtioNetHdr;
import paranet.core.packet.MemoryBridge;
import paranet.core.packet.Packets;
import paranet.core.virtqueue.RingFault;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A whole lane, both directions.
 *
 * <p>Strategy:
 *
 * <ul>
 *   <li>ring formats, headers and offloads of guest and network drawn at random;
 *   <li>chains in pieces, and bad ones: not the guest's memory, too short, of the wrong direction;
 *   <li>frames that are plain, lack a checksum or are to be segmented, and that are too short or
 *       too long for the guest;
 *   <li>a network that is full now and then, or refuses frames, and a guest that is short of
 *       buffers.
 * </ul>
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>each frame arrives once, in order and whole: as it was, or as the finished packets it
 *       stands for where the receiver takes no other;
 *   <li>or it is counted once, with the one reason there is;
 *   <li>each chain that was taken comes back once, and no ring breaks.
 * </ul>
 */
class VirtioNetLanePropertyTest {
    private static final int RUNS = 150;
    private static final int STEPS = 40;
    private static final int RING = 64;
    private static final int SEGMENT_BYTES = 500;
    private static final int BUFFER_BYTES = 1600;
    private static final long SENDS =
            VirtioNetFeature.CSUM | VirtioNetFeature.HOST_TSO4 | VirtioNetFeature.HOST_TSO6;
    private static final long ACCEPTS =
            VirtioNetFeature.GUEST_CSUM | VirtioNetFeature.GUEST_TSO4 | VirtioNetFeature.GUEST_TSO6;

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

    /** One negotiation and what follows. */
    private static final class Run {
        private final Random random;
        private final long features;
        private final boolean mergeable;
        private final int headerBytes;
        private final boolean sinkFinishes;
        private final Map<DropReason, Long> lost = new EnumMap<>(DropReason.class);
        private final List<byte[]> toNetwork = new ArrayList<>();
        private final List<byte[]> toGuest = new ArrayList<>();
        private final List<byte[]> received = new ArrayList<>();
        private GuestRig rig;
        private GuestRig.Ring transmit;
        private GuestRig.Receiver receiver;
        private int chains;
        private int used;

        private Run(long seed) {
            random = new Random(seed);
            long chosen = maybe(SENDS) | maybe(ACCEPTS) | maybe(VirtioNetFeature.EVENT_IDX);
            chosen |= maybe(VirtioNetFeature.MRG_RXBUF);
            if (random.nextInt(4) > 0) {
                chosen |= VirtioNetFeature.VERSION_1 | maybe(VirtioNetFeature.RING_PACKED);
                chosen |= maybe(VirtioNetFeature.IN_ORDER);
            }
            features = chosen;
            mergeable = (features & VirtioNetFeature.MRG_RXBUF) != 0;
            headerBytes = VirtioNetFeature.headerBytes(features);
            sinkFinishes = random.nextBoolean();
        }

        private long maybe(long bits) {
            return random.nextBoolean() ? bits : 0;
        }

        private boolean has(long bits) {
            return (features & bits) == bits;
        }

        private void play() {
            MemoryBridge bridge = new MemoryBridge(1);
            bridge.sinkOffloads = sinkFinishes ? FrameOffload.ALL : FrameOffload.NONE;
            try (GuestRig opened = new GuestRig(bridge, VirtioNetOptions.DEFAULT)) {
                rig = opened;
                rig.device.negotiate(features);
                transmit = rig.ring(1, RING, features);
                receiver = rig.receiver(0, RING, features);
                for (int i = 0; i < STEPS; i++) {
                    step();
                }
                settle();
                judge();
            }
        }

        private void step() {
            switch (random.nextInt(6)) {
                case 0, 1 -> send();
                case 2 -> refuse();
                case 3 -> arrive();
                case 4 -> addBuffers(random.nextInt(6));
                default -> {
                    rig.network().accept = random.nextInt(5);
                    rig.lane().drainTransmit();
                    rig.network().accept = Integer.MAX_VALUE;
                    rig.lane().fillReceive();
                    take();
                }
            }
        }

        /** A few chains, good and bad. */
        private void send() {
            for (int i = random.nextInt(5); i > 0; i--) {
                if (transmit.driver.freeDescriptors() < 4) {
                    drain();
                }
                chains++;
                switch (random.nextInt(8)) {
                    case 0 -> {
                        transmit.add(new long[] {0x10}, new long[] {100}, 1, 0);
                        lose(DropReason.CHAIN_UNMAPPED);
                    }
                    case 1 -> {
                        int bytes = random.nextInt(headerBytes + 14);
                        transmit.add(new long[] {rig.allocate(64)}, new long[] {bytes}, 1, 0);
                        lose(DropReason.CHAIN_TOO_SHORT);
                    }
                    case 2 -> {
                        long at = rig.allocate(200);
                        transmit.add(new long[] {at, at + 100}, new long[] {100, 9}, 1, 1);
                        lose(DropReason.CHAIN_WRONG_DIRECTION);
                    }
                    default -> sendFrame(frame());
                }
            }
        }

        private void sendFrame(byte[] frame) {
            int cut = 1 + random.nextInt(frame.length - 2);
            int second = random.nextInt(frame.length - cut);
            if (second == 0) {
                transmit.send(frame, cut, frame.length - cut);
            } else {
                transmit.send(frame, cut, second, frame.length - cut - second);
            }
            if (isPlain(frame) || has(SENDS)) {
                toNetwork.add(frame);
            } else {
                lose(DropReason.BAD_CHECKSUM_FIELDS);
            }
        }

        /** The network takes frames and has none of them. */
        private void refuse() {
            drain();
            DropReason reason =
                    random.nextBoolean() ? DropReason.LINK_DOWN : DropReason.NETWORK_REFUSED;
            rig.network().answer = reason;
            for (int i = random.nextInt(5); i > 0; i--) {
                chains++;
                transmit.send(plain(14 + random.nextInt(1500)));
                lose(reason);
            }
            drain();
            rig.network().answer = DropReason.NONE;
        }

        /** A few frames come from the network. */
        private void arrive() {
            for (int i = random.nextInt(5); i > 0; i--) {
                switch (random.nextInt(8)) {
                    case 0 -> {
                        rig.network().queued.add(new byte[headerBytes + random.nextInt(14)]);
                        lose(DropReason.FRAME_TOO_SHORT);
                    }
                    case 1 -> {
                        byte[] frame = plain(BUFFER_BYTES + random.nextInt(500));
                        rig.network().queued.add(frame);
                        if (mergeable) {
                            toGuest.add(frame);
                        } else {
                            lose(DropReason.TOO_BIG_FOR_BUFFERS);
                        }
                    }
                    default -> {
                        byte[] frame = frame();
                        rig.network().queued.add(frame);
                        toGuest.add(frame);
                    }
                }
            }
        }

        private void addBuffers(int count) {
            for (int i = 0; i < count && receiver.ring.driver.freeDescriptors() > 3; i++) {
                int bytes = mergeable ? 400 + random.nextInt(1200) : BUFFER_BYTES;
                switch (random.nextInt(5)) {
                    case 0 -> receiver.addBad(0x10, 100, true);
                    case 1 -> {
                        int first = 1 + random.nextInt(20);
                        receiver.add(first, bytes - first);
                    }
                    default -> receiver.add(bytes);
                }
            }
        }

        private byte[] frame() {
            if (random.nextInt(3) > 0) {
                return plain(14 + random.nextInt(1500));
            }
            boolean ipv6 = random.nextBoolean();
            boolean cut = random.nextBoolean();
            int payload = 1 + random.nextInt(cut ? 4000 : 1300);
            Packets.Shape shape = new Packets.Shape(ipv6, true, 0, 0, 0, payload);
            int gso = ipv6 ? VirtioNetHdr.GSO_TCPV6 : VirtioNetHdr.GSO_TCPV4;
            byte[] header =
                    Packets.header(
                            headerBytes,
                            VirtioNetHdr.F_NEEDS_CSUM,
                            cut ? gso : VirtioNetHdr.GSO_NONE,
                            cut ? shape.headerBytes() : 0,
                            cut ? SEGMENT_BYTES : 0,
                            shape.transportAt(),
                            16);
            return GuestRig.with(header, Packets.unfinished(random, shape, 0x10));
        }

        private byte[] plain(int bytes) {
            return GuestRig.with(Packets.plainHeader(headerBytes), Packets.frame(random, bytes));
        }

        private void lose(DropReason reason) {
            lost.merge(reason, 1L, Long::sum);
        }

        private void drain() {
            while (rig.lane().drainTransmit() > 0) {
                take();
            }
            take();
        }

        private void take() {
            for (long written : transmit.used()) {
                assertEquals(0, written);
                used++;
            }
            received.addAll(receiver.frames(headerBytes));
        }

        private void settle() {
            drain();
            int idle = 0;
            while (idle < 3) {
                addBuffers(8);
                idle = rig.lane().fillReceive() > 0 ? 0 : idle + 1;
                take();
            }
        }

        private void judge() {
            assertEquals(RingFault.NONE, transmit.device.fault());
            assertEquals(RingFault.NONE, receiver.ring.device.fault());
            assertEquals(chains, used, "transmit chains");
            if (receiver.refused() > 0) {
                lost.merge(DropReason.CHAIN_UNMAPPED, (long) receiver.refused(), Long::sum);
            }
            assertEquals(lost, rig.device.drops());
            match(toNetwork, rig.network().sent, sinkFinishes);
            match(toGuest, received, has(ACCEPTS));
        }

        /** Each frame is there as it was, or as what it stands for; and nothing else is. */
        private void match(List<byte[]> expected, List<byte[]> arrived, boolean finishes) {
            Iterator<byte[]> next = arrived.iterator();
            for (byte[] frame : expected) {
                assertTrue(next.hasNext(), "a frame never came");
                byte[] came = next.next();
                if (isPlain(frame) || !isPlain(came)) {
                    assertTrue(isPlain(frame) || finishes, "an unfinished frame");
                    assertArrayEquals(
                            Arrays.copyOf(frame, VirtioNetHdr.NUM_BUFFERS),
                            Arrays.copyOf(came, VirtioNetHdr.NUM_BUFFERS));
                    assertArrayEquals(ethernet(frame), ethernet(came));
                } else {
                    finished(ethernet(frame), ethernet(came), next);
                }
            }
            assertTrue(!next.hasNext(), "more frames came than were sent");
        }

        private byte[] ethernet(byte[] frame) {
            return Arrays.copyOfRange(frame, headerBytes, frame.length);
        }

        private static boolean isPlain(byte[] frame) {
            return frame[VirtioNetHdr.FLAGS] == 0 && frame[VirtioNetHdr.GSO_TYPE] == 0;
        }

        private void finished(byte[] whole, byte[] first, Iterator<byte[]> more) {
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
                segment = ethernet(more.next());
            }
            assertArrayEquals(expected, payload.toByteArray());
        }
    }
}
