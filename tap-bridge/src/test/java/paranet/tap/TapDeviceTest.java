package paranet.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static paranet.core.linux.TestThread.run;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.NetworkLink;
import paranet.core.linux.NetworkNamespace;
import paranet.core.linux.TestThread;
import paranet.core.linux.TunDevice;
import paranet.tap.TapException.Kind;

import java.util.ArrayList;
import java.util.List;

@Tag("tap")
final class TapDeviceTest {
    private static final String NAME = "tap0";
    private static final int QUEUE =
            TunDevice.IFF_TAP | TunDevice.IFF_NO_PI | TunDevice.IFF_VNET_HDR;

    private interface Inside {
        void run(NetworkLink links) throws Exception;
    }

    private static void inNamespace(Inside inside) throws Exception {
        NetworkNamespace.run(
                () -> {
                    try (NetworkLink links = NetworkLink.open()) {
                        inside.run(links);
                    }
                });
    }

    private static TapException refused(Kind kind, String name, int queues) {
        TapException e =
                assertThrows(TapException.class, () -> TapDevice.open(name, queues, false).close());
        assertEquals(kind, e.kind(), e.getMessage());
        return e;
    }

    private static void assertSays(TapException e, String... parts) {
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    @Test
    void createsATapThatIsUpAndDisappearsWhenClosed() throws Exception {
        inNamespace(
                links -> {
                    try (TapDevice tap = TapDevice.open(NAME, 1, false)) {
                        assertTrue(tap.created());
                        assertEquals(NAME, tap.name());
                        assertEquals("tap tap0, 1 queue", tap.toString());
                        assertTrue(links.driver(NAME).isTap());
                        assertTrue(links.isUp(NAME));
                        assertEquals(1500, tap.mtu());
                    }
                    assertFalse(links.exists(NAME));
                });
    }

    @Test
    void fillsInTheFirstFreeNumber() throws Exception {
        inNamespace(
                links -> {
                    try (TapDevice first = TapDevice.open("port%d", 2, false);
                            TapDevice second = TapDevice.open("port%d", 1, false)) {
                        assertEquals("port0", first.name());
                        assertEquals("port1", second.name());
                        assertTrue(links.isUp("port1"));
                    }
                });
    }

    @Test
    void aPersistentTapStaysAndIsAttachedToAgain() throws Exception {
        inNamespace(
                links -> {
                    TapDevice.open(NAME, 1, true).close();
                    assertTrue(links.exists(NAME));
                    try (TapDevice tap = TapDevice.open(NAME, 1, false)) {
                        assertFalse(tap.created());
                    }
                    assertTrue(links.exists(NAME));
                });
    }

    @Test
    void attachesToWhatIpTuntapMadeAndLeavesItDown() throws Exception {
        inNamespace(
                links -> {
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap");
                    try (TapDevice tap = TapDevice.open(NAME, 1, false)) {
                        assertFalse(tap.created());
                        assertFalse(links.isUp(NAME));
                    }
                });
    }

    @Test
    void attachesWithOneQueueToAMultiQueueTap() throws Exception {
        inNamespace(
                links -> {
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap", "multi_queue");
                    for (int queues = 1; queues <= 3; queues++) {
                        try (TapDevice tap = TapDevice.open(NAME, queues, false)) {
                            assertEquals(queues, tap.queues());
                        }
                    }
                });
    }

    @Test
    void refusesMoreQueuesThanASingleQueueTapHas() throws Exception {
        inNamespace(
                links -> {
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap");
                    assertSays(
                            refused(Kind.MISSING_PREREQUISITE, NAME, 2),
                            "TAP tap0 has a single queue, and 2 are wanted",
                            "ip link del tap0",
                            "ip tuntap add dev tap0 mode tap multi_queue user ");
                });
    }

    @Test
    void theCureForASingleQueueCuresIt() throws Exception {
        inNamespace(
                links -> {
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap");
                    String message = refused(Kind.MISSING_PREREQUISITE, NAME, 2).getMessage();
                    String cure = message.substring(message.indexOf('`') + 1);
                    cure = cure.substring(0, cure.indexOf('`')).replace("sudo ", "");
                    run("sh", "-c", cure);
                    try (TapDevice tap = TapDevice.open(NAME, 2, false)) {
                        assertFalse(tap.created());
                        assertTrue(links.isUp(NAME));
                    }
                });
    }

    @Test
    void refusesATapWhoseOnlyQueueIsTaken() throws Exception {
        inNamespace(
                links -> {
                    try (TapDevice tap = TapDevice.open(NAME, 1, false)) {
                        assertSays(refused(Kind.FAILED, tap.name(), 1), "TAP tap0 is busy");
                    }
                });
    }

    @Test
    void refusesATapThatItsUserOpenedWithoutHeaders() throws Exception {
        inNamespace(
                links -> {
                    try (TunDevice other = TunDevice.open()) {
                        other.attach(
                                NAME,
                                TunDevice.IFF_TAP
                                        | TunDevice.IFF_NO_PI
                                        | TunDevice.IFF_MULTI_QUEUE);
                        assertSays(
                                refused(Kind.FAILED, NAME, 1),
                                "used by another process, without virtio-net headers");
                    }
                });
    }

    @Test
    void refusesNamesThatNoInterfaceCanHave() throws Exception {
        inNamespace(
                links -> {
                    TapDevice.open("fifteen-bytes-x", 1, false).close();
                    assertSays(
                            refused(Kind.WRONG_USAGE, "sixteen-bytes-xx", 1),
                            "TAP name of 16 bytes is not in 1..15: sixteen-bytes-xx");
                    assertSays(refused(Kind.WRONG_USAGE, "éééééééé", 1), "16 bytes");
                    for (String bad :
                            List.of("", ".", "..", "a/b", "a:b", "a b", "a\tb", "%s", "%d%d")) {
                        refused(Kind.WRONG_USAGE, bad, 1);
                    }
                });
    }

    @Test
    void refusesANameThatIsTakenBySomethingElse() throws Exception {
        inNamespace(
                links -> {
                    run("ip", "link", "add", "ve0", "type", "veth", "peer", "name", "ve1");
                    run("ip", "link", "add", "br0", "type", "bridge");
                    run("ip", "tuntap", "add", "dev", "tun0", "mode", "tun");
                    assertSays(refused(Kind.FAILED, "ve0", 1), "ve0 exists", "driver veth");
                    assertSays(refused(Kind.FAILED, "br0", 1), "br0 exists", "driver bridge");
                    assertSays(refused(Kind.FAILED, "tun0", 1), "driver tun tun");
                    assertSays(refused(Kind.FAILED, "lo", 1), "it has no driver");
                });
    }

    @Test
    void refusesAQueueCountThatIsNotAllowed() throws Exception {
        inNamespace(
                links -> {
                    assertSays(refused(Kind.WRONG_USAGE, NAME, 0), "0 queues of a TAP");
                    assertSays(refused(Kind.WRONG_USAGE, NAME, 129), "not in 1..128");
                    assertFalse(links.exists(NAME));
                });
    }

    @Test
    void takesTheMostQueuesAndSaysWhenTheKernelHasNoMore() throws Exception {
        inNamespace(
                links -> {
                    List<TunDevice> others = new ArrayList<>();
                    try (TapDevice tap = TapDevice.open(NAME, TapDevice.QUEUES_MAX, false)) {
                        assertEquals(128, tap.queues());
                        for (int i = 0; i < 127; i++) {
                            others.add(TunDevice.open());
                            others.getLast().attach(NAME, QUEUE | TunDevice.IFF_MULTI_QUEUE);
                        }
                        assertSays(refused(Kind.FAILED, NAME, 2), "has no queue left");
                    } finally {
                        others.forEach(TunDevice::close);
                    }
                });
    }

    @Test
    void saysWhichPermissionCreatingTakes() throws Exception {
        inNamespace(
                links -> {
                    TestThread.becomeNobody();
                    assertSays(
                            refused(Kind.MISSING_PREREQUISITE, NAME, 2),
                            "no permission to create TAP tap0",
                            "`sudo ip tuntap add dev tap0 mode tap multi_queue user ",
                            "sudo ip link set dev tap0 up",
                            "CAP_NET_ADMIN");
                });
    }

    @Test
    void saysThatATapBelongsToAnotherUser() throws Exception {
        inNamespace(
                links -> {
                    run("ip", "tuntap", "add", "dev", NAME, "mode", "tap", "user", "daemon");
                    TestThread.becomeNobody();
                    assertSays(
                            refused(Kind.MISSING_PREREQUISITE, NAME, 1),
                            "no permission for TAP tap0: it belongs to another user",
                            "ip tuntap add dev tap0 mode tap user ",
                            "CAP_NET_ADMIN");
                });
    }

    @Test
    void itsOwnerNeedsNoPrivilegeButForTheMtu() throws Exception {
        inNamespace(
                links -> {
                    run("ip", "tuntap", "add", NAME, "mode", "tap", "user", "nobody");
                    TestThread.becomeNobody();
                    try (TapDevice tap = TapDevice.open(NAME, 1, true)) {
                        tap.mtu(1500);
                        TapException e = assertThrows(TapException.class, () -> tap.mtu(9000));
                        assertEquals(Kind.MISSING_PREREQUISITE, e.kind());
                        assertSays(e, "`sudo ip link set dev tap0 mtu 9000`");
                        assertEquals(1500, tap.mtu());
                    }
                });
    }

    @Test
    void saysHowToGetTheDriver() throws Exception {
        inNamespace(
                links -> {
                    TestThread.hideDevNet();
                    assertSays(
                            refused(Kind.MISSING_PREREQUISITE, NAME, 1),
                            "no /dev/net/tun: run `sudo modprobe tun`");
                    run("mknod", "-m", "0666", "/dev/net/tun", "c", "10", "201");
                    assertSays(
                            refused(Kind.MISSING_PREREQUISITE, NAME, 1),
                            "no /dev/net/tun: run `sudo modprobe tun`");
                    run("rm", "/dev/net/tun");
                    run("mknod", "-m", "0600", "/dev/net/tun", "c", "10", "200");
                    TestThread.becomeNobody();
                    assertSays(
                            refused(Kind.MISSING_PREREQUISITE, NAME, 1),
                            "no permission to open /dev/net/tun",
                            "chmod 0666");
                });
    }

    @Test
    void setsTheMtuWithinTheKernelsBounds() throws Exception {
        inNamespace(
                links -> {
                    try (TapDevice tap = TapDevice.open(NAME, 1, false)) {
                        for (int mtu : new int[] {TapDevice.MTU_MIN, 9000, TapDevice.MTU_MAX}) {
                            tap.mtu(mtu);
                            assertEquals(mtu, links.mtu(NAME));
                            assertEquals(mtu, tap.mtu());
                        }
                        for (int mtu : new int[] {67, 65522}) {
                            TapException e = assertThrows(TapException.class, () -> tap.mtu(mtu));
                            assertEquals(Kind.WRONG_USAGE, e.kind());
                        }
                    }
                });
    }

    @Test
    void followsARenamedInterface() throws Exception {
        inNamespace(
                links -> {
                    try (TapDevice tap = TapDevice.open(NAME, 1, false)) {
                        run("ip", "link", "set", NAME, "down");
                        run("ip", "link", "set", NAME, "name", "other");
                        assertEquals("other", tap.name());
                        tap.mtu(1400);
                        assertEquals(1400, links.mtu("other"));
                    }
                });
    }

    @Test
    void leavesNoDescriptorBehind() throws Exception {
        inNamespace(
                links -> {
                    TapDevice.open(NAME, 3, true).close(); // loads what is loaded once
                    int next = lowestFree();
                    run("ip", "link", "add", "br0", "type", "bridge");
                    TapDevice.open(NAME, 3, false).close();
                    refused(Kind.FAILED, "br0", 1);
                    refused(Kind.WRONG_USAGE, "", 1);
                    TapDevice held = TapDevice.open("tap1", 1, false);
                    refused(Kind.FAILED, "tap1", 1);
                    refused(Kind.MISSING_PREREQUISITE, "tap1", 2);
                    held.close();
                    for (int number = next; number < next + 16; number++) {
                        assertFalse(TestThread.isOpen(number), "descriptor " + number);
                    }
                });
    }

    private static int lowestFree() throws Exception {
        try (EventFd probe = EventFd.open()) {
            return probe.fd().number();
        }
    }
}
