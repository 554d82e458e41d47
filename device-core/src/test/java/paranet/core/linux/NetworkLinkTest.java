package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;

@Tag("tap")
final class NetworkLinkTest {
    private static final int TAP = TunDevice.IFF_TAP | TunDevice.IFF_NO_PI;

    private interface Inside {
        void run(NetworkLink links, TunDevice tap) throws Exception;
    }

    private static void withTap(Inside inside) throws Exception {
        NetworkNamespace.run(
                () -> {
                    try (NetworkLink links = NetworkLink.open();
                            TunDevice tap = TunDevice.open()) {
                        assertEquals("tap0", tap.attach("tap%d", TAP));
                        inside.run(links, tap);
                    }
                });
    }

    private static Inet4Address address(int last) throws Exception {
        return (Inet4Address) InetAddress.getByAddress(new byte[] {10, 99, 0, (byte) last});
    }

    @Test
    void switchesUpAndDown() throws Exception {
        withTap(
                (links, tap) -> {
                    assertFalse(links.isUp("tap0"));
                    links.up("tap0", true);
                    assertTrue(links.isUp("tap0"));
                    assertTrue(ip("link", "show", "tap0").contains(",UP"));
                    links.up("tap0", false);
                    assertFalse(links.isUp("tap0"));
                });
    }

    @Test
    void givesAnAddressAndItsSubnet() throws Exception {
        withTap(
                (links, tap) -> {
                    links.up("tap0", true);
                    for (int bits : new int[] {24, 32, 30, 8}) {
                        links.address("tap0", address(1), bits);
                        assertTrue(
                                ip("address", "show", "tap0").contains(" 10.99.0.1/" + bits + " "));
                    }
                    try (DatagramChannel socket = DatagramChannel.open()) {
                        socket.bind(new InetSocketAddress(address(1), 0));
                    }
                });
    }

    /** What iproute2 says, in this thread's namespace. */
    private static String ip(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("ip", "-oneline"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    @Test
    void setsTheMtuAndTheHardwareAddress() throws Exception {
        withTap(
                (links, tap) -> {
                    links.mtu("tap0", 4321);
                    assertEquals(4321, links.mtu("tap0"));
                    assertTrue(ip("link", "show", "tap0").contains(" mtu 4321 "));
                    byte[] mac = {2, 1, 2, 3, 4, 5};
                    links.hardwareAddress("tap0", mac);
                    assertArrayEquals(mac, links.hardwareAddress("tap0"));
                    assertArrayEquals(mac, tap.hardwareAddress());
                    assertTrue(ip("link", "show", "tap0").contains(" 02:01:02:03:04:05 "));
                    LinuxException e =
                            assertThrows(LinuxException.class, () -> links.mtu("tap0", 70_000));
                    assertEquals(Errno.EINVAL, e.errno());
                });
    }

    @Test
    void tellsTapsFromOtherDevices() throws Exception {
        withTap(
                (links, tap) -> {
                    assertTrue(links.driver("tap0").isTap());
                    assertEquals(new NetworkLink.Driver("", ""), links.driver("lo"));
                    assertFalse(links.exists("tap1"));
                    LinuxException e =
                            assertThrows(LinuxException.class, () -> links.driver("tap1"));
                    assertEquals(Errno.ENODEV, e.errno());
                    assertThrows(
                            IllegalArgumentException.class, () -> links.exists("sixteen-bytes-xx"));
                });
    }

    @Test
    void staysInTheNamespaceOfTheThreadThatOpenedIt() throws Exception {
        withTap(
                (links, tap) ->
                        NetworkNamespace.run(
                                () -> {
                                    assertTrue(links.exists("tap0"));
                                    try (NetworkLink here = NetworkLink.open()) {
                                        assertFalse(here.exists("tap0"));
                                    }
                                }));
    }

    @Test
    void aNamespaceIsEmptyAndInheritedByThreadsStartedInIt() throws Exception {
        var names =
                NetworkNamespace.call(
                        () -> {
                            CompletableFuture<Integer> inherited = new CompletableFuture<>();
                            Thread.ofPlatform()
                                    .start(() -> inherited.complete(countInterfaces()))
                                    .join();
                            assertEquals(countInterfaces(), inherited.get());
                            try (TunDevice tap = TunDevice.open()) {
                                tap.attach("tap0", TAP);
                                assertEquals(countInterfaces(), inherited.get() + 1);
                            }
                            return inherited.get();
                        });
        assertTrue(names > 0, "the loopback");
        assertFalse(
                Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                        .anyMatch(each -> each.getName().equals("tap0")));
    }

    private static int countInterfaces() {
        try (NetworkLink links = NetworkLink.open()) {
            int count = 0;
            for (String name : new String[] {"lo", "tap0"}) {
                count += links.exists(name) ? 1 : 0;
            }
            return count;
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aNamespacePassesOnWhatItsThreadThrows() {
        IllegalStateException thrown = new IllegalStateException("ours");
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () ->
                                NetworkNamespace.run(
                                        () -> {
                                            throw thrown;
                                        }));
        assertEquals(thrown, e);
        assertThrows(
                AssertionError.class,
                () ->
                        NetworkNamespace.run(
                                () -> {
                                    throw new AssertionError("an error");
                                }));
    }
}
