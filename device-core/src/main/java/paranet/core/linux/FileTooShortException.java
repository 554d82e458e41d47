package paranet.core.linux;

import java.io.IOException;
import java.io.Serial;

/**
 * A file that ends before the bytes a front end says it has.
 *
 * <p>Threading: immutable.
 */
public final class FileTooShortException extends IOException {
    @Serial private static final long serialVersionUID = 1;

    FileTooShortException(long has, long needed) {
        super("file has %d bytes, region needs %d".formatted(has, needed));
    }
}
