package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.ioq.IoqRole;
import paranet.core.ioq.IoqSegment;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.SouthIoq;
import paranet.core.ioq.WakeupQueue;
import paranet.core.linux.UnixSocket;
import paranet.core.memory.SharedMemory;
import paranet.core.offload.VirtioNetHdr;
import paranet.core.vhostuser.MessageType;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.venet.wire.VbusEvent;
import paranet.venet.wire.VenetCapability;
import paranet.venet.wire.VenetEvent;
import paranet.venet.wire.VenetIov;
import paranet.venet.wire.VenetSg;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** The rings of a venet driver, with a host that is this test, slot by slot. */
class VenetDriverTest {
    private static final int RX = 0;
    private static final int TX = 1;
    private static final int EVENTS = 2;
    private static final int PAGES = 3;

    /** A started driver, and the host's side of its rings. */
    private static final class Rig implements AutoCloseable, WakeupQueue {
        final ScriptedBus host;
        final BusFrontend bus;
        final VenetDriver driver;
        final SouthIoq[] rings = new SouthIoq[4];
        int rung;

        Rig(VenetDriverOptions options) throws IOException {
            List<UnixSocket> ours = new ArrayList<>();
            host = ScriptedBus.start(ours);
            bus = BusFrontend.over(ours.getFirst(), BusOptions.usual(options.seed()));
            driver = new VenetDriver(bus, options);
            driver.start(0);
            driver.linkUp();
            List<ScriptedBus.Seen> shms =
                    host.seen.stream().filter(each -> each.note().contains("offset 8")).toList();
            for (ScriptedBus.Seen shm : shms) {
                switch (shm.note().replaceAll(".* id (\\d+) .*", "$1")) {
                    case "0" -> attach(RX, driver.receiveSide().ringGuest(), IoqRole.PRODUCER);
                    case "1" -> attach(TX, driver.transmitSide().ringGuest(), IoqRole.CONSUMER);
                    case "102" -> attach(EVENTS, eventsGuest(), IoqRole.PRODUCER);
                    default ->
                            attach(
                                    PAGES,
                                    driver.receiveSide().pages().ringGuest(),
                                    IoqRole.CONSUMER);
                }
            }
        }

        private long eventsGuest() {
            return driver.eventSide().ringGuest();
        }

        private void attach(int ring, long guest, IoqRole role) {
            var attachment =
                    SouthIoq.attach(
                            new IoqSegment(bus.ram().memory(), guest, 56 + 32L * size(), 8),
                            role,
                            0,
                            new SignalWiring(() -> rung |= 1 << ring, () -> {}, this));
            assertEquals(0, attachment.result());
            rings[ring] = attachment.ioq();
        }

        private int size() {
            return 16;
        }

        /** What the bus does when a signal of the host's rings: tells the driver's. */
        void deliver() {
            int was = rung;
            rung = 0;
            if ((was & 1 << RX) != 0) {
                driver.receiveSide().ring().signal().wakeup(8);
            }
            if ((was & 1 << TX) != 0) {
                driver.transmitSide().ring().signal().wakeup(8);
            }
            if ((was & 1 << EVENTS) != 0) {
                driver.eventSide().signal().wakeup(8);
            }
        }

        long at(long guest, long bytes) {
            return bus.ram().host(guest, bytes);
        }

        void tell(int ring) {
            rings[ring].signal().inject();
            deliver();
        }

        void event(int id, long payload) {
            SouthIoq ring = rings[EVENTS];
            assertTrue(ring.look());
            long record = at(driver.eventSide().poolGuest(), driver.eventSide().poolBytes());
            record += ring.ptr();
            SharedMemory.putLe32(record + VenetEvent.SIZE, VenetEvent.BYTES_MAX);
            SharedMemory.putLe32(record + VenetEvent.ID, id);
            if (id == VenetEvent.ID_TXC) {
                SharedMemory.putLe64(record + VenetEvent.TXC_COOKIE, payload);
            } else {
                SharedMemory.putLe8(record + VenetEvent.LINKSTATE_STATE, (int) payload);
            }
            ring.push();
            tell(EVENTS);
        }

        @Override
        public void schedule(ShmSignal signal) {}

        @Override
        public boolean isServing() {
            return true;
        }

        @Override
        public void close() {
            bus.close();
            host.close();
        }
    }

    private static VenetDriverOptions sixteen(int send, int events, int receive) {
        return VenetDriverOptions.usual(3).withCapabilities(send, events, receive).withRings(16);
    }

    private static GuestFrame frame(int bytes, FrameHdr hdr) {
        byte[] content = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            content[i] = (byte) (i * 7 + 1);
        }
        return GuestFrame.of(content, hdr);
    }

    private static byte[] copy(long at, int bytes) {
        byte[] copy = new byte[bytes];
        SharedMemory.copy(at, copy, 0, bytes);
        return copy;
    }

    private static byte[] bytes(GuestFrame frame) {
        return Arrays.copyOf(frame.bytes(), frame.length());
    }

    @Test
    void sendsAFlatFrameInOnePiece() throws Exception {
        try (Rig rig = new Rig(sixteen(0, 0, 0))) {
            assertTrue(rig.driver.transmitSide().ring().signal().isEnabled());
            GuestFrame frame = frame(60, FrameHdr.NONE);
            assertTrue(rig.driver.send(frame));
            SouthIoq ring = rig.rings[TX];
            assertTrue(ring.look());
            assertEquals(60, ring.length());
            assertArrayEquals(bytes(frame), copy(rig.at(ring.ptr(), 60), 60));
            assertEquals(1, rig.driver.transmitOutstanding());
            ring.pop();
            assertEquals(0, rig.driver.transmitOutstanding());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> rig.driver.send(frame(60, FrameHdr.needsChecksum(34, 16))));
        }
    }

    @Test
    void describesAFrameInPieces() throws Exception {
        for (boolean pooled : new boolean[] {false, true}) {
            int bits = VenetCapability.SG | VenetCapability.SG_TSO6 | VenetCapability.SG_ECN;
            bits |= pooled ? VenetCapability.SG_PMTD : 0;
            try (Rig rig = new Rig(sixteen(bits, 0, 0).withShape(ChainShape.HEADER_APART))) {
                FrameHdr hdr =
                        new FrameHdr(
                                VirtioNetHdr.F_NEEDS_CSUM,
                                VirtioNetHdr.GSO_TCPV6 | VirtioNetHdr.GSO_ECN,
                                74,
                                1440,
                                54,
                                16);
                GuestFrame frame = frame(4000, hdr);
                assertTrue(rig.driver.send(frame(100, FrameHdr.NONE)));
                assertTrue(rig.driver.send(frame));
                SouthIoq ring = rig.rings[TX];
                assertTrue(ring.look());
                ring.pop();
                assertTrue(ring.look());
                assertEquals(64, ring.length());
                long pool = rig.driver.transmitSide().poolGuest();
                assertEquals(pooled ? 320 : pool + 320, ring.ptr());
                long sg = rig.at(pool + 320, 64);
                assertEquals(
                        VenetSg.F_NEEDS_CSUM | VenetSg.F_GSO | VenetSg.F_ECN,
                        SharedMemory.le32(sg + 8));
                assertEquals(4000, SharedMemory.le32(sg + 12));
                assertEquals(54, SharedMemory.le16(sg + 16));
                assertEquals(16, SharedMemory.le16(sg + 18));
                assertEquals(2, SharedMemory.le8(sg + 20));
                assertEquals(74, SharedMemory.le16(sg + 22));
                assertEquals(1440, SharedMemory.le16(sg + 24));
                assertEquals(2, SharedMemory.le32(sg + 28));
                assertEquals(72, SharedMemory.le32(sg + 32), "the checksum lies in the first");
                assertEquals(3928, SharedMemory.le32(sg + 48));
                byte[] first = copy(rig.at(SharedMemory.le64(sg + 40), 72), 72);
                assertArrayEquals(Arrays.copyOf(bytes(frame), 72), first);
                byte[] rest = copy(rig.at(SharedMemory.le64(sg + 56), 3928), 3928);
                assertArrayEquals(Arrays.copyOfRange(bytes(frame), 72, 4000), rest);
            }
        }
    }

    @Test
    void aCompletionIsAKeyOfATable() throws Exception {
        try (Rig rig =
                new Rig(sixteen(VenetCapability.SG, VenetDriverOptions.EVENTS_ORIGINAL, 0))) {
            assertFalse(rig.driver.transmitSide().ring().signal().isEnabled(), "events tell");
            assertFalse(rig.driver.send(frame(60, FrameHdr.NONE)), "no carrier yet");
            rig.event(VenetEvent.ID_LINKSTATE, 1);
            assertTrue(rig.driver.hasCarrier());
            assertTrue(rig.driver.send(frame(60, FrameHdr.NONE)));
            assertTrue(rig.rings[TX].look());
            long cookie = SharedMemory.le64(rig.at(rig.rings[TX].ptr(), 8));
            rig.rings[TX].pop();
            assertEquals(1, rig.driver.transmitOutstanding(), "popped is not completed");
            for (long lie : new long[] {0, 1, cookie + 1, -1, cookie ^ 1L << 32}) {
                rig.event(VenetEvent.ID_TXC, lie);
            }
            assertEquals(1, rig.driver.transmitOutstanding());
            assertEquals(5, rig.driver.strays());
            rig.event(VenetEvent.ID_TXC, cookie);
            assertEquals(0, rig.driver.transmitOutstanding());
            rig.event(VenetEvent.ID_TXC, cookie);
            rig.event(77, 0);
            assertEquals(7, rig.driver.strays());
            rig.event(VenetEvent.ID_LINKSTATE, 0);
            assertFalse(rig.driver.hasCarrier());
            assertEquals(2, rig.driver.linkEvents());
        }
    }

    @Test
    void countsEventsOfTheBusThatAreAboutNothing() throws Exception {
        try (Rig rig = new Rig(sixteen(0, 0, 0))) {
            ByteBuffer told =
                    rig.host.seen.stream()
                            .filter(each -> each.id() == MessageType.SET_EVENTQ.id())
                            .map(each -> HexFormat.of().parseHex(hexOf(each)))
                            .map(bytes -> ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN))
                            .findFirst()
                            .orElseThrow();
            int header = 12;
            var attachment =
                    SouthIoq.attach(
                            new IoqSegment(
                                    rig.bus.ram().memory(),
                                    told.getLong(header + 16),
                                    56 + 32L * told.getInt(header + 8),
                                    8),
                            IoqRole.PRODUCER,
                            0,
                            new SignalWiring(() -> {}, () -> {}, rig));
            assertEquals(0, attachment.result());
            int[] ids = {VbusEvent.ID_SHMSIGNAL, VbusEvent.ID_SHMCLOSE, 99};
            for (int id : ids) {
                SouthIoq eventq = attachment.ioq();
                assertTrue(eventq.look());
                long at = rig.at(eventq.ptr(), VbusEvent.BYTES);
                SharedMemory.putLe32(at + VbusEvent.EVENTID, id);
                SharedMemory.putLe64(at + VbusEvent.HANDLE, 4711); // nobody's cookie
                eventq.push();
                eventq.signal().inject();
            }
            rig.bus.poll();
            assertEquals(ids.length, rig.bus.strayEvents());
        }
    }

    private static String hexOf(ScriptedBus.Seen message) {
        return message.bytes().replaceAll("[^0-9a-f]", "");
    }

    @Test
    void aFullRingIsFullByTheSlotThatComesNext() throws Exception {
        try (Rig rig = new Rig(sixteen(0, VenetCapability.EVENTQ_TXC, 0))) {
            for (int i = 0; i < 16; i++) {
                assertTrue(rig.driver.send(frame(60, FrameHdr.NONE)));
            }
            assertFalse(rig.driver.send(frame(60, FrameHdr.NONE)));
            assertTrue(rig.rings[TX].look());
            rig.rings[TX].pop();
            assertTrue(rig.driver.send(frame(60, FrameHdr.NONE)), "the slot is back, no event yet");
            assertFalse(rig.driver.hasRoom());
        }
    }

    @Test
    void theShippedDriverFindsOutThatItsRingWasFullWhenItStops() throws Exception {
        try (Rig rig = new Rig(sixteen(0, VenetCapability.EVENTQ_TXC, 0).withFullByValid())) {
            for (int i = 0; i < 16; i++) {
                assertTrue(rig.driver.send(frame(60, FrameHdr.NONE)));
            }
            assertTrue(rig.driver.hasRoom(), "VALID never moves");
            assertThrows(
                    IllegalStateException.class, () -> rig.driver.send(frame(60, FrameHdr.NONE)));
        }
    }

    @Test
    void receivesFlatFramesAndMasksWhileItPolls() throws Exception {
        try (Rig rig = new Rig(sixteen(0, 0, 0))) {
            GuestFrame in = new GuestFrame(64);
            SouthIoq ring = rig.rings[RX];
            for (int i = 0; i < 50; i++) {
                GuestFrame sent = frame(60 + i, FrameHdr.NONE);
                assertTrue(ring.look());
                assertEquals(1514, ring.length());
                SharedMemory.copy(sent.bytes(), 0, rig.at(ring.ptr(), 1514), sent.length());
                ring.putLength(sent.length());
                ring.push();
                assertFalse(rig.driver.receive(in), "nobody has told it");
                rig.tell(RX);
                assertTrue(rig.driver.receive(in));
                assertArrayEquals(bytes(sent), bytes(in));
                assertFalse(rig.driver.receive(in));
                ring.signal().inject();
                assertEquals(0, rig.rung, "masked");
                assertTrue(rig.driver.arm());
                rig.bus.poll(); // the wakeup that unmasking scheduled
                assertTrue(rig.driver.arm());
            }
        }
    }

    @Test
    void takesALargeFrameOutOfPagesAndGivesThemBack() throws Exception {
        try (Rig rig = new Rig(sixteen(0, 0, VenetDriverOptions.RECEIVE_ORIGINAL))) {
            GuestFrame in = new GuestFrame(64);
            for (int round = 0; round < 40; round++) {
                GuestFrame sent = frame(1514 + 4096 + 1000, FrameHdr.NONE);
                long sg = put(rig, sent, new int[] {1514, 4096, 1000});
                SharedMemory.putLe32(sg + VenetSg.FLAGS, VenetSg.F_NEEDS_CSUM | VenetSg.F_GSO);
                SharedMemory.putLe8(sg + VenetSg.GSO_TYPE, VenetSg.GSO_TCPV4);
                SharedMemory.putLe16(sg + VenetSg.GSO_SIZE, 1448);
                SharedMemory.putLe16(sg + VenetSg.GSO_HDRLEN, 66);
                SharedMemory.putLe16(sg + VenetSg.CSUM_START, 34);
                SharedMemory.putLe16(sg + VenetSg.CSUM_OFFSET, 16);
                rig.rings[RX].push();
                rig.tell(RX);
                assertTrue(rig.driver.receive(in));
                assertArrayEquals(bytes(sent), bytes(in));
                assertEquals(
                        new FrameHdr(
                                VirtioNetHdr.F_NEEDS_CSUM,
                                VirtioNetHdr.GSO_TCPV4,
                                66,
                                1448,
                                34,
                                16),
                        in.hdr());
            }
            assertEquals(0, rig.driver.strays());
        }
    }

    /** Writes a frame into the next slot's buffer and pages, without pushing the slot. */
    private static long put(Rig rig, GuestFrame frame, int[] pieces) {
        SouthIoq ring = rig.rings[RX];
        assertTrue(ring.look());
        long pool = rig.driver.receiveSide().poolGuest();
        long sg = rig.at(pool, rig.driver.receiveSide().poolBytes()) + ring.ptr();
        assertEquals(1, SharedMemory.le32(sg + VenetSg.COUNT));
        int done = 0;
        for (int i = 0; i < pieces.length; i++) {
            long iov = sg + VenetSg.iov(i);
            long to = SharedMemory.le64(iov + VenetIov.PTR);
            if (i > 0) {
                assertTrue(rig.rings[PAGES].look());
                to = rig.rings[PAGES].ptr();
                SharedMemory.putLe64(iov + VenetIov.PTR, rig.rings[PAGES].cookie());
                rig.rings[PAGES].pop();
            }
            SharedMemory.copy(frame.bytes(), done, rig.at(to, pieces[i]), pieces[i]);
            SharedMemory.putLe32(iov + VenetIov.LEN, pieces[i]);
            done += pieces[i];
        }
        SharedMemory.putLe32(sg + VenetSg.LEN, frame.length());
        SharedMemory.putLe32(sg + VenetSg.COUNT, pieces.length);
        return sg;
    }

    /** One thing that a host can write wrong. */
    @FunctionalInterface
    private interface Lie {
        void in(long sg);
    }

    @Test
    void aHostThatLiesAboutAFrameLosesItAndNoMore() throws Exception {
        List<Lie> lies =
                List.of(
                        sg -> SharedMemory.putLe32(sg + VenetSg.COUNT, 19),
                        sg -> SharedMemory.putLe32(sg + VenetSg.COUNT, 0),
                        sg -> SharedMemory.putLe32(sg + VenetSg.COUNT, -1),
                        sg -> SharedMemory.putLe32(sg + VenetSg.LEN, 99),
                        sg -> SharedMemory.putLe32(sg + VenetSg.LEN, -1),
                        sg -> SharedMemory.putLe32(sg + VenetSg.iov(0) + VenetIov.LEN, 1515),
                        sg -> SharedMemory.putLe32(sg + VenetSg.iov(0) + VenetIov.LEN, -1),
                        sg -> SharedMemory.putLe32(sg + VenetSg.iov(1) + VenetIov.LEN, 4097),
                        sg -> SharedMemory.putLe64(sg + VenetSg.iov(1) + VenetIov.PTR, 12345),
                        sg -> {
                            SharedMemory.putLe32(sg + VenetSg.FLAGS, VenetSg.F_GSO);
                            SharedMemory.putLe8(sg + VenetSg.GSO_TYPE, 9);
                        });
        try (Rig rig = new Rig(sixteen(0, 0, VenetDriverOptions.RECEIVE_ORIGINAL))) {
            GuestFrame in = new GuestFrame(64);
            for (int i = 0; i < lies.size(); i++) {
                lies.get(i).in(put(rig, frame(1600, FrameHdr.NONE), new int[] {1500, 100}));
                rig.rings[RX].push();
                GuestFrame next = frame(200 + i, FrameHdr.NONE);
                put(rig, next, new int[] {200 + i});
                rig.rings[RX].push();
                rig.tell(RX);
                assertTrue(rig.driver.receive(in), "lie " + i);
                assertArrayEquals(bytes(next), bytes(in), "lie " + i);
                assertEquals(i + 1, rig.driver.strays());
                assertFalse(rig.driver.receive(in));
                rig.driver.arm();
                rig.bus.poll();
            }
        }
    }

    @Test
    void aFlushedBufferComesBackSmaller() throws Exception {
        for (int receive : new int[] {0, VenetDriverOptions.RECEIVE_ORIGINAL}) {
            try (Rig rig = new Rig(sixteen(0, 0, receive))) {
                rig.driver.changeMtu(1000);
                SouthIoq ring = rig.rings[RX];
                for (int i = 0; i < 16; i++) { // as FLUSHRX does
                    assertTrue(ring.look());
                    long pool = rig.driver.receiveSide().poolGuest();
                    if (receive == 0) {
                        ring.putLength(0);
                    } else {
                        assertEquals(0, SharedMemory.le32(rig.at(pool + ring.ptr(), 320) + 12));
                    }
                    ring.push();
                }
                assertFalse(rig.driver.receive(new GuestFrame(64)));
                assertEquals(16, rig.driver.flushed());
                assertTrue(ring.look());
                assertEquals(
                        1014,
                        receive == 0
                                ? ring.length()
                                : SharedMemory.le32(
                                        rig.at(
                                                        rig.driver.receiveSide().poolGuest()
                                                                + ring.ptr(),
                                                        320)
                                                + 32));
                assertThrows(IllegalArgumentException.class, () -> rig.driver.changeMtu(1501));
            }
        }
    }

    @Test
    void aBitOfTheDoorbellBitmapIsKickedOnceUntilItIsTaken() throws Exception {
        List<UnixSocket> ours = new ArrayList<>();
        try (ScriptedBus host = ScriptedBus.start(ours);
                BusFrontend bus =
                        BusFrontend.over(
                                ours.getFirst(), BusOptions.usual(1).withKicks(KickMode.BITMAP));
                CallCounter counter = new CallCounter()) {
            long bitmap = bus.ram().host(bitmapAddress(host), 128);
            GuestSignal[] signals = new GuestSignal[70];
            for (int i = 0; i < signals.length; i++) {
                signals[i] = bus.newSignal(i);
                if (i == 3) {
                    signals[i].ring(); // before its handle is known
                }
                bus.bind(signals[i], i);
            }
            assertEquals(1, counter.take(host.doorbell));
            assertEquals(1L << 3, SharedMemory.le64(bitmap));
            signals[40].ring();
            assertEquals(0, counter.take(host.doorbell), "the word was not 0");
            assertEquals(1L << 3 | 1L << 40, SharedMemory.le64(bitmap));
            signals[69].ring();
            assertEquals(1, counter.take(host.doorbell));
            assertEquals(1L << 5, SharedMemory.le64(bitmap + 8));
            SharedMemory.putLe64(bitmap, 0); // taken
            signals[40].ring();
            assertEquals(1, counter.take(host.doorbell));
        }
    }

    private static long bitmapAddress(ScriptedBus host) {
        String payload =
                host.seen.stream()
                        .filter(each -> each.id() == 0x7605)
                        .findFirst()
                        .orElseThrow()
                        .bytes()
                        .replaceAll(".*\\| ", "")
                        .replace(" ", "");
        return Long.reverseBytes(Long.parseUnsignedLong(payload.substring(0, 16), 16));
    }
}
