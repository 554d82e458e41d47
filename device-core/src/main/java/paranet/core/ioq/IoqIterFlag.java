package paranet.core.ioq;

/** enum ioq_iter_flags (ioq.h): bits. */
public final class IoqIterFlag {
    /** The other side is told after each push and pop. */
    public static final int AUTOUPDATE = 1;

    /** Pushes and pops leave the owner of the descriptor as it is. */
    public static final int NOFLIPOWNER = 2;

    private IoqIterFlag() {}
}
