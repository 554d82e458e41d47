package paranet.core.linux;

import java.io.IOException;
import java.io.Serial;

/**
 * A call that the kernel refused: which call, errno by name, what it was done to.
 *
 * <p>Threading: immutable.
 */
public final class LinuxException extends IOException {
    @Serial private static final long serialVersionUID = 1;

    private final int errno;

    LinuxException(String call, int errno, String subject) {
        super(
                "%s: %s (%s) on %s"
                        .formatted(
                                call,
                                Native.errnoName(errno),
                                Native.errnoMeaning(errno),
                                subject));
        this.errno = errno;
    }

    /** One of {@link Errno}, or another number. */
    public int errno() {
        return errno;
    }

    /** errno's symbolic name, for example {@code EPERM}. */
    public String errnoName() {
        return Native.errnoName(errno);
    }

    /** Whether errno is this one, by its symbolic name. */
    public boolean is(String name) {
        return errnoName().equals(name);
    }
}
