package paranet.tap;

import java.io.IOException;
import java.io.Serial;

/**
 * A TAP that cannot be had, in words for the person who asked for it: what is wrong, and the
 * command that cures it.
 *
 * <p>Threading: immutable.
 */
public final class TapException extends IOException {
    /** What kind of failure it is: the exit status of a program that needed the TAP. */
    public enum Kind {
        /** The call failed for a reason of the moment. */
        FAILED(1),
        /** What was asked for cannot be, whatever the machine: a wrong option. */
        WRONG_USAGE(2),
        /** Something has to be set up first: a permission, a module, an interface. */
        MISSING_PREREQUISITE(78);

        private final int exitStatus;

        Kind(int exitStatus) {
            this.exitStatus = exitStatus;
        }

        public int exitStatus() {
            return exitStatus;
        }
    }

    @Serial private static final long serialVersionUID = 1;

    private final Kind kind;

    TapException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    TapException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
