package paranet.core.vhostuser;

import java.io.Serial;

/**
 * A well-formed request whose value is not acceptable: refused, state unchanged, the connection
 * lives.
 *
 * <p>Threading: immutable.
 */
public final class RequestRefused extends Exception {
    @Serial private static final long serialVersionUID = 1;

    /** {@code why} names the value and the bound. */
    public RequestRefused(String why) {
        super(why);
    }

    public RequestRefused(String why, Throwable cause) {
        super(why, cause);
    }
}
