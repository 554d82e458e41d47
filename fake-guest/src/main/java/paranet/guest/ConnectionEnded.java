package paranet.guest;

import java.io.IOException;
import java.io.Serial;

/**
 * The back end closed the connection.
 *
 * <p>Threading: immutable.
 */
public final class ConnectionEnded extends IOException {
    @Serial private static final long serialVersionUID = 1;

    ConnectionEnded(String during, Throwable cause) {
        super("the back end closed the connection during " + during, cause);
    }
}
