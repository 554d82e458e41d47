package paranet.guest.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.Map;

class TerminalTest {
    @Test
    void isPlainForAPipeAndForADumbTerminal() {
        assertEquals(Terminal.NONE, Terminal.of(false, Map.of("TERM", "xterm")));
        assertEquals(Terminal.NONE, Terminal.of(true, Map.of("TERM", "dumb")));
        assertEquals(Terminal.NONE, Terminal.of(true, Map.of()));
    }

    @Test
    void usesColoursUnlessNoColorIsSet() {
        assertEquals(
                new Terminal(true, true, 80),
                Terminal.of(true, Map.of("TERM", "xterm", "NO_COLOR", "")));
        assertEquals(
                new Terminal(true, false, 80),
                Terminal.of(true, Map.of("TERM", "xterm", "NO_COLOR", "1")));
    }

    @Test
    void takesItsWidthFromColumns() {
        assertEquals(
                new Terminal(true, true, 132),
                Terminal.of(true, Map.of("TERM", "xterm", "COLUMNS", "132")));
        assertEquals(
                new Terminal(true, true, 40),
                Terminal.of(true, Map.of("TERM", "xterm", "COLUMNS", "3")));
        assertEquals(
                new Terminal(true, true, 80),
                Terminal.of(true, Map.of("TERM", "xterm", "COLUMNS", "wide")));
    }
}
