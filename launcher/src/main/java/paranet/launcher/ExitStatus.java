package paranet.launcher;

/**
 * Exit statuses of every command.
 *
 * <p>Threading: immutable.
 */
final class ExitStatus {
    static final int DONE = 0;
    static final int FAILED = 1;

    /** The command line cannot be meant as it stands. */
    static final int USAGE = 2;

    /** A prerequisite is missing; the message names it and the cure (sysexits.h: EX_CONFIG). */
    static final int PREREQUISITE = 78;

    private ExitStatus() {}
}
