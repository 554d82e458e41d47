package paranet.guest.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.OptionalLong;

class MeasuredGuestTest {
    private static final String HEADER =
            "guest,policy,workload,seconds,frames,interrupts,calls,kicks,throughput_bits,"
                    + "rtt_p50_nanos,backend_cpu_nanos,guest_cpu_nanos,received,published,avoided\n";
    private static final String ROW =
            "uml,\"fixed,rx-usecs=8,tx-usecs=8\",udp-in,2,20000,3000,2990,1300,1760000,540000,"
                    + "750000000,560000000,19000,19990,\"peer_polling=11477 same_queue_hold=5102\"\n";
    private static final String PEER =
            "qemu,\"peer-dpdk\",rr,2,800,700,,,3200,2170000,2000000000,500000000,400,,\"\"\n";

    @Test
    void readsRowsByTheNamesOfTheirColumns() {
        List<MeasuredGuest> rows = MeasuredGuest.parse(HEADER + ROW + PEER);

        assertEquals(
                new MeasuredGuest(
                        "uml",
                        "fixed,rx-usecs=8,tx-usecs=8",
                        "udp-in",
                        2,
                        20_000,
                        3000,
                        OptionalLong.of(2990),
                        OptionalLong.of(1300),
                        1_760_000,
                        OptionalLong.of(540_000),
                        750_000_000,
                        560_000_000,
                        19_000),
                rows.getFirst());
        assertEquals(0.15, rows.getFirst().interruptsPerFrame());
        assertFalse(rows.getFirst().isPeer());
        assertTrue(rows.getLast().isPeer());
        assertEquals(OptionalLong.empty(), rows.getLast().calls(), "not 0: nobody knows");
    }

    @Test
    void namesTheLineThatIsNoRow() {
        refuses("no header", "");
        refuses(
                "line 3: 14 values for 15 names",
                HEADER + ROW + "uml,\"none\",rr,2,1,1,,,1,1,1,1,1,\n");
        refuses("line 2: no column policy", HEADER.replace("policy", "police") + ROW);
        refuses("line 2: For input string: \"many\"", HEADER + ROW.replace("3000", "many"));
        refuses(
                "line 2: uml/fixed,rx-usecs=8,tx-usecs=8/udp-in: 2.0 s, 18999 frames of which 19000"
                        + " received, 3000 interrupts",
                HEADER + ROW.replace("20000", "18999"));
    }

    private static void refuses(String why, String csv) {
        assertEquals(
                why,
                assertThrows(IllegalArgumentException.class, () -> MeasuredGuest.parse(csv))
                        .getMessage());
    }
}
