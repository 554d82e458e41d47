package paranet.guest.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

class BesideModelTest {
    private static final long SEED = 1;

    /** Ten thousand datagrams a second and as many frames as that is in two seconds. */
    private static MeasuredGuest datagrams(String policy, long interrupts, long guestCpuNanos) {
        return row("qemu", policy, "udp-in", 20_000, interrupts, 20_000, guestCpuNanos);
    }

    private static MeasuredGuest row(
            String guest,
            String policy,
            String workload,
            long frames,
            long interrupts,
            long received,
            long guestCpuNanos) {
        return new MeasuredGuest(
                guest,
                policy,
                workload,
                2,
                frames,
                interrupts,
                OptionalLong.empty(),
                OptionalLong.empty(),
                1e6,
                OptionalLong.of(400_000),
                1,
                guestCpuNanos,
                received);
    }

    private static BesideModel.Line first(MeasuredGuest... rows) {
        return new BesideModel(List.of(rows), SEED).lines().getFirst();
    }

    @Test
    void aSlowerGuestPollsMoreAndIsInterruptedLess() {
        double fast = first(datagrams("none", 1, 20_000L * 1000)).asSlow();
        double slow = first(datagrams("none", 1, 20_000L * 80_000)).asSlow();

        assertTrue(fast > 0.9, () -> "1 us a frame: " + fast);
        assertTrue(slow < 0.3, () -> "80 us a frame: " + slow);
    }

    @Test
    void noCountOfInterruptsGoesIntoTheModel() {
        BesideModel.Line few = first(datagrams("none", 10, 20_000L * 5000));
        BesideModel.Line many = first(datagrams("none", 19_000, 20_000L * 5000));

        assertEquals(few.modelled(), many.modelled());
        assertEquals(few.asSlow(), many.asSlow());
        assertEquals(few.asSlowFrames(), many.asSlowFrames());
        assertNotEquals(few.measured().interruptsPerFrame(), many.measured().interruptsPerFrame());
    }

    @Test
    void everyPolicyMeetsTheGuestThatNoneFound() {
        MeasuredGuest none = datagrams("none", 1, 20_000L * 80_000);
        MeasuredGuest held = datagrams("fixed,rx-usecs=64,tx-usecs=64", 1, 20_000L * 1000);

        double beside = new BesideModel(List.of(none, held), SEED).lines().getLast().asSlow();

        assertTrue(beside < first(held).asSlow() / 2, () -> "a guest of 80 us a frame: " + beside);
    }

    @Test
    void wakingTakesWhatIsMissingInTheRoundTrip() {
        MeasuredGuest requests = row("qemu", "none", "rr", 10_000, 1, 5000, 10_000L * 2000);

        double frames = first(requests).asSlowFrames();

        assertEquals(2 / 400e-6, frames, 2 / 400e-6 * 0.05); // two frames in 400 us
    }

    @Test
    void everyWorkloadAndPolicyHasAnAnswerAndNoPeerHas() {
        List<MeasuredGuest> rows = new ArrayList<>();
        for (String workload : List.of("tcp-in", "tcp-out", "rr", "udp-in")) {
            for (String policy : List.of("none", "pace")) {
                rows.add(row("uml", policy, workload, 20_000, 1, 10_000, 20_000L * 20_000));
            }
        }
        rows.add(row("qemu", "peer-dpdk", "rr", 20_000, 1, 10_000, 1));

        List<BesideModel.Line> lines = new BesideModel(rows, SEED).lines();

        for (BesideModel.Line line : lines.subList(0, rows.size() - 1)) {
            assertTrue(line.modelled() > 0 && line.modelled() <= 2, line::toString);
            assertTrue(line.asSlow() >= 0 && line.asSlow() <= 2, line::toString);
        }
        assertTrue(Double.isNaN(lines.getLast().modelled()));
        String table = new BesideModel(rows, SEED).table();
        assertEquals(rows.size() + 2, table.lines().count(), table);
        assertTrue(table.lines().toList().getLast().endsWith("-         -"), table);
    }

    @Test
    void refusesAWorkloadThatTheModelLacks() {
        MeasuredGuest row = row("uml", "none", "netperf", 2, 1, 1, 1);
        assertThrows(IllegalArgumentException.class, () -> first(row));
    }
}
