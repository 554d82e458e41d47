package paranet.launcher;

/**
 * The system lacks something that a command needs: a permission, a device, a setting. The message
 * says what, and what cures it; the process ends with {@link ExitStatus#PREREQUISITE}.
 *
 * <p>Threading: immutable.
 */
final class MissingPrerequisite extends Exception {
    private static final long serialVersionUID = 1;

    MissingPrerequisite(String message, Throwable cause) {
        super(message, cause);
    }
}
