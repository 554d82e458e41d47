package paranet.guest.stack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.guest.frame.MacAddress;
import paranet.guest.stack.TwoStacks.Wire;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

class GuestStackTest {
    private static final int A = Ipv4.parse("10.7.0.1");
    private static final int B = Ipv4.parse("10.7.0.2");
    private static final StackConfig CONFIG_A =
            StackConfig.plain(new MacAddress(0x020000000001L), A, 1);
    private static final StackConfig CONFIG_B =
            StackConfig.plain(new MacAddress(0x020000000002L), B, 2);

    private final TwoStacks net = new TwoStacks(CONFIG_A, CONFIG_B, Wire.PERFECT, 1);

    private static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void resolvesANeighbourThenPings() {
        List<Long> roundTrips = new ArrayList<>();
        net.a.onPing((address, sequence, nanos) -> roundTrips.add(nanos));

        net.a.ping(B, 1, 56, net.now);
        net.settle(100);
        net.a.ping(B, 2, 56, net.now);
        net.settle(100);

        // The first waited for ARP, there and back.
        assertEquals(List.of(4 * TwoStacks.DELAY_NANOS, 2 * TwoStacks.DELAY_NANOS), roundTrips);
        assertEquals(1, net.b.counters().arpAnswered());
        assertEquals(2, net.b.counters().echoAnswered());
    }

    @Test
    void givesUpOnANeighbourThatNeverAnswers() {
        net.a.ping(Ipv4.parse("10.7.0.9"), 1, 56, net.now);
        net.settle(100);

        assertEquals(1, net.a.counters().unresolved());
        assertEquals(5, net.a.counters().framesOut());
    }

    @Test
    void echoesDatagrams() {
        List<String> heard = new ArrayList<>();
        net.a.udp(
                4000,
                (address, port, payload, now) ->
                        heard.add(port + " " + new String(payload, StandardCharsets.UTF_8)));

        net.a.sendUdp(4000, B, GuestStack.ECHO_PORT, "hello".getBytes(StandardCharsets.UTF_8));
        net.settle(100);

        assertEquals(List.of("7 hello"), heard);
        assertEquals(1, net.b.counters().udpEchoed());
    }

    @Test
    void carriesAStreamEachWayAndClosesBothEnds() {
        StreamApplication client = new StreamApplication(bytes(1 << 20, 3), 5);
        StreamApplication server = new StreamApplication(bytes(300_001, 4), 6);
        net.b.listen(80, server);

        net.a.connect(B, 80, client);
        net.settle(1_000_000);

        assertArrayEquals(bytes(1 << 20, 3), server.received());
        assertArrayEquals(bytes(300_001, 4), client.received());
        assertTrue(client.ended && server.ended);
        assertNull(client.failure);
        assertNull(server.failure);
        assertEquals(0, net.a.connections() + net.b.connections());
        assertEquals(0, net.a.counters().retransmitted() + net.b.counters().retransmitted());
    }

    @Test
    void leavesChecksumsAndSegmentsToADeviceThatTakesThem() {
        TwoStacks offloading =
                new TwoStacks(
                        CONFIG_A.withOffloads(1500, true, 65000),
                        CONFIG_B.withOffloads(1500, true, 0),
                        Wire.PERFECT,
                        1);
        StreamApplication client = new StreamApplication(bytes(1 << 20, 3), 5);
        StreamApplication server = new StreamApplication(bytes(100_000, 4), 6);
        offloading.b.listen(80, server);

        offloading.a.connect(B, 80, client);
        offloading.settle(1_000_000);

        assertArrayEquals(bytes(1 << 20, 3), server.received());
        assertArrayEquals(bytes(100_000, 4), client.received());
        assertTrue(offloading.cut > 0);
        assertEquals(0, offloading.b.counters().badChecksum());
    }

    @Test
    void refusesAConnectionNobodyListensFor() {
        StreamApplication client = new StreamApplication(bytes(10, 3), 5);

        net.a.connect(B, 81, client);
        net.settle(100);

        assertEquals("connection refused", client.failure);
        assertEquals(TcpConnection.State.CLOSED, client.last);
        assertEquals(0, net.a.connections());
    }

    @Test
    void givesUpAConnectionWhosePeerIsSilent() {
        net.wire = new Wire(100, 0, 0, 0);
        StreamApplication client = new StreamApplication(bytes(10, 3), 5);

        net.a.connect(B, 80, client);
        net.a.ping(B, 1, 56, net.now);
        net.settle(1000);

        assertEquals("no answer after 15 retransmissions", client.failure);
    }

    @Test
    void tellsThePeerOfAnAbort() {
        StreamApplication server = new StreamApplication(bytes(10, 4), 6);
        TcpConnection client = net.a.connect(B, 80, (connection, now) -> {});
        net.b.listen(80, server);
        while (client.state() != TcpConnection.State.ESTABLISHED) {
            net.step();
        }

        client.abort();
        net.settle(100);

        assertEquals("reset by peer", server.failure);
        assertEquals(0, net.a.connections() + net.b.connections());
    }

    @Test
    void stopsAtAShutWindowAndGoesOnWhenItOpens() {
        byte[] content = bytes(600_000, 3);
        StreamApplication client = new StreamApplication(content, 5);
        boolean[] reading = {false};
        StreamApplication server = new StreamApplication(new byte[0], 6);
        int[] most = {0};
        net.b.listen(
                80,
                (connection, now) -> {
                    most[0] = Math.max(most[0], connection.readable());
                    if (reading[0]) {
                        server.progress(connection, now);
                    }
                });
        net.a.connect(B, 80, client);
        long until = net.now + 20_000_000_000L;
        while (net.now < until) {
            net.step();
        }
        assertEquals(CONFIG_B.windowBytes(), most[0]);

        reading[0] = true;
        net.settle(1_000_000);

        assertArrayEquals(content, server.received());
        assertNull(client.failure);
    }

    @Test
    void dropsAPacketWithAWrongChecksumOfAnyLayer() {
        net.wire = new Wire(0, 0, 100, 0);
        net.a.ping(B, 1, 56, net.now);
        for (int i = 0; i < 200; i++) {
            net.a.sendUdp(4000, B, GuestStack.ECHO_PORT, new byte[100]);
            net.a.poll(net.now);
            net.step();
        }

        StackCounters counters = net.b.counters();
        assertEquals(0, counters.udpEchoed());
        assertEquals(0, counters.echoAnswered());
    }
}
