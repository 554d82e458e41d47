package paranet.launcher;

import paranet.core.mitigation.CoalesceText;
import paranet.core.mitigation.PolicyOptions;

/**
 * When a port's guest is called: as somebody asked for it, and what that came to.
 *
 * <p>Threading: immutable.
 */
record CoalesceChoice(String text, CoalesceText.Reading reading) {
    static final CoalesceChoice NONE = new CoalesceChoice("none", CoalesceText.read("none"));

    /**
     * @throws OptionException naming the value that is refused, its bound and the cure
     */
    static CoalesceChoice parse(String text) throws OptionException {
        try {
            return new CoalesceChoice(text, CoalesceText.read(text));
        } catch (IllegalArgumentException e) {
            throw new OptionException("--coalesce: " + e.getMessage(), e);
        }
    }

    PolicyOptions options() {
        return reading.options();
    }
}
