package paranet.guest.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;

class SparklineTest {
    @Test
    void scalesToTheLargestOfTheLastValues() {
        Sparkline line = new Sparkline(3, StandardCharsets.UTF_8);
        line.add(100);
        line.add(0);
        line.add(7);
        line.add(14);

        assertEquals("\u2581\u2585\u2588", line.toString());
    }

    @Test
    void doesWithoutBarsWhereTheCharsetHasNone() {
        Sparkline line = new Sparkline(3, StandardCharsets.US_ASCII);
        line.add(0);
        line.add(1);

        assertEquals("_#", line.toString());
    }
}
