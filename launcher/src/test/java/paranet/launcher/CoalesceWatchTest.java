package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Locale;

/** The table that two readings of the metrics make, to the letter. */
class CoalesceWatchTest {
    /** A port of which everything grows with {@code times}. */
    private static String metrics(long times) {
        String queue = "{port=\"vm \\\"1\\\"\",queue=\"rx0\"";
        String port = "{port=\"vm \\\"1\\\"\"";
        return """
        # HELP paranet_published_total frames
        # TYPE paranet_published_total counter
        paranet_published_total%1$s} %3$d
        paranet_calls_total%1$s} %4$d
        paranet_signals_total%1$s} %5$d
        paranet_suppressed_total%1$s,cause="evaporated"} %4$d
        paranet_suppressed_total%1$s,cause="frame_cap"} 7
        paranet_hold_seconds_bucket%1$s,class="urgent",le="1.024E-6"} %4$d
        paranet_hold_seconds_bucket%1$s,class="urgent",le="6.5536E-5"} %4$d
        paranet_hold_seconds_bucket%1$s,class="urgent",le="+Inf"} %4$d
        paranet_hold_seconds_count%1$s,class="urgent"} %4$d
        paranet_hold_seconds_bucket%1$s,class="bulk",le="1.024E-6"} 0
        paranet_hold_seconds_bucket%1$s,class="bulk",le="6.5536E-5"} %3$d
        paranet_hold_seconds_bucket%1$s,class="bulk",le="+Inf"} %3$d
        paranet_hold_seconds_count%1$s,class="bulk"} %3$d
        paranet_gap_seconds%1$s} 5.0E-5
        paranet_frames_max%1$s} 64
        paranet_guest_wake_seconds%1$s} 1.26E-5
        paranet_guest_service_seconds%1$s} 6.0E-7
        paranet_queue_info%1$s,state="polled",rule="operators"} 1
        paranet_policy_info%2$s,policy="pace",era="pi2020",requested="pace,rx-usecs=9"} 1
        paranet_kicks_total%2$s} %4$d
        paranet_modelled_exits_total%2$s,era="nested2019"} 999999
        paranet_modelled_exits_total%2$s,era="pi2020"} %3$d
        paranet_modelled_cpu_seconds_total%2$s,era="pi2020"} %6$s
        """
                .formatted(
                        queue,
                        port,
                        400_000 * times,
                        100_000 * times,
                        125_000 * times,
                        String.format(Locale.ROOT, "%.3f", 0.25 * times));
    }

    @Test
    void showsWhatHappenedSinceTheReadingBefore() {
        CoalesceWatch watch = new CoalesceWatch();
        String first = watch.table(metrics(5), 0);
        assertTrue(first.startsWith("vm \"1\": pace,rx-usecs=9; - kicks/s;"), first);
        assertEquals(
                """
                vm "1": pace,rx-usecs=9; 200k kicks/s; pi2020 modelled: 800k exits/s, 0.500 cores
                ring  pps irq/s irq/p save evap  p50  p99  max    u/n/b    g   B   w   s state
                rx0  800k  200k 0.250  20%  25%   66   66   66  20/0/80   50  64  13 0.6 polled
                """,
                watch.table(metrics(6), 500_000_000));
    }

    @Test
    void aCounterThatFellBeganAnew() {
        CoalesceWatch watch = new CoalesceWatch();
        watch.table(metrics(5), 0);
        String table = watch.table(metrics(1), 1_000_000_000);
        assertTrue(table.contains("rx0  400k  100k 0.250  20%  25% "), table);
    }

    @Test
    void numbersHaveFourCharactersAtMost() {
        assertEquals("0", CoalesceWatch.rate(0.2));
        assertEquals("999", CoalesceWatch.rate(999.4));
        assertEquals("1.0k", CoalesceWatch.rate(999.6));
        assertEquals("9.9k", CoalesceWatch.rate(9_949));
        assertEquals("10k", CoalesceWatch.rate(9_951));
        assertEquals("999k", CoalesceWatch.rate(999_400));
        assertEquals("1.0M", CoalesceWatch.rate(999_600));
        assertEquals("0", CoalesceWatch.micros(0));
        assertEquals("9.9", CoalesceWatch.micros(9.94e-6));
        assertEquals("10", CoalesceWatch.micros(9.96e-6));
        assertEquals("999", CoalesceWatch.micros(999.4e-6));
        assertEquals("1m", CoalesceWatch.micros(999.6e-6));
    }
}
