package paranet.guest.stack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.guest.frame.MacAddress;
import paranet.guest.stack.TwoStacks.Wire;

import java.util.SplittableRandom;

/**
 * Two stacks over a wire that loses, doubles, reorders and damages frames.
 *
 * <p>Strategy: random sizes, windows, offloads, MTUs and wire; each seed one connection with data
 * both ways, some sequence numbers about to wrap.
 *
 * <p>Invariants: every byte arrives once and in order; both ends close without a failure; nothing
 * remains; a perfect wire causes no retransmission.
 */
class TcpPropertyTest {
    private static final int RUNS = 150;
    private static final int A = Ipv4.parse("10.7.0.1");
    private static final int B = Ipv4.parse("10.7.0.2");

    @Test
    void deliversEveryByteOverAnyWire() {
        long first = Long.getLong("paranet.seed", System.nanoTime());
        int runs = System.getProperty("paranet.seed") == null ? RUNS : 1;
        for (int i = 0; i < runs; i++) {
            long seed = first + i;
            try {
                run(seed);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("replay with -Dparanet.seed=" + seed, e);
            }
        }
    }

    private static void run(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Wire wire =
                random.nextInt(5) == 0
                        ? Wire.PERFECT
                        : new Wire(
                                random.nextInt(15),
                                random.nextInt(15),
                                random.nextInt(5),
                                random.nextInt(3) == 0 ? 0 : random.nextLong(1, 2_000_000));
        TwoStacks net = new TwoStacks(config(random, 1, A), config(random, 2, B), wire, seed);
        byte[] up = new byte[random.nextInt(200_000)];
        random.nextBytes(up);
        byte[] down = new byte[random.nextInt(200_000)];
        random.nextBytes(down);
        StreamApplication client = new StreamApplication(up, seed + 1);
        StreamApplication server = new StreamApplication(down, seed + 2);
        net.b.listen(80, server);
        net.a.connect(B, 80, client);
        net.settle(3_000_000);

        assertNull(client.failure);
        assertNull(server.failure);
        assertArrayEquals(up, server.received());
        assertArrayEquals(down, client.received());
        assertTrue(client.ended && server.ended);
        assertEquals(0, net.a.connections() + net.b.connections());
        if (wire.equals(Wire.PERFECT)) {
            assertEquals(0, net.a.counters().retransmitted() + net.b.counters().retransmitted());
        }
    }

    private static StackConfig config(SplittableRandom random, int last, int address) {
        boolean checksum = random.nextBoolean();
        // TIME_WAIT outlasts the longest retransmission: shortened, a last acknowledgment that is
        // lost ends in a reset.
        return new StackConfig(
                new MacAddress(0x020000000000L + last),
                address,
                random.nextInt(576, 9001),
                checksum,
                checksum && random.nextBoolean() ? random.nextInt(4000, 65001) : 0,
                4096 << random.nextInt(8),
                120_000_000_000L,
                random.nextLong());
    }
}
