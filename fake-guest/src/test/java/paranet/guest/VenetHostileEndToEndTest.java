package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.vhostuser.MessageLayout.Header;
import paranet.core.vhostuser.MessageType;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A guest on a bus that is an enemy loses its own frames, devices and connection, and nobody else
 * anything.
 *
 * <p>Strategy: messages and calls drawn at random, mostly well formed; rings, pools, events and
 * signals written over while the host reads them; memory cut away. Beside each, traffic on another
 * connection.
 *
 * <p>Invariants: the neighbour's frames all come back, whole and in order; the bus serves the next
 * guest.
 */
class VenetHostileEndToEndTest {
    private static final long SECONDS_30 = TimeUnit.SECONDS.toNanos(30);

    /**
     * Most of the time goes into waking threads, so the million is VbusConnectionFuzzTest's, which
     * has the same session, bus and devices in one thread. Here: -Dparanet.messages=1000000.
     */
    private static final long MESSAGES = Long.getLong("paranet.messages", 50_000);

    private static final int ROUNDS = 25;
    private static final int LIVES = 10;

    private static VenetGuest open(Backend.ServedBus bus, long seed, int devices) throws Exception {
        return VenetEchoEndToEndTest.open(
                bus, BusOptions.usual(seed), VenetDriverOptions.usual(seed).withRings(64), devices);
    }

    @Test
    void anyMessagesAndCallsHurtNobodyElse() throws Exception {
        long seed = Long.getLong("paranet.seed", System.nanoTime());
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(3);
                Backend.ServedBus neighbour = backend.listenBus(2);
                VenetGuest bystander = open(neighbour, 600, 2)) {
            Traffic elsewhere = Traffic.plain(bystander, 600);
            elsewhere.exchange(100);
            try (BusEnemy enemy = new BusEnemy(bus.path, seed)) {
                for (int i = 0; i < ROUNDS; i++) {
                    enemy.attack(MESSAGES / ROUNDS);
                    elsewhere.exchange(50);
                }
                System.out.printf(
                        "%d messages on %d connections, %d calls granted%n",
                        enemy.messages(), enemy.lives(), enemy.granted());
                assertTrue(enemy.granted() > MESSAGES / 50, "it gets no further");
            } catch (AssertionError | Exception e) {
                throw new AssertionError("replay with -Dparanet.seed=" + seed, e);
            }
            try (VenetGuest next = open(bus, 601, 3)) {
                Traffic.plain(next, 601).exchange(200);
            }
            assertEquals(1, neighbour.port.snapshot().connections());
        }
    }

    @Test
    void scribblingOverRingsPoolsAndSignalsHurtsNobodyElse() throws Exception {
        long seed = Long.getLong("paranet.seed", System.nanoTime());
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                Backend.ServedBus neighbour = backend.listenBus(2);
                VenetGuest bystander = open(neighbour, 610, 2)) {
            Traffic elsewhere = Traffic.plain(bystander, 610);
            elsewhere.exchange(100);
            try (ScribblingGuest scribbler = new ScribblingGuest(bus.path, seed)) {
                int rounds = 0;
                while (rounds < ROUNDS
                        || scribbler.lives() < LIVES
                        || scribbler.steps() < MESSAGES) {
                    elsewhere.exchange(100); // and not one frame is lost
                    rounds++;
                }
                System.out.printf(
                        "%d steps in %d lives beside %d rounds%n",
                        scribbler.steps(), scribbler.lives(), rounds);
                for (ScribblingGuest.Kind kind : ScribblingGuest.Kind.values()) {
                    assertTrue(scribbler.scribbles(kind) > MESSAGES / 10, kind::toString);
                }
            } catch (AssertionError | Exception e) {
                throw new AssertionError("replay with -Dparanet.seed=" + seed, e);
            }
            try (VenetGuest next = open(bus, 611, 2)) {
                Traffic.plain(next, 611).exchange(200);
            }
            assertEquals(1, neighbour.port.snapshot().connections());
        }
    }

    @Test
    void memoryCutUnderTrafficEndsThatConnectionAlone() throws Exception {
        try (Backend backend = new Backend();
                Backend.ServedBus bus = backend.listenBus(2);
                Backend.ServedBus neighbour = backend.listenBus(2);
                VenetGuest bystander = open(neighbour, 620, 2)) {
            Traffic elsewhere = Traffic.plain(bystander, 620);
            for (int i = 0; i < 3; i++) {
                elsewhere.exchange(100);
                try (VenetGuest victim = open(bus, 621 + i, 2)) {
                    Traffic traffic = Traffic.plain(victim, 621 + i);
                    traffic.exchange(200);
                    for (int j = 0; j < 40; j++) {
                        assertTrue(traffic.send(j % 2));
                    }
                    victim.bus().ram().truncate(0);
                    elsewhere.exchange(300);
                    tellOnce(victim);
                    assertTrue(victim.bus().awaitEnd(SECONDS_30));
                }
                elsewhere.exchange(100);
            }
            try (VenetGuest next = open(bus, 630, 2)) {
                Traffic.plain(next, 630).exchange(200);
            }
        }
    }

    /** Has the host look at memory, if it has not yet. */
    private static void tellOnce(VenetGuest victim) throws Exception {
        try {
            victim.bus()
                    .sendRaw(MessageType.SHMSIGNAL.id(), Header.VERSION, new byte[8], List.of());
        } catch (ConnectionEnded e) {
            return; // it has
        }
    }
}
