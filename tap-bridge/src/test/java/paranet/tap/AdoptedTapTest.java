package paranet.tap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static paranet.core.linux.TestThread.run;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.linux.NetworkNamespace;
import paranet.core.linux.PacketSocket;
import paranet.core.linux.TestThread;
import paranet.core.linux.TunDevice;
import paranet.tap.TapException.Kind;

import java.util.ArrayList;
import java.util.List;

/** What --tap-fd takes: descriptors that somebody else opened. */
@Tag("tap")
final class AdoptedTapTest {
    private static final String NAME = "tap0";
    private static final int PLAIN_TAP = TunDevice.IFF_TAP | TunDevice.IFF_NO_PI;
    private static final int TAP = PLAIN_TAP | TunDevice.IFF_VNET_HDR;
    private static final int MULTI_QUEUE_TAP = TAP | TunDevice.IFF_MULTI_QUEUE;

    /** An attached descriptor that nobody owns. */
    private static int queue(String name, int flags) throws Exception {
        TunDevice tun = TunDevice.open();
        tun.attach(name, flags);
        return tun.fd().number();
    }

    private static void assertRefused(List<Integer> descriptors, String part) {
        TapException e =
                assertThrows(TapException.class, () -> TapDevice.adopt(descriptors).close());
        assertEquals(Kind.WRONG_USAGE, e.kind());
        assertTrue(e.getMessage().contains(part), e.getMessage());
        for (int descriptor : descriptors) {
            assertFalse(TestThread.isOpen(descriptor), "descriptor " + descriptor);
        }
    }

    private static void assertCarriesFrames(TapBridge bridge, PacketSocket kernel)
            throws Exception {
        for (int header : new int[] {10, 12}) {
            bridge.format(new FrameFormat(header, FrameOffload.NONE));
            for (int pair = 0; pair < bridge.queuePairs(); pair++) {
                try (GuestSide guest = new GuestSide(bridge, pair)) {
                    byte[] out = Frames.plain(100, header + pair);
                    assertEquals(DropReason.NONE, guest.offer(Frames.withHeader(header, out)));
                    assertArrayEquals(out, kernel.receiveFrame(Frames.EXPERIMENTAL));
                }
            }
        }
        bridge.usePairs(1);
        byte[] in = Frames.plain(100, 9);
        kernel.send(Frames.withHeader(PacketSocket.HEADER, in));
        try (GuestSide guest = new GuestSide(bridge, 0)) {
            assertArrayEquals(in, Frames.withoutHeader(12, guest.take(Frames.EXPERIMENTAL)));
        }
    }

    @Test
    void carriesFramesWithoutAnyPrivilege() throws Exception {
        NetworkNamespace.run(
                () -> {
                    TestThread.silenceIpv6();
                    List<Integer> descriptors = new ArrayList<>();
                    descriptors.add(queue(NAME, MULTI_QUEUE_TAP));
                    descriptors.add(queue(NAME, MULTI_QUEUE_TAP));
                    run("ip", "link", "set", NAME, "mtu", "2000", "up");
                    try (PacketSocket kernel = PacketSocket.on(NAME)) {
                        TestThread.becomeNobody();
                        try (TapBridge bridge = new TapBridge(TapDevice.adopt(descriptors))) {
                            assertEquals("tap tap0, 2 queues", bridge.describe());
                            assertEquals(2000, bridge.mtu());
                            assertCarriesFrames(bridge, kernel);
                        }
                    }
                    assertFalse(TestThread.isOpen(descriptors.get(0)));
                    assertFalse(TestThread.isOpen(descriptors.get(1)));
                });
    }

    @Test
    void makesADescriptorNonBlocking() throws Exception {
        NetworkNamespace.run(
                () -> {
                    int descriptor = TestThread.open("/dev/net/tun");
                    new TunDevice(new Fd(descriptor)).attach(NAME, TAP);
                    assertFalse(TestThread.isNonBlocking(descriptor));
                    try (TapBridge bridge = new TapBridge(TapDevice.adopt(List.of(descriptor)))) {
                        assertTrue(TestThread.isNonBlocking(descriptor), bridge.describe());
                    }
                });
    }

    @Test
    void carriesFramesOfATapInANamespaceThatIsNotOurs() throws Exception {
        NetworkNamespace.run(
                () -> {
                    TestThread.silenceIpv6();
                    int descriptor = queue(NAME, TAP);
                    run("ip", "link", "set", NAME, "mtu", "2000", "up");
                    try (PacketSocket kernel = PacketSocket.on(NAME)) {
                        NetworkNamespace.run(
                                () -> {
                                    // A stranger of the same name must not be taken for it.
                                    run("ip", "tuntap", "add", NAME, "mode", "tap");
                                    run("ip", "link", "set", NAME, "mtu", "3000");
                                    TapBridge bridge =
                                            new TapBridge(TapDevice.adopt(List.of(descriptor)));
                                    try (bridge) {
                                        assertEquals(1500, bridge.mtu());
                                        assertFalse(bridge.mtu(1400));
                                        assertCarriesFrames(bridge, kernel);
                                    }
                                });
                    }
                });
    }

    @Test
    void takesMacvtapDescriptors() throws Exception {
        NetworkNamespace.run(
                () -> {
                    TestThread.silenceIpv6();
                    run("ip", "link", "add", "ve0", "type", "veth", "peer", "name", "ve1");
                    run("ip", "link", "add", "link", "ve0", "name", "mv0", "type", "macvtap");
                    for (String each : new String[] {"ve0", "ve1", "mv0"}) {
                        run("ip", "link", "set", each, "up");
                    }
                    TestThread.awaitRunning("ve0");
                    TestThread.awaitRunning("mv0");
                    TestThread.hideDevNet();
                    String device = "/dev/net/tap";
                    String numbers = run("cat", sysfs("mv0")).strip();
                    int colon = numbers.indexOf(':');
                    String major = numbers.substring(0, colon);
                    run("mknod", device, "c", major, numbers.substring(colon + 1));
                    List<Integer> descriptors = new ArrayList<>();
                    for (int i = 0; i < 2; i++) {
                        descriptors.add(TestThread.open(device));
                        TunDevice queue = new TunDevice(new Fd(descriptors.get(i)));
                        queue.attach("mv0", MULTI_QUEUE_TAP);
                    }
                    try (PacketSocket peer = PacketSocket.on("ve1");
                            TapBridge bridge = new TapBridge(TapDevice.adopt(descriptors));
                            GuestSide first = new GuestSide(bridge, 0);
                            GuestSide second = new GuestSide(bridge, 1)) {
                        assertEquals("tap mv0, 2 queues", bridge.describe());
                        for (int header : new int[] {10, 12, 10}) {
                            // Here each queue has a header size of its own.
                            bridge.usePairs(1);
                            bridge.format(new FrameFormat(header, FrameOffload.NONE));
                            bridge.usePairs(2);
                            for (GuestSide guest : List.of(first, second)) {
                                byte[] out = Frames.plain(100, header);
                                assertEquals(
                                        DropReason.NONE,
                                        guest.offer(Frames.withHeader(header, out)));
                                assertArrayEquals(out, peer.receiveFrame(Frames.EXPERIMENTAL));
                            }
                        }
                    }
                });
    }

    /** The file that names a macvtap's character device; sysfs as this namespace has it. */
    private static String sysfs(String name) throws Exception {
        run("mkdir", "/dev/net/sys");
        run("mount", "-t", "sysfs", "none", "/dev/net/sys");
        String index = run("cat", "/dev/net/sys/class/net/" + name + "/ifindex").strip();
        return "/dev/net/sys/class/net/" + name + "/macvtap/tap" + index + "/dev";
    }

    @Test
    void refusesDescriptorsThatWillNotDo() throws Exception {
        NetworkNamespace.run(
                () -> {
                    assertRefused(
                            List.of(queue("a", PLAIN_TAP)),
                            "without bare virtio-net headers: open it with IFF_VNET_HDR | IFF_NO_PI");
                    assertRefused(
                            List.of(queue("b", TunDevice.IFF_TAP | TunDevice.IFF_VNET_HDR)),
                            "IFF_NO_PI");
                    assertRefused(
                            List.of(
                                    queue(
                                            "c",
                                            TunDevice.IFF_TUN
                                                    | TunDevice.IFF_NO_PI
                                                    | TunDevice.IFF_VNET_HDR)),
                            "is a TUN (IP packets): open it with IFF_TAP");
                    assertRefused(
                            List.of(TestThread.open("/dev/net/tun")),
                            "belongs to no interface: attach it with TUNSETIFF first");
                    assertRefused(List.of(EventFd.open().fd().number()), "is not a TAP (ENOTTY)");
                    assertRefused(
                            List.of(queue("d", TAP), queue("e", TAP)),
                            "is a TAP with a single queue: open each with IFF_MULTI_QUEUE");
                    assertRefused(
                            List.of(queue("f", MULTI_QUEUE_TAP), queue("g", MULTI_QUEUE_TAP)),
                            "all must be of one TAP");
                    assertRefused(List.of(), "0 queues of a TAP are not in 1..128");
                    TapException e =
                            assertThrows(
                                    TapException.class, () -> TapDevice.adopt(List.of(60_000)));
                    assertTrue(e.getMessage().contains("EBADF"), e.getMessage());
                });
    }
}
