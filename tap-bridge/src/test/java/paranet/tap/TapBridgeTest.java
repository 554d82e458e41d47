package paranet.tap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static paranet.core.linux.TestThread.run;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSource;
import paranet.core.linux.Fd;
import paranet.core.linux.Mapping;
import paranet.core.linux.Memfd;
import paranet.core.linux.NetworkLink;
import paranet.core.linux.NetworkNamespace;
import paranet.core.linux.PacketSocket;
import paranet.core.linux.TestThread;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

@Tag("tap")
final class TapBridgeTest {
    private static final String NAME = "tap0";
    private static final int PAGE = 4096;

    /** A bridge over a new TAP, its guest and the kernel's end. */
    private interface Inside {
        void run(TapBridge bridge, GuestSide guest, PacketSocket kernel) throws Exception;
    }

    private static void onNewTap(int queues, Inside inside) throws Exception {
        NetworkNamespace.run(
                () -> {
                    TestThread.silenceIpv6();
                    TapDevice tap = TapDevice.open(NAME, queues, false);
                    try (TapBridge bridge = new TapBridge(tap);
                            GuestSide guest = new GuestSide(bridge, 0);
                            PacketSocket kernel = PacketSocket.on(NAME)) {
                        inside.run(bridge, guest, kernel);
                    }
                });
    }

    private static byte[] plainWithHeader(int bytes) {
        return Frames.withHeader(12, Frames.plain(bytes, 1));
    }

    @Test
    void carriesFramesBothWaysWithEitherHeaderSize() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    for (int header : new int[] {12, 10, 12}) {
                        bridge.format(new FrameFormat(header, FrameOffload.NONE));
                        guest.headerBytes(header);
                        for (int bytes : new int[] {14, 60, 61, 1514, 1518}) {
                            byte[] out = Frames.plain(bytes, header);
                            assertEquals(
                                    DropReason.NONE, guest.offer(Frames.withHeader(header, out)));
                            assertArrayEquals(out, kernel.receiveFrame(Frames.EXPERIMENTAL));
                        }
                        for (int bytes : new int[] {14, 60, 61, 1514}) {
                            byte[] in = Frames.plain(bytes, header + 1);
                            kernel.send(Frames.withHeader(PacketSocket.HEADER, in));
                            assertArrayEquals(
                                    in,
                                    Frames.withoutHeader(header, guest.take(Frames.EXPERIMENTAL)));
                        }
                    }
                });
    }

    @Test
    void takesAFrameInManyPieces() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    byte[] out = Frames.plain(1514, 7);
                    for (int piece : new int[] {12, 200, 1000}) {
                        assertEquals(
                                DropReason.NONE, guest.offer(Frames.withHeader(12, out), piece));
                        assertArrayEquals(out, kernel.receiveFrame(Frames.EXPERIMENTAL));
                    }
                });
    }

    @Test
    void hasNothingToGiveWhenTheKernelSentNothing() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    assertEquals(0, guest.poll().length);
                    assertFalse(bridge.source(0).ready());
                    assertEquals(bridge.sink(0).descriptor(), bridge.source(0).descriptor());
                    assertTrue(TestThread.isOpen(bridge.source(0).descriptor()));
                });
    }

    @Test
    void passesSegmentationOutUnfinished() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    for (int header : new int[] {12, 10}) {
                        bridge.format(new FrameFormat(header, FrameOffload.NONE));
                        byte[] tcp = Frames.tcp(60_000, 3);
                        assertEquals(
                                DropReason.NONE,
                                guest.offer(Frames.withSegmentation(header, tcp, 1448)));
                        byte[] arrived = kernel.receive(Frames.IPV4);
                        assertArrayEquals(tcp, Frames.withoutHeader(PacketSocket.HEADER, arrived));
                        assertEquals(Frames.NEEDS_CSUM, arrived[0]);
                        assertEquals(Frames.GSO_TCPV4, arrived[1]);
                    }
                });
    }

    @Test
    void switchesOffloadsOfWhatComesInWhileFramesFlow() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    byte[] tcp = Frames.tcp(20_000, 4);
                    byte[] unfinished = Frames.withSegmentation(PacketSocket.HEADER, tcp, 1448);
                    int tso = FrameOffload.CSUM | FrameOffload.TSO4;
                    for (int round = 0; round < 2; round++) {
                        bridge.format(new FrameFormat(12, tso));
                        kernel.send(unfinished);
                        byte[] whole = guest.take(Frames.IPV4);
                        assertArrayEquals(tcp, Frames.withoutHeader(12, whole));
                        assertEquals(Frames.NEEDS_CSUM, whole[0]);
                        assertEquals(Frames.GSO_TCPV4, whole[1]);

                        bridge.format(new FrameFormat(12, FrameOffload.NONE));
                        kernel.send(unfinished);
                        assertSegments(guest, tcp, true);

                        bridge.format(new FrameFormat(12, FrameOffload.CSUM));
                        kernel.send(unfinished);
                        assertSegments(guest, tcp, false);
                    }
                });
    }

    /** The payload of {@code tcp} arrives in pieces of 1448, each with a checksum or without. */
    private static void assertSegments(GuestSide guest, byte[] tcp, boolean checksummed) {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        while (payload.size() < tcp.length - Frames.HEADERS) {
            byte[] all = guest.take(Frames.IPV4);
            byte[] frame = Frames.withoutHeader(12, all);
            assertTrue(frame.length <= Frames.HEADERS + 1448, "segment of " + frame.length);
            int sum = Frames.sum(frame, 26, frame.length, 6 + frame.length - 34);
            if (checksummed) {
                assertEquals(0, all[0] & Frames.NEEDS_CSUM);
                assertEquals(0xffff, sum, "TCP checksum");
            } else {
                assertTrue((all[0] & Frames.NEEDS_CSUM) == 0 ? sum == 0xffff : all[1] == 0);
            }
            payload.write(frame, Frames.HEADERS, frame.length - Frames.HEADERS);
        }
        assertArrayEquals(Frames.withoutHeader(Frames.HEADERS, tcp), payload.toByteArray());
    }

    @Test
    void offersOnlyOffloadsThatTheKernelTakesTogether() throws Exception {
        NetworkNamespace.run(
                () -> {
                    try (TapDevice tap = TapDevice.open(NAME, 1, false)) {
                        int csum = FrameOffload.CSUM;
                        int tso = FrameOffload.TSO4 | FrameOffload.TSO6;
                        assertEquals(csum | tso, tap.offloadsKnown() & (csum | tso));
                        for (int wanted = 0; wanted <= FrameOffload.ALL; wanted++) {
                            int granted = tap.offloads(wanted);
                            assertEquals(0, granted & ~(wanted & tap.offloadsKnown()));
                        }
                        assertEquals(0, tap.offloads(tso), "segments need checksums");
                        assertEquals(csum, tap.offloads(csum | FrameOffload.TSO_ECN));
                        assertEquals(csum, tap.offloads(csum | FrameOffload.USO4));
                        assertEquals(tap.offloadsKnown(), tap.offloads(FrameOffload.ALL));
                    }
                });
    }

    @Test
    void largestFrameFitsWhatTheKernelSends() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    assertEquals(12 + 1500 + 14 + 8 + 1, bridge.frameBytesMax());
                    bridge.format(new FrameFormat(10, FrameOffload.NONE));
                    assertEquals(10 + 1500 + 14 + 8 + 1, bridge.frameBytesMax());
                    assertTrue(bridge.mtu(9000));
                    assertEquals(9000, bridge.mtu());
                    assertEquals(10 + 9000 + 14 + 8 + 1, bridge.frameBytesMax());
                    byte[] jumbo = Frames.plain(9014, 1);
                    kernel.send(Frames.withHeader(PacketSocket.HEADER, jumbo));
                    guest.headerBytes(10);
                    assertArrayEquals(
                            jumbo, Frames.withoutHeader(10, guest.take(Frames.EXPERIMENTAL)));

                    bridge.format(new FrameFormat(12, FrameOffload.CSUM | FrameOffload.TSO4));
                    guest.headerBytes(12);
                    assertEquals(12 + 65535 + 8 + 1, bridge.frameBytesMax());
                    byte[] largest = Frames.tcp(65535 - 40 - 14, 1);
                    kernel.send(Frames.withSegmentation(PacketSocket.HEADER, largest, 1448));
                    assertArrayEquals(largest, Frames.withoutHeader(12, guest.take(Frames.IPV4)));
                });
    }

    @Test
    void losesAFrameThatIsLargerThanItsRoomAndLearnsTheMtuFromIt() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    FrameSource source = bridge.source(0);
                    run("ip", "link", "set", NAME, "mtu", "4000");
                    byte[] large = Frames.plain(4014, 2);
                    kernel.send(Frames.withHeader(PacketSocket.HEADER, large));
                    assertEquals(FrameSource.LOST, guest.pollBytes(bridge.frameBytesMax()));
                    assertEquals(DropReason.TOO_BIG_FOR_BUFFERS, source.loss());
                    assertEquals(12 + 4000 + 14 + 8 + 1, bridge.frameBytesMax());
                    kernel.send(Frames.withHeader(PacketSocket.HEADER, large));
                    assertArrayEquals(
                            large, Frames.withoutHeader(12, guest.take(Frames.EXPERIMENTAL)));
                });
    }

    @Test
    void saysWhyTheMtuIsNotSet() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    assertFalse(bridge.mtu(65522));
                    assertTrue(bridge.mtu(68));
                    TestThread.becomeNobody();
                    assertFalse(bridge.mtu(1500));
                    assertEquals(68, bridge.mtu());
                });
    }

    @Test
    void dropsWhatIsSentWhileTheInterfaceIsDown() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    try (NetworkLink links = NetworkLink.open()) {
                        links.up(NAME, false);
                        assertEquals(DropReason.LINK_DOWN, guest.offer(plainWithHeader(60)));
                        assertEquals(0, guest.poll().length);
                        links.up(NAME, true);
                        assertEquals(DropReason.NONE, guest.offer(plainWithHeader(60)));
                    }
                });
    }

    @Test
    void seesTheInterfaceSwitchedRenamedAndDeleted() throws Exception {
        onNewTap(
                2,
                (bridge, guest, kernel) -> {
                    assertTrue(bridge.linkUp(), "one that we made");
                    for (boolean up : new boolean[] {false, true, false}) {
                        run("ip", "link", "set", NAME, up ? "up" : "down");
                        assertTrue(TestThread.isReadable(bridge.linkDescriptor()));
                        assertEquals(up, bridge.linkUp());
                        assertFalse(TestThread.isReadable(bridge.linkDescriptor()));
                    }
                    run("ip", "link", "set", NAME, "name", "other0");
                    run("ip", "link", "set", "other0", "up");
                    assertTrue(bridge.linkUp());
                    run("ip", "link", "del", "other0");
                    assertTrue(TestThread.isReadable(bridge.linkDescriptor()));
                    assertFalse(bridge.linkUp());
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap");
                    run("ip", "link", "set", NAME, "up");
                    assertFalse(bridge.linkUp(), "another one of the same name");
                });
    }

    @Test
    void showsWhetherAGuestIsThereAndLeavesTheTapAsItFoundIt() throws Exception {
        NetworkNamespace.run(
                () -> {
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap", "multi_queue");
                    run("ip", "link", "set", NAME, "up");
                    try (TapDevice other = TapDevice.open(NAME, 2, false)) {
                        try (TapBridge bridge = new TapBridge(TapDevice.open(NAME, 1, false))) {
                            assertCarrier(true);
                            for (boolean on : new boolean[] {false, true, false}) {
                                bridge.carrier(on);
                                assertCarrier(on);
                                assertTrue(bridge.linkUp(), "which is the owner's affair");
                            }
                        }
                        assertCarrier(true);
                        assertTrue(other.isAttached(0));
                    }
                });
    }

    private static void assertCarrier(boolean on) throws Exception {
        String shown = "ip link show " + NAME + " | grep -q LOWER_UP";
        run("sh", "-c", on ? shown : "! " + shown);
    }

    @Test
    void startsDownOnAnInterfaceThatIsDown() throws Exception {
        NetworkNamespace.run(
                () -> {
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap");
                    try (TapBridge bridge = new TapBridge(TapDevice.open(NAME, 1, false))) {
                        assertFalse(bridge.linkUp());
                        run("ip", "link", "set", NAME, "up");
                        assertTrue(bridge.linkUp());
                    }
                });
    }

    @Test
    void takesTheLinkToBeUpInANamespaceThatItDoesNotSee() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    Process other = new ProcessBuilder("unshare", "-n", "cat").start();
                    try {
                        // cat answers, so it is in its namespace
                        other.getOutputStream().write('\n');
                        other.getOutputStream().flush();
                        assertEquals('\n', other.getInputStream().read());
                        run("ip", "link", "set", NAME, "netns", Long.toString(other.pid()));
                        assertTrue(TestThread.isReadable(bridge.linkDescriptor()));
                        assertTrue(bridge.linkUp());
                    } finally {
                        other.getOutputStream().close();
                        assertEquals(0, other.waitFor());
                    }
                });
    }

    @Test
    void closesWhatItWatchesTheLinkBy() throws Exception {
        NetworkNamespace.run(
                () -> {
                    TapBridge bridge = new TapBridge(TapDevice.open(NAME, 1, false));
                    int descriptor = bridge.linkDescriptor();
                    assertTrue(TestThread.isOpen(descriptor));
                    bridge.close();
                    assertFalse(TestThread.isOpen(descriptor));
                });
    }

    @Test
    void survivesThatTheInterfaceIsDeleted() throws Exception {
        onNewTap(
                2,
                (bridge, guest, kernel) -> {
                    run("ip", "link", "del", NAME);
                    assertEquals(DropReason.LINK_DOWN, guest.offer(plainWithHeader(60)));
                    assertEquals(-1, bridge.source(0).descriptor());
                    assertEquals(-1, bridge.sink(0).descriptor());
                    assertEquals(0, guest.poll().length);
                    assertFalse(bridge.source(0).ready());
                    try (GuestSide other = new GuestSide(bridge, 1)) {
                        assertEquals(0, other.poll().length);
                        assertEquals(-1, bridge.source(1).descriptor());
                        assertEquals(DropReason.LINK_DOWN, other.offer(plainWithHeader(60)));
                    }
                    bridge.format(new FrameFormat(10, FrameOffload.CSUM));
                    bridge.usePairs(1);
                    bridge.usePairs(2);
                    assertEquals(DropReason.LINK_DOWN, guest.offer(plainWithHeader(60)));
                    assertEquals(DropReason.LINK_DOWN, bridge.announce(Frames.plain(60, 1)));
                    assertFalse(bridge.mtu(1400));
                    assertEquals("tap tap0, 2 queues", bridge.describe());
                });
    }

    @Test
    void noticesTheDeletionFirstInAnotherCall() throws Exception {
        onNewTap(
                2,
                (bridge, guest, kernel) -> {
                    bridge.usePairs(1);
                    run("ip", "link", "del", NAME);
                    bridge.usePairs(2);
                    bridge.format(new FrameFormat(10, FrameOffload.NONE));
                    assertEquals(0, guest.poll().length);
                    assertEquals(-1, bridge.source(0).descriptor());
                });
    }

    @Test
    void isFullWhileTheKernelHoldsAllItMayAndTakesTheFrameLater() throws Exception {
        NetworkNamespace.run(
                () -> {
                    TapDevice tap = TapDevice.open(NAME, 1, false);
                    try (TapBridge bridge = new TapBridge(tap);
                            GuestSide guest = new GuestSide(bridge, 0)) {
                        // Frames are forwarded to a link whose queue lets none through.
                        run("ip", "link", "add", "br0", "type", "bridge");
                        run("ip", "link", "add", "ve0", "type", "veth", "peer", "name", "ve1");
                        for (String each : new String[] {NAME, "ve0"}) {
                            run("ip", "link", "set", each, "master", "br0");
                        }
                        for (String each : new String[] {"br0", "ve0", "ve1"}) {
                            run("ip", "link", "set", each, "up");
                        }
                        TestThread.awaitRunning("ve0");
                        run(
                                "tc", "qdisc", "add", "dev", "ve0", "root", "tbf", "rate", "8bit",
                                "burst", "1600", "limit", "10mb");
                        TestThread.sendBuffer(tap.descriptor(0), 20_000);
                        byte[] frame = plainWithHeader(1514);
                        frame[12] = 2; // to one station: of a broadcast the bridge makes copies
                        DropReason last = DropReason.NONE;
                        for (int i = 0; i < 1000 && last == DropReason.NONE; i++) {
                            last = guest.offer(frame);
                        }
                        assertEquals(DropReason.SINK_FULL, last);
                        assertEquals(tap.descriptor(0), bridge.sink(0).descriptor());
                        run("tc", "qdisc", "del", "dev", "ve0", "root");
                        assertEquals(DropReason.NONE, guest.offer(frame));
                    }
                });
    }

    @Test
    void dropsAFrameWhoseHeaderContradictsIt() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    byte[] frame = Frames.withSegmentation(12, Frames.tcp(4000, 1), 1448);
                    ByteBuffer header = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
                    header.putShort(6, (short) 5000); // csum_start beyond the frame
                    assertEquals(DropReason.NETWORK_REFUSED, guest.offer(frame));
                    byte[] short13 = Frames.withHeader(12, new byte[13]);
                    assertEquals(DropReason.NETWORK_REFUSED, guest.offer(short13));
                    byte[] gso = Frames.withSegmentation(12, Frames.tcp(4000, 1), 1448);
                    gso[1] = 77; // no such gso_type
                    assertEquals(DropReason.NETWORK_REFUSED, guest.offer(gso));
                    assertEquals(DropReason.NONE, guest.offer(plainWithHeader(60)));
                });
    }

    @Test
    void dropsAFrameWhenTheKernelHasNoMemoryForIt() throws Exception {
        // A packet socket takes the same header, and says ENOBUFS when a TAP's queue is full.
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    try (PacketSocket full = PacketSocket.on(NAME).withoutQueue();
                            QueueOver over = new QueueOver(bridge, full.number())) {
                        DropReason last = DropReason.NONE;
                        for (int i = 0; i < 10_000 && last == DropReason.NONE; i++) {
                            last = over.offer(Frames.withHeader(10, Frames.plain(60, i)));
                        }
                        assertEquals(DropReason.NETWORK_OUT_OF_MEMORY, last);
                    }
                });
    }

    /** A queue of a bridge over any descriptor. */
    private static final class QueueOver implements AutoCloseable {
        private final TapQueue queue;
        private final IoVec vec = new IoVec(1);
        private final NativeBuffer memory = NativeBuffer.allocate(2000);

        QueueOver(TapBridge bridge, int descriptor) {
            queue = new TapQueue(bridge, 0, descriptor);
        }

        DropReason offer(byte[] frame) {
            SharedMemory.copy(frame, 0, memory.address(), frame.length);
            vec.clear();
            vec.add(memory.address(), frame.length);
            return queue.offer(vec);
        }

        @Override
        public void close() {
            vec.close();
            memory.close();
        }
    }

    @Test
    void saysThatGuestMemoryVanishedUnderAFrame() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    try (Fd file = Memfd.create("guest", 2 * PAGE);
                            Mapping memory = Mapping.map(file, 2 * PAGE);
                            IoVec vec = new IoVec(1)) {
                        vec.add(memory.address(), 2 * PAGE);
                        Memfd.resize(file, PAGE);
                        vec.truncate(PAGE + 60);
                        assertEquals(DropReason.MEMORY_GONE, bridge.sink(0).offer(vec));

                        vec.clear();
                        // Only of the header does the kernel say that it could not be written.
                        vec.add(memory.address() + PAGE - 4, PAGE);
                        kernel.send(Frames.withHeader(PacketSocket.HEADER, Frames.plain(60, 1)));
                        assertEquals(FrameSource.LOST, bridge.source(0).poll(vec));
                        assertEquals(DropReason.MEMORY_GONE, bridge.source(0).loss());
                    }
                    assertEquals(DropReason.NONE, guest.offer(plainWithHeader(60)));
                });
    }

    @Test
    void spreadsFramesOverTheQueuesInUseAndNoOthers() throws Exception {
        onNewTap(
                3,
                (bridge, guest, kernel) -> {
                    int[] all = arrivals(bridge, kernel);
                    assertTrue(all[0] > 0 && all[1] > 0 && all[2] > 0, "by flow");
                    bridge.usePairs(1);
                    assertEquals(-1, bridge.source(1).descriptor());
                    assertEquals(-1, bridge.sink(2).descriptor());
                    assertArrayEquals(new int[] {64, 0, 0}, arrivals(bridge, kernel));
                    bridge.usePairs(2);
                    int[] two = arrivals(bridge, kernel);
                    assertTrue(two[0] > 0 && two[1] > 0, "by flow");
                    assertEquals(0, two[2]);
                    bridge.usePairs(3);
                    assertNotEquals(-1, bridge.source(2).descriptor());
                    assertTrue(arrivals(bridge, kernel)[2] > 0, "again");
                    assertThrows(IllegalArgumentException.class, () -> bridge.usePairs(0));
                    assertThrows(IllegalArgumentException.class, () -> bridge.usePairs(4));
                });
    }

    /** Sends one frame of each of 64 flows and says how many arrive by each pair. */
    private static int[] arrivals(TapBridge bridge, PacketSocket kernel) throws Exception {
        for (int flow = 0; flow < 64; flow++) {
            byte[] frame = Frames.tcp(100, 1);
            ByteBuffer.wrap(frame).putShort(34, (short) (flow * 7 + 1)); // source port
            kernel.send(Frames.withHeader(PacketSocket.HEADER, frame));
        }
        int[] counts = new int[bridge.queuePairs()];
        for (int pair = 0; pair < counts.length; pair++) {
            try (GuestSide guest = new GuestSide(bridge, pair)) {
                byte[] frame = guest.poll();
                while (frame.length > 0) {
                    if (Frames.etherType(frame, 12) == Frames.IPV4) {
                        counts[pair]++;
                    }
                    frame = guest.poll();
                }
            }
        }
        return counts;
    }

    @Test
    void refusesFramesOfAPairThatIsNotInUse() throws Exception {
        onNewTap(
                2,
                (bridge, guest, kernel) -> {
                    bridge.usePairs(1);
                    try (GuestSide other = new GuestSide(bridge, 1)) {
                        assertEquals(DropReason.QUEUE_DISABLED, other.offer(plainWithHeader(60)));
                        assertEquals(0, other.poll().length);
                        bridge.usePairs(2);
                        assertEquals(DropReason.NONE, other.offer(plainWithHeader(60)));
                    }
                });
    }

    @Test
    void aQueueInUseAgainHasTheFormatOfTheOthers() throws Exception {
        onNewTap(
                2,
                (bridge, guest, kernel) -> {
                    bridge.usePairs(1);
                    bridge.format(new FrameFormat(10, FrameOffload.NONE));
                    bridge.usePairs(2);
                    try (GuestSide other = new GuestSide(bridge, 1)) {
                        byte[] frame = Frames.plain(60, 5);
                        assertEquals(DropReason.NONE, other.offer(Frames.withHeader(10, frame)));
                        assertArrayEquals(frame, kernel.receiveFrame(Frames.EXPERIMENTAL));
                    }
                });
    }

    @Test
    void announcesAFrameOfOurOwn() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    for (int header : new int[] {10, 12}) {
                        bridge.format(new FrameFormat(header, FrameOffload.NONE));
                        byte[] frame = Frames.plain(60, header);
                        assertEquals(DropReason.NONE, bridge.announce(frame));
                        assertArrayEquals(frame, kernel.receiveFrame(Frames.EXPERIMENTAL));
                    }
                });
    }

    @Test
    void allocatesNothingPerFrame() throws Exception {
        onNewTap(
                1,
                (bridge, guest, kernel) -> {
                    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
                    byte[] frame = plainWithHeader(60);
                    int descriptor = bridge.sink(0).descriptor();
                    byte[] back = Frames.withHeader(10, Frames.plain(60, 2));
                    try (QueueOver out = new QueueOver(bridge, descriptor);
                            QueueOver in = new QueueOver(bridge, kernel.number())) {
                        exchange(out, frame, in, back, guest, 50_000);
                        long before = threads.getCurrentThreadAllocatedBytes();
                        exchange(out, frame, in, back, guest, 200_000);
                        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
                        assertTrue(allocated < 200_000, allocated + " bytes");
                    }
                });
    }

    private static void exchange(
            QueueOver out, byte[] frame, QueueOver in, byte[] back, GuestSide guest, int rounds) {
        for (int i = 0; i < rounds; i++) {
            if (out.offer(frame) != DropReason.NONE
                    || in.offer(back) != DropReason.NONE
                    || guest.pollBytes(2000) != 72) {
                throw new AssertionError("frame " + i);
            }
        }
    }

    @Test
    void closesItsDescriptors() throws Exception {
        onNewTap(
                2,
                (bridge, guest, kernel) -> {
                    int first = bridge.source(0).descriptor();
                    int second = bridge.source(1).descriptor();
                    bridge.close();
                    assertFalse(TestThread.isOpen(first));
                    assertFalse(TestThread.isOpen(second));
                });
    }
}
