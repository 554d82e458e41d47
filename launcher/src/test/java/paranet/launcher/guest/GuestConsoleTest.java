package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

/**
 * The harness itself, with a guest that has no network: what the other guest tests take for
 * granted.
 */
@RealGuest
final class GuestConsoleTest {
    private static final Duration SHORT = Duration.ofSeconds(20);

    private static Namespace namespace;
    private static QemuGuest guest;

    @BeforeAll
    static void boot() {
        namespace = Namespace.create();
        guest = QemuGuest.start(namespace, "plain", QemuGuest.initramfs(namespace), List.of());
        guest.awaitBoot();
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        if (namespace != null) {
            namespace.close();
        }
    }

    @Test
    void tellsStatusAndOutputOfAScript() {
        GuestConsole.Output output = guest.console().run("echo one; echo two >&2; exit 3", SHORT);
        assertEquals(new GuestConsole.Output(3, "one\ntwo\n"), output);
    }

    @Test
    void keepsOutputThatDoesNotEndInANewline() {
        GuestConsole.Output output = guest.console().run("printf 'no end'", SHORT);
        assertEquals(new GuestConsole.Output(0, "no end"), output);
    }

    @Test
    void killsAScriptThatTakesTooLongAndGoesOn() {
        assertEquals(137, guest.console().run("sleep 100", Duration.ofSeconds(1)).status());
        assertEquals("still here", guest.console().check("echo still here"));
    }

    @Test
    void checkFailsWithTheScriptsOutput() {
        AssertionError error =
                assertThrows(AssertionError.class, () -> guest.console().check("echo why; false"));
        assertTrue(error.getMessage().contains("why"), error::getMessage);
    }

    @Test
    void takesScriptsOfAnyLength() {
        for (int length = 1; length < 20_000; length = length * 3 / 2 + 1) {
            String comment = "#" + "x".repeat(length);
            assertEquals(
                    Integer.toString(length), guest.console().check(comment + "\necho " + length));
        }
    }

    @Test
    void losesNothingWhileOrphansEnd() {
        guest.console().check("for i in $(seq 0 40); do (usleep $((i * 50000)) &) & done");
        for (int i = 0; i < 100; i++) {
            assertEquals("number " + i, guest.console().check("echo number " + i));
        }
    }

    @Test
    void runsAScriptInTheBackground() {
        GuestConsole.Background background =
                guest.console()
                        .background(
                                "until [ -e /tmp/go ]; do usleep 1000; done; echo went; exit 5");
        guest.console().check("touch /tmp/go");
        assertEquals(new GuestConsole.Output(5, "went\n"), background.await(SHORT));
    }

    @Test
    void loadsTheDriverAndHasTheTools() {
        guest.console()
                .check(
                        "grep -q ^virtio_net /proc/modules; iperf3 --version; socat -V; ping -V; ethtool --version");
    }

    @Test
    void listensAgainAfterAReboot() {
        guest.console().check("touch /tmp/before");
        guest.reboot();
        assertEquals("gone", guest.console().check("[ -e /tmp/before ] || echo gone"));
    }
}
