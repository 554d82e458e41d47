package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.SplittableRandom;

class FlowTableTest {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ACK = 0x10;
    private static final int PSH = 0x18;

    private final FlowTable flows = new FlowTable();
    private final byte[] header = new byte[FlowTable.HEADER_BYTES_MAX];
    private long now = 1;

    private FrameClass arp() {
        Arrays.fill(header, (byte) 0);
        put16(12, 0x0806);
        return flows.classify(header, 42, 60, false, true, now);
    }

    private FrameClass ipv4(int protocol, int port, int flags, int payload, boolean toGuest) {
        return ipv4(protocol, port, flags, payload, toGuest, false, 0);
    }

    private FrameClass ipv4(
            int protocol,
            int port,
            int flags,
            int payload,
            boolean toGuest,
            boolean gso,
            int vlanTags) {
        Arrays.fill(header, (byte) 0);
        int at = 12;
        for (int i = 0; i < vlanTags; i++) {
            put16(at, 0x8100);
            at += 4;
        }
        put16(at, 0x0800);
        at += 2;
        int l4 = protocol == TCP ? 20 : 8;
        header[at] = 0x45;
        put16(at + 2, Math.min(0xffff, 20 + l4 + payload));
        header[at + 9] = (byte) protocol;
        header[at + (toGuest ? 15 : 19)] = 1;
        header[at + (toGuest ? 19 : 15)] = 2;
        put16(at + (toGuest ? 20 : 22), 5000);
        put16(at + (toGuest ? 22 : 20), port);
        header[at + 32] = 0x50;
        header[at + 33] = (byte) flags;
        return flows.classify(header, 128, at + 20L + l4 + payload, gso, toGuest, now);
    }

    private void put16(int at, int value) {
        header[at] = (byte) (value >> 8);
        header[at + 1] = (byte) value;
    }

    @Test
    void somebodyWaitsForAddressesControlAndHandshakes() {
        assertEquals(FrameClass.URGENT, arp());
        assertEquals(FrameClass.URGENT, ipv4(1, 0, 0, 56, true));
        assertEquals(FrameClass.URGENT, ipv4(TCP, 80, 0x02, 0, true));
        assertEquals(FrameClass.URGENT, ipv4(TCP, 80, 0x11, 0, true));
        assertEquals(FrameClass.URGENT, ipv4(TCP, 80, 0x04, 0, true));
        assertEquals(FrameClass.URGENT, ipv4(TCP, 80, 0x02, 0, true, false, 2));
    }

    @Test
    void dhcpIsUrgentAndOtherDatagramsAreNot() {
        Arrays.fill(header, (byte) 0);
        put16(12, 0x0800);
        header[14] = 0x45;
        header[23] = UDP;
        put16(34, 67);
        put16(36, 68);
        assertEquals(FrameClass.URGENT, flows.classify(header, 128, 342, false, true, now));
        assertEquals(FrameClass.NORMAL, ipv4(UDP, 53, 0, 100, true));
    }

    @Test
    void neighbourDiscoveryIsUrgentBehindExtensions() {
        Arrays.fill(header, (byte) 0);
        put16(12, 0x86dd);
        put16(18, 32);
        header[20] = 0; // hop by hop
        header[54] = 58;
        assertEquals(FrameClass.URGENT, flows.classify(header, 128, 86, false, true, now));
        header[20] = 44; // a fragment
        assertEquals(FrameClass.NORMAL, flows.classify(header, 128, 86, false, true, now));
    }

    @Test
    void fragmentsAndShortHeadersAreNormal() {
        ipv4(1, 0, 0, 56, true);
        put16(20, 0x2000);
        assertEquals(FrameClass.NORMAL, flows.classify(header, 128, 98, false, true, now));
        put16(20, 0);
        assertEquals(FrameClass.NORMAL, flows.classify(header, 33, 98, false, true, now));
        assertEquals(FrameClass.NORMAL, flows.classify(header, 13, 98, false, true, now));
    }

    @Test
    void acknowledgementsAreTheirOwnClassThoughPadded() {
        assertEquals(FrameClass.ACK, ipv4(TCP, 80, ACK, 0, true));
    }

    @Test
    void aRunOfFullSegmentsWithoutAPushIsBulk() {
        for (int i = 0; i < 3; i++) {
            assertEquals(FrameClass.NORMAL, ipv4(TCP, 80, ACK, 1448, true));
        }
        assertEquals(FrameClass.NORMAL, ipv4(TCP, 80, PSH, 1448, true));
        for (int i = 0; i < 3; i++) {
            assertEquals(FrameClass.NORMAL, ipv4(TCP, 80, ACK, 1448, true));
        }
        assertEquals(FrameClass.BULK, ipv4(TCP, 80, ACK, 1448, true));
    }

    @Test
    void aBulkFlowStaysOneThoughPushedUntilAShortSegment() {
        for (int i = 0; i < 4; i++) {
            ipv4(TCP, 80, ACK, 1448, true);
        }
        assertEquals(FrameClass.BULK, ipv4(TCP, 80, PSH, 1448, true), "the end of a write");
        assertEquals(FrameClass.BULK, ipv4(TCP, 80, ACK, 1448, true));
        assertEquals(FrameClass.NORMAL, ipv4(TCP, 80, ACK, 1000, true));
        assertEquals(FrameClass.NORMAL, ipv4(TCP, 80, ACK, 1448, true));
    }

    @Test
    void theEndOfABulkWriteIsNormalAndALoneShortPushIsUrgent() {
        for (int i = 0; i < 4; i++) {
            ipv4(TCP, 80, ACK, 1448, true);
        }
        assertEquals(FrameClass.NORMAL, ipv4(TCP, 80, PSH, 100, true));
        assertEquals(FrameClass.URGENT, ipv4(TCP, 80, PSH, 100, true));
        assertEquals(FrameClass.URGENT, ipv4(TCP, 81, PSH, 535, true));
        assertEquals(FrameClass.NORMAL, ipv4(TCP, 82, PSH, 536, true));
    }

    @Test
    void aFrameThatStandsForSeveralIsBulk() {
        assertEquals(FrameClass.BULK, ipv4(TCP, 80, PSH, 60_000, true, true, 0));
        assertEquals(FrameClass.BULK, ipv4(UDP, 80, 0, 60_000, true, true, 0));
    }

    @Test
    void aFlowThatAsksAndAnswersIsUrgentFromTheSecondTurn() {
        assertEquals(FrameClass.NORMAL, ipv4(UDP, 53, 0, 100, true));
        assertEquals(FrameClass.NORMAL, ipv4(UDP, 53, 0, 100, false));
        assertEquals(FrameClass.URGENT, ipv4(UDP, 53, 0, 100, true));
        assertEquals(FrameClass.NORMAL, ipv4(UDP, 54, 0, 100, true), "another flow");
    }

    @Test
    void aTurnOfOver64KibEndsThat() {
        for (int i = 0; i < 2; i++) {
            ipv4(TCP, 80, ACK, 1000, true);
            ipv4(TCP, 80, ACK, 1000, false);
        }
        assertEquals(FrameClass.URGENT, ipv4(TCP, 80, ACK, 60_000, true, true, 0));
        assertEquals(FrameClass.BULK, ipv4(TCP, 80, ACK, 60_000, true, true, 0));
    }

    @Test
    void acknowledgementsAreNoTurns() {
        for (int i = 0; i < 10; i++) {
            assertEquals(FrameClass.ACK, ipv4(TCP, 80, ACK, 0, false));
            FrameClass data = ipv4(TCP, 80, ACK, 1448, true);
            assertEquals(i < 3 ? FrameClass.NORMAL : FrameClass.BULK, data);
        }
    }

    @Test
    void aFlowIsForgottenAfterASecond() {
        for (int i = 0; i < 4; i++) {
            ipv4(TCP, 80, ACK, 1448, true);
        }
        now += FlowTable.FLOW_NANOS + 1;
        assertEquals(FrameClass.NORMAL, ipv4(TCP, 80, ACK, 1448, true));
    }

    @Test
    void takesAnyBytes() {
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 200_000; i++) {
            random.nextBytes(header);
            put16(12, random.nextBoolean() ? 0x0800 : 0x86dd);
            if (random.nextBoolean()) {
                header[14] = 0x45;
                put16(20, 0);
                header[23] = (byte) (random.nextBoolean() ? TCP : UDP);
            }
            flows.classify(
                    header,
                    random.nextInt(header.length + 1),
                    random.nextInt(70_000),
                    random.nextBoolean(),
                    random.nextBoolean(),
                    i);
        }
    }
}
