package paranet.launcher.guest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.nio.file.Path;
import java.time.Duration;

/** Guests that die under traffic, and others that take their place at the same back end. */
@RealGuest
final class UmlReplacementTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int KILLED = 20;

    private Namespace namespace;
    private PortUnderTest port;
    private GuestNetwork network;
    private Path initramfs;

    @RegisterExtension
    final FailureReport report =
            new FailureReport(() -> port == null ? "no port" : port.describe());

    /**
     * What a port holds while a guest is attached, or while none is. UML's memory has another size
     * each time.
     */
    private record Holdings(int descriptors, int mappings, int threads) {}

    @BeforeEach
    void startPort() {
        namespace = Namespace.create();
        port = PortUnderTest.listening(namespace, "port", "--tap=tap0");
        network = new GuestNetwork(namespace, "tap0");
        network.configureHost();
        initramfs = UmlGuest.initramfs(namespace);
    }

    @AfterEach
    void deleteNamespace() {
        if (port != null) {
            port.close();
        }
        namespace.close();
    }

    @Test
    void guestsKilledUnderTrafficLeaveNothingBehindAndTheNextOneWorks() {
        Holdings fresh = holdings();
        Holdings attached;
        try (UmlGuest first = boot("first")) { // the JVM starts a thread of its own meanwhile
            network.pingBothWays(first.console());
            attached = holdings();
            first.kill();
        }
        awaitHoldings(
                new Holdings(fresh.descriptors(), fresh.mappings(), attached.threads()),
                "alone after the first");
        Holdings alone = holdings();
        for (int round = 0; round < KILLED; round++) {
            try (UmlGuest guest = boot("uml" + round)) {
                network.pingBothWays(guest.console());
                awaitHoldings(attached, "attached in round " + round);
                floodFrom(guest.console());
                try (Program _ = namespace.start("ping", "-f", "-q", GuestNetwork.GUEST)) {
                    awaitFramesFromGuest();
                    guest.kill();
                }
            }
            awaitHoldings(alone, "alone after round " + round);
        }
        try (UmlGuest guest = boot("last")) {
            network.pingBothWays(guest.console());
            awaitHoldings(attached, "attached at last");
        }
    }

    @Test
    void aNewGuestReplacesOneWhoseHelpersStillHoldItsSocket() {
        Holdings attached;
        try (UmlGuest dead = boot("dead")) {
            network.pingBothWays(dead.console());
            attached = holdings();
            floodFrom(dead.console());
            dead.killKernelOnly();
            try (UmlGuest guest = boot("new")) {
                network.pingBothWays(guest.console());
                awaitHoldings(attached, "attached beside the dead guest's helpers");
                dead.kill();
                network.pingBothWays(guest.console());
                network.tcpBothWays(guest.console(), 8 << 20, 1);
                awaitHoldings(attached, "attached after they ended");
            }
        }
    }

    @Test
    void aGuestThatPowersOffIsReplaced() {
        for (int round = 0; round < 2; round++) {
            try (UmlGuest guest = boot("uml" + round)) {
                network.pingBothWays(guest.console());
                guest.powerOff();
            }
        }
    }

    private UmlGuest boot(String name) {
        UmlGuest guest =
                UmlGuest.start(namespace, name, initramfs, UmlGuest.virtioNet(port.socket()));
        guest.awaitBoot();
        network.configureGuest(guest.console());
        return guest;
    }

    /**
     * Starts datagrams without end and returns once a thousand have passed. Whatever floods the
     * guest comes after: a UML which is interrupted by its console and its network at once may lose
     * both interrupts for ever (it sleeps, with nothing pending; Linux 6.1, one command in some
     * thousands).
     */
    private void floodFrom(GuestConsole guest) {
        guest.background("socat -u -b 1000 OPEN:/dev/zero UDP-SENDTO:" + GuestNetwork.HOST + ":9");
        awaitFramesFromGuest();
    }

    private void awaitFramesFromGuest() {
        long before = network.framesFromGuest();
        Await.until(
                SOON,
                () -> network.framesFromGuest() > before + 1000,
                () -> network.framesFromGuest() - before + " frames");
    }

    /** What a dead guest had is given back soon after the back end has seen its end. */
    private void awaitHoldings(Holdings expected, String when) {
        Await.until(
                SOON,
                () -> holdings().equals(expected),
                () -> when + ": " + expected + ", but it holds " + holdings());
    }

    private Holdings holdings() {
        return new Holdings(port.openDescriptors(), port.sharedMappings(), port.threads());
    }
}
