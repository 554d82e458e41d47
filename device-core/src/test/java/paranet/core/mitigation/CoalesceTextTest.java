package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

class CoalesceTextTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "none | rx: every packet; tx: every packet",
                "fixed,rx-usecs=50,rx-frames=0,tx-usecs=0,tx-frames=1"
                        + " | rx: timer only, 50 us after the first packet (ethtool rule);"
                        + " tx: every packet (ethtool rule)",
                "fixed,zero=virtio,rx-usecs=50,rx-frames=0"
                        + " | rx: every packet (virtio rule);"
                        + " tx: 20 us after the first packet or at 64 packets (virtio rule)",
                "throttle,rx-usecs=250,tx-usecs=0"
                        + " | rx: at least 250 us between calls; tx: at least 0 us",
                "dim | rx: adaptive, 1 to 256 us; tx: every packet",
                "dim,adaptive-tx=on,mode=cqe,rx-usecs-low=4"
                        + " | rx: adaptive, 4 to 64 us; tx: adaptive, 5 to 64 us",
                "dim,pkt-rate-low=5,pkt-rate-high=50000,sample-interval=2"
                        + " | rx: adaptive, 1 to 256 us, 0 us below 5/s, 256 us above 50000/s;"
                        + " tx: every packet",
                "vic | rx and tx: every packet below 4 in flight or 2000/s, else a share, held"
                        + " for 1000 us at most",
                "pace | rx: urgent at once, else within 20 us, bulk 100 us, at most 64 packets;"
                        + " tx: within 100 us where the guest takes them with received packets",
            })
    void saysWhatTakesEffect(String text, String effective) {
        PolicyOptions options = CoalesceText.parse(text);
        assertEquals(effective, options.effective());
        assertTrue(text.startsWith(options.name()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "fast | 'fast' is none of none, fixed, throttle, dim, vic, pace",
                "none,rx-usecs=5 | rx-usecs=5 is no parameter of policy none, which has none",
                "throttle,rx-frames=5"
                        + " | rx-frames=5 is no parameter of policy throttle, which has rx-usecs,"
                        + " tx-usecs",
                "fixed,rx-usecs | 'rx-usecs' in 'fixed,rx-usecs' is no key=value",
                "fixed,rx-usecs= | 'rx-usecs=' in 'fixed,rx-usecs=' is no key=value",
                "fixed,rx-usecs=1,rx-usecs=2 | rx-usecs is given twice",
                "fixed,rx-usecs=x | rx-usecs=x must be a whole number",
                "fixed,rx-usecs=1000001 | rx-usecs is 1000001, and must be 0 to 1000000",
                "fixed,tx-usecs=0,tx-frames=64"
                        + " | tx-usecs 0 and frames 64 would wait for frames that may never come"
                        + " (ethtool's rule: 0 is no criterion); give usecs 1 to 1000000, or frames"
                        + " 1",
                "fixed,rx-usecs=0,rx-frames=0"
                        + " | rx-usecs 0 and frames 0 would never notify (ethtool's rule: 0 is no"
                        + " criterion); for no coalescing say usecs 0, frames 1",
                "fixed,zero=x"
                        + " | zero=x must be ethtool (0 is no criterion) or virtio (0 is every"
                        + " packet)",
                "fixed,stats-block-usecs=5"
                        + " | stats-block-usecs=5 has no effect here: there is no block of"
                        + " statistics; leave it out",
                "fixed,rx-usecs-irq=x | rx-usecs-irq=x must be a whole number",
                "dim,pkt-rate-low=9,pkt-rate-high=8"
                        + " | pkt-rate-high is 8, and must be 0 or at least pkt-rate-low, 9",
                "dim,sample-interval=0 | sample-interval is 0, and must be 1 to 60",
                "pace,pkt-rate-low=5"
                        + " | pkt-rate-low=5 is no parameter of policy pace, which has hol-usecs,"
                        + " irq-budget, latency-price, preset, rx-bulk-usecs, rx-frames, rx-usecs,"
                        + " tx-usecs, urgent-rate, wake-model",
                "dim,adaptive-rx=yes | adaptive-rx=yes must be on or off",
                "dim,rx-usecs-low=9,rx-usecs-high=8 | rx-usecs-low is 9, and must be 0 to 8",
                "vic,in-flight-min=0 | in-flight-min is 0, and must be 1 to 1024",
                "pace,preset=fast | preset=fast must be latency, balanced or throughput",
                "pace,preset=latency,latency-price=1"
                        + " | preset=latency and latency-price=1 set the same; give one",
                "pace,latency-price=0 | latency-price is 0.0, and must be 1.0E-4 to 10.0",
                "pace,latency-price=x | latency-price=x must be a number such as 0.01",
                "pace,latency-price=NaN | latency-price is NaN, and must be 1.0E-4 to 10.0",
                "pace,rx-frames=65 | rx-frames is 65, and must be 1 to 64",
                "pace,wake-model=z80"
                        + " | 'z80' is none of woodcrest2006, nehalem2009, apicv2014, pi2020,"
                        + " nested2019",
            })
    void namesWhatItRefusesAndWhy(String text, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> CoalesceText.parse(text))
                        .getMessage());
    }

    /** ethtool has words for a guest that polls; here it is never called anyway. */
    @Test
    void saysWhatHasNoEffect() {
        CoalesceText.Reading reading = CoalesceText.read("fixed,rx-usecs-irq=5,tx-frames-irq=8");
        assertEquals(
                List.of(
                        "rx-usecs-irq=5 has no effect here: a guest that polls is never called",
                        "tx-frames-irq=8 has no effect here: a guest that polls is never called"),
                reading.notes());
        assertEquals(CoalesceText.parse("fixed"), reading.options());
        assertEquals(List.of(), CoalesceText.read("fixed").notes());
    }

    @Test
    void saysEveryValueInForce() {
        assertEquals("", CoalesceText.read("none").values());
        assertEquals(
                "zero=ethtool,rx-usecs=50,rx-frames=0,tx-usecs=20,tx-frames=64",
                CoalesceText.read("fixed,rx-frames=0,rx-usecs=50").values());
        assertEquals(
                "preset=balanced,rx-usecs=20,rx-bulk-usecs=100,tx-usecs=100,rx-frames=64,hol-usecs=6,"
                        + "urgent-rate=100000,irq-budget=0,wake-model=pi2020",
                CoalesceText.read("pace").values());
        assertEquals(
                "latency-price=0.5",
                CoalesceText.read("pace,latency-price=0.5").values().split(",", 2)[0]);
    }

    @Test
    void presetsArePrices() {
        assertEquals(0.1, price("pace,preset=latency"));
        assertEquals(0.01, price("pace"));
        assertEquals(0.002, price("pace,preset=throughput"));
        assertEquals(0.5, price("pace,latency-price=0.5"));
    }

    private static double price(String text) {
        return ((PolicyOptions.Pace) CoalesceText.parse(text)).options().latencyPrice();
    }
}
