package paranet.launcher;

/**
 * An option cannot be meant as it stands. The message names the value, the bound and a cure.
 *
 * <p>Threading: immutable.
 */
final class OptionException extends Exception {
    private static final long serialVersionUID = 1;

    OptionException(String message) {
        super(message);
    }

    OptionException(String message, Throwable cause) {
        super(message, cause);
    }
}
