package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.EventFd;
import paranet.core.linux.Fd;
import paranet.core.vhostuser.FrontendRequest;
import paranet.core.vhostuser.MessageLayout.Header;
import paranet.core.vhostuser.MessageType;
import paranet.virtionet.VirtioNetOptions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A front end that is an enemy loses its own connection or ring, and nobody else anything. */
class HostileEndToEndTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);

    @FunctionalInterface
    private interface Attack {
        void on(FakeFrontend frontend) throws IOException;
    }

    private static int descriptors() throws IOException {
        int count = 0;
        try (var open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path each : open) {
                count += each.getNameCount() > 0 ? 1 : 0;
            }
        }
        return count;
    }

    /** A message with more or fewer descriptors than belong to it, beside broken headers. */
    private static List<Attack> framingAttacks(Fd fd) {
        return List.of(
                frontend -> // version 2
                frontend.sendRaw(MessageType.GET_FEATURES.id(), 2, new byte[0], List.of()),
                frontend -> // a reply flag in a request
                frontend.sendRaw(
                                MessageType.GET_FEATURES.id(),
                                Header.VERSION | Header.F_REPLY,
                                new byte[0],
                                List.of()),
                frontend -> // a payload where none belongs
                frontend.sendRaw(
                                MessageType.GET_FEATURES.id(),
                                Header.VERSION,
                                new byte[8],
                                List.of()),
                frontend -> // a descriptor where none belongs
                frontend.sendRaw(
                                MessageType.SET_OWNER.id(),
                                Header.VERSION,
                                new byte[0],
                                List.of(fd)),
                frontend -> // no descriptor where one belongs
                frontend.sendRaw(
                                MessageType.SET_VRING_KICK.id(),
                                Header.VERSION,
                                new byte[8],
                                List.of()),
                frontend -> // more descriptors than any message has
                frontend.sendRaw(
                                MessageType.SET_VRING_KICK.id(),
                                Header.VERSION,
                                new byte[8],
                                Collections.nCopies(9, fd)),
                frontend -> // a size over every bound
                frontend.sendBytes(new byte[] {1, 0, 0, 0, 1, 0, 0, 0, -1, -1, -1, 127}));
    }

    @Test
    void breakingTheFramingCostsTheConnectionAndNothingElse() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                Backend.ServedPort neighbour = backend.listen(VirtioNetOptions.DEFAULT);
                EventFd event = EventFd.open();
                VirtioNetDriver bystander =
                        VirtioNetDriver.open(
                                FakeFrontend.connect(neighbour.path, FrontendOptions.usual(40)),
                                DriverOptions.plain(40))) {
            Traffic elsewhere = Traffic.plain(bystander, 40);
            elsewhere.exchange(100);
            int before = -1;
            for (int round = 0; round < 2; round++) {
                int number = 0;
                for (Attack attack : framingAttacks(event.fd())) {
                    try (FakeFrontend enemy =
                            FakeFrontend.connect(port.path, FrontendOptions.usual(41))) {
                        attack.on(enemy);
                        assertTrue(enemy.awaitEnd(SECONDS_30), "attack " + number);
                    }
                    number++;
                    elsewhere.exchange(20);
                }
                try (VirtioNetDriver next =
                        VirtioNetDriver.open(
                                FakeFrontend.connect(port.path, FrontendOptions.usual(42)),
                                DriverOptions.plain(42))) {
                    Traffic.plain(next, 42).exchange(100);
                }
                // Whoever connects now does so after the last connection was taken down.
                FakeFrontend.connect(port.path, FrontendOptions.usual(43)).close();
                try (FakeFrontend last =
                        FakeFrontend.connect(port.path, FrontendOptions.usual(43))) {
                    last.getU64(new FrontendRequest.GetFeatures());
                    int now = descriptors();
                    assertTrue(before < 0 || now <= before, before + " became " + now);
                    before = now;
                }
            }
        }
    }

    @Test
    void aWellFramedBadValueIsRefusedAndTheConnectionLives() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                VirtioNetDriver driver =
                        VirtioNetDriver.open(
                                FakeFrontend.connect(port.path, FrontendOptions.usual(44)),
                                DriverOptions.plain(44))) {
            Traffic traffic = Traffic.plain(driver, 44);
            traffic.exchange(100);
            for (FrontendRequest bad :
                    List.of(
                            new FrontendRequest.SetVringNum(1000, 256),
                            new FrontendRequest.SetVringNum(0, 0),
                            new FrontendRequest.SetVringNum(0, 65536),
                            new FrontendRequest.SetVringEnable(9999, 1),
                            new FrontendRequest.NetSetMtu(1),
                            new FrontendRequest.Unknown(77, 8))) {
                assertNotEquals(0, driver.frontend().trySet(bad), bad.toString());
            }
            traffic.exchange(100);
        }
    }

    @Test
    void memoryCutUnderTrafficBreaksThatPortAlone() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedPort port = backend.listen(VirtioNetOptions.DEFAULT);
                Backend.ServedPort neighbour = backend.listen(VirtioNetOptions.DEFAULT);
                VirtioNetDriver bystander =
                        VirtioNetDriver.open(
                                FakeFrontend.connect(neighbour.path, FrontendOptions.usual(45)),
                                DriverOptions.plain(45))) {
            Traffic elsewhere = Traffic.plain(bystander, 45);
            elsewhere.exchange(100);
            for (int i = 0; i < 3; i++) {
                try (VirtioNetDriver victim =
                        VirtioNetDriver.open(
                                FakeFrontend.connect(port.path, FrontendOptions.usual(46 + i)),
                                DriverOptions.plain(46 + i))) {
                    Traffic traffic = Traffic.plain(victim, 46 + i);
                    traffic.exchange(200);
                    for (int j = 0; j < 50; j++) {
                        assertTrue(traffic.send(0));
                    }
                    victim.pair(0).flush();
                    victim.frontend().ram().truncate(0);
                    victim.pair(0).transmitRing().kick();
                    elsewhere.exchange(500);
                    awaitError(victim);
                }
                elsewhere.exchange(200);
            }
            try (VirtioNetDriver next =
                    VirtioNetDriver.open(
                            FakeFrontend.connect(port.path, FrontendOptions.usual(50)),
                            DriverOptions.plain(50))) {
                Traffic.plain(next, 50).exchange(200);
            }
            assertEquals(4, port.counters().connections());
        }
    }

    private static void awaitError(VirtioNetDriver victim) throws Exception {
        long start = System.nanoTime();
        NetQueuePair pair = victim.pair(0);
        while (!pair.transmitRing().tookError() && !pair.receiveRing().tookError()) {
            assertTrue(System.nanoTime() - start < SECONDS_30, "no ring reported its end");
            pair.transmitRing().kick();
            Thread.onSpinWait();
        }
    }
}
