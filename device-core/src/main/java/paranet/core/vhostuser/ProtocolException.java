package paranet.core.vhostuser;

import java.io.Serial;

/**
 * A peer broke the framing of the protocol: its connection ends, and nothing else does.
 *
 * <p>The text names the message, the rule and the value; it is the one line to log.
 *
 * <p>Threading: immutable.
 */
public final class ProtocolException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    /** {@code rule} names the value that came and the bound that it broke. */
    public ProtocolException(String message, String rule) {
        super(message + ": " + rule);
    }
}
