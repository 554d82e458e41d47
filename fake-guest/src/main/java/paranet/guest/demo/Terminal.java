package paranet.guest.demo;

import java.util.Map;

/**
 * What the reader of our output is.
 *
 * @param redraws whether a person watches, so that the table stays in place
 * @param coloured whether colours are welcome
 * @param columns width in characters, at least 40
 *     <p>Threading: immutable.
 */
public record Terminal(boolean redraws, boolean coloured, int columns) {
    private static final int COLUMNS_MIN = 40;
    private static final int COLUMNS_USUAL = 80;

    /** A pipe or file: plain lines. */
    public static final Terminal NONE = new Terminal(false, false, COLUMNS_USUAL);

    public Terminal {
        columns = Math.max(columns, COLUMNS_MIN);
    }

    /**
     * As environment variables describe it: NO_COLOR forbids colours, COLUMNS is the width, and a
     * dumb TERM is a pipe.
     */
    public static Terminal of(boolean isTerminal, Map<String, String> environment) {
        if (!isTerminal || environment.getOrDefault("TERM", "dumb").equals("dumb")) {
            return NONE;
        }
        int columns = COLUMNS_USUAL;
        try {
            columns = Integer.parseInt(environment.getOrDefault("COLUMNS", ""));
        } catch (NumberFormatException e) {
            columns = COLUMNS_USUAL; // few shells export it
        }
        return new Terminal(true, environment.getOrDefault("NO_COLOR", "").isEmpty(), columns);
    }
}
